//! `GET /api/v1/policies`: the catalogue and who has which. `GET /api/v1/policies/{id}`: all versions. `POST /api/v1/policies` `{id, terms}`:
//! the next version. `POST /api/v1/assignments` `{assignee, policy}`, where a `policy` of null takes it away.

use super::body::Body;
use super::parameters::Parameters;
use crate::document::policy;
use crate::doors::Visitor;
use crate::http::desk::{Desk, failed, refused};
use crate::http::openapi::{Operation, Tag, schema as s};
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

pub fn operations() -> Vec<Operation> {
    let body = s::closed(&[("id", s::slug(), ""), ("terms", s::shape("Terms"), "")]);
    let example = json!({ "id": "gold", "terms": Terms::standard() });
    let assign = s::closed(&[
        ("assignee", s::shape("Assignee"), ""),
        ("policy?", s::maybe(s::slug()), "Null takes the assignment away."),
    ]);
    vec![
        Operation::get("/api/v1/policies", Tag::Rules, "listPolicies", "List policies and who has which")
            .answers(200, "The catalogue.", s::shape("Catalogue")),
        Operation::get("/api/v1/policies/{id}", Tag::Rules, "showPolicy", "Show all versions of a policy")
            .path("id", s::slug(), "The policy.")
            .answers(200, "Oldest first.", s::list(s::shape("Policy"))),
        Operation::post("/api/v1/policies", Tag::Rules, "putPolicy", "Put a policy, or its next version")
            .says("It applies from the next SLA day that opens; days that are open or closed keep their terms. The same terms as the newest add no version.")
            .body(body, example)
            .answers(201, "The newest version.", s::shape("Policy"))
            .again(),
        Operation::post("/api/v1/assignments", Tag::Rules, "assignPolicy", "Say who has which policy")
            .says("A replica's own goes before its tenant's, that before the site's.")
            .body(assign, json!({ "assignee": { "to": "tenant", "tenant": "contoso" }, "policy": "standard" }))
            .answers(200, "As it was taken.", s::object(&[
                ("assignee", s::shape("Assignee"), ""),
                ("policy", s::maybe(s::slug()), ""),
            ]))
            .again(),
    ]
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
        futures::try_join!(desk.store.policies(), desk.store.assignments(&Desk::SCOPE)).map_err(failed)?;
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
