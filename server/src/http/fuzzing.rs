//! What strangers send, through what reads it first, for fuzzers (`fuzz/`) and for the tests below, which replay what those start from.
//! Nothing of it is used by the server. Nothing may panic; what is said of a result must hold whatever came in.

use super::caller::Caller;
use super::cookie;
use super::guard::Guard;
use crate::config::Config;
use crate::deeds::{Until, instant, length};
use crate::doors::{DoorKey, Secret};
use crate::figures::Month;
use crate::own::moved_from;
use crate::takehome::range::{Asked, asked};
use ::console::forms::PolicyForm;
use axum::body::Body;
use axum::extract::{Query, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri};
use domain::calendar::Zone;
use domain::door::branding::{Accent, BrandName, LOGO_BYTES_MAX, Logo};
use domain::door::login::LoginName;
use domain::door::mapping::MappingRule;
use domain::door::recovery::RecoveryCode;
use domain::door::window::{self, WindowFrame};
use domain::ids::{PersonId, ReplicaId, TenantId};
use domain::obligation::Change;
use domain::policy::Terms;
use std::net::IpAddr;
use std::path::Path;
use std::sync::OnceLock;
use store::holds::HoldTarget;
use store::policies::Assignee;

/// A request's head, as lines: the target, then headers. Who it says it is, under which name it came, and what it brought.
pub fn head(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.lines();
    let target = lines
        .next()
        .and_then(|line| line.parse::<Uri>().ok())
        .unwrap_or_default();
    let mut headers = HeaderMap::new();
    for (name, value) in lines.take(64).filter_map(|line| line.split_once(": ")) {
        if let (Ok(name), Ok(value)) = (
            name.parse::<HeaderName>(),
            HeaderValue::from_bytes(value.as_bytes()),
        ) {
            headers.append(name, value);
        }
    }
    let [stranger, proxy]: [IpAddr; 2] = [[192, 0, 2, 7].into(), [10, 0, 0, 5].into()];
    let trusted = [proxy].into();
    let direct = Caller::resolve(stranger, true, &trusted, &headers);
    assert_eq!(
        direct.map(|caller| (caller.address, caller.secure)),
        Ok((stranger, true)),
        "a stranger is believed"
    );
    let caller = Caller::resolve(proxy, false, &trusted, &headers);
    if let Ok(caller) = caller {
        let session = cookie::session(&headers, caller);
        if let Some(secret) = session.as_deref().and_then(Secret::brought) {
            assert!(secret.reveal().bytes().all(|b| b.is_ascii_hexdigit()) && secret.reveal().len() == 64);
        }
        assert!(cookie::comer(&headers, caller).agent.chars().count() <= 200);
    }
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = target;
    *request.headers_mut() = headers;
    if let Ok(caller) = caller {
        request.extensions_mut().insert(caller);
    }
    let guard = Guard::of(([127, 0, 0, 1], 3000).into()).with_names(&["backup.example".to_owned()]);
    if guard.judge(&request).is_ok() {
        let host = request
            .headers()
            .get("host")
            .and_then(|host| host.to_str().ok())
            .unwrap_or_default();
        let host = host.to_ascii_lowercase();
        let own = ["localhost", "127.0.0.1", "[::1]", "backup.example"];
        assert!(own.iter().any(|own| host.starts_with(own)), "served under {host}");
    }
}

/// `Range`, `If-Range` and the size of a file, each on a line.
pub fn range(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.splitn(3, '\n');
    let (range, tag) = (lines.next(), lines.next().filter(|tag| !tag.is_empty()));
    let size = lines.next().map_or(1_000, |rest| rest.len() as u64 * 7_919);
    if let Asked::Part(part) = asked(range, tag, "\"a\"", size) {
        assert!(part.start < part.end && part.end <= size, "{part:?} of {size}");
        assert!(
            tag.is_none_or(|tag| tag.trim() == "\"a\""),
            "a part of another file"
        );
    }
}

