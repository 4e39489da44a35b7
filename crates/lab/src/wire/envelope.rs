//! The request's envelope and the header rules of MS-WSMV 3.1.4.1 (spec 5.3); writing the answer's.

use super::cim::Reference;
use super::fault::Fault;
use super::names::{self, ADDRESSING, SOAP, WSMAN, WSMAN_MS};
use super::xml::{self, Element, escape};

/// Largest request read and largest answer sent: 500 KiB, `MaxEnvelopeSizekb`.
pub const ENVELOPE_BYTES_MAX: usize = 500 * 1024;
/// Smallest `MaxEnvelopeSize` that a client may ask for.
pub const ENVELOPE_BYTES_MIN: usize = 8192;
const HEADER_CHARS_MAX: usize = 2048;

/// A request whose headers were found in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub action: String,
    pub resource_uri: String,
    pub message_id: String,
    pub selectors: Vec<(String, String)>,
    /// How large the answer may be.
    pub envelope_bytes_max: usize,
    /// `OperationTimeout` as written.
    pub operation_timeout: Option<String>,
    /// The first element of the body.
    pub body: Element,
}

/// What came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    Identify,
    Request(Box<Request>),
}

/// Reads a request.
///
/// # Errors
/// The fault to answer with, and the MessageID as far as it could be read.
pub fn read(bytes: &[u8]) -> Result<Incoming, (Fault, Option<String>)> {
    let unread = |e: xml::XmlError| {
        (
            Fault::schema(format!("Die Anforderung ist kein gültiges XML: {e}")),
            None,
        )
    };
    let root = xml::parse(&xml::decode(bytes).map_err(unread)?).map_err(unread)?;
    if !root.is(SOAP, "Envelope") {
        return Err((Fault::schema("Die Anforderung ist kein SOAP-1.2-Umschlag."), None));
    }
    let empty = Element::default();
    let header = root.child(SOAP, "Header").unwrap_or(&empty);
    let body = root.child(SOAP, "Body").and_then(|body| body.children.first());
    if body.is_some_and(|body| body.is(names::IDENTITY, "Identify")) {
        return Ok(Incoming::Identify);
    }
    let message_id = header.child_text(ADDRESSING, "MessageID").map(str::to_owned);
    headers(header, body)
        .map(|request| Incoming::Request(Box::new(request)))
        .map_err(|fault| (fault, message_id))
}

fn headers(header: &Element, body: Option<&Element>) -> Result<Request, Fault> {
    check_understood(header)?;
    let required = |namespace: &str, name: &str| {
        header
            .child_text(namespace, name)
            .filter(|text| !text.is_empty())
            .ok_or_else(|| Fault::header_required(name))
    };
    let action = required(ADDRESSING, "Action")?;
    required(ADDRESSING, "To")?;
    let message_id = required(ADDRESSING, "MessageID")?;
    let reply_to = header
        .child(ADDRESSING, "ReplyTo")
        .ok_or_else(|| Fault::header_required("ReplyTo"))?;
    if reply_to.child_text(ADDRESSING, "Address") != Some(names::ANONYMOUS) {
        return Err(Fault::unsupported("AddressingMode"));
    }
    let resource_uri = header
        .child_text(WSMAN, "ResourceURI")
        .filter(|uri| !uri.is_empty())
        .ok_or_else(|| Fault::unreachable("InvalidResourceURI", "ResourceURI fehlt"))?;
    for (namespace, name) in [(WSMAN, "Locale"), (WSMAN_MS, "DataLocale")] {
        if header.child(namespace, name).is_some_and(must_understand) {
            return Err(Fault::unsupported("Locale"));
        }
    }
    for name in ["SessionId", "OperationID", "ActivityId"] {
        if header
            .child_text(WSMAN_MS, name)
            .is_some_and(|text| text.chars().count() > HEADER_CHARS_MAX)
        {
            return Err(Fault::header_invalid(name));
        }
    }
    let must_comply = |option: &Element| matches!(option.attribute("", "MustComply"), Some("true" | "1"));
    if header
        .child(WSMAN, "OptionSet")
        .is_some_and(|set| set.children.iter().any(must_comply))
    {
        return Err(Fault::options());
    }
    if header.child(WSMAN, "FragmentTransfer").is_some() {
        return Err(Fault::unsupported("FragmentLevelAccess"));
    }
    let body = body.cloned().unwrap_or_default();
    Ok(Request {
        action: action.to_owned(),
        resource_uri: resource_uri.to_owned(),
        message_id: message_id.to_owned(),
        selectors: header
            .child(WSMAN, "SelectorSet")
            .map(selectors)
            .transpose()?
            .unwrap_or_default(),
        envelope_bytes_max: envelope_size(header)?,
        operation_timeout: header.child_text(WSMAN, "OperationTimeout").map(str::to_owned),
        body,
    })
}

fn must_understand(header: &Element) -> bool {
    matches!(
        header.attribute(SOAP, "mustUnderstand").map(str::trim),
        Some("true" | "1")
    )
}

