//! Where a request comes from.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};

/// The address at the other end of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    pub address: IpAddr,
    /// Whether the browser came by TLS.
    pub secure: bool,
}

impl Caller {
    /// Where the listener said nothing: this machine.
    const HERE: Self = Self {
        address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        secure: false,
    };

    /// As the listener noted it.
    pub(super) fn of(parts: &axum::http::Extensions) -> Self {
        parts.get::<Self>().copied().unwrap_or(Self::HERE)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.extensions))
    }
}
