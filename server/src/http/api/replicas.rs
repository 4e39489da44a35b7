//! `GET /api/v1/replicas`: one page of replicas.
//!
//! Parameters: `filter` (all, protected, running, waiting, failed, unknown), `q` (search), `tenant`, `host`, `code` (B1..B8, NR,
//! BE, UN), `sort` (attention, name, tenant, host, last-point, size), `dir` (asc, desc), `limit` (1 to 500, 50 if not given),
//! `cursor` (a page's `next` or `previous`; sort and direction have to be the same).

use super::parameters::Parameters;
use crate::http::openapi::{Operation, Tag, schema as s};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use ::console::{Console, Direction, Filter, ReplicaQuery, ReplicasPage, Sort};
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use std::sync::Arc;

/// Longest search that is looked for.
const SEARCH_CHARS_MAX: usize = 200;
/// What may stand in a replica's way: the blockers, not ready, busy elsewhere, unknown.
const CODES: [&str; 11] = ["B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "NR", "BE", "UN"];

pub fn router() -> Router<AppState> {
    Router::new().route("/api/v1/replicas", get(list))
}

pub fn operations() -> Vec<Operation> {
    let filters = Filter::ALL.iter().map(|it| it.word());
    vec![
        Operation::get("/api/v1/replicas", Tag::Replicas, "listReplicas", "List replicas")
            .says("A page of replicas as rows: what is the case now, the last 28 SLA days, the last restore point. Cursors belong to the sort and direction that they were made with.")
            .query("filter", s::words(filters), "Only these.")
            .query("q", s::line(0, 200), "Part of a name, tenant, host, GUID or blocker code.")
            .query("tenant", s::slug(), "Only this tenant's.")
            .query("host", s::text(), "Only on this host.")
            .query("code", s::code(), "Only where this stands in the way; either case.")
            .query("policy", s::text(), "Only with this policy.")
            .query("sort", s::words(Sort::ALL.iter().map(|it| it.word())), "`attention` if not given: what needs a person first.")
            .query("dir", s::words(Direction::ALL.iter().map(|it| it.word())), "Which end first.")
            .paged(ReplicaQuery::PAGE_ROWS)
            .answers(200, "A page.", s::shape("ReplicasPage")),
    ]
}

async fn list(
    State(console): State<Arc<dyn Console>>,
    mut parameters: Parameters,
) -> Result<Json<ReplicasPage>, Problem> {
    let search = parameters.text("q")?.unwrap_or_default();
    if search.chars().count() > SEARCH_CHARS_MAX {
        return Err(Problem::parameter(
            "q",
            format!("is longer than {SEARCH_CHARS_MAX} characters"),
        ));
    }
    let code = parameters.text("code")?;
    if let Some(code) = &code
        && !CODES.iter().any(|known| known.eq_ignore_ascii_case(code))
    {
        return Err(Problem::parameter(
            "code",
            format!("`{code}` is no reason's code; there are {}", CODES.join(", ")),
        ));
    }
    let query = ReplicaQuery {
        filter: parameters.parsed("filter")?.unwrap_or_default(),
        search,
        tenant: parameters.parsed("tenant")?,
        host: parameters.text("host")?,
        code,
        policy: parameters.text("policy")?,
        sort: parameters.parsed("sort")?.unwrap_or_default(),
        direction: parameters.parsed("dir")?.unwrap_or_default(),
        cursor: parameters.text("cursor")?,
        limit: parameters.number("limit", ReplicaQuery::PAGE_ROWS, 1, 500)?,
    };
    parameters.end()?;
    Ok(Json(console.replicas(query).await?))
}
