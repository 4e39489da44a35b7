//! The client against a peer on a loopback socket that answers what each test writes: good, hostile or broken.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod peer;

use peer::{Peer, Reply, answer, fault, row, rows};
use secrecy::SecretString;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;
use wsman::auth::Basic;
use wsman::client::{Client, ClientConfig};
use wsman::error::{Error, chain};
use wsman::fault::FaultKind;
use wsman::instance::EndpointReference;
use wsman::limits::{Limits, Timeouts};
use wsman::names::ResourceUri;
use wsman::tls::{Pin, Trust};
use wsman::xml::XmlError;

const SPACE: &str = "root/virtualization/v2";
const WQL: &str = "SELECT * FROM C WHERE Name='<&>'";

fn basic() -> Arc<Basic> {
    Arc::new(Basic::new("DOM\\backup", &SecretString::from("p:ä ss")).unwrap())
}

fn config(peer: &Peer) -> ClientConfig {
    let trust = Trust::ca_pem(peer.ca_pem.as_bytes(), "the test's CA").unwrap();
    ClientConfig::new("localhost", peer.port, trust)
}

fn client(peer: &Peer) -> Client {
    Client::new(config(peer), basic()).unwrap()
}

fn limited(peer: &Peer, limits: Limits) -> Client {
    Client::new(
        ClientConfig {
            limits,
            ..config(peer)
        },
        basic(),
    )
    .unwrap()
}

#[tokio::test]
async fn a_query_on_one_page_is_one_request_with_everything_a_host_wants() {
    let peer = Peer::start(|_, request| {
        assert!(
            request.text.contains(&format!("{SPACE}/*</w:ResourceURI>")),
            "{}",
            request.text
        );
        assert!(
            request
                .text
                .contains("<w:OptimizeEnumeration/><w:MaxElements>500</w:MaxElements>")
        );
        assert!(
            request
                .text
                .contains("SELECT * FROM C WHERE Name='&lt;&amp;&gt;'")
        );
        assert_eq!(
            request.authorization.as_deref(),
            Some("Basic RE9NXGJhY2t1cDpwOsOkIHNz")
        );
        rows(request, &[row(1), row(2)], None)
    })
    .await;
    let client = client(&peer);
    let found = client.query(SPACE, WQL).await.unwrap();
    assert_eq!(
        found
            .iter()
            .map(|row| row.number_required::<u32>("N").unwrap())
            .collect::<Vec<_>>(),
        [1, 2]
    );
    assert_eq!(found[0].class, "C");
    assert_eq!((client.requests(), peer.connections()), (1, 1));
}

#[tokio::test]
async fn pages_of_one_row_are_pulled_to_their_end_over_one_connection() {
    let peer = Peer::start(|n, request| {
        if n > 0 {
            assert!(
                request
                    .text
                    .contains(&format!("<n:EnumerationContext>uuid:c{n}</n:EnumerationContext>"))
            );
            assert!(request.text.contains("enumeration/Pull</a:Action>"));
        }
        let next = format!("uuid:c{}", n + 1);
        rows(request, &[row(n)], (n < 4).then_some(next.as_str()))
    })
    .await;
    let client = client(&peer);
    assert_eq!(client.query(SPACE, WQL).await.unwrap().len(), 5);
    assert_eq!((client.requests(), peer.connections()), (5, 1));
}

#[tokio::test]
async fn an_enumeration_stopped_early_is_released() {
    let peer = Peer::start(|n, request| match n {
        0 => rows(request, &[row(1), row(2)], Some("uuid:open")),
        _ => {
            assert!(
                request.text.contains("enumeration/Release</a:Action>"),
                "{}",
                request.text
            );
            assert!(request.text.contains("uuid:open"));
            answer(request, "")
        }
    })
    .await;
    let client = client(&peer);
    let mut seen = 0;
    let stop = |_| {
        seen += 1;
        ControlFlow::Break(())
    };
    client.query_until(SPACE, WQL, stop).await.unwrap();
    assert_eq!((seen, client.requests()), (1, 2));
}

