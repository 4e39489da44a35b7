//! Namespaces, actions and resource URIs.

use std::fmt;

pub const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";
pub const ADDRESSING: &str = "http://schemas.xmlsoap.org/ws/2004/08/addressing";
pub const ANONYMOUS: &str = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous";
pub const ENUMERATION: &str = "http://schemas.xmlsoap.org/ws/2004/09/enumeration";
pub const TRANSFER: &str = "http://schemas.xmlsoap.org/ws/2004/09/transfer";
pub const WSMAN: &str = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd";
pub const CIM_BINDING: &str = "http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd";
pub const CIM: &str = "http://schemas.dmtf.org/wbem/wscim/1/common";
pub const WSMAN_FAULT: &str = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault";
pub const IDENTITY: &str = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd";
pub const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
pub const XML: &str = "http://www.w3.org/XML/1998/namespace";
/// Filter dialect of WQL.
pub const WQL: &str = "http://schemas.microsoft.com/wbem/wsman/1/WQL";
const WMI: &str = "http://schemas.microsoft.com/wbem/wsman/1/wmi/";

/// A resource URI: a WMI class, or all classes of a namespace (the only place where a host takes WQL).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceUri(String);

impl ResourceUri {
    /// `…/wmi/<namespace>/<class>`; the namespace is written with slashes, `root/cimv2`.
    #[must_use]
    pub fn class(namespace: &str, class: &str) -> Self {
        Self(format!("{WMI}{namespace}/{class}"))
    }

    /// `…/wmi/<namespace>/*`: what a WQL query is addressed to. A class URI with WQL is answered by CannotProcessFilter.
    #[must_use]
    pub fn all(namespace: &str) -> Self {
        Self(format!("{WMI}{namespace}/*"))
    }

    /// A URI as a peer sent it.
    #[must_use]
    pub fn raw(uri: &str) -> Self {
        Self(uri.to_owned())
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last segment: the class name, or `*`.
    #[must_use]
    pub fn class_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }
}

impl fmt::Display for ResourceUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
