//! What can go wrong with a call, classified here so that nobody matches text later.

use crate::fault::Fault;
use crate::xml::XmlError;
use std::time::Duration;

/// Something of ours that cannot be put on the wire.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsendable {
    #[error("the character U+{code:04X} cannot be sent in XML")]
    Character { code: u32 },
    #[error("`{name}` cannot be the name of a method, class, parameter or property")]
    Name { name: String },
    #[error("the time {time} has no WMI spelling")]
    Time { time: String },
}

/// A client that cannot be built from what it was given.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error("`{host}` is neither a host name nor an address")]
    HostName { host: String },
    #[error("cannot read the CA file {path}")]
    CaRead {
        path: String,
        #[source]
        source: std::io::Error,
    },
    #[error("the CA file {path} holds no usable certificate: it must have at least one in PEM form")]
    CaEmpty { path: String },
    #[error("a certificate in the CA file {path} cannot be used as a root: {reason}")]
    CaUnusable { path: String, reason: String },
    #[error("`{text}` is not a certificate pin: it must be 64 hex digits, colons allowed")]
    Pin { text: String },
    #[error("TLS cannot be set up: {reason}")]
    Tls { reason: String },
    #[error(
        "the user name `{user}` cannot be used with Basic: it must not be empty or hold a colon or a control character"
    )]
    User { user: String },
    #[error("the password cannot be used with Basic: it must not be empty or hold a control character")]
    Password,
}

/// A call that did not give its answer. `Display` does not repeat the source; print the chain.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot connect to {endpoint}")]
    Connect {
        endpoint: String,
        #[source]
        source: std::io::Error,
    },
    /// The certificate is not trusted, or the peer does not speak TLS.
    #[error("no verified TLS with {endpoint}")]
    Tls {
        endpoint: String,
        #[source]
        source: std::io::Error,
    },
    #[error("{endpoint} did not finish {what} within {after:?}")]
    TimedOut {
        endpoint: String,
        what: String,
        after: Duration,
    },
    /// With `delivered_perhaps` the request may have been carried out.
    #[error("the connection to {endpoint} broke")]
    Broken {
        endpoint: String,
        delivered_perhaps: bool,
        #[source]
        source: hyper::Error,
    },
    /// HTTP 401 to our best credentials.
    #[error("{endpoint} does not accept the account")]
    Denied { endpoint: String },
    #[error("{endpoint} answered with HTTP status {status} and no SOAP")]
    Http { endpoint: String, status: u16 },
    #[error("{endpoint} sent more than {limit} {what}")]
    TooMuch {
        endpoint: String,
        what: &'static str,
        limit: usize,
    },
    #[error("{endpoint} answered something that cannot be read")]
    Unreadable {
        endpoint: String,
        #[source]
        source: XmlError,
    },
    #[error("{endpoint} answered with the fault {fault}")]
    Fault { endpoint: String, fault: Box<Fault> },
    #[error("the request cannot be written")]
    Unsendable(#[source] Unsendable),
}

impl From<Unsendable> for Error {
    fn from(error: Unsendable) -> Self {
        Self::Unsendable(error)
    }
}

impl Error {
    /// The fault, when the peer answered with one.
    #[must_use]
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Fault { fault, .. } => Some(fault),
            _ => None,
        }
    }
}

/// An error with all its sources on one line.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