#[tokio::test]
async fn rows_bytes_pages_and_empty_pages_have_bounds_and_the_rest_is_released() {
    for (what, limits, n_rows) in [
        (
            "rows in one enumeration",
            Limits {
                items: 5,
                ..Limits::default()
            },
            2,
        ),
        (
            "bytes in one enumeration",
            Limits {
                enumeration_bytes: 3000,
                ..Limits::default()
            },
            1,
        ),
        (
            "pages in one enumeration",
            Limits {
                pages: 5,
                ..Limits::default()
            },
            1,
        ),
        (
            "empty pages in a row",
            Limits {
                empty_pages: 3,
                ..Limits::default()
            },
            0,
        ),
    ] {
        let peer = Peer::start(move |n, request| {
            if request.text.contains("enumeration/Release</a:Action>") {
                return answer(request, "");
            }
            assert!(n < 10, "endless");
            rows(request, &vec![row(n); n_rows], Some("uuid:more"))
        })
        .await;
        let error = limited(&peer, limits).query(SPACE, WQL).await.unwrap_err();
        assert!(
            matches!(error, Error::TooMuch { what: found, .. } if found == what),
            "{error}"
        );
        assert!(peer.last_request().contains("enumeration/Release</a:Action>"));
    }
}

#[tokio::test]
async fn a_page_with_neither_end_nor_context_is_not_taken_for_the_whole() {
    let peer = Peer::start(|_, request| {
        answer(
            request,
            &format!(
                "<n:EnumerateResponse><w:Items>{}</w:Items></n:EnumerateResponse>",
                row(1)
            ),
        )
    })
    .await;
    let error = client(&peer).query(SPACE, WQL).await.unwrap_err();
    assert!(matches!(error, Error::Unreadable { .. }), "{}", chain(&error));
}

#[tokio::test]
async fn a_projected_row_is_read_without_a_class() {
    let peer = Peer::start(|_, request| {
        rows(
            request,
            &["<w:XmlFragment><p:N xmlns:p=\"u\">7</p:N></w:XmlFragment>".to_owned()],
            None,
        )
    })
    .await;
    let found = client(&peer).query(SPACE, WQL).await.unwrap();
    assert_eq!(
        (found[0].class.as_str(), found[0].number::<u8>("N").unwrap()),
        ("", Some(7))
    );
}

#[tokio::test]
async fn values_are_read_as_captured_from_a_host() {
    let body = "<p:C xmlns:p=\"http://schemas.microsoft.com/wbem/wsman/1/wmi/root/x/C\" \
        xmlns:cim=\"http://schemas.dmtf.org/wbem/wscim/1/common\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
        xsi:type=\"p:C_Type\"><p:Empty/><p:Nil xsi:nil=\"true\"/><p:Flag>TRUE</p:Flag><p:L>2</p:L><p:L>32768</p:L><p:One>11</p:One>\
        <p:At><cim:Datetime>2026-07-29T14:11:00.026037Z</cim:Datetime></p:At>\
        <p:Never><cim:Datetime>1601-01-01T00:00:00Z</cim:Datetime></p:Never>\
        <p:For><cim:Interval>P0DT0H5M0S</cim:Interval></p:For>\
        <p:Ref><a:Address xmlns:a=\"http://schemas.xmlsoap.org/ws/2004/08/addressing\">x</a:Address>\
        <a:ReferenceParameters xmlns:a=\"http://schemas.xmlsoap.org/ws/2004/08/addressing\">\
        <q:ResourceURI xmlns:q=\"http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd\">http://x/wmi/root/x/Job</q:ResourceURI>\
        <q:SelectorSet xmlns:q=\"http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd\"><q:Selector Name=\"InstanceID\">J1</q:Selector>\
        </q:SelectorSet></a:ReferenceParameters></p:Ref></p:C>";
    let peer = Peer::start(move |_, request| answer(request, body)).await;
    let target = EndpointReference::new(ResourceUri::class("root/x", "C"), &[("Name", "n")]);
    let row = client(&peer).get(&target).await.unwrap();
    assert_eq!(row.text("Empty").unwrap(), Some(""));
    assert_eq!(row.text("Nil").unwrap(), None);
    assert_eq!(row.text("Absent").unwrap(), None);
    assert_eq!(row.boolean("Flag").unwrap(), Some(true));
    assert_eq!(row.numbers::<u16>("L").unwrap(), [2, 32768]);
    assert_eq!(row.numbers::<u16>("One").unwrap(), [11]);
    assert!(row.numbers::<u16>("Absent").unwrap().is_empty());
    assert!(row.numbers::<u8>("L").is_err());
    assert_eq!(
        row.instant("At").unwrap().unwrap().to_rfc3339(),
        "2026-07-29T14:11:00.026037+00:00"
    );
    assert_eq!(row.instant("Never").unwrap(), None);
    assert_eq!(row.interval_ms("For").unwrap(), Some(300_000));
    let reference = row.reference("Ref").unwrap().unwrap();
    assert_eq!(
        (reference.class_name(), reference.selector("instanceid")),
        ("Job", Some("J1"))
    );
    assert!(row.text("Ref").is_err());
    assert_eq!(
        row.number_required::<u8>("Absent").unwrap_err().to_string(),
        "C.Absent is missing"
    );
}