/// A form, as a browser encodes it.
pub fn form(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let Ok(uri) = format!("/?{text}").parse::<Uri>() else {
        return;
    };
    if let Ok(Query(form)) = Query::<PolicyForm>::try_from_uri(&uri)
        && let Ok(terms) = form.terms()
    {
        let again = PolicyForm::of(&form.id, &terms);
        assert_eq!(again.terms().ok(), Some(terms), "other terms than were written");
    }
    let Ok(Query(pairs)) = Query::<Vec<(String, String)>>::try_from_uri(&uri) else {
        return;
    };
    for (name, value) in &pairs {
        words(name);
        words(value);
        if let Ok(rule) = MappingRule::new(name, value) {
            assert!(!rule.to_string().contains('\n'));
        }
    }
}

/// A body of the API.
pub fn json(bytes: &[u8]) {
    let _target = serde_json::from_slice::<HoldTarget>(bytes);
    let _assignee = serde_json::from_slice::<Assignee>(bytes);
    let _change = serde_json::from_slice::<Change>(bytes);
    if let Ok(frame) = serde_json::from_slice::<WindowFrame>(bytes)
        && frame.check().is_ok()
    {
        assert!(
            window::check(Some(&frame), frame.within).is_ok(),
            "a frame does not hold itself"
        );
    }
    if let Ok(terms) = serde_json::from_slice::<Terms>(bytes)
        && terms.check().is_ok()
    {
        let text = serde_json::to_vec(&terms).unwrap_or_default();
        assert_eq!(serde_json::from_slice::<Terms>(&text).ok(), Some(terms));
    }
    if let Ok(serde_json::Value::Object(fields)) = serde_json::from_slice(bytes) {
        fields.values().filter_map(|value| value.as_str()).for_each(words);
    }
}

/// The file of a logo.
pub fn logo(bytes: &[u8]) {
    if let Ok(logo) = Logo::parse(bytes.to_vec()) {
        assert!(bytes.len() <= LOGO_BYTES_MAX);
        assert!(logo.kind().media_type().starts_with("image/"));
        assert!(!bytes.starts_with(b"<"), "markup is shown as a picture");
    }
}

/// A text in the place of a name, a time, an id or a place in a list.
fn words(text: &str) {
    let _names = (
        text.parse::<LoginName>(),
        text.parse::<TenantId>(),
        text.parse::<ReplicaId>(),
        text.parse::<Zone>(),
    );
    let _times = (text.parse::<Until>(), instant(text), length(text));
    let _codes = (text.parse::<RecoveryCode>(), Secret::brought(text));
    if let Ok(accent) = text.parse::<Accent>() {
        let colour = accent.colour().to_string();
        assert!(
            colour.len() == 7 && colour[1..].bytes().all(|b| b.is_ascii_hexdigit()),
            "{colour} comes into a stylesheet"
        );
    }
    let _own = (text.parse::<BrandName>().is_ok(), text.parse::<Month>().is_ok());
    if let Ok(Some(rule)) = moved_from(text) {
        let again = moved_from(&format!("{}-{}", rule.open(), rule.due()));
        assert_eq!(again.ok(), Some(Some(rule)), "another window than was written");
    }
    crate::console::places(text);
}

/// What only this server can have sealed: a place in the trail, a link, an authenticator.
pub fn sealed(bytes: &[u8]) {
    static KEY: OnceLock<Option<DoorKey>> = OnceLock::new();
    let Some(key) = KEY.get_or_init(|| DoorKey::of(&[7; 32]).ok()) else {
        return;
    };
    let person = PersonId(uuid::Uuid::from_u128(7));
    let text = String::from_utf8_lossy(bytes);
    assert!(
        !key.opens(person, &text, bytes),
        "something that was never sealed opens"
    );
}

/// The text of `config.toml`.
pub fn config(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(config) = Config::parse(Path::new("/srv/data/config.toml"), text)
    {
        assert!(config.staging.unc.starts_with(r"\\"));
    }
}

#[cfg(test)]
mod tests;
