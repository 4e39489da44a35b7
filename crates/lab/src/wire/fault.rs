//! Faults: what the server answers when it does not do as asked (MS-WSMV, spec 5.7).

use super::names;
use super::xml::escape;

/// Which action URI a fault is sent under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Wsman,
    Addressing,
    Enumeration,
    Transfer,
}

/// A SOAP fault with its HTTP status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub status: u16,
    family: Family,
    sender: bool,
    /// Prefixed, e.g. `w:SchemaValidationError`.
    pub subcode: &'static str,
    /// `faultDetail` name without the URI.
    pub detail: Option<&'static str>,
    /// `f:WSManFault Code`.
    pub code: u32,
    /// Localised text for people.
    pub reason: String,
    /// Set when the WMI provider failed: HRESULT and CIM status.
    pub wmi: Option<(u32, u16)>,
}

/// 0x80338029: the operation did not finish within OperationTimeout.
pub const OPERATION_TIMEDOUT: u32 = 2_150_858_793;
/// 0x80041010.
pub const WBEM_E_INVALID_CLASS: u32 = 0x8004_1010;
/// 0x80041017.
pub const WBEM_E_INVALID_QUERY: u32 = 0x8004_1017;
/// 0x8004100E.
pub const WBEM_E_INVALID_NAMESPACE: u32 = 0x8004_100E;
/// 0x8004100C.
pub const WBEM_E_NOT_SUPPORTED: u32 = 0x8004_100C;

impl Fault {
    fn new(
        status: u16,
        family: Family,
        sender: bool,
        subcode: &'static str,
        code: u32,
        reason: impl Into<String>,
    ) -> Self {
        Self {
            status,
            family,
            sender,
            subcode,
            detail: None,
            code,
            reason: reason.into(),
            wmi: None,
        }
    }

    fn with_detail(mut self, detail: &'static str) -> Self {
        self.detail = Some(detail);
        self
    }

    /// The body is not what the schema of the request says.
    pub fn schema(reason: impl Into<String>) -> Self {
        Self::new(
            500,
            Family::Wsman,
            true,
            "w:SchemaValidationError",
            2_150_858_817,
            reason,
        )
    }

    /// A mandatory header is missing.
    pub fn header_required(header: &str) -> Self {
        let reason = format!("Der Header {header} fehlt in der Anforderung.");
        Self::new(
            400,
            Family::Addressing,
            true,
            "a:MessageInformationHeaderRequired",
            2_150_858_766,
            reason,
        )
    }

    /// A header is there and makes no sense.
    pub fn header_invalid(header: &str) -> Self {
        let reason = format!("Der Header {header} ist ungültig.");
        Self::new(
            400,
            Family::Addressing,
            true,
            "a:InvalidMessageInformationHeader",
            2_150_858_767,
            reason,
        )
    }

    /// A header must be understood and is not.
    pub fn must_understand(header: &str) -> Self {
        let reason = format!("Der Header {header} wird nicht verstanden.");
        Self::new(
            400,
            Family::Wsman,
            true,
            "s:MustUnderstand",
            2_150_858_752,
            reason,
        )
    }

    /// The feature named by `detail` is not offered.
    pub fn unsupported(detail: &'static str) -> Self {
        let reason = format!("Die Funktion {detail} wird nicht unterstützt.");
        Self::new(
            400,
            Family::Wsman,
            true,
            "w:UnsupportedFeature",
            2_150_858_762,
            reason,
        )
        .with_detail(detail)
    }

    /// `MaxEnvelopeSize` below 8192, or an answer that does not fit into it.
    pub fn encoding_limit(detail: &'static str) -> Self {
        let reason = "Die Größe des SOAP-Umschlags liegt außerhalb der Grenzen.";
        let status = if detail == "MinimumEnvelopeLimit" {
            400
        } else {
            500
        };
        Self::new(
            status,
            Family::Wsman,
            true,
            "w:EncodingLimit",
            2_150_858_777,
            reason,
        )
        .with_detail(detail)
    }

    /// `mustComply` options on a WMI URI.
    pub fn options() -> Self {
        let reason = "Die Optionen werden für diese Ressource nicht unterstützt.";
        Self::new(
            400,
            Family::Wsman,
            true,
            "w:InvalidOptions",
            2_150_858_771,
            reason,
        )
        .with_detail("NotSupported")
    }

    /// Selectors that do not fit the class.
    pub fn selectors(detail: &'static str) -> Self {
        let code = if detail == "UnexpectedSelectors" {
            2_150_858_843
        } else {
            2_150_858_756
        };
        let reason = "Die Selektoren passen nicht zur Ressource.";
        Self::new(500, Family::Wsman, true, "w:InvalidSelectors", code, reason).with_detail(detail)
    }

    /// No such instance, or no such resource URI.
    pub fn unreachable(detail: &'static str, what: &str) -> Self {
        let reason = format!("Die Ressource wurde nicht gefunden: {what}");
        Self::new(
            500,
            Family::Addressing,
            true,
            "a:DestinationUnreachable",
            2_150_858_752,
            reason,
        )
        .with_detail(detail)
    }

    /// The action is not known for this resource.
    pub fn action(reason: impl Into<String>) -> Self {
        Self::new(
            500,
            Family::Addressing,
            true,
            "a:ActionNotSupported",
            2_150_858_754,
            reason,
        )
    }

    /// A filter that cannot be processed, WQL on a class URI among them.
    pub fn filter(reason: impl Into<String>) -> Self {
        Self::new(
            500,
            Family::Enumeration,
            true,
            "n:CannotProcessFilter",
            2_150_858_772,
            reason,
        )
    }

