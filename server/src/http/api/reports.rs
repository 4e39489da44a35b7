//! `GET /api/v1/reports/{month}`: the SLA report of a month, of one tenant or of all; JSON unless another form is asked for.

use super::parameters::Parameters;
use crate::doors::Visitor;
use crate::http::desk::Desk;
use crate::http::openapi::{Operation, Tag, schema as s};
use crate::http::problem::Problem;
use crate::http::reports::{Asked, answer};
use crate::http::state::AppState;
use crate::report::Whose;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use domain::ids::TenantId;
use std::sync::Arc;

pub fn router() -> Router<AppState> {
    Router::new().route("/api/v1/reports/{month}", get(show))
}

pub fn operations() -> Vec<Operation> {
    vec![
        Operation::get("/api/v1/reports/{month}", Tag::Days, "showReport", "Show the SLA report of a month")
            .says("Every figure with its denominator, every lost day with its story. Of one tenant, or of all; a tenant's people get their own. JSON unless another form is asked for.")
            .path("month", s::pattern("^[0-9]{4}-[0-9]{2}$"), "The month, such as 2026-10.")
            .query("form", s::words(["html", "csv", "json"]), "`json` if not given; `csv` as a table, `html` as a page that prints well.")
            .query("edition", s::words(["hoster", "tenant"]), "Of one tenant, for the hoster: `tenant` if not given, as the tenant finds it; `hoster` with the names of those who corrected days. Of all tenants there is only the hoster's.")
            .query("tenant", s::slug(), "Of this tenant; without it, of all.")
            .answers(200, "The report.", s::shape("Report"))
            .also("text/csv; charset=utf-8; header=present")
            .also("text/html; charset=utf-8"),
    ]
}

async fn show(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Path(month): Path<String>,
    mut parameters: Parameters,
) -> Result<Response, Problem> {
    let asked = Asked::read(&mut parameters)?;
    let tenant: Option<TenantId> = parameters.parsed("tenant")?;
    parameters.end()?;
    let whose = match (visitor.seat().tenant(), tenant) {
        // Whose it is says the log-in; another's is not there.
        (Some(own), Some(asked)) if *own != asked => {
            return Err(Problem::missing(format!("there is no tenant `{asked}`")));
        }
        (Some(own), _) => Whose::Tenant(own.clone()),
        (None, Some(tenant)) => Whose::Tenant(tenant),
        (None, None) => Whose::Site,
    };
    answer(&desk, &visitor, &month, &whose, asked, None).await
}
