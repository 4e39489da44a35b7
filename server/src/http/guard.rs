//! Who may ask. A browser can be sent here by any page: under a name that its owner lets point here (DNS rebinding), or by a form
//! or script of another site. So only our own names with our own port are served: those of loopback, the address that was bound,
//! and what the configuration names. A request that another origin caused is not served, and none that crossed a network in the clear.

use super::caller::Caller;
use super::problem::Problem;
use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// What a watcher may ask without TLS, from inside the operator's own network: it tells no secret and brings none.
const PROBES: [&str; 2] = ["/healthz", "/readyz"];

/// The address that was bound, and the names of it.
#[derive(Debug, Clone)]
pub struct Guard {
    bound: SocketAddr,
    names: Arc<[String]>,
}

impl Guard {
    /// Loopback's names, and the address itself.
    pub fn of(listen: SocketAddr) -> Self {
        Self {
            bound: listen,
            names: Arc::default(),
        }
    }

    /// And these: `host`, which is meant with the port that was bound and with 443, or `host:port`; in lower case.
    #[must_use]
    pub fn with_names(self, names: &[String]) -> Self {
        Self {
            names: names.into(),
            ..self
        }
    }

    pub(super) fn bound(&self) -> SocketAddr {
        self.bound
    }

    /// One of our names: the address that was bound, another common one of loopback, or `localhost`, with our port; or a
    /// configured one. What stands without a port means the scheme's.
    fn is_own(&self, authority: &str, secure: bool) -> bool {
        let Ok(parsed) = authority.parse::<Authority>() else {
            return false;
        };
        let port = match parsed.port_u16() {
            Some(port) => port,
            // `localhost:` and `localhost:x` are no authorities without a port.
            None if parsed.port().is_none() && !authority.ends_with(':') => {
                if secure {
                    443
                } else {
                    80
                }
            }
            None => return false,
        };
        let name = parsed.host().to_ascii_lowercase();
        // Userinfo in front of the host would make the text say something else than it means.
        if authority.contains('@') {
            return false;
        }
        let here = port == self.bound.port();
        let built_in =
            matches!(name.as_str(), "localhost" | "127.0.0.1" | "[::1]") || name == self.bound_name();
        (here && built_in)
            || self.names.iter().any(|own| {
                *own == format!("{name}:{port}") || (*own == name && (here || (secure && port == 443)))
            })
    }

    /// As it stands in a URL.
    fn bound_name(&self) -> String {
        match self.bound.ip() {
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        }
    }

    fn served(&self, scheme: &str) -> String {
        let port = self.bound.port();
        let names: String = self
            .names
            .iter()
            .map(|name| format!("{scheme}://{name}, "))
            .collect();
        format!(
            "only {names}{scheme}://{}:{port} and, where they lead here, {scheme}://localhost:{port}, {scheme}://127.0.0.1:{port} and \
             {scheme}://[::1]:{port} are served; `names` below `[listen]` adds to them",
            self.bound_name(),
        )
    }

    pub(super) fn judge(&self, request: &Request) -> Result<(), Problem> {
        let headers = request.headers();
        let caller = Caller::of(request.extensions());
        let secure = caller.secure;
        let host = only(headers, &header::HOST);
        let target = request.uri().authority();
        let own = host.is_some_and(|host| self.is_own(host, secure))
            && target.is_none_or(|target| self.is_own(target.as_str(), secure));
        if !own {
            return Err(Problem::new(
                StatusCode::MISDIRECTED_REQUEST,
                "Not served under this name",
                self.served(if secure { "https" } else { "http" }),
            ));
        }
        if !secure && !caller.address.is_loopback() && !PROBES.contains(&request.uri().path()) {
            return Err(Problem::new(
                StatusCode::FORBIDDEN,
                "Not over TLS",
                "this server is reached over TLS only: use https; the reverse proxy has to send X-Forwarded-For and X-Forwarded-Proto",
            ));
        }
        if headers.contains_key(header::ORIGIN) {
            let origin = only(headers, &header::ORIGIN)
                .and_then(|origin| origin.strip_prefix(if secure { "https://" } else { "http://" }));
            if origin.is_none_or(|origin| Some(origin) != host) {
                return Err(foreign());
            }
        }
        let site = headers.get(SEC_FETCH_SITE).map(|value| value.as_bytes());
        if site.is_some_and(|site| site != b"same-origin" && site != b"none") {
            // A link from another site may open a page here; nothing else of another site's may.
            let opens = matches!(*request.method(), Method::GET | Method::HEAD)
                && headers.get(SEC_FETCH_MODE).is_some_and(|mode| mode == "navigate");
            if !opens {
                return Err(foreign());
            }
        }
        Ok(())
    }
}

/// The header's value, if there is exactly one and it is text.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    values.next().is_none().then(|| value.to_str().ok()).flatten()
}

fn foreign() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "Foreign origin",
        "only this server's own pages may ask this",
    )
}

