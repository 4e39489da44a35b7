//! SOAP faults as typed errors: subcode, `WSManFault` code, `MSFT_WmiError` HRESULT.

use crate::names::{ADDRESSING, CIM_BINDING, ENUMERATION, SOAP, TRANSFER, WSMAN, WSMAN_FAULT};
use crate::xml::{child, cut, text_of};
use roxmltree::Node;
use std::fmt;

macro_rules! fault_kinds {
    ($($name:ident),* $(,)?) => {
        /// The subcode of a fault, whatever its namespace. `Other` for one that is not documented, or none.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum FaultKind { $($name,)* Other }

        impl FaultKind {
            fn from_name(name: &str) -> Self {
                match name { $(stringify!($name) => Self::$name,)* _ => Self::Other }
            }

            /// The name as on the wire.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* Self::Other => "an unlisted subcode" }
            }
        }
    };
}

fault_kinds! {
    MustUnderstand, EndpointUnavailable, AccessDenied, ActionNotSupported, AlreadyExists, CannotProcessFilter,
    Concurrency, DestinationUnreachable, EncodingLimit, FilterDialectRequestedUnavailable, FilteringNotSupported,
    FragmentDialectNotSupported, InternalError, InvalidEnumerationContext, InvalidMessageInformationHeader,
    InvalidOptions, InvalidParameter, InvalidRepresentation, InvalidSelectors, MessageInformationHeaderRequired, NoAck,
    QuotaLimit, SchemaValidationError, TimedOut, UnsupportedExpirationType, UnsupportedFeature,
    PolymorphismModeNotSupported, InvalidExpirationTime, DeliveryModeRequestedUnavailable, InvalidMessage,
}

/// HRESULTs of WMI that callers decide on.
pub mod hresult {
    pub const FAILED: u32 = 0x8004_1001;
    pub const NOT_FOUND: u32 = 0x8004_1002;
    pub const ACCESS_DENIED: u32 = 0x8004_1003;
    pub const INVALID_NAMESPACE: u32 = 0x8004_100E;
    pub const INVALID_CLASS: u32 = 0x8004_1010;
    pub const INVALID_QUERY: u32 = 0x8004_1017;
}

/// Win32 "access denied" as a `WSManFault` code.
const WIN32_ACCESS_DENIED: u32 = 5;
/// `ERROR_WSMAN_OPERATION_TIMEDOUT`, 0x80338029.
const OPERATION_TIMED_OUT: u32 = 2_150_858_793;

/// What a peer answered instead of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub kind: FaultKind,
    /// Local name of the subcode as sent, at most 80 characters.
    pub subcode: Option<String>,
    /// Last segment of the `faultDetail` URI, `InvalidSelectors` and the like.
    pub detail: Option<String>,
    /// `f:WSManFault/@Code`.
    pub wsman_code: Option<u32>,
    /// `p:MSFT_WmiError/error_Code`, or the number in its `MessageID`.
    pub hresult: Option<u32>,
    /// Reason and provider message; localised, for people only. At most 500 characters.
    pub reason: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.subcode.as_deref().unwrap_or("(no subcode)"))?;
        if let Some(detail) = &self.detail {
            write!(f, "/{detail}")?;
        }
        if let Some(code) = self.wsman_code {
            write!(f, ", WSManFault {code} (0x{code:08X})")?;
        }
        if let Some(code) = self.hresult {
            write!(f, ", HRESULT 0x{code:08X}")?;
        }
        if !self.reason.is_empty() {
            write!(f, ": {}", self.reason)?;
        }
        Ok(())
    }
}

impl Fault {
    /// The class does not exist in that namespace.
    #[must_use]
    pub fn is_invalid_class(&self) -> bool {
        self.hresult == Some(hresult::INVALID_CLASS)
    }

