//! `GET /api/v1/obligations`: SLA days as rows. `GET /api/v1/obligations/{replica}/{day}`: one with its story, attempts and corrections.
//!
//! Parameters of the list: `from`, `to` (days, at most 31; today in UTC if not given), `replica` or `tenant`, `outcome`, `limit` (1 to 500, 100 if
//! not given), `cursor` (a page's `next`).

use super::parameters::Parameters;
use crate::console::{name_after, name_cursor};
use crate::document::{obligation, stamp};
use crate::http::desk::{Desk, failed};
use crate::http::openapi::{Operation, Tag, schema as s};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Json, Router};
use domain::calendar::SlaDay;
use domain::ids::{ReplicaId, TenantId};
use domain::obligation::{ObligationKey, OutcomeKind};
use serde_json::{Value, json};
use std::sync::Arc;
use store::obligations::DayHead;
use store::traits::Scope;

/// Most days of one list.
const DAYS_MAX: i64 = 31;

pub fn router() -> Router<AppState> {
    Router::new()
        .route("/api/v1/obligations", get(list))
        .route("/api/v1/obligations/{replica}/{day}", get(show))
}

pub fn operations() -> Vec<Operation> {
    vec![
        Operation::get(
            "/api/v1/obligations",
            Tag::Days,
            "listObligations",
            "List SLA days",
        )
        .says("SLA days as rows, at most 31 at once.")
        .query("from", s::day(), "The first day; today in UTC if not given.")
        .query("to", s::day(), "The last day.")
        .query(
            "replica",
            s::uuid(),
            "Only this replica's; an unknown one is 404.",
        )
        .query("tenant", s::slug(), "Only this tenant's.")
        .query("outcome", s::outcome(), "Only those that count as this.")
        .paged(100)
        .answers(200, "A page.", s::shape("Obligations")),
        Operation::get(
            "/api/v1/obligations/{replica}/{day}",
            Tag::Days,
            "showObligation",
            "Show one SLA day",
        )
        .says("With its story, its attempts and its corrections.")
        .path("replica", s::uuid(), "The replica.")
        .path("day", s::day(), "The day, in the tenant's zone.")
        .answers(200, "The day.", s::shape("Day")),
    ]
}

async fn list(State(desk): State<Arc<Desk>>, mut parameters: Parameters) -> Result<Json<Value>, Problem> {
    let now = desk.now();
    let today = SlaDay(now.date_naive());
    let from = parameters.parsed("from")?.unwrap_or(today);
    let to = parameters.parsed("to")?.unwrap_or(from.max(today));
    let replica: Option<ReplicaId> = parameters.parsed("replica")?;
    let tenant: Option<TenantId> = parameters.parsed("tenant")?;
    let outcome = parameters.text("outcome")?.map(|text| kind(&text)).transpose()?;
    let limit = parameters.number("limit", 100, 1, 500)? as usize;
    let after = parameters.text("cursor")?;
    let after = after.map(|text| place(&text)).transpose()?;
    parameters.end()?;
    let days = (to.0 - from.0).num_days() + 1;
    if !(1..=DAYS_MAX).contains(&days) {
        return Err(Problem::parameter(
            "to",
            format!("{from} to {to} are {days} days; ask for 1 to {DAYS_MAX}, the first before the last"),
        ));
    }
    if let Some(id) = replica {
        desk.store.replica(&Desk::SCOPE, id).await.map_err(failed)?;
    }
    let scope = tenant.map_or(Desk::SCOPE, Scope::Tenant);
    // Day by day, from the one that the page before ended in: of ten thousand replicas a month is never read at once.
    let mut found: Vec<DayHead> = Vec::new();
    let begun = after.map_or(from, |(day, _)| day.max(from));
    for day in begun.0.iter_days().take_while(|day| *day <= to.0).map(SlaDay) {
        let heads = desk.store.day_heads(&scope, replica, day, day).await;
        let counts = |head: &DayHead| outcome.is_none_or(|kind| head.kind == kind);
        let follows = |head: &DayHead| after.is_none_or(|after| after < (head.day, head.replica));
        found.extend(
            heads
                .map_err(failed)?
                .into_iter()
                .filter(|it| counts(it) && follows(it)),
        );
        if found.len() > limit {
            break;
        }
    }
    let page = found.get(..limit.min(found.len())).unwrap_or_default();
    let next = page
        .last()
        .filter(|_| found.len() > limit)
        .map(|last| name_cursor(&last.day.to_string(), last.replica));
    let rows: Vec<Value> = page.iter().map(obligation::row).collect();
    Ok(Json(
        json!({ "as_of": stamp(now), "from": from, "to": to, "rows": rows, "next": next }),
    ))
}

/// The row that a page ended with.
fn place(cursor: &str) -> Result<(SlaDay, ReplicaId), Problem> {
    let (day, replica) = name_after(cursor)?;
    let day = day.parse().map_err(|error| Problem::parameter("cursor", error))?;
    Ok((day, replica))
}

async fn show(
    State(desk): State<Arc<Desk>>,
    Path((replica, day)): Path<(String, String)>,
    parameters: Parameters,
) -> Result<Json<Value>, Problem> {
    parameters.end()?;
    let missing = || Problem::missing(format!("there is no obligation of {replica} on {day}"));
    let key = ObligationKey {
        replica: replica.parse().map_err(|_| missing())?,
        day: day.parse().map_err(|_| missing())?,
    };
    let row = desk.store.obligation(&Desk::SCOPE, key).await.map_err(failed)?;
    let attempts = desk.store.attempts_of(&Desk::SCOPE, key).await.map_err(failed)?;
    Ok(Json(obligation::document(&row, &attempts, desk.now())))
}

fn kind(text: &str) -> Result<OutcomeKind, Problem> {
    let all = [
        OutcomeKind::Open,
        OutcomeKind::Met,
        OutcomeKind::MetLate,
        OutcomeKind::Missed,
        OutcomeKind::Excused,
        OutcomeKind::Excluded,
    ];
    all.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(|kind| kind.as_str()).collect();
        Problem::parameter("outcome", format!("`{text}` is none of: {}", names.join(", ")))
    })
}
