//! The two cookies of a log-in. Both are opaque, unreadable to scripts, and sent to this server only.

use super::caller::Caller;
use crate::doors::{Comer, Given};
use axum::http::{HeaderMap, HeaderValue, header};

const SESSION: &str = "stillpoint";
const DEVICE: &str = "stillpoint-device";
/// A browser is known for a year after its last log-in.
const DEVICE_SECS: u32 = 365 * 86_400;
/// No request's cookies are longer.
const COOKIES_MAX: usize = 64;
const AGENT_CHARS_MAX: usize = 200;

/// Under TLS a name that only this very host can set.
fn named(name: &str, secure: bool) -> String {
    if secure {
        format!("__Host-{name}")
    } else {
        name.to_owned()
    }
}

/// The value of a cookie; of several with one name the first, which has the longest path.
fn value(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(header::COOKIE).iter();
    let pairs = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'));
    pairs
        .take(COOKIES_MAX)
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value.to_owned())
}

/// The session's secret, if the browser brought one.
pub(super) fn session(headers: &HeaderMap, caller: Caller) -> Option<String> {
    value(headers, &named(SESSION, caller.secure))
}

/// Who stands before the door.
pub(super) fn comer(headers: &HeaderMap, caller: Caller) -> Comer {
    let agent = headers
        .get(header::USER_AGENT)
        .and_then(|agent| agent.to_str().ok());
    Comer {
        address: caller.address,
        agent: agent.unwrap_or_default().chars().take(AGENT_CHARS_MAX).collect(),
        device: value(headers, &named(DEVICE, caller.secure)),
    }
}

/// What the browser is to keep.
pub(super) fn given(given: &Given, caller: Caller) -> Vec<HeaderValue> {
    let mut set = vec![line(SESSION, given.session.reveal(), None, caller)];
    if let Some(device) = &given.device {
        set.push(line(DEVICE, device.reveal(), Some(DEVICE_SECS), caller));
    }
    set
}

/// What takes the session away from the browser.
pub(super) fn taken(caller: Caller) -> HeaderValue {
    line(SESSION, "", Some(0), caller)
}

fn line(name: &str, value: &str, secs: Option<u32>, caller: Caller) -> HeaderValue {
    let age = secs.map(|secs| format!("; Max-Age={secs}")).unwrap_or_default();
    let secure = if caller.secure { "; Secure" } else { "" };
    let text = format!(
        "{}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}",
        named(name, caller.secure)
    );
    // Names and values are ours: hexadecimal digits.
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_by_its_whole_name_only() {
        let mut headers = HeaderMap::new();
        let cookies = "theme=dark; xstillpoint=1; stillpoint=two; stillpoint=three; stillpoint-device=four";
        headers.insert(header::COOKIE, HeaderValue::from_static(cookies));
        assert_eq!(value(&headers, "stillpoint").as_deref(), Some("two"));
        assert_eq!(value(&headers, "stillpoint-device").as_deref(), Some("four"));
        assert_eq!(value(&headers, "point"), None);
    }

    #[test]
    fn scripts_never_see_a_session_and_under_tls_nobody_else_can_set_it() {
        let caller = |secure| Caller {
            secure,
            address: [127, 0, 0, 1].into(),
        };
        let plain = line(SESSION, "ab", None, caller(false));
        assert_eq!(plain, "stillpoint=ab; Path=/; HttpOnly; SameSite=Lax");
        let sealed = line(SESSION, "ab", None, caller(true));
        assert_eq!(
            sealed,
            "__Host-stillpoint=ab; Path=/; HttpOnly; SameSite=Lax; Secure"
        );
        assert!(taken(caller(false)).to_str().unwrap().contains("Max-Age=0"));
    }
}