    /// The addressed object is gone.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.hresult == Some(hresult::NOT_FOUND)
            || (self.kind == FaultKind::DestinationUnreachable && !self.is_invalid_class())
    }

    /// The account may not do this.
    #[must_use]
    pub fn is_access_denied(&self) -> bool {
        self.kind == FaultKind::AccessDenied
            || self.wsman_code == Some(WIN32_ACCESS_DENIED)
            || self.hresult == Some(hresult::ACCESS_DENIED)
    }

    /// The host gave up on it in its own time.
    #[must_use]
    pub fn is_timed_out(&self) -> bool {
        self.kind == FaultKind::TimedOut || self.wsman_code == Some(OPERATION_TIMED_OUT)
    }

    /// Reads `s:Fault`. Never fails: a fault with nothing readable in it is still a fault.
    pub(crate) fn read(fault: Node<'_, '_>) -> Self {
        let mut code = child(fault, SOAP, "Code");
        let mut subcode = None;
        // Subcodes nest; the innermost is the most specific.
        for _ in 0..4 {
            let Some(inner) = code.and_then(|node| child(node, SOAP, "Subcode")) else {
                break;
            };
            subcode = child(inner, SOAP, "Value").or(subcode);
            code = Some(inner);
        }
        let value = subcode.or_else(|| code.and_then(|node| child(node, SOAP, "Value")));
        let (kind, name) = value.map_or((FaultKind::Other, None), |node| qualified(node));
        let detail = child(fault, SOAP, "Detail");
        let wmi = detail.and_then(|node| descendant(node, "MSFT_WmiError"));
        let wsman = detail.and_then(|node| {
            node.descendants()
                .find(|found| found.has_tag_name((WSMAN_FAULT, "WSManFault")))
        });
        let reason = child(fault, SOAP, "Reason")
            .and_then(|node| child(node, SOAP, "Text"))
            .map(words);
        let message = wmi.and_then(|node| descendant(node, "Message")).map(words);
        Self {
            kind,
            subcode: name,
            detail: detail
                .and_then(|node| descendant(node, "FaultDetail"))
                .and_then(|node| text_of(node).ok())
                .and_then(|uri| uri.trim().rsplit('/').next().map(cut)),
            wsman_code: wsman
                .and_then(|node| node.attribute("Code"))
                .and_then(|code| code.parse().ok()),
            hresult: wmi.and_then(hresult_of),
            reason: [reason, message]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(" - ")
                .chars()
                .take(500)
                .collect(),
        }
    }
}

/// The kind named by a QName whose prefix is bound to one of the protocol's namespaces.
fn qualified(node: Node<'_, '_>) -> (FaultKind, Option<String>) {
    let Ok(text) = text_of(node) else {
        return (FaultKind::Other, None);
    };
    let text = text.trim();
    let (prefix, name) = text
        .split_once(':')
        .map_or((None, text), |(prefix, name)| (Some(prefix), name));
    let known = node
        .lookup_namespace_uri(prefix)
        .is_some_and(|uri| [SOAP, ADDRESSING, ENUMERATION, TRANSFER, WSMAN, CIM_BINDING].contains(&uri));
    (
        if known {
            FaultKind::from_name(name)
        } else {
            FaultKind::Other
        },
        Some(cut(name)),
    )
}

fn descendant<'a, 'input>(node: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    node.descendants()
        .find(|found| found.is_element() && found.tag_name().name() == name)
}

