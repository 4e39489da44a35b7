//! What every answer says to a browser, refusals included, whatever its handler forgot.

use super::caller::Caller;
use axum::extract::Request;
use axum::http::header::{self, Entry};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

/// What an answer does not say itself. Pages bring a policy that names their own script, files how long they may be kept.
const USUAL: [(HeaderName, &str); 8] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
    (header::CACHE_CONTROL, "no-store"),
];
/// Half a year, this name only: what else lives below it is not ours to decide.
const HSTS: &str = "max-age=15768000";

pub(super) async fn harden(request: Request, next: Next) -> Response {
    let secure = Caller::of(request.extensions()).secure;
    let mut answer = next.run(request).await;
    let hsts = secure.then_some((header::STRICT_TRANSPORT_SECURITY, HSTS));
    for (name, value) in USUAL.into_iter().chain(hsts) {
        if let Entry::Vacant(place) = answer.headers_mut().entry(name) {
            place.insert(HeaderValue::from_static(value));
        }
    }
    answer
}
