//! What a form sends, and how it is answered.

use crate::http::desk::Desk;
use crate::http::pages::is_own_path;
use crate::http::problem::Problem;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, FromRequest, Request};
use axum::response::{IntoResponse, Redirect, Response};
use serde::de::DeserializeOwned;

/// The fields of a form as a `T`, which should refuse unknown ones.
#[derive(Debug)]
pub(super) struct Sent<T>(pub T);

/// A refusal in words, as a page of its own.
#[derive(Debug)]
pub(super) struct Refused(Problem);

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, text) = self.0.words();
        (
            status,
            format!("{text}\n\nYour browser's Back leads to the page before.\n"),
        )
            .into_response()
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Sent<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refused> {
        Form::<T>::from_request(request, state)
            .await
            .map(|Form(sent)| Self(sent))
            .map_err(|rejection: FormRejection| Refused(Problem::parameter("form", rejection.body_text())))
    }
}

/// A field's text as a value.
pub(super) fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(
    field: &'static str,
    text: &str,
) -> Result<T, Refused> {
    text.trim()
        .parse()
        .map_err(|error| Refused(Problem::parameter(field, error)))
}

/// Done: back to where it came from.
pub(super) async fn back(desk: &Desk, path: &str) -> Response {
    desk.done().await;
    let path = if is_own_path(path) { path } else { "/" };
    Redirect::to(path).into_response()
}
