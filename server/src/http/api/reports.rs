//! `GET /api/v1/reports/{month}`: the SLA report of a month, of one tenant or of all; JSON unless another form is asked for.

use super::parameters::Parameters;
use crate::doors::Visitor;
use crate::http::desk::Desk;
use crate::http::problem::Problem;
use crate::http::reports::{Asked, answer};
use crate::http::state::AppState;
use crate::report::{Edition, Whose};
use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use domain::ids::TenantId;
use std::sync::Arc;

pub fn router() -> Router<AppState> {
    Router::new().route("/api/v1/reports/{month}", get(show))
}

async fn show(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Path(month): Path<String>,
    mut parameters: Parameters,
) -> Result<Response, Problem> {
    let asked = Asked(parameters.parsed("form")?);
    let tenant: Option<TenantId> = parameters.parsed("tenant")?;
    parameters.end()?;
    let (whose, edition) = match (visitor.seat().tenant(), tenant) {
        // Whose it is says the log-in; another's is not there.
        (Some(own), Some(asked)) if *own != asked => {
            return Err(Problem::missing(format!("there is no tenant `{asked}`")));
        }
        (Some(own), _) => (Whose::Tenant(own.clone()), Edition::Tenant),
        (None, Some(tenant)) => (Whose::Tenant(tenant), Edition::Hoster),
        (None, None) => (Whose::Site, Edition::Hoster),
    };
    answer(&desk, &month, &whose, edition, asked, None).await
}
