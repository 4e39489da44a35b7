//! Errors of the API as `application/problem+json` (RFC 9457).

use super::state::BODY_BYTES_MAX;
use crate::doors::DoorFault;
use ::console::UiError;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// What went wrong, for a program and for a person.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    status: StatusCode,
    title: &'static str,
    detail: String,
    /// The query parameter that is not right.
    parameter: Option<String>,
    retry_secs: Option<u32>,
}

impl Problem {
    pub fn new(status: StatusCode, title: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            title,
            detail: detail.into(),
            parameter: None,
            retry_secs: None,
        }
    }

    /// 400: a query parameter (or header) cannot be used.
    pub fn parameter(name: impl Into<String>, text: impl std::fmt::Display) -> Self {
        let name = name.into();
        let detail = format!("`{name}`: {text}");
        Self {
            parameter: Some(name),
            ..Self::new(StatusCode::BAD_REQUEST, "Invalid parameter", detail)
        }
    }

    /// The same as a page of words.
    pub fn words(&self) -> (StatusCode, &str) {
        (self.status, &self.detail)
    }

    /// 413.
    pub fn too_long() -> Self {
        let detail = format!("a request is at most {} KiB long", BODY_BYTES_MAX / 1024);
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "Too long", detail)
    }

    /// 429.
    pub fn too_many(secs: u32) -> Self {
        let detail = format!("too many requests: ask again in {secs} s");
        Self::new(StatusCode::TOO_MANY_REQUESTS, "Too many requests", detail).after(secs)
    }

    /// With the seconds after which to ask again.
    #[must_use]
    pub fn after(mut self, secs: u32) -> Self {
        self.retry_secs = Some(secs);
        self
    }

    /// 404.
    pub fn missing(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not found", detail)
    }
}

impl From<UiError> for Problem {
    fn from(error: UiError) -> Self {
        let detail = error.to_string();
        match error {
            UiError::Invalid { field, text } => Self::parameter(field, text),
            UiError::NotFound { .. } => Self::missing(detail),
            UiError::Unavailable { retry_secs, .. } => Self {
                retry_secs: Some(retry_secs),
                ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "Not available now", detail)
            },
            error => {
                let status =
                    StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                let title = match error {
                    UiError::Unauthenticated => "Not logged in",
                    UiError::Forbidden => "Forbidden",
                    UiError::Conflict { .. } => "Conflict",
                    _ => "Internal error",
                };
                Self::new(status, title, detail)
            }
        }
    }
}

impl From<DoorFault> for Problem {
    fn from(fault: DoorFault) -> Self {
        let text = fault.to_string();
        match fault {
            DoorFault::Field { field, text } => Self::parameter(field, text),
            DoorFault::Missing(_) => Self::missing(text),
            DoorFault::Conflict(_) => Self::new(StatusCode::CONFLICT, "Conflict", text),
            DoorFault::Wait { secs } => Self::new(StatusCode::TOO_MANY_REQUESTS, "Too many tries", text)
                .after(secs.try_into().unwrap_or(u32::MAX)),
            DoorFault::Over => Self::new(StatusCode::UNAUTHORIZED, "Not logged in", text),
            DoorFault::Wrong | DoorFault::WrongCode | DoorFault::NoInvitation => {
                Self::new(StatusCode::BAD_REQUEST, "Not right", text)
            }
            DoorFault::Failed => Self::new(StatusCode::SERVICE_UNAVAILABLE, "Not available now", text),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = json!({
            "type": "about:blank", "title": self.title, "status": self.status.as_u16(), "detail": self.detail,
        });
        if let Some(parameter) = self.parameter {
            body["parameter"] = Value::String(parameter);
        }
        let mut response = (self.status, body.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(secs) = self.retry_secs {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(secs));
        }
        response
    }
}

/// What the layers around the endpoints refuse has no body, or plain words: for the API's programs it is a problem like every other.
pub(super) async fn of_the_api(request: Request, next: Next) -> Response {
    let is_api = request.uri().path().starts_with("/api/");
    let answer = next.run(request).await;
    let is_said = answer
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind != "text/plain; charset=utf-8");
    if !is_api || is_said {
        return answer;
    }
    match answer.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::too_long().into_response(),
        StatusCode::SERVICE_UNAVAILABLE => Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "Not available now",
            "it took too long: ask again later, with the same `Idempotency-Key` if it was a write",
        )
        .into_response(),
        _ => answer,
    }
}
