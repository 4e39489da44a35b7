//! `GET /api/v1/own/days`: SLA days of the tenant's machines. Parameters: `from`, `to` (days of the tenant's calendar, at most 31; today if
//! not given), `replica`, `limit` (1 to 500, 100 if not given), `cursor` (a page's `next`).

use super::{nothing, own};
use crate::console::{name_after, name_cursor};
use crate::document::own::day;
use crate::document::stamp;
use crate::doors::Visitor;
use crate::http::api::parameters::Parameters;
use crate::http::desk::{Desk, failed};
use crate::http::openapi::{Operation, Tag, schema as s};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use ::console::ReplicaId;
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use domain::calendar::SlaDay;
use serde_json::{Value, json};
use std::sync::Arc;

/// Most days of one list.
const DAYS_MAX: i64 = 31;

pub(super) fn router() -> Router<AppState> {
    Router::new().route("/api/v1/own/days", get(list))
}

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::get(
            "/api/v1/own/days",
            Tag::Mine,
            "listOwnDays",
            "List days of your machines",
        )
        .says("At most 31 days of the tenant's calendar; today if none is given.")
        .query("from", s::day(), "")
        .query("to", s::day(), "")
        .query(
            "replica",
            s::uuid(),
            "Only this machine's; an unknown one is 404.",
        )
        .paged(100)
        .answers(200, "A page.", s::shape("OwnDays")),
    ]
}

async fn list(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    mut parameters: Parameters,
) -> Result<Json<Value>, Problem> {
    let own = own(&desk, &visitor)?;
    let today = own.zone.date(own.now);
    let from: SlaDay = parameters.parsed("from")?.unwrap_or(today);
    let to: SlaDay = parameters.parsed("to")?.unwrap_or(from.max(today));
    let replica: Option<ReplicaId> = parameters.parsed("replica")?;
    let limit = parameters.number("limit", 100, 1, 500)? as usize;
    let after = parameters.text("cursor")?;
    let after = after.map(|text| name_after(&text)).transpose()?;
    parameters.end()?;
    let days = (to.0 - from.0).num_days() + 1;
    if !(1..=DAYS_MAX).contains(&days) {
        let text =
            format!("{from} to {to} are {days} days; ask for 1 to {DAYS_MAX}, the first before the last");
        return Err(Problem::parameter("to", text));
    }
    if let Some(id) = replica {
        own.name_of(id).await.ok_or_else(nothing)?;
    }
    let all = own.days(replica, from.0, to.0).await.map_err(failed)?;
    let follows = |day: &SlaDay, id| {
        after
            .as_ref()
            .is_none_or(|(d, i)| (d.as_str(), *i) < (day.to_string().as_str(), id))
    };
    let rest: Vec<_> = all.iter().filter(|it| follows(&it.day, it.replica)).collect();
    let page = rest.get(..limit.min(rest.len())).unwrap_or_default();
    let next = page
        .last()
        .filter(|_| rest.len() > limit)
        .map(|last| name_cursor(&last.day.to_string(), last.replica));
    let rows: Vec<Value> = page.iter().map(|it| day(it)).collect();
    Ok(Json(
        json!({ "as_of": stamp(own.now), "zone": own.zone.name(), "from": from, "to": to, "rows": rows, "next": next }),
    ))
}
