//! `GET /api/v1/points`: restore points, newest first; `GET /api/v1/points/{id}`: one with its evidence.
//!
//! Parameters: `replica` (id), `cursor` (a page's `next`), `limit` (1 to 500, 100 if not given).

use super::parameters::Parameters;
use crate::http::openapi::{Operation, Tag, schema as s};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use ::console::{Console, PointId, PointQuery, PointRow, PointView};
use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::sync::Arc;

/// A replica VM is off: every point is that, and says so.
const CONSISTENCY: &str = "crash-consistent";

#[derive(Serialize)]
struct Page {
    as_of: DateTime<Utc>,
    rows: Vec<Labelled<PointRow>>,
    total: u64,
    next: Option<String>,
}

#[derive(Serialize)]
struct Labelled<T> {
    #[serde(flatten)]
    point: T,
    consistency: &'static str,
}

pub fn router() -> Router<AppState> {
    Router::new()
        .route("/api/v1/points", get(list))
        .route("/api/v1/points/{id}", get(show))
}

pub fn operations() -> Vec<Operation> {
    vec![
        Operation::get("/api/v1/points", Tag::Points, "listPoints", "List restore points")
            .says("Restore points, newest first. Every one is crash-consistent, and says so.")
            .query(
                "replica",
                s::uuid(),
                "Only this replica's; an unknown one is 404.",
            )
            .paged(100)
            .answers(200, "A page.", s::shape("PointsPage")),
        Operation::get(
            "/api/v1/points/{id}",
            Tag::Points,
            "showPoint",
            "Show one restore point",
        )
        .says("With its evidence, its seal, and the commands that take it out.")
        .path("id", s::uuid(), "The restore point.")
        .answers(200, "The point.", s::shape("Point")),
    ]
}

async fn list(
    State(console): State<Arc<dyn Console>>,
    mut parameters: Parameters,
) -> Result<Json<Page>, Problem> {
    let query = PointQuery {
        replica: parameters.parsed("replica")?,
        cursor: parameters.text("cursor")?,
        limit: parameters.number("limit", 100, 1, 500)?,
    };
    parameters.end()?;
    let page = console.points(query).await?;
    let rows = page
        .rows
        .into_iter()
        .map(|point| Labelled {
            point,
            consistency: CONSISTENCY,
        })
        .collect();
    Ok(Json(Page {
        as_of: page.as_of,
        rows,
        total: page.total,
        next: page.next,
    }))
}

async fn show(
    State(console): State<Arc<dyn Console>>,
    Path(id): Path<String>,
    parameters: Parameters,
) -> Result<Json<Labelled<PointView>>, Problem> {
    parameters.end()?;
    let id: PointId = id
        .parse()
        .map_err(|error| Problem::missing(format!("there is no such restore point: {error}")))?;
    Ok(Json(Labelled {
        point: console.point(id).await?,
        consistency: CONSISTENCY,
    }))
}
