//! Where a request comes from.

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};

/// Who asks: the other end of the connection, or whom a trusted proxy names.
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

    /// Of a request that came from `peer`. Only a `trusted` one is asked whom it speaks for.
    ///
    /// # Errors
    /// A trusted proxy said something that cannot be understood; what, for the operator.
    pub fn resolve(
        peer: IpAddr,
        tls: bool,
        trusted: &BTreeSet<IpAddr>,
        headers: &HeaderMap,
    ) -> Result<Self, &'static str> {
        let peer = peer.to_canonical();
        let direct = Self {
            address: peer,
            secure: tls,
        };
        if !trusted.contains(&peer) {
            return Ok(direct);
        }
        let addresses = listed(headers, "x-forwarded-for")?;
        let schemes = listed(headers, "x-forwarded-proto")?;
        if addresses.is_empty() && schemes.is_empty() {
            return Ok(direct);
        }
        // The last scheme is our own proxy's; what stands before may have been sent by anybody.
        let secure = match schemes
            .last()
            .map(|scheme| scheme.to_ascii_lowercase())
            .as_deref()
        {
            Some("https") => true,
            Some("http") => false,
            Some(_) => return Err("X-Forwarded-Proto is neither http nor https"),
            None => return Err("X-Forwarded-For comes without X-Forwarded-Proto"),
        };
        // From the right, past our own proxies, to the first that is none: that one was seen by a proxy of ours.
        for address in addresses.iter().rev() {
            let address = address
                .parse::<IpAddr>()
                .map_err(|_| "X-Forwarded-For names no IP address")?;
            let address = address.to_canonical();
            if !trusted.contains(&address) {
                return Ok(Self { address, secure });
            }
        }
        if addresses.is_empty() {
            return Err("X-Forwarded-Proto comes without X-Forwarded-For");
        }
        Ok(Self {
            address: peer,
            secure,
        })
    }

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

/// The values of a list that may be spread over several headers.
fn listed<'a>(headers: &'a HeaderMap, name: &str) -> Result<Vec<&'a str>, &'static str> {
    let mut values = Vec::new();
    for line in headers.get_all(name) {
        let line = line.to_str().map_err(|_| "a forwarding header is no text")?;
        values.extend(line.split(',').map(str::trim));
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    const PROXY: &str = "10.0.0.5";

    fn resolve(peer: &str, lines: &[(&str, &str)]) -> Result<(String, bool), &'static str> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            let name: HeaderName = name.parse().unwrap();
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        let trusted = [PROXY, "10.0.0.6"].map(|it| it.parse().unwrap()).into();
        Caller::resolve(peer.parse().unwrap(), false, &trusted, &headers)
            .map(|caller| (caller.address.to_string(), caller.secure))
    }

    #[test]
    fn a_stranger_is_not_believed_whom_he_speaks_for() {
        let said = [("x-forwarded-for", "127.0.0.1"), ("x-forwarded-proto", "https")];
        assert_eq!(resolve("192.0.2.7", &said), Ok(("192.0.2.7".to_owned(), false)));
    }

    #[test]
    fn of_what_a_trusted_proxy_passes_on_only_the_last_stranger_is_believed() {
        let https = ("x-forwarded-proto", "https");
        let client = |said: &str| resolve(PROXY, &[("x-forwarded-for", said), https]).unwrap().0;
        assert_eq!(client("198.51.100.9"), "198.51.100.9");
        assert_eq!(client("127.0.0.1, 198.51.100.9"), "198.51.100.9");
        assert_eq!(client("127.0.0.1, 198.51.100.9, 10.0.0.6"), "198.51.100.9");
        assert_eq!(client("2001:db8::1"), "2001:db8::1");
        assert_eq!(client("10.0.0.6"), PROXY);
        let two = [
            ("x-forwarded-for", "127.0.0.1"),
            ("x-forwarded-for", "198.51.100.9"),
            https,
        ];
        assert_eq!(resolve(PROXY, &two).unwrap().0, "198.51.100.9");
        assert_eq!(
            resolve("::ffff:10.0.0.5", &[("x-forwarded-for", "198.51.100.9"), https]),
            Ok(("198.51.100.9".to_owned(), true))
        );
    }

    #[test]
    fn a_trusted_proxy_that_mumbles_is_refused_and_not_guessed_at() {
        let https = ("x-forwarded-proto", "https");
        for lines in [
            &[("x-forwarded-for", "unknown"), https][..],
            &[("x-forwarded-for", "198.51.100.9:4711"), https],
            &[("x-forwarded-for", "198.51.100.9")],
            &[https],
            &[("x-forwarded-for", "198.51.100.9"), ("x-forwarded-proto", "spdy")],
        ] {
            assert!(resolve(PROXY, lines).is_err(), "{lines:?}");
        }
        let first = [
            ("x-forwarded-for", "198.51.100.9"),
            ("x-forwarded-proto", "https, http"),
        ];
        assert_eq!(resolve(PROXY, &first), Ok(("198.51.100.9".to_owned(), false)));
        assert_eq!(resolve(PROXY, &[]), Ok((PROXY.to_owned(), false)));
    }
}