#[tokio::test]
async fn an_invoke_gives_its_out_parameters_and_another_method_s_answer_is_refused() {
    let peer = Peer::start(|n, request| {
        assert!(request.text.contains("/S/Do</a:Action>"), "{}", request.text);
        let method = if n == 0 { "Do" } else { "Undo" };
        answer(
            request,
            &format!("<p:{method}_OUTPUT xmlns:p=\"http://schemas.microsoft.com/wbem/wsman/1/wmi/root/x/S\"><p:ReturnValue>4096</p:ReturnValue></p:{method}_OUTPUT>"),
        )
    })
    .await;
    let target = EndpointReference::new(ResourceUri::class("root/x", "S"), &[]);
    let client = client(&peer);
    let output = client.invoke(&target, "Do", &[]).await.unwrap();
    assert_eq!(output.number_required::<u32>("ReturnValue").unwrap(), 4096);
    assert!(matches!(
        client.invoke(&target, "Do", &[]).await,
        Err(Error::Unreadable { .. })
    ));
}

#[tokio::test]
async fn faults_are_typed_whatever_the_http_status() {
    for status in [200, 400, 500, 503] {
        let peer = Peer::start(move |_, request| fault(request, status, "w:QuotaLimit")).await;
        let error = client(&peer).query(SPACE, WQL).await.unwrap_err();
        assert_eq!(
            error.fault().map(|fault| fault.kind),
            Some(FaultKind::QuotaLimit),
            "{status}"
        );
    }
    let peer = Peer::start(|_, request| fault(request, 500, "w:AccessDenied")).await;
    assert!(matches!(
        client(&peer).query(SPACE, WQL).await,
        Err(Error::Denied { .. })
    ));
}

#[tokio::test]
async fn http_without_soap_is_told_by_its_status() {
    let peer = Peer::start(|_, _| Reply::status(404, "<html>no such page")).await;
    assert!(matches!(
        client(&peer).query(SPACE, WQL).await,
        Err(Error::Http { status: 404, .. })
    ));
}

#[tokio::test]
async fn a_refused_password_is_asked_once() {
    let peer = Peer::start(|_, _| Reply::status(401, "")).await;
    let client = client(&peer);
    assert!(matches!(client.identify().await, Err(Error::Denied { .. })));
    assert_eq!(client.requests(), 1);
}

#[tokio::test]
async fn identify_names_the_product() {
    let peer = Peer::start(|_, request| {
        assert!(request.text.contains("<wsmid:Identify/>"));
        answer(request, "<i:IdentifyResponse xmlns:i=\"http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd\">\
            <i:ProductVendor>Microsoft Corporation</i:ProductVendor><i:ProductVersion>OS: 10.0</i:ProductVersion></i:IdentifyResponse>")
    })
    .await;
    let identity = client(&peer).identify().await.unwrap();
    assert_eq!(
        (identity.vendor.as_str(), identity.version.as_str()),
        ("Microsoft Corporation", "OS: 10.0")
    );
}

