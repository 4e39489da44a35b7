//! `GET /reports` and `/own/reports`: which months there are, and each of them as a page that prints, a table or JSON.

use super::leaf::{Frame, Theme, page};
use crate::doors::Visitor;
use crate::figures::Month;
use crate::http::desk::{Desk, failed};
use crate::http::problem::Problem;
use crate::http::reports::{Asked, answer};
use crate::http::state::AppState;
use crate::report::{Edition, Whose};
use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use domain::ids::TenantId;
use serde::Deserialize;
use std::sync::Arc;

/// Months that are offered; older ones are there by their address.
const MONTHS: usize = 13;
/// Tenants in the list; others are there by their address.
const TENANTS: u32 = 500;

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/reports", get(list))
        .route("/reports/open", get(open))
        .route("/reports/{month}", get(site))
        .route("/reports/{month}/{tenant}", get(tenant))
        .route("/own/reports", get(own_list))
        .route("/own/reports/{month}", get(own))
}

#[derive(Template)]
#[template(path = "reports.html")]
struct Reports {
    frame: Frame,
    site: bool,
    base: &'static str,
    months: Vec<String>,
    tenants: Vec<(String, String)>,
}

fn months(desk: &Desk) -> Vec<String> {
    let newest = Month::of(desk.now().date_naive());
    let all = std::iter::successors(Some(newest), |month| Some(month.previous()));
    all.take(MONTHS).map(|month| month.to_string()).collect()
}

async fn list(State(desk): State<Arc<Desk>>, visitor: Visitor, theme: Theme) -> Result<Response, Problem> {
    let tenants = desk.store.tenants(&Desk::SCOPE, None, TENANTS).await;
    let tenants = tenants.map_err(failed)?;
    let leaf = Reports {
        frame: Frame::inside("SLA reports", theme, &visitor),
        site: true,
        base: "/reports",
        months: months(&desk),
        tenants: tenants
            .into_iter()
            .map(|tenant| (tenant.id.to_string(), tenant.name))
            .collect(),
    };
    Ok(page(StatusCode::OK, &leaf.frame.clone(), &leaf))
}

async fn own_list(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    theme: Theme,
) -> Result<Response, Problem> {
    if visitor.seat().tenant().is_none() {
        return Ok(Redirect::to("/reports").into_response());
    }
    let leaf = Reports {
        frame: Frame::inside("SLA reports", theme, &visitor),
        site: false,
        base: "/own/reports",
        months: months(&desk),
        tenants: Vec::new(),
    };
    Ok(page(StatusCode::OK, &leaf.frame.clone(), &leaf))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Chosen {
    tenant: TenantId,
    month: String,
}

/// What was chosen in the form; its address is one that can be kept.
async fn open(Query(chosen): Query<Chosen>) -> Result<Redirect, Problem> {
    let month: Month = chosen
        .month
        .parse()
        .map_err(|text| Problem::parameter("month", text))?;
    Ok(Redirect::to(&format!("/reports/{month}/{}", chosen.tenant)))
}

async fn site(
    State(desk): State<Arc<Desk>>,
    Path(month): Path<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    let address = format!("/reports/{month}");
    answer(
        &desk,
        &month,
        &Whose::Site,
        Edition::Hoster,
        asked,
        Some(&address),
    )
    .await
}

async fn tenant(
    State(desk): State<Arc<Desk>>,
    Path((month, tenant)): Path<(String, TenantId)>,
    asked: Asked,
) -> Result<Response, Problem> {
    let address = format!("/reports/{month}/{tenant}");
    // As the tenant itself sees it: what is handed out is what they find.
    let whose = Whose::Tenant(tenant);
    answer(&desk, &month, &whose, Edition::Tenant, asked, Some(&address)).await
}

async fn own(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Path(month): Path<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    let Some(tenant) = visitor.seat().tenant().cloned() else {
        return Ok(Redirect::to("/reports").into_response());
    };
    let address = format!("/own/reports/{month}");
    let whose = Whose::Tenant(tenant);
    answer(&desk, &month, &whose, Edition::Tenant, asked, Some(&address)).await
}