/// A header that must be understood and is none of ours.
fn check_understood(header: &Element) -> Result<(), Fault> {
    const KNOWN: &[(&str, &[&str])] = &[
        (
            ADDRESSING,
            &[
                "Action",
                "To",
                "MessageID",
                "ReplyTo",
                "FaultTo",
                "From",
                "RelatesTo",
            ],
        ),
        (
            WSMAN,
            &[
                "ResourceURI",
                "SelectorSet",
                "OptionSet",
                "MaxEnvelopeSize",
                "OperationTimeout",
                "Locale",
                "FragmentTransfer",
                "RequestTotalItemsCountEstimate",
            ],
        ),
        (
            WSMAN_MS,
            &[
                "DataLocale",
                "SessionId",
                "OperationID",
                "SequenceId",
                "ActivityId",
                "CompressionType",
            ],
        ),
    ];
    for element in &header.children {
        let known = KNOWN.iter().any(|(namespace, list)| {
            element.namespace == *namespace && list.contains(&element.name.as_str())
        });
        if !known && must_understand(element) {
            return Err(Fault::must_understand(&element.name));
        }
    }
    Ok(())
}

fn envelope_size(header: &Element) -> Result<usize, Fault> {
    let Some(text) = header.child_text(WSMAN, "MaxEnvelopeSize") else {
        return Ok(ENVELOPE_BYTES_MAX);
    };
    match text.parse::<u64>() {
        Err(_) => Err(Fault::header_invalid("MaxEnvelopeSize")),
        Ok(n) if n < ENVELOPE_BYTES_MIN as u64 => Err(Fault::encoding_limit("MinimumEnvelopeLimit")),
        Ok(n) => Ok(usize::try_from(n).unwrap_or(usize::MAX).min(ENVELOPE_BYTES_MAX)),
    }
}

/// Reads `w:SelectorSet`.
///
/// # Errors
/// `InvalidSelectors` for a selector without a name or one that comes twice.
pub fn selectors(set: &Element) -> Result<Vec<(String, String)>, Fault> {
    let mut made: Vec<(String, String)> = Vec::new();
    for selector in &set.children {
        let name = selector
            .attribute("", "Name")
            .filter(|name| !name.is_empty() && selector.is(WSMAN, "Selector"));
        let name = name.ok_or_else(|| Fault::selectors("InsufficientSelectors"))?;
        if made.iter().any(|(n, _)| n.eq_ignore_ascii_case(name)) {
            return Err(Fault::selectors("DuplicateSelectors"));
        }
        made.push((name.to_owned(), selector.text.trim().to_owned()));
    }
    Ok(made)
}

/// Reads a reference given as a parameter: `a:Address` and `a:ReferenceParameters` directly inside.
///
/// # Errors
/// `SchemaValidationError` for any other form; a wrapper `a:EndpointReference` is one.
pub fn reference(parameter: &Element) -> Result<Reference, Fault> {
    let wrong = |what: &str| {
        Fault::schema(format!(
            "{what} in {} entspricht nicht dem Schema.",
            parameter.name
        ))
    };
    if parameter.child(ADDRESSING, "EndpointReference").is_some() {
        return Err(wrong("a:EndpointReference"));
    }
    parameter
        .child(ADDRESSING, "Address")
        .ok_or_else(|| wrong("Der Verweis ohne a:Address"))?;
    let parameters = parameter
        .child(ADDRESSING, "ReferenceParameters")
        .ok_or_else(|| wrong("Der Verweis"))?;
    let uri = parameters
        .child_text(WSMAN, "ResourceURI")
        .ok_or_else(|| wrong("Der Verweis ohne ResourceURI"))?;
    let (namespace, class) = names::split_class_uri(uri).ok_or_else(|| wrong("Die ResourceURI"))?;
    let set = parameters
        .child(WSMAN, "SelectorSet")
        .ok_or_else(|| wrong("Der Verweis ohne SelectorSet"))?;
    Ok(Reference {
        namespace: namespace.to_owned(),
        class: class.to_owned(),
        keys: selectors(set)?,
    })
}

/// An answer: its action and what stands inside `s:Body`.
#[must_use]
pub fn answer(action: &str, relates_to: Option<&str>, message_id: &str, body: &str) -> String {
    let relates = relates_to
        .map(|id| format!("<a:RelatesTo>{}</a:RelatesTo>", escape(id)))
        .unwrap_or_default();
    format!(
        "<s:Envelope xml:lang=\"de-DE\" xmlns:s=\"{SOAP}\" xmlns:a=\"{ADDRESSING}\" xmlns:n=\"{}\" xmlns:w=\"{WSMAN}\" \
         xmlns:x=\"{}\" xmlns:p=\"{WSMAN_MS}\"><s:Header><a:Action>{}</a:Action>\
         <a:MessageID>uuid:{message_id}</a:MessageID><a:To>{}</a:To>{relates}</s:Header><s:Body>{body}</s:Body></s:Envelope>",
        names::ENUMERATION,
        names::TRANSFER,
        escape(action),
        names::ANONYMOUS,
    )
}

/// The answer to Identify.
#[must_use]
pub fn identify() -> String {
    format!(
        "<s:Envelope xml:lang=\"de-DE\" xmlns:s=\"{SOAP}\"><s:Header/><s:Body><wsmid:IdentifyResponse xmlns:wsmid=\"{}\">\
         <wsmid:ProtocolVersion>{WSMAN}</wsmid:ProtocolVersion><wsmid:ProductVendor>Microsoft Corporation</wsmid:ProductVendor>\
         <wsmid:ProductVersion>OS: 0.0.0 SP: 0.0 Stack: 3.0</wsmid:ProductVersion></wsmid:IdentifyResponse></s:Body></s:Envelope>",
        names::IDENTITY,
    )
}
