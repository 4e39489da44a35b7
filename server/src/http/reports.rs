//! A report as an answer: one document, in the form that was asked for.

use super::api::parameters::Parameters;
use super::desk::{Desk, failed};
use super::problem::Problem;
use super::state::AppState;
use crate::figures::Month;
use crate::report::{Edition, Report, ReportError, Whose, csv, gather, html, json};
use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use std::str::FromStr;

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Html,
    Csv,
    Json,
}

impl FromStr for Form {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "html" => Ok(Self::Html),
            "csv" => Ok(Self::Csv),
            "json" => Ok(Self::Json),
            _ => Err(format!("`{text}` is no form of a report: html, csv or json")),
        }
    }
}

/// `form` of the query, and nothing else.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked(pub Option<Form>);

impl FromRequestParts<AppState> for Asked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let mut parameters = Parameters::from_request_parts(parts, state).await?;
        let form = parameters.parsed("form")?;
        parameters.end()?;
        Ok(Self(form))
    }
}

/// The report of a month. `address` is where its page stands, for the links to the other forms; without one JSON is the usual form.
pub(super) async fn answer(
    desk: &Desk,
    month: &str,
    whose: &Whose,
    edition: Edition,
    Asked(form): Asked,
    address: Option<&str>,
) -> Result<Response, Problem> {
    let month: Month = month.parse().map_err(|text: String| Problem::missing(text))?;
    let material = gather(desk.store.as_ref(), month, whose, desk.now()).await;
    let report = Report::of(material.map_err(told)?, edition);
    let usual = if address.is_some() { Form::Html } else { Form::Json };
    match form.unwrap_or(usual) {
        Form::Html => printed(&report, address),
        Form::Csv => {
            let whose = match whose {
                Whose::Site => "all",
                Whose::Tenant(id) => id.as_str(),
            };
            Ok(table(&report, &format!("sla-{whose}-{month}.csv")))
        }
        Form::Json => Ok(Json(json::json(&report)).into_response()),
    }
}

fn printed(report: &Report, address: Option<&str>) -> Result<Response, Problem> {
    let nonce = format!("{:032x}", rand::random::<u128>());
    let page = html::html(report, &nonce, address).map_err(|error| {
        tracing::error!(%error, "a report could not be rendered");
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Not written",
            "the report could not be written",
        )
    })?;
    let policy = format!(
        "default-src 'none'; style-src 'nonce-{nonce}'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let mut answer = Html(page).into_response();
    if let Ok(policy) = HeaderValue::try_from(policy) {
        answer
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    Ok(answer)
}

/// Ids of tenants and months have no character that would have to be quoted.
fn table(report: &Report, name: &str) -> Response {
    let mut answer = csv::csv(report).into_response();
    let headers = answer.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/csv; charset=utf-8; header=present"),
    );
    if let Ok(disposition) = HeaderValue::try_from(format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    answer
}

fn told(error: ReportError) -> Problem {
    match error {
        ReportError::NotBegun(_) | ReportError::NoTenant(_) => Problem::missing(error.to_string()),
        ReportError::Store(error) => failed(error),
    }
}

#[cfg(test)]
mod tests;
