//! `GET /api/v1/audit`: who did what, newest first, page by page. A tenant's people read what concerns their tenant.

use super::parameters::Parameters;
use crate::document::{audit, stamp};
use crate::doors::{DoorFault, Doors, Visitor};
use crate::http::openapi::{Operation, Tag, schema as s};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use std::sync::Arc;

pub fn router() -> Router<AppState> {
    Router::new().route("/api/v1/audit", get(list))
}

pub fn operations() -> Vec<Operation> {
    vec![
        Operation::get("/api/v1/audit", Tag::Trail, "listAudit", "List the audit trail")
            .says("Newest first, as far as your place reaches. A cursor is good for whoever it was given to. The chain itself is exported by `stillpoint audit export`.")
            .paged(100)
            .answers(200, "A page.", s::shape("Trail")),
    ]
}

async fn list(
    State(doors): State<Arc<Doors>>,
    visitor: Visitor,
    mut parameters: Parameters,
) -> Result<Json<Value>, Problem> {
    let cursor = parameters.text("cursor")?;
    let limit = parameters.number("limit", 100, 1, 500)?;
    parameters.end()?;
    let page = doors.audit_page(&visitor, cursor.as_deref(), limit).await;
    let (entries, next) = page.map_err(|fault| match fault {
        DoorFault::Missing(_) => Problem::parameter(
            "cursor",
            "is no page's `next` that was given to you: begin without it",
        ),
        fault => fault.into(),
    })?;
    let rows: Vec<Value> = entries.iter().map(audit::document).collect();
    Ok(Json(
        json!({ "as_of": stamp(doors.instant()), "rows": rows, "next": next }),
    ))
}
