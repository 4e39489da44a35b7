//! Errors of the API as `application/problem+json` (RFC 9457).

use ::console::UiError;
use axum::http::{HeaderValue, StatusCode, header};
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
