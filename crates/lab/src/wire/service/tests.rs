//! Requests written by hand from the spec, and what a host answers.

use super::*;
use crate::wire::cim::{Reference, Value};
use crate::wire::names::{ADDRESSING, SOAP, VIRTUALIZATION, WSMAN, XSI, class_uri};
use crate::wire::xml::{self, Element};
use chrono::DateTime;
use proptest::prelude::*;

/// Three jobs and the services.
#[derive(Default)]
struct Fixture {
    calls: Vec<Call>,
}

impl Repository for Fixture {
    fn machine(&self) -> String {
        "HV01".to_owned()
    }
    fn has_class(&self, spec: &ClassSpec) -> bool {
        !schema::SINCE_2016.contains(&spec.name)
    }
    fn rows(&self, spec: &'static ClassSpec) -> Vec<Instance> {
        match spec.name {
            "Msvm_ConcreteJob" => [1u16, 2, 3].map(job).to_vec(),
            "Msvm_VirtualSystemSnapshotService" => vec![
                Instance::of(spec)
                    .with("CreationClassName", spec.name)
                    .with("Name", "vssnapsvc"),
            ],
            "Msvm_AffectedJobElement" => vec![
                Instance::of(spec)
                    .with(
                        "AffectedElement",
                        Reference::v2("Msvm_ConcreteJob", &[("InstanceID", "J2")]),
                    )
                    .with(
                        "AffectingElement",
                        Reference::v2("Msvm_ConcreteJob", &[("InstanceID", "J1")]),
                    )
                    .with("ElementEffects", vec![5u16]),
            ],
            _ => Vec::new(),
        }
    }
    fn invoke(&mut self, call: &Call) -> Result<Outcome, Fault> {
        self.calls.push(call.clone());
        Ok(Outcome::job("Msvm_ConcreteJob", "NEW"))
    }
}

fn job(n: u16) -> Instance {
    let started = DateTime::parse_from_rfc3339("2026-07-29T14:11:00.026037Z").unwrap();
    Instance::of(&schema::CONCRETE_JOB)
        .with("InstanceID", format!("J{n}"))
        .with("JobType", 100 + n)
        .with("StartTime", started)
}

const GET: &str = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Get";
const ENUMERATE: &str = "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Enumerate";
const PULL: &str = "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Pull";
const WQL: &str = "http://schemas.microsoft.com/wbem/wsman/1/WQL";

fn uri(class: &str) -> String {
    class_uri(VIRTUALIZATION, class)
}

/// A request as the spec's templates write it; `extra` stands among the headers.
fn request(action: &str, resource: &str, extra: &str, body: &str) -> String {
    format!(
        r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"
        xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" xmlns:p="http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"
        xmlns:n="http://schemas.xmlsoap.org/ws/2004/09/enumeration"><s:Header>
        <a:To>https://hv01:5986/wsman</a:To>
        <a:ReplyTo><a:Address s:mustUnderstand="true">http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:Address></a:ReplyTo>
        <a:Action s:mustUnderstand="true">{action}</a:Action>
        <a:MessageID>uuid:1</a:MessageID>
        <w:ResourceURI s:mustUnderstand="true">{resource}</w:ResourceURI>
        <w:MaxEnvelopeSize s:mustUnderstand="true">153600</w:MaxEnvelopeSize>
        <w:Locale xml:lang="en-US" s:mustUnderstand="false"/><w:OperationTimeout>PT20S</w:OperationTimeout>{extra}
        </s:Header><s:Body>{body}</s:Body></s:Envelope>"#
    )
}

fn answered(text: &str) -> (Answer, Element) {
    ask(&mut Service::default(), &mut Fixture::default(), text)
}

fn ask(service: &mut Service, fixture: &mut Fixture, text: &str) -> (Answer, Element) {
    let answer = service.answer(fixture, text.as_bytes(), Instant::now());
    let envelope = xml::parse(&answer.body).unwrap();
    let body = envelope.child(SOAP, "Body").unwrap().clone();
    (answer, body)
}

fn subcode(text: &str) -> Option<&'static str> {
    answered(text).0.fault
}

