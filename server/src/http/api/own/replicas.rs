//! `GET /api/v1/own/replicas`: the tenant's machines by name. Parameters: `limit` (1 to 500, 50 if not given), `cursor` (a page's `next`).

use super::own;
use crate::console::{name_after, name_cursor};
use crate::document::own::row;
use crate::document::stamp;
use crate::doors::Visitor;
use crate::http::api::parameters::Parameters;
use crate::http::desk::Desk;
use crate::http::openapi::{Operation, Tag, schema as s};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) fn router() -> Router<AppState> {
    Router::new().route("/api/v1/own/replicas", get(list))
}

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::get(
            "/api/v1/own/replicas",
            Tag::Mine,
            "listOwnReplicas",
            "List your machines",
        )
        .says("By name, with what is the case now and the share of days met of the last 90.")
        .paged(50)
        .answers(200, "A page.", s::shape("OwnReplicas")),
    ]
}

async fn list(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    mut parameters: Parameters,
) -> Result<Json<Value>, Problem> {
    let after = parameters.text("cursor")?;
    let after = after.map(|text| name_after(&text)).transpose()?;
    let limit = parameters.number("limit", 50, 1, 500)? as usize;
    parameters.end()?;
    let own = own(&desk, &visitor)?;
    let (all, _) = own.rows().await?;
    let total = all.len();
    let follows = |name: &str, id| after.as_ref().is_none_or(|(n, i)| (n.as_str(), *i) < (name, id));
    let rest: Vec<_> = all.into_iter().filter(|it| follows(&it.name, it.id)).collect();
    let page = rest.get(..limit.min(rest.len())).unwrap_or_default();
    let next = page
        .last()
        .filter(|_| rest.len() > limit)
        .map(|last| name_cursor(&last.name, last.id));
    let rows: Vec<Value> = page.iter().map(row).collect();
    let zone = own.zone.name();
    Ok(Json(
        json!({ "as_of": stamp(own.now), "zone": zone, "rows": rows, "total": total, "next": next }),
    ))
}
