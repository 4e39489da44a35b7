//! A report as an answer: one document, in the form that was asked for.

use super::api::parameters::Parameters;
use super::desk::{Desk, failed};
use super::problem::Problem;
use crate::doors::Visitor;
use crate::figures::Month;
use crate::report::html::{Place, Shown};
use crate::report::{Edition, Report, ReportError, Whose, csv, gather, html, json};
use axum::Json;
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

/// `form` and `edition` of a query.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    form: Option<Form>,
    edition: Option<Edition>,
}

impl Asked {
    pub(super) fn read(parameters: &mut Parameters) -> Result<Self, Problem> {
        Ok(Self {
            form: parameters.parsed("form")?,
            edition: parameters.parsed("edition")?,
        })
    }
}

/// Which edition somebody gets: of all tenants there is the hoster's alone; of one tenant the tenant's, unless the hoster asks for its own.
fn edition(visitor: &Visitor, whose: &Whose, asked: Option<Edition>) -> Result<Edition, Problem> {
    match (whose, asked) {
        (Whose::Site, Some(Edition::Tenant)) => Err(Problem::parameter(
            "edition",
            "the report of all tenants is the hoster's; name a tenant",
        )),
        (Whose::Site, _) => Ok(Edition::Hoster),
        (Whose::Tenant(_), Some(Edition::Hoster)) if visitor.seat().tenant().is_some() => {
            Err(Problem::missing("there is no such edition"))
        }
        (Whose::Tenant(_), asked) => Ok(asked.unwrap_or(Edition::Tenant)),
    }
}

/// The page of a report: the reader's theme, where it stands, and the list that it is in.
#[derive(Debug)]
pub(super) struct Page {
    pub theme: &'static str,
    pub address: String,
    pub list: &'static str,
}

/// The report of a month. Without a page JSON is the usual form.
pub(super) async fn answer(
    desk: &Desk,
    visitor: &Visitor,
    month: &str,
    whose: &Whose,
    asked: Asked,
    page: Option<Page>,
) -> Result<Response, Problem> {
    let month: Month = month.parse().map_err(|text: String| Problem::missing(text))?;
    let edition = edition(visitor, whose, asked.edition)?;
    let material = gather(desk.store.as_ref(), month, whose, desk.now()).await;
    let report = Report::of(material.map_err(told)?, edition);
    let usual = if page.is_some() { Form::Html } else { Form::Json };
    match asked.form.unwrap_or(usual) {
        Form::Html => {
            let theme = page.as_ref().map_or("", |page| page.theme);
            let place = page.map(|page| Place {
                address: page.address,
                list: page.list,
                either: visitor.seat().tenant().is_none() && *whose != Whose::Site,
            });
            printed(&report, theme, place)
        }
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

fn printed(report: &Report, theme: &'static str, place: Option<Place>) -> Result<Response, Problem> {
    let nonce = format!("{:032x}", rand::random::<u128>());
    let policy = format!(
        "default-src 'none'; style-src 'nonce-{nonce}'; img-src 'self' data:; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let shown = Shown { nonce, theme, place };
    let page = html::html(report, &shown).map_err(|error| {
        tracing::error!(%error, "a report could not be rendered");
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Not written",
            "the report could not be written",
        )
    })?;
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