pub(super) async fn check(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    match guard.judge(&request) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    #[track_caller]
    fn check(expect: Option<u16>, headers: &[(&str, &str)], method: &str, target: &str) {
        let mut request = Request::builder().method(method).uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let guard = Guard::of("127.0.0.1:3000".parse().unwrap());
        let outcome = guard.judge(&request.body(Body::empty()).unwrap());
        let status = outcome
            .err()
            .map(|problem| problem.into_response().status().as_u16());
        assert_eq!(status, expect, "{method} {target} {headers:?}");
    }

    #[test]
    fn only_our_own_loopback_names_are_served() {
        for own in ["127.0.0.1:3000", "localhost:3000", "LOCALHOST:3000", "[::1]:3000"] {
            check(None, &[("host", own)], "GET", "/");
        }
        let others = [
            "evil.example:3000",
            "127.0.0.1",
            "127.0.0.1:3001",
            "localhost.:3000",
            "127.0.0.1.evil.example:3000",
            "127.0.0.2:3000",
            "user@127.0.0.1:3000",
            "127.0.0.1:3000@evil.example",
            "",
            "localhost:",
            "0.0.0.0:3000",
            "localhost:3000, evil.example",
        ];
        for other in others {
            check(Some(421), &[("host", other)], "GET", "/");
        }
        check(Some(421), &[], "GET", "/");
        check(
            Some(421),
            &[("host", "localhost:3000"), ("host", "localhost:3000")],
            "GET",
            "/",
        );
        check(
            Some(421),
            &[("host", "localhost:3000")],
            "GET",
            "http://evil.example/",
        );
        check(
            None,
            &[("host", "localhost:3000")],
            "GET",
            "http://localhost:3000/",
        );
    }

    #[test]
    fn the_address_that_was_bound_is_served_under_its_own_url() {
        for (bound, own, other) in [
            ("127.0.0.2:3000", "127.0.0.2:3000", "127.0.0.3:3000"),
            ("[::1]:3000", "[::1]:3000", "[::2]:3000"),
        ] {
            let guard = Guard::of(bound.parse().unwrap());
            assert!(
                guard.is_own(own, false) && guard.is_own("localhost:3000", false),
                "{own}"
            );
            assert!(!guard.is_own(other, false), "{other}");
        }
    }

    #[test]
    fn configured_names_are_served_with_their_port_the_bound_one_or_443_under_tls() {
        let guard = Guard::of("0.0.0.0:8443".parse().unwrap())
            .with_names(&["still.example".to_owned(), "other.example:9000".to_owned()]);
        for own in [
            "still.example",
            "STILL.example:8443",
            "still.example:443",
            "other.example:9000",
        ] {
            assert!(guard.is_own(own, true), "{own}");
        }
        for other in [
            "other.example",
            "other.example:8443",
            "still.example:9000",
            "a.still.example",
            "x@still.example",
        ] {
            assert!(!guard.is_own(other, true), "{other}");
        }
        assert!(!guard.is_own("still.example", false), "80 is another server");
    }

    #[test]
    fn what_crossed_a_network_in_the_clear_gets_nothing_but_the_probes() {
        let guard = Guard::of("10.0.0.9:3000".parse().unwrap());
        let asked = |path: &str, address: [u8; 4], secure: bool, origin: &str| {
            let mut request = Request::builder()
                .uri(path)
                .header("host", "10.0.0.9:3000")
                .header("origin", origin)
                .body(Body::empty())
                .unwrap();
            request.extensions_mut().insert(Caller {
                address: address.into(),
                secure,
            });
            guard.judge(&request).is_ok()
        };
        let (plain, tls) = ("http://10.0.0.9:3000", "https://10.0.0.9:3000");
        assert!(!asked("/login", [198, 51, 100, 9], false, plain));
        assert!(asked("/healthz", [198, 51, 100, 9], false, plain));
        assert!(asked("/login", [198, 51, 100, 9], true, tls));
        assert!(
            !asked("/login", [198, 51, 100, 9], true, plain),
            "another scheme is another origin"
        );
        assert!(asked("/login", [127, 0, 0, 1], false, plain));
    }

    #[test]
    fn a_request_of_another_origin_is_refused() {
        let host = ("host", "localhost:3000");
        check(
            None,
            &[host, ("origin", "http://localhost:3000")],
            "POST",
            "/api/x",
        );
        for origin in [
            "null",
            "http://evil.example",
            "https://localhost:3000",
            "http://localhost:3001",
            "http://127.0.0.1:3000",
        ] {
            check(Some(403), &[host, ("origin", origin)], "POST", "/api/x");
            check(Some(403), &[host, ("origin", origin)], "GET", "/");
        }
        let cross = ("sec-fetch-site", "cross-site");
        check(None, &[host, cross, ("sec-fetch-mode", "navigate")], "GET", "/");
        check(
            Some(403),
            &[host, cross, ("sec-fetch-mode", "navigate")],
            "POST",
            "/",
        );
        check(
            Some(403),
            &[host, cross, ("sec-fetch-mode", "no-cors")],
            "GET",
            "/api/v1/events",
        );
        check(Some(403), &[host, ("sec-fetch-site", "same-site")], "GET", "/");
        check(None, &[host, ("sec-fetch-site", "same-origin")], "GET", "/");
        check(None, &[host, ("sec-fetch-site", "none")], "GET", "/");
    }
}