fn select(query: &str, more: &str) -> String {
    let body = format!(r#"<n:Enumerate>{more}<w:Filter Dialect="{WQL}">{query}</w:Filter></n:Enumerate>"#);
    request(ENUMERATE, &uri("*"), "", &body)
}

const OPTIMIZE: &str = "<w:OptimizeEnumeration/><w:MaxElements>200</w:MaxElements>";

#[test]
fn identify_says_who_answers() {
    let text = r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header/><s:Body>
        <wsmid:Identify xmlns:wsmid="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"/></s:Body></s:Envelope>"#;
    let (answer, body) = answered(text);
    assert_eq!((answer.status, answer.operation), (200, "identify"));
    let response = &body.children[0];
    assert_eq!(
        response.child_text(names::IDENTITY, "ProductVendor"),
        Some("Microsoft Corporation")
    );
}

#[test]
fn get_answers_the_row_that_the_selectors_name_without_regard_to_case() {
    let selectors = r#"<w:SelectorSet><w:Selector Name="instanceid">j2</w:Selector></w:SelectorSet>"#;
    let (answer, body) = answered(&request(GET, &uri("Msvm_ConcreteJob"), selectors, ""));
    assert_eq!(answer.status, 200, "{}", answer.body);
    let row = &body.children[0];
    assert!(row.is(&uri("Msvm_ConcreteJob"), "Msvm_ConcreteJob"));
    assert_eq!(row.attribute(XSI, "type"), Some("p:Msvm_ConcreteJob_Type"));
    assert_eq!(row.child_text(&uri("Msvm_ConcreteJob"), "JobType"), Some("102"));
    let start = row.child(&uri("Msvm_ConcreteJob"), "StartTime").unwrap();
    assert_eq!(
        start.child_text(names::CIM, "Datetime"),
        Some("2026-07-29T14:11:00.026037Z")
    );
}

#[test]
fn get_refuses_what_does_not_name_one_row() {
    let job = uri("Msvm_ConcreteJob");
    let with = |name: &str, value: &str| {
        let set = format!(r#"<w:SelectorSet><w:Selector Name="{name}">{value}</w:Selector></w:SelectorSet>"#);
        subcode(&request(GET, &job, &set, ""))
    };
    assert_eq!(with("InstanceID", "J9"), Some("a:DestinationUnreachable"));
    assert_eq!(with("JobType", "101"), Some("w:InvalidSelectors"));
    assert_eq!(
        with("__cimnamespace", "root/virtualization/v2"),
        Some("w:InvalidSelectors")
    );
    assert_eq!(subcode(&request(GET, &job, "", "")), Some("w:InvalidSelectors"));
}

#[test]
fn an_unknown_class_is_a_wmi_error() {
    for class in ["Msvm_Nothing", "Msvm_VirtualSystemReferencePoint"] {
        let (answer, body) = answered(&select(&format!("SELECT * FROM {class}"), OPTIMIZE));
        assert_eq!(answer.status, 500);
        assert!(answer.body.contains("HRESULT 0x80041010"), "{}", answer.body);
        assert!(answer.body.contains("<p:error_Code>2147749904</p:error_Code>"));
        assert!(body.child(SOAP, "Fault").is_some());
    }
    let elsewhere = class_uri("root/nowhere", "X");
    assert!(
        answered(&request(GET, &elsewhere, "", ""))
            .0
            .body
            .contains("0x8004100e")
    );
}

#[test]
fn wql_works_on_the_namespace_only() {
    assert_eq!(
        answered(&select("SELECT * FROM Msvm_ConcreteJob", OPTIMIZE))
            .0
            .status,
        200
    );
    let body = format!(
        r#"<n:Enumerate><w:Filter Dialect="{WQL}">SELECT * FROM Msvm_ConcreteJob</w:Filter></n:Enumerate>"#
    );
    let on_class = request(ENUMERATE, &uri("Msvm_ConcreteJob"), "", &body);
    assert_eq!(subcode(&on_class), Some("n:CannotProcessFilter"));
    assert_eq!(
        subcode(&request(ENUMERATE, &uri("*"), "", "<n:Enumerate/>")),
        Some("n:CannotProcessFilter")
    );
    let body = r#"<n:Enumerate><n:Filter Dialect="http://www.w3.org/TR/1999/REC-xpath-19991116">x</n:Filter></n:Enumerate>"#;
    assert_eq!(
        subcode(&request(ENUMERATE, &uri("*"), "", body)),
        Some("n:FilterDialectRequestedUnavailable")
    );
}

#[test]
fn both_spellings_of_filter_are_read_and_columns_are_projected() {
    let body = format!(
        r#"<n:Enumerate>{OPTIMIZE}<n:Filter Dialect="{WQL}">SELECT JobType FROM Msvm_ConcreteJob WHERE JobType &gt; 101</n:Filter></n:Enumerate>"#
    );
    let (_, body) = answered(&request(ENUMERATE, &uri("*"), "", &body));
    let items = body.children[0].child(WSMAN, "Items").unwrap();
    assert_eq!(items.children.len(), 2);
    assert_eq!(items.children[0].children.len(), 1);
    assert!(body.children[0].child(WSMAN, "EndOfSequence").is_some());
}

#[test]
fn a_pull_brings_one_item_unless_told_otherwise_and_the_context_changes() {
    let (mut service, mut fixture) = (Service::default(), Fixture::default());
    let (_, body) = ask(
        &mut service,
        &mut fixture,
        &request(ENUMERATE, &uri("Msvm_ConcreteJob"), "", "<n:Enumerate/>"),
    );
    let first = body.children[0]
        .child_text(ENUMERATION, "EnumerationContext")
        .unwrap()
        .to_owned();
    let pull = |context: &str, more: &str| {
        let body = format!("<n:Pull><n:EnumerationContext>{context}</n:EnumerationContext>{more}</n:Pull>");
        request(PULL, &uri("*"), "", &body)
    };
    let (_, body) = ask(&mut service, &mut fixture, &pull(&first, ""));
    assert_eq!(
        body.children[0]
            .child(ENUMERATION, "Items")
            .unwrap()
            .children
            .len(),
        1
    );
    let second = body.children[0]
        .child_text(ENUMERATION, "EnumerationContext")
        .unwrap()
        .to_owned();
    assert_ne!(first, second);
    let (stale, _) = ask(&mut service, &mut fixture, &pull(&first, ""));
    assert_eq!(stale.fault, Some("n:InvalidEnumerationContext"));
    let (_, body) = ask(
        &mut service,
        &mut fixture,
        &pull(&second, "<n:MaxElements>9</n:MaxElements>"),
    );
    let response = &body.children[0];
    assert_eq!(response.child(ENUMERATION, "Items").unwrap().children.len(), 2);
    assert!(response.child(ENUMERATION, "EndOfSequence").is_some());
    assert!(response.child(ENUMERATION, "EnumerationContext").is_none());
    assert_eq!(service.contexts_open(), 0);
}

#[test]
fn optimized_enumeration_without_max_elements_brings_one_item() {
    let (_, body) = answered(&select(
        "SELECT * FROM Msvm_ConcreteJob",
        "<w:OptimizeEnumeration/>",
    ));
    assert_eq!(body.children[0].child(WSMAN, "Items").unwrap().children.len(), 1);
}

#[test]
fn a_release_closes_the_context() {
    let (mut service, mut fixture) = (Service::default(), Fixture::default());
    let (_, body) = ask(
        &mut service,
        &mut fixture,
        &request(ENUMERATE, &uri("Msvm_ConcreteJob"), "", "<n:Enumerate/>"),
    );
    let context = body.children[0]
        .child_text(ENUMERATION, "EnumerationContext")
        .unwrap();
    let body = format!("<n:Release><n:EnumerationContext>{context}</n:EnumerationContext></n:Release>");
    let release = request(&format!("{ENUMERATION}/Release"), &uri("*"), "", &body);
    assert_eq!(ask(&mut service, &mut fixture, &release).0.status, 200);
    assert_eq!(
        ask(&mut service, &mut fixture, &release).0.fault,
        Some("n:InvalidEnumerationContext")
    );
}

#[test]
fn references_can_be_enumerated() {
    let body = "<n:Enumerate><w:EnumerationMode>EnumerateEPR</w:EnumerationMode><w:OptimizeEnumeration/></n:Enumerate>";
    let (_, body) = answered(&request(ENUMERATE, &uri("Msvm_ConcreteJob"), "", body));
    let epr = &body.children[0].child(WSMAN, "Items").unwrap().children[0];
    assert!(epr.is(ADDRESSING, "EndpointReference"));
    assert_eq!(envelope::reference(epr).unwrap().key("InstanceID"), Some("J1"));
}

#[test]
fn associators_find_the_other_end() {
    let query =
        r#"ASSOCIATORS OF {Msvm_ConcreteJob.InstanceID="J1"} WHERE AssocClass=Msvm_AffectedJobElement"#;
    let (answer, body) = answered(&select(query, OPTIMIZE));
    let items = body.children[0]
        .child(WSMAN, "Items")
        .unwrap_or_else(|| panic!("{}", answer.body));
    assert_eq!(
        items.children[0].child_text(&uri("Msvm_ConcreteJob"), "InstanceID"),
        Some("J2")
    );
}

#[test]
fn header_rules_are_kept() {
    let good = request(
        GET,
        &uri("Msvm_ConcreteJob"),
        r#"<w:SelectorSet><w:Selector Name="InstanceID">J1</w:Selector></w:SelectorSet>"#,
        "",
    );
    assert_eq!(subcode(&good), None);
    let reply_to = r#"<a:ReplyTo><a:Address s:mustUnderstand="true">http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:Address></a:ReplyTo>"#;
    let table = [
        (reply_to, "", "a:MessageInformationHeaderRequired"),
        ("role/anonymous", "role/other", "w:UnsupportedFeature"),
        (
            "<a:MessageID>uuid:1</a:MessageID>",
            "<a:MessageID> </a:MessageID>",
            "a:MessageInformationHeaderRequired",
        ),
        (">153600<", ">8191<", "w:EncodingLimit"),
        (">153600<", ">many<", "a:InvalidMessageInformationHeader"),
        (
            r#"xml:lang="en-US" s:mustUnderstand="false""#,
            r#"xml:lang="en-US" s:mustUnderstand="true""#,
            "w:UnsupportedFeature",
        ),
        (
            "<w:SelectorSet>",
            r#"<w:OptionSet><w:Option Name="a" MustComply="true">1</w:Option></w:OptionSet><w:SelectorSet>"#,
            "w:InvalidOptions",
        ),
        (
            "<w:SelectorSet>",
            r#"<w:Nothing s:mustUnderstand="true"/><w:SelectorSet>"#,
            "s:MustUnderstand",
        ),
        ("transfer/Get<", "transfer/Put<", "a:ActionNotSupported"),
        (names::WMI, "http://elsewhere/", "a:DestinationUnreachable"),
    ];
    for (from, to, expected) in table {
        assert!(good.contains(from), "{from}");
        assert_eq!(subcode(&good.replace(from, to)), Some(expected), "{to}");
    }
}

const SERVICE: &str = "Msvm_VirtualSystemSnapshotService";

fn create_snapshot(parameters: &str) -> String {
    let action = format!("{}/CreateSnapshot", uri(SERVICE));
    let selectors = format!(
        r#"<w:SelectorSet><w:Selector Name="CreationClassName">{SERVICE}</w:Selector></w:SelectorSet>"#
    );
    let body = format!(
        r#"<c:CreateSnapshot_INPUT xmlns:c="{}">{parameters}</c:CreateSnapshot_INPUT>"#,
        uri(SERVICE)
    );
    request(&action, &uri(SERVICE), &selectors, &body)
}

fn epr() -> String {
    format!(
        r#"<a:Address>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:Address><a:ReferenceParameters>
        <w:ResourceURI>{}</w:ResourceURI><w:SelectorSet><w:Selector Name="CreationClassName">Msvm_ComputerSystem</w:Selector>
        <w:Selector Name="Name">VM</w:Selector></w:SelectorSet></a:ReferenceParameters>"#,
        uri("Msvm_ComputerSystem")
    )
}

const SETTINGS: &str = r#"<c:SnapshotSettings><![CDATA[<INSTANCE CLASSNAME="Msvm_VirtualSystemSnapshotSettingData"><PROPERTY NAME="ConsistencyLevel" TYPE="uint8"><VALUE>2</VALUE></PROPERTY></INSTANCE>]]></c:SnapshotSettings>"#;

#[test]
fn a_method_takes_references_and_embedded_text_and_answers_a_job_without_the_snapshot() {
    let text = create_snapshot(&format!(
        "<c:AffectedSystem>{}</c:AffectedSystem>{SETTINGS}<c:SnapshotType>32768</c:SnapshotType>",
        epr()
    ));
    let mut fixture = Fixture::default();
    let (answer, body) = ask(&mut Service::default(), &mut fixture, &text);
    assert_eq!(answer.status, 200, "{}", answer.body);
    let call = &fixture.calls[0];
    assert_eq!(call.reference("AffectedSystem").unwrap().key("Name"), Some("VM"));
    assert_eq!(
        call.embedded("SnapshotSettings")
            .unwrap()
            .number("ConsistencyLevel"),
        Some(2)
    );
    assert_eq!(call.number("SnapshotType"), Some(32768));
    let output = &body.children[0];
    assert!(output.is(&uri(SERVICE), "CreateSnapshot_OUTPUT"));
    assert_eq!(output.child_text(&uri(SERVICE), "ReturnValue"), Some("4096"));
    let job = envelope::reference(output.child(&uri(SERVICE), "Job").unwrap()).unwrap();
    assert_eq!(
        (job.class.as_str(), job.key("InstanceID")),
        ("Msvm_ConcreteJob", Some("NEW"))
    );
    assert!(output.child(&uri(SERVICE), "ResultingSnapshot").is_none());
}

#[test]
fn forms_that_a_real_host_refuses_are_refused() {
    let wrapped = format!(
        "<c:AffectedSystem><a:EndpointReference>{}</a:EndpointReference></c:AffectedSystem>",
        epr()
    );
    let tree = "<c:SnapshotSettings><c:ConsistencyLevel>2</c:ConsistencyLevel></c:SnapshotSettings>";
    let other = SETTINGS.replace("Msvm_VirtualSystemSnapshotSettingData", "Msvm_Other");
    for bad in [
        wrapped.as_str(),
        tree,
        &other,
        "<c:SnapshotType>many</c:SnapshotType>",
        "<c:Nope>1</c:Nope>",
    ] {
        assert_eq!(
            subcode(&create_snapshot(bad)),
            Some("w:SchemaValidationError"),
            "{bad}"
        );
    }
    let unknown = create_snapshot("").replace("CreateSnapshot", "CreateNothing");
    assert_eq!(subcode(&unknown), Some("a:ActionNotSupported"));
}

#[test]
fn an_answer_larger_than_the_client_takes_is_split_or_refused() {
    struct Large;
    impl Repository for Large {
        fn machine(&self) -> String {
            "HV01".to_owned()
        }
        fn has_class(&self, _: &ClassSpec) -> bool {
            true
        }
        fn rows(&self, _: &'static ClassSpec) -> Vec<Instance> {
            (1..=50).map(job).collect()
        }
        fn invoke(&mut self, _: &Call) -> Result<Outcome, Fault> {
            Ok(Outcome {
                out: vec![("Errors", Value::Text("x".repeat(20_000)))],
                return_value: 0,
            })
        }
    }
    let small = select("SELECT * FROM Msvm_ConcreteJob", OPTIMIZE).replace(">153600<", ">8192<");
    let answer = Service::default().answer(&mut Large, small.as_bytes(), Instant::now());
    assert!(answer.body.len() <= 8192);
    assert!(answer.body.contains("<n:EnumerationContext>uuid:"));
    let call = create_snapshot("")
        .replace(">153600<", ">8192<")
        .replace("<w:SelectorSet>", "<w:SelectorSet><!-- -->");
    let service = Service::default().answer(&mut Large, call.as_bytes(), Instant::now());
    assert!(service.fault.is_some());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn random_bytes_are_answered_and_nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
        let answer = Service::default().answer(&mut Fixture::default(), &bytes, Instant::now());
        prop_assert!(answer.fault.is_some());
    }

    #[test]
    fn a_damaged_request_is_answered_and_nothing_panics(at in 0usize..3000, with in "\\PC{0,12}", cut in 0usize..40) {
        let parameters = format!("<c:AffectedSystem>{}</c:AffectedSystem>{SETTINGS}", epr());
        for text in [create_snapshot(&parameters), select("SELECT * FROM Msvm_ConcreteJob WHERE A LIKE '%x'", OPTIMIZE)] {
            let mut chars: Vec<char> = text.chars().collect();
            let at = at.min(chars.len());
            let end = (at + cut).min(chars.len());
            chars.splice(at..end, with.chars());
            let damaged: String = chars.into_iter().collect();
            let answer = Service::default().answer(&mut Fixture::default(), damaged.as_bytes(), Instant::now());
            prop_assert!(xml::parse(&answer.body).is_ok());
        }
    }

    #[test]
    fn any_query_is_read_or_refused(text in "\\PC{0,300}") {
        let _ = crate::wire::wql::parse(&text);
        let _ = crate::wire::wql::parse(&format!("SELECT * FROM A WHERE {text}"));
    }
}
