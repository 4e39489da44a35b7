//! `GET /api/v1/sla`: figures of any range, as `stillpoint sla --json` prints them.
//!
//! Parameters: `from` and `to` (days, at most 400), `tenant` or `replica`; without either the whole site, with each tenant's own.

use super::parameters::Parameters;
use crate::document;
use crate::figures::{self, Range};
use crate::http::desk::{Desk, failed};
use crate::http::openapi::{Operation, Tag, schema as s};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use domain::calendar::SlaDay;
use domain::ids::{ReplicaId, TenantId};
use serde_json::Value;
use std::sync::Arc;
use store::traits::Scope;

/// Longest range; a longer one is asked for in parts.
const DAYS_MAX: i64 = 400;

pub fn router() -> Router<AppState> {
    Router::new().route("/api/v1/sla", get(show))
}

pub fn operations() -> Vec<Operation> {
    vec![
        Operation::get("/api/v1/sla", Tag::Days, "showFigures", "Show figures of a range")
            .says("Raw and contractual percentage with their denominators, the worst replica, the longest gap, each day. As `stillpoint sla --json`.")
            .needs("from", s::day(), "The first day.", "2026-11-01")
            .needs("to", s::day(), "The last day; at most 400 in all.", "2026-11-30")
            .query("tenant", s::slug(), "Of this tenant; an unknown one is 404.")
            .query("replica", s::uuid(), "Of this replica; not together with `tenant`.")
            .answers(200, "The figures.", s::shape("Figures")),
    ]
}

async fn show(State(desk): State<Arc<Desk>>, mut parameters: Parameters) -> Result<Json<Value>, Problem> {
    let needed = |name: &str, day: Option<SlaDay>| {
        day.ok_or_else(|| Problem::parameter(name, "is needed: a day such as 2026-11-22"))
    };
    let from = needed("from", parameters.parsed("from")?)?;
    let to = needed("to", parameters.parsed("to")?)?;
    let tenant: Option<TenantId> = parameters.parsed("tenant")?;
    let replica: Option<ReplicaId> = parameters.parsed("replica")?;
    parameters.end()?;
    let days = (to.0 - from.0).num_days() + 1;
    if !(1..=DAYS_MAX).contains(&days) {
        return Err(Problem::parameter(
            "to",
            format!("{from} to {to} are {days} days; ask for 1 to {DAYS_MAX}, the first before the last"),
        ));
    }
    let scope = match (&tenant, replica) {
        (Some(_), Some(_)) => {
            return Err(Problem::parameter("replica", "and `tenant` exclude each other"));
        }
        (Some(tenant), None) if !desk.knows(tenant).await? => {
            return Err(Problem::missing(format!("there is no tenant `{tenant}`")));
        }
        (Some(tenant), None) => Scope::Tenant(tenant.clone()),
        (None, Some(id)) => {
            let replica = desk.store.replica(&Desk::SCOPE, id).await.map_err(failed)?;
            Scope::Tenant(replica.tenant)
        }
        (None, None) => Desk::SCOPE,
    };
    let by_tenant = matches!(scope, Scope::Site { .. });
    let range = Range {
        scope,
        replica,
        from,
        to,
    };
    let report = figures::report(desk.store.as_ref(), &range, desk.now())
        .await
        .map_err(failed)?;
    Ok(Json(document::figures::document(&report, by_tenant)))
}
