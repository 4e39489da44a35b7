//! `GET /reports` and `/own/reports`: which months there are, and each of them as a page that prints, a table or JSON. What goes wrong here is
//! a page as well.

use super::leaf::{Frame, Theme, page, trouble};
use crate::doors::Visitor;
use crate::figures::Month;
use crate::http::api::parameters::Parameters;
use crate::http::desk::{Desk, failed};
use crate::http::problem::Problem;
use crate::http::reports::{Asked, Page, answer};
use crate::http::state::AppState;
use crate::report::{Whose, newest, tenants};
use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use domain::calendar::Zone;
use domain::ids::TenantId;
use std::sync::Arc;

/// Months that are offered; older ones are there by their address.
const MONTHS: usize = 13;

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

/// Those that there is a report of, newest first.
fn months(desk: &Desk, zone: Option<Zone>) -> Vec<String> {
    let newest = newest(zone, desk.now());
    let all = std::iter::successors(Some(newest), |month| Some(month.previous()));
    all.take(MONTHS).map(|month| month.to_string()).collect()
}

async fn list(State(desk): State<Arc<Desk>>, visitor: Visitor, theme: Theme) -> Response {
    let known = match tenants(desk.store.as_ref(), &Desk::SCOPE).await {
        Ok(known) => known,
        Err(error) => return trouble(&failed(error), theme, &visitor),
    };
    let mut tenants: Vec<(String, String)> = known
        .into_values()
        .map(|tenant| (tenant.id.to_string(), tenant.name))
        .collect();
    tenants.sort_by_cached_key(|(id, name)| (name.to_lowercase(), id.clone()));
    let leaf = Reports {
        frame: Frame::inside("SLA reports", theme, &visitor),
        site: true,
        base: "/reports",
        months: months(&desk, None),
        tenants,
    };
    page(StatusCode::OK, &leaf.frame.clone(), &leaf)
}

async fn own_list(State(desk): State<Arc<Desk>>, visitor: Visitor, theme: Theme) -> Response {
    let Some(id) = visitor.seat().tenant() else {
        return Redirect::to("/reports").into_response();
    };
    let tenant = match desk.store.tenant(&visitor.scope(), id).await {
        Ok(tenant) => tenant,
        Err(error) => return trouble(&failed(error), theme, &visitor),
    };
    let leaf = Reports {
        frame: Frame::inside("SLA reports", theme, &visitor),
        site: false,
        base: "/own/reports",
        months: months(&desk, Some(tenant.zone)),
        tenants: Vec::new(),
    };
    page(StatusCode::OK, &leaf.frame.clone(), &leaf)
}

/// What was chosen in the form; its address is one that can be kept.
async fn open(visitor: Visitor, theme: Theme, asked: Result<Parameters, Problem>) -> Response {
    let chosen = || {
        let mut parameters = asked?;
        let tenant: Option<TenantId> = parameters.parsed("tenant")?;
        let month: Option<Month> = parameters.parsed("month")?;
        parameters.end()?;
        let tenant = tenant.ok_or_else(|| Problem::parameter("tenant", "choose one"))?;
        let month = month.ok_or_else(|| Problem::parameter("month", "choose one"))?;
        Ok(format!("/reports/{month}/{tenant}"))
    };
    match chosen() {
        Ok(address) => Redirect::to(&address).into_response(),
        Err(problem) => trouble(&problem, theme, &visitor),
    }
}

async fn site(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    theme: Theme,
    Path(month): Path<String>,
    asked: Result<Parameters, Problem>,
) -> Response {
    let address = format!("/reports/{month}");
    shown(&desk, (&visitor, theme), &month, Ok(Whose::Site), asked, address).await
}

async fn tenant(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    theme: Theme,
    Path((month, tenant)): Path<(String, String)>,
    asked: Result<Parameters, Problem>,
) -> Response {
    let address = format!("/reports/{month}/{tenant}");
    let whose = tenant
        .parse::<TenantId>()
        .map(Whose::Tenant)
        .map_err(|error| Problem::missing(error.to_string()));
    shown(&desk, (&visitor, theme), &month, whose, asked, address).await
}

async fn own(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    theme: Theme,
    Path(month): Path<String>,
    asked: Result<Parameters, Problem>,
) -> Response {
    let Some(tenant) = visitor.seat().tenant().cloned() else {
        return Redirect::to("/reports").into_response();
    };
    let address = format!("/own/reports/{month}");
    let whose = Ok(Whose::Tenant(tenant));
    shown(&desk, (&visitor, theme), &month, whose, asked, address).await
}

async fn shown(
    desk: &Desk,
    (visitor, theme): (&Visitor, Theme),
    month: &str,
    whose: Result<Whose, Problem>,
    asked: Result<Parameters, Problem>,
    address: String,
) -> Response {
    let list = if visitor.seat().tenant().is_some() {
        "/own/reports"
    } else {
        "/reports"
    };
    let page = Page {
        theme: theme.0,
        address,
        list,
    };
    let answered = async {
        let mut parameters = asked?;
        let asked = Asked::read(&mut parameters)?;
        parameters.end()?;
        answer(desk, visitor, month, &whose?, asked, Some(page)).await
    };
    match answered.await {
        Ok(answer) => answer,
        Err(problem) => trouble(&problem, theme, visitor),
    }
}
