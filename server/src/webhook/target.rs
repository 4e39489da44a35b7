//! An address of ours to call: https to anywhere, http to this machine.

use rustls::pki_types::ServerName;
use std::fmt;
use std::net::IpAddr;

/// Where to send to.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    pub is_https: bool,
    /// Without brackets.
    pub host: String,
    pub port: u16,
    /// Path and query: may hold a secret, so it is never shown.
    pub path: String,
}

const LENGTH_MAX: usize = 2_000;

impl Target {
    /// Reads an address.
    ///
    /// # Errors
    /// What is wrong with it, without the address.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let plain = text.bytes().all(|b| (0x21..0x7f).contains(&b));
        if text.len() > LENGTH_MAX || !plain {
            return Err("must be an address of at most 2000 printable characters");
        }
        if text.contains('#') {
            return Err("must not have a fragment (#...)");
        }
        let uri: http::Uri = text
            .parse()
            .map_err(|_| "is no address such as https://alerts.example/stillpoint")?;
        let is_https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err("must begin with https://"),
        };
        let authority = uri.authority().ok_or("names no host")?;
        if authority.as_str().contains('@') {
            return Err("must not hold a user or password");
        }
        let host = authority
            .host()
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        if ServerName::try_from(host.clone()).is_err() {
            return Err("names no host that a certificate could be for");
        }
        let loopback =
            host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        if !is_https && !loopback {
            return Err("must begin with https://: plain http is for this machine only (127.0.0.1)");
        }
        let port = match (authority.port(), is_https) {
            (Some(port), _) => port.as_u16(),
            (None, true) => 443,
            (None, false) => 80,
        };
        if port == 0 || authority.as_str().ends_with(':') {
            return Err("names no port");
        }
        let path = uri.path_and_query().map_or("/", |it| it.as_str()).to_owned();
        Ok(Self {
            is_https,
            host,
            port,
            path,
        })
    }

    /// As it stands in the request's `Host`: the usual port left out.
    #[must_use]
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        };
        match (self.is_https, self.port) {
            (true, 443) | (false, 80) => host,
            (_, port) => format!("{host}:{port}"),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_https { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.authority())
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({self}/...)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_and_shown_without_its_path() {
        let target = Target::parse("https://hooks.example/services/T0/s3cret?x=1").unwrap();
        assert_eq!(
            (target.host.as_str(), target.port, target.path.as_str()),
            ("hooks.example", 443, "/services/T0/s3cret?x=1")
        );
        assert_eq!(target.to_string(), "https://hooks.example");
        assert!(!format!("{target:?}").contains("s3cret"));
        let other = Target::parse("https://[2001:db8::7]:8443").unwrap();
        assert_eq!(
            (other.authority().as_str(), other.path.as_str()),
            ("[2001:db8::7]:8443", "/")
        );
        for local in ["http://127.0.0.1:9000/a", "http://localhost/a", "http://[::1]:1/"] {
            assert!(Target::parse(local).is_ok(), "{local}");
        }
    }

    #[test]
    fn what_is_no_safe_address_is_refused_without_being_repeated() {
        for bad in [
            "",
            "hooks.example/a",
            "ftp://hooks.example/a",
            "http://hooks.example/a",
            "http://192.0.2.7/a",
            "http://127.0.0.1.example/a",
            "https://user:s3cret@hooks.example/a",
            "https://hooks.example/a#b",
            "https://hooks.example:0/",
            "https://hooks.example:/",
            "https:///a",
            "https://hooks example/",
            "https://hooks.example/\u{e4}",
            "https://hooks.example/a\r\nX: y",
        ] {
            let why = Target::parse(bad).expect_err(bad);
            assert!(!why.contains("s3cret"), "{why}");
        }
        assert!(Target::parse(&format!("https://a.example/{}", "x".repeat(2_000))).is_err());
    }
}