#[tokio::test]
async fn hostile_documents_are_refused_by_name() {
    let bomb = "<!DOCTYPE a [<!ENTITY x \"ha\">]><a>&x;</a>".to_owned();
    for (body, expect) in [
        (bomb, XmlError::Doctype),
        ("<a>".repeat(100_000), XmlError::Depth { limit: 40 }),
        (
            format!(
                "<a {}/>",
                (0..30).map(|n| format!("a{n}='' ")).collect::<String>()
            ),
            XmlError::Attributes { limit: 24 },
        ),
    ] {
        let peer = Peer::start(move |_, _| Reply::status(200, &body)).await;
        match client(&peer).query(SPACE, WQL).await {
            Err(Error::Unreadable { source, .. }) => assert_eq!(source, expect),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_body_above_the_envelope_limit_is_cut_off_with_or_without_a_length() {
    for chunked in [false, true] {
        let peer = Peer::start(move |_, _| Reply {
            chunked,
            ..Reply::status(200, &"x".repeat(20_000))
        })
        .await;
        let limits = Limits {
            envelope_bytes: 10_000,
            ..Limits::default()
        };
        let error = limited(&peer, limits).query(SPACE, WQL).await.unwrap_err();
        assert!(matches!(error, Error::TooMuch { limit: 10_000, .. }), "{error}");
    }
}

#[tokio::test]
async fn a_kept_connection_that_the_host_closed_is_replaced_and_nothing_is_sent_twice() {
    let peer = Peer::start(|_, request| Reply {
        close: true,
        ..rows(request, &[], None)
    })
    .await;
    let client = client(&peer);
    for _ in 0..3 {
        client.query(SPACE, WQL).await.unwrap();
    }
    assert_eq!((peer.connections(), peer.requests()), (3, 3));
}

#[tokio::test]
async fn a_connection_cut_instead_of_an_answer_is_not_retried() {
    let peer = Peer::start(|_, _| Reply::cut()).await;
    let client = client(&peer);
    let target = EndpointReference::new(ResourceUri::class("root/x", "S"), &[]);
    let error = client.invoke(&target, "Do", &[]).await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::Broken {
                delivered_perhaps: true,
                ..
            }
        ),
        "{}",
        chain(&error)
    );
    assert_eq!(peer.requests(), 1);
}

#[tokio::test]
async fn a_host_that_never_answers_is_given_up() {
    let peer = Peer::start(|_, _| Reply::silence()).await;
    let timeouts = Timeouts {
        operation: Duration::from_millis(50),
        ..Timeouts::default()
    };
    let client = Client::new(
        ClientConfig {
            timeouts,
            ..config(&peer)
        },
        basic(),
    )
    .unwrap();
    let error = client.query(SPACE, WQL).await.unwrap_err();
    assert!(matches!(error, Error::TimedOut { .. }), "{error}");
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused_before_anything_is_sent() {
    let peer = Peer::start(|_, request| rows(request, &[], None)).await;
    let other = Peer::start(|_, request| rows(request, &[], None)).await;
    let trust = Trust::ca_pem(other.ca_pem.as_bytes(), "another CA").unwrap();
    let client = Client::new(
        ClientConfig {
            trust,
            ..config(&peer)
        },
        basic(),
    )
    .unwrap();
    assert!(matches!(client.identify().await, Err(Error::Tls { .. })));
    assert_eq!(peer.requests(), 0);
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let peer = Peer::start(|_, request| rows(request, &[], None)).await;
    let client = Client::new(
        ClientConfig {
            address: "127.0.0.1".to_owned(),
            ..config(&peer)
        },
        basic(),
    )
    .unwrap();
    assert!(matches!(client.identify().await, Err(Error::Tls { .. })));
}

#[tokio::test]
async fn a_pin_trusts_exactly_its_certificate() {
    let peer = Peer::start(|_, request| rows(request, &[], None)).await;
    let pinned = |pin| {
        let config = ClientConfig {
            trust: Trust::pinned(pin),
            address: "127.0.0.1".to_owned(),
            ..config(&peer)
        };
        Client::new(config, basic()).unwrap()
    };
    assert!(pinned(Pin::of(&peer.leaf_der)).query(SPACE, WQL).await.is_ok());
    let mut other = Pin::of(&peer.leaf_der);
    other.0[31] ^= 1;
    assert!(matches!(
        pinned(other).query(SPACE, WQL).await,
        Err(Error::Tls { .. })
    ));
    assert_eq!(peer.requests(), 1);
}
