//! The URIs of WS-Management as the lab's server speaks it (MS-WSMV 2.2.1).

/// SOAP 1.2 envelope.
pub const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";
/// WS-Addressing of 2004.
pub const ADDRESSING: &str = "http://schemas.xmlsoap.org/ws/2004/08/addressing";
/// WS-Enumeration.
pub const ENUMERATION: &str = "http://schemas.xmlsoap.org/ws/2004/09/enumeration";
/// WS-Transfer.
pub const TRANSFER: &str = "http://schemas.xmlsoap.org/ws/2004/09/transfer";
/// DMTF WS-Management.
pub const WSMAN: &str = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd";
/// Microsoft's header extension (DataLocale, SessionId, OperationID...).
pub const WSMAN_MS: &str = "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd";
/// CIM binding: `IsCIM_Error` on provider faults.
pub const CIM_BINDING: &str = "http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd";
/// `cim:Datetime`, `cim:Interval`.
pub const CIM: &str = "http://schemas.dmtf.org/wbem/wscim/1/common";
/// `f:WSManFault`.
pub const FAULT: &str = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault";
/// Identify.
pub const IDENTITY: &str = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd";
/// `xsi:type`, `xsi:nil`.
pub const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
/// The only `ReplyTo` a server answers to, and the address inside every reference.
pub const ANONYMOUS: &str = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous";
/// What every class URI begins with.
pub const WMI: &str = "http://schemas.microsoft.com/wbem/wsman/1/wmi/";
/// Filter dialect of WQL.
pub const DIALECT_WQL: &str = "http://schemas.microsoft.com/wbem/wsman/1/WQL";
/// Filter dialect of selector filters.
pub const DIALECT_SELECTOR: &str = "http://schemas.dmtf.org/wbem/wsman/1/wsman/SelectorFilter";
/// What every `faultDetail` URI begins with.
pub const FAULT_DETAIL: &str = "http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail/";
/// Namespace of the Hyper-V v2 classes.
pub const VIRTUALIZATION: &str = "root/virtualization/v2";
/// Namespace of the `Win32_*` classes.
pub const CIMV2: &str = "root/cimv2";

/// `…/wmi/root/virtualization/v2/Msvm_X`.
#[must_use]
pub fn class_uri(namespace: &str, class: &str) -> String {
    format!("{WMI}{namespace}/{class}")
}

/// The namespace and the class (or `*`) that a resource URI names; `None` for anything that is not a WMI URI.
#[must_use]
pub fn split_class_uri(uri: &str) -> Option<(&str, &str)> {
    uri.strip_prefix(WMI)?.rsplit_once('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_uri_is_taken_apart_as_it_was_put_together() {
        let uri = class_uri(VIRTUALIZATION, "Msvm_ComputerSystem");
        assert_eq!(
            split_class_uri(&uri),
            Some((VIRTUALIZATION, "Msvm_ComputerSystem"))
        );
        assert_eq!(split_class_uri("http://example.org/x"), None);
    }
}