    /// A filter dialect that is not offered.
    pub fn dialect() -> Self {
        let reason = "Der Filterdialekt wird nicht unterstützt.";
        Self::new(
            500,
            Family::Enumeration,
            true,
            "n:FilterDialectRequestedUnavailable",
            2_150_858_776,
            reason,
        )
    }

    /// A context that never was, has been used up or has idled too long.
    pub fn context() -> Self {
        let reason = "Der Enumerationskontext ist ungültig.";
        Self::new(
            500,
            Family::Enumeration,
            false,
            "n:InvalidEnumerationContext",
            2_150_858_787,
            reason,
        )
    }

    /// Too many operations at once.
    pub fn quota() -> Self {
        let reason = "Das Kontingent für gleichzeitige Vorgänge ist erschöpft.";
        Self::new(500, Family::Wsman, true, "w:QuotaLimit", 2_150_858_871, reason)
    }

    /// The operation took longer than `OperationTimeout`.
    pub fn timed_out() -> Self {
        let reason = "Der Vorgang wurde nicht innerhalb der angegebenen Zeit abgeschlossen.";
        Self::new(
            500,
            Family::Wsman,
            false,
            "w:TimedOut",
            OPERATION_TIMEDOUT,
            reason,
        )
    }

    /// A failure inside the server.
    pub fn internal(reason: impl Into<String>) -> Self {
        Self::new(
            500,
            Family::Wsman,
            false,
            "w:InternalError",
            2_150_858_778,
            reason,
        )
    }

    /// The WMI provider failed with an HRESULT.
    pub fn wmi(hresult: u32, cim_status: u16, reason: impl Into<String>) -> Self {
        let mut fault = Self::new(
            500,
            Family::Wsman,
            false,
            "w:InternalError",
            2_150_859_174,
            reason,
        );
        fault.wmi = Some((hresult, cim_status));
        fault
    }

    /// The class is not in the namespace.
    pub fn invalid_class(class: &str) -> Self {
        Self::wmi(WBEM_E_INVALID_CLASS, 5, format!("Ungültige Klasse: {class}"))
    }

    /// The WQL text makes no sense.
    pub fn invalid_query(reason: &str) -> Self {
        Self::wmi(WBEM_E_INVALID_QUERY, 15, format!("Ungültige Abfrage: {reason}"))
    }

    /// Under which action the fault travels.
    #[must_use]
    pub fn action_uri(&self) -> String {
        match self.family {
            Family::Wsman => "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault".to_owned(),
            Family::Addressing => format!("{}/fault", names::ADDRESSING),
            Family::Enumeration => format!("{}/fault", names::ENUMERATION),
            Family::Transfer => format!("{}/fault", names::TRANSFER),
        }
    }

    /// The instance cannot be changed as asked (WS-Transfer).
    pub fn representation(reason: impl Into<String>) -> Self {
        Self::new(
            500,
            Family::Transfer,
            true,
            "x:InvalidRepresentation",
            2_150_858_795,
            reason,
        )
    }

    /// The content of `s:Body`.
    #[must_use]
    pub fn body(&self, machine: &str) -> String {
        let side = if self.sender { "s:Sender" } else { "s:Receiver" };
        let side = if self.subcode == "s:MustUnderstand" {
            "s:MustUnderstand"
        } else {
            side
        };
        let reason = escape(&self.reason);
        let machine = escape(machine);
        let mut inner = String::new();
        if let Some(detail) = self.detail {
            inner.push_str(&format!(
                "<w:FaultDetail>{}{detail}</w:FaultDetail>",
                names::FAULT_DETAIL
            ));
        }
        match self.wmi {
            None => inner.push_str(&format!(
                "<f:WSManFault xmlns:f=\"{}\" Code=\"{}\" Machine=\"{machine}\"><f:Message>{reason}</f:Message></f:WSManFault>",
                names::FAULT, self.code
            )),
            Some((hresult, status)) => {
                let class = names::class_uri("root/interop", "MSFT_WmiError");
                inner.push_str(&format!(
                    "<f:WSManFault xmlns:f=\"{}\" Code=\"{}\" Machine=\"{machine}\"><f:Message><f:ProviderFault \
                     provider=\"WMI Provider\" path=\"%systemroot%\\system32\\WsmWmiPl.dll\">{reason}</f:ProviderFault></f:Message>\
                     </f:WSManFault><p:MSFT_WmiError b:IsCIM_Error=\"true\" xmlns:p=\"{class}\" xmlns:b=\"{}\" xmlns:xsi=\"{}\" \
                     xsi:type=\"p:MSFT_WmiError_Type\"><p:CIMStatusCode>{status}</p:CIMStatusCode><p:Message>{reason}</p:Message>\
                     <p:MessageID>HRESULT 0x{hresult:08x}</p:MessageID><p:error_Code>{hresult}</p:error_Code>\
                     <p:error_Type>HRESULT</p:error_Type><p:error_WindowsErrorMessage>{reason}</p:error_WindowsErrorMessage>\
                     </p:MSFT_WmiError>",
                    names::FAULT, self.code, names::CIM_BINDING, names::XSI
                ));
            }
        }
        let subcode = if self.subcode == "s:MustUnderstand" {
            String::new()
        } else {
            format!("<s:Subcode><s:Value>{}</s:Value></s:Subcode>", self.subcode)
        };
        format!(
            "<s:Fault><s:Code><s:Value>{side}</s:Value>{subcode}</s:Code><s:Reason><s:Text xml:lang=\"de-DE\">{reason}</s:Text>\
             </s:Reason><s:Detail>{inner}</s:Detail></s:Fault>"
        )
    }
}
