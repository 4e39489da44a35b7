//! `GET` and `POST /api/v1/tokens` `{name, scopes, days}`, `POST /api/v1/tokens/{id}/revoke`. By session only: a token makes no tokens.

use super::body::Body;
use super::parameters::Parameters;
use crate::document::{done, token};
use crate::doors::{Doors, Visitor};
use crate::http::openapi::{Operation, Tag, schema as s};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use domain::door::permission::Permission;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

pub fn router() -> Router<AppState> {
    Router::new()
        .route("/api/v1/tokens", get(list).post(make))
        .route("/api/v1/tokens/{id}/revoke", post(revoke))
}

pub fn operations() -> Vec<Operation> {
    let carried = Permission::ALL.iter().filter(|it| it.may_be_carried());
    let mut scopes = s::list(s::words(carried.map(|it| it.code())));
    scopes["minItems"] = json!(1);
    let body = s::closed(&[
        ("name", crate::http::openapi::reason_of(120), "What it is for."),
        ("scopes", scopes, "What it may do: part of what you may."),
        ("days", s::between(1, 400), "Until it is over."),
    ]);
    vec![
        Operation::get("/api/v1/tokens", Tag::People, "listTokens", "List tokens")
            .says("Those of everybody in your place, with what they may; the newest two hundred at most. What opens something is not among it.")
            .answers(200, "Newest first.", s::shape("Tokens")),
        Operation::post("/api/v1/tokens", Tag::People, "makeToken", "Make a token")
            .says("A key for a program. It may do what it was given and you still may, and nothing once you are out.")
            .body(body, json!({ "name": "night report", "scopes": ["night:read"], "days": 90 }))
            .answers(201, "The token, this once.", s::shape("TokenMade")),
        Operation::post("/api/v1/tokens/{id}/revoke", Tag::People, "revokeToken", "Revoke a token")
            .path("id", s::uuid(), "The token.")
            .answers(200, "It opens nothing any more.", s::shape("Done"))
            .again(),
    ]
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    name: String,
    scopes: BTreeSet<Permission>,
    days: i64,
}

async fn list(
    State(doors): State<Arc<Doors>>,
    visitor: Visitor,
    parameters: Parameters,
) -> Result<Json<Value>, Problem> {
    parameters.end()?;
    let tokens = doors.tokens(&visitor).await?;
    let rows: Vec<Value> = tokens.iter().map(token::document).collect();
    Ok(Json(
        json!({ "as_of": crate::document::stamp(doors.instant()), "rows": rows }),
    ))
}

async fn make(
    State(doors): State<Arc<Doors>>,
    visitor: Visitor,
    Body(new): Body<New>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let made = doors
        .token_make(&visitor, &new.name, new.scopes, new.days)
        .await?;
    Ok((StatusCode::CREATED, Json(json!({ "token": made.reveal() }))))
}

async fn revoke(
    State(doors): State<Arc<Doors>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let id = id
        .parse()
        .map_err(|_| Problem::missing("there is no such token"))?;
    doors.token_revoke(&visitor, id).await?;
    Ok(Json(done(id)))
}
