//! `GET` and `POST /api/v1/invitations` `{role, tenant}`, `POST /api/v1/invitations/{id}/revoke`.

use super::body::Body;
use super::parameters::Parameters;
use crate::document::{done, person};
use crate::doors::{Doors, Visitor};
use crate::http::openapi::{Operation, Tag, schema as s};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use domain::door::seat::{Role, Seat};
use domain::ids::TenantId;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

pub fn router() -> Router<AppState> {
    Router::new()
        .route("/api/v1/invitations", get(list).post(make))
        .route("/api/v1/invitations/{id}/revoke", post(revoke))
}

pub fn operations() -> Vec<Operation> {
    let body = s::closed(&[
        ("role", s::words(Role::ALL.iter().map(|role| role.code())), ""),
        (
            "tenant?",
            s::maybe(s::slug()),
            "For a role at a tenant; null or nothing is the hoster.",
        ),
    ]);
    vec![
        Operation::get("/api/v1/invitations", Tag::People, "listInvitations", "List invitations that are still good")
            .says("The newest hundred at most. Their codes are shown when they are made, and never again.")
            .answers(200, "Newest first.", s::shape("Invitations")),
        Operation::post("/api/v1/invitations", Tag::People, "invite", "Invite somebody")
            .says("Makes a link for a seat. Give it to one person: it opens once, and they choose name and password themselves.")
            .body(body, json!({ "role": "viewer", "tenant": "contoso" }))
            .answers(201, "The code.", s::shape("Invited")),
        Operation::post("/api/v1/invitations/{id}/revoke", Tag::People, "uninvite", "Take an invitation back")
            .path("id", s::uuid(), "The invitation.")
            .answers(200, "It gives nothing any more.", s::shape("Done"))
            .again(),
    ]
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    role: String,
    tenant: Option<TenantId>,
}

async fn list(
    State(doors): State<Arc<Doors>>,
    visitor: Visitor,
    parameters: Parameters,
) -> Result<Json<Value>, Problem> {
    parameters.end()?;
    let rows: Vec<Value> = doors
        .invitations(&visitor)
        .await?
        .iter()
        .map(person::invitation)
        .collect();
    Ok(Json(
        json!({ "as_of": crate::document::stamp(doors.instant()), "rows": rows }),
    ))
}

async fn make(
    State(doors): State<Arc<Doors>>,
    visitor: Visitor,
    Body(new): Body<New>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let role = Role::of_code(&new.role).ok_or_else(|| Problem::parameter("role", "is no role"))?;
    let seat = Seat::new(role, new.tenant)
        .ok_or_else(|| Problem::parameter("tenant", "and this role do not go together"))?;
    let code = doors.invite(&visitor, seat).await?;
    Ok((StatusCode::CREATED, Json(json!({ "code": code.reveal() }))))
}

async fn revoke(
    State(doors): State<Arc<Doors>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let id = id
        .parse()
        .map_err(|_| Problem::missing("there is no such invitation"))?;
    doors.invitation_revoke(&visitor, id).await?;
    Ok(Json(done(id)))
}
