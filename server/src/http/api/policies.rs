//! `GET /api/v1/policies`: the catalogue and who has which. `GET /api/v1/policies/{id}`: all versions. `POST /api/v1/policies` `{id, terms}`:
//! the next version. `POST /api/v1/assignments` `{assignee, policy}`, where a `policy` of null takes it away.

use super::body::Body;
use super::parameters::Parameters;
use crate::document::policy;
use crate::doors::Visitor;
use crate::http::desk::{Desk, failed, refused};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use domain::ids::PolicyId;
use domain::policy::Terms;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use store::policies::Assignee;

pub fn router() -> Router<AppState> {
    Router::new()
        .route("/api/v1/policies", get(list).post(put))
        .route("/api/v1/policies/{id}", get(show))
        .route("/api/v1/assignments", post(assign))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    id: PolicyId,
    terms: Terms,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Assign {
    assignee: Assignee,
    policy: Option<PolicyId>,
}

async fn list(State(desk): State<Arc<Desk>>, parameters: Parameters) -> Result<Json<Value>, Problem> {
    parameters.end()?;
    let (policies, assignments) =
        futures::try_join!(desk.store.policies(), desk.store.assignments()).map_err(failed)?;
    Ok(Json(policy::catalogue(&policies, &assignments)))
}

async fn show(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    parameters: Parameters,
) -> Result<Json<Value>, Problem> {
    parameters.end()?;
    let id: PolicyId = id
        .parse()
        .map_err(|error| Problem::missing(format!("there is no such policy: {error}")))?;
    let versions = desk.store.policy_versions(&id).await.map_err(failed)?;
    Ok(Json(versions.iter().map(policy::version).collect()))
}

async fn put(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Body(new): Body<New>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    desk.deeds(&visitor)?
        .put_policy(&new.id, &new.terms)
        .await
        .map_err(refused)?;
    let versions = desk.store.policy_versions(&new.id).await.map_err(failed)?;
    Ok((
        StatusCode::CREATED,
        Json(json!(versions.last().map(policy::version))),
    ))
}

async fn assign(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Body(new): Body<Assign>,
) -> Result<Json<Value>, Problem> {
    desk.deeds(&visitor)?
        .assign(&new.assignee, new.policy.as_ref())
        .await
        .map_err(refused)?;
    Ok(Json(json!({ "assignee": new.assignee, "policy": new.policy })))
}
