//! `GET /api/v1/replicas`: one page of replicas.
//!
//! Parameters: `filter` (all, protected, running, waiting, failed, unknown), `q` (search), `tenant`, `host`, `code` (B1..B8, NR,
//! BE, UN), `sort` (attention, name, tenant, host, last-point, size), `dir` (asc, desc), `limit` (1 to 500, 50 if not given),
//! `cursor` (a page's `next` or `previous`; sort and direction have to be the same).

use super::parameters::Parameters;
use crate::http::problem::Problem;
use crate::http::state::AppState;
use ::console::{Console, ReplicaQuery, ReplicasPage};
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
