//! `GET /api/v1/own/replicas/{id}/points`: a machine's restore points, newest first. Parameters: `limit` (1 to 500, 100 if not given),
//! `cursor` (a page's `next`). A disk is fetched at `download`, with the permission `disk:download`.

use super::{nothing, own};
use crate::document::own::point;
use crate::document::stamp;
use crate::doors::Visitor;
use crate::http::api::parameters::Parameters;
use crate::http::desk::Desk;
use crate::http::openapi::{Operation, Tag, schema as s};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) fn router() -> Router<AppState> {
    Router::new().route("/api/v1/own/replicas/{id}/points", get(list))
}

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::get(
            "/api/v1/own/replicas/{id}/points",
            Tag::Mine,
            "listOwnPoints",
            "List restore points of one of your machines",
        )
        .says("Newest first. A disk is fetched at its `download`, with the permission `disk:download`.")
        .path("id", s::uuid(), "The machine.")
        .paged(100)
        .answers(200, "A page.", s::shape("OwnPoints")),
    ]
}

async fn list(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Path(id): Path<String>,
    mut parameters: Parameters,
) -> Result<Json<Value>, Problem> {
    let cursor = parameters.text("cursor")?;
    let limit = parameters.number("limit", 100, 1, 500)?;
    parameters.end()?;
    let own = own(&desk, &visitor)?;
    let id = id.parse().map_err(|_| nothing())?;
    let (points, total, next) = own.points(id, cursor.as_deref(), limit).await?;
    let rows: Vec<Value> = points.iter().map(point).collect();
    Ok(Json(
        json!({ "as_of": stamp(own.now), "rows": rows, "total": total, "next": next }),
    ))
}