/// Text of an element and all below it, white space folded.
fn words(node: Node<'_, '_>) -> String {
    let text: String = node
        .descendants()
        .filter(Node::is_text)
        .filter_map(|node| node.text())
        .collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn hresult_of(wmi: Node<'_, '_>) -> Option<u32> {
    let code = descendant(wmi, "error_Code").map(words);
    let id = descendant(wmi, "MessageID").map(words);
    code.as_deref().and_then(number).or_else(|| {
        let id = id?;
        id.split_whitespace()
            .find_map(|word| u32::from_str_radix(word.strip_prefix("0x")?, 16).ok())
    })
}

/// HRESULTs come as unsigned or as negative numbers.
fn number(text: &str) -> Option<u32> {
    text.parse::<u32>()
        .ok()
        .or_else(|| text.parse::<i32>().ok().map(i32::cast_unsigned))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use crate::xml;

    fn fault(inside: &str) -> Fault {
        let text = format!(
            "<s:Fault xmlns:s=\"{SOAP}\" xmlns:a=\"{ADDRESSING}\" xmlns:n=\"{ENUMERATION}\" xmlns:w=\"{WSMAN}\">{inside}</s:Fault>"
        );
        let document = xml::parse(&text, &Limits::default()).unwrap();
        Fault::read(document.root_element())
    }

    fn with_subcode(subcode: &str) -> Fault {
        fault(&format!(
            "<s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>{subcode}</s:Value></s:Subcode></s:Code>"
        ))
    }

    #[test]
    fn subcodes_of_every_namespace_have_their_name() {
        for (subcode, kind) in [
            ("a:DestinationUnreachable", FaultKind::DestinationUnreachable),
            ("w:AccessDenied", FaultKind::AccessDenied),
            ("n:CannotProcessFilter", FaultKind::CannotProcessFilter),
            ("w:SchemaValidationError", FaultKind::SchemaValidationError),
            ("w:QuotaLimit", FaultKind::QuotaLimit),
            ("w:TimedOut", FaultKind::TimedOut),
            (
                "n:InvalidEnumerationContext",
                FaultKind::InvalidEnumerationContext,
            ),
            ("w:EncodingLimit", FaultKind::EncodingLimit),
            (" w:InternalError\n", FaultKind::InternalError),
            ("w:SomethingNew", FaultKind::Other),
            ("unbound:TimedOut", FaultKind::Other),
        ] {
            assert_eq!(with_subcode(subcode).kind, kind, "{subcode}");
        }
        assert_eq!(
            fault("<s:Code><s:Value>s:MustUnderstand</s:Value></s:Code>").kind,
            FaultKind::MustUnderstand
        );
    }

    #[test]
    fn a_wsman_fault_gives_its_code_and_detail() {
        let fault = fault(
            "<s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>w:InternalError</s:Value></s:Subcode></s:Code>\
             <s:Reason><s:Text xml:lang=\"de-DE\">Zeit ist   um.</s:Text></s:Reason><s:Detail>\
             <w:FaultDetail>http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail/OperationTimeout</w:FaultDetail>\
             <f:WSManFault xmlns:f=\"http://schemas.microsoft.com/wbem/wsman/1/wsmanfault\" Code=\"2150858793\" Machine=\"h\">\
             <f:Message>x</f:Message></f:WSManFault></s:Detail>",
        );
        assert_eq!(fault.wsman_code, Some(2_150_858_793));
        assert!(fault.is_timed_out());
        assert_eq!(fault.detail.as_deref(), Some("OperationTimeout"));
        assert_eq!(fault.reason, "Zeit ist um.");
    }

    #[test]
    fn a_provider_error_gives_its_hresult_in_each_spelling() {
        let wmi = |inside: &str| {
            fault(&format!(
                "<s:Detail><p:MSFT_WmiError xmlns:p=\"u\" xmlns:b=\"v\" b:IsCIM_Error=\"true\">{inside}</p:MSFT_WmiError></s:Detail>"
            ))
        };
        assert!(wmi("<p:error_Code>2147749904</p:error_Code>").is_invalid_class());
        assert!(wmi("<p:error_Code>-2147217392</p:error_Code>").is_invalid_class());
        assert!(wmi("<p:MessageID>HRESULT 0x80041002</p:MessageID>").is_not_found());
        assert!(wmi("<p:MessageID>HRESULT 0x80041003</p:MessageID>").is_access_denied());
        assert_eq!(wmi("<p:error_Code>none</p:error_Code>").hresult, None);
    }

    #[test]
    fn an_empty_fault_is_still_a_fault() {
        let fault = fault("");
        assert_eq!(fault.kind, FaultKind::Other);
        assert_eq!(fault.to_string(), "(no subcode)");
    }
}
