//! `GET /api/v1/people`, and what is done to them: `POST /api/v1/people/{id}/role` `{role}`, `.../put-out`, `.../let-in`,
//! `.../password-link` `{second_factor}`.

use super::body::Body;
use super::parameters::Parameters;
use crate::document::person;
use crate::doors::{Doors, Visitor};
use crate::http::openapi::{Operation, Tag, schema as s};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use domain::door::seat::Role;
use domain::ids::PersonId;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

pub fn router() -> Router<AppState> {
    Router::new()
        .route("/api/v1/people", get(list))
        .route("/api/v1/people/{id}/role", post(role))
        .route("/api/v1/people/{id}/put-out", post(put_out))
        .route("/api/v1/people/{id}/let-in", post(let_in))
        .route("/api/v1/people/{id}/password-link", post(password_link))
}

pub fn operations() -> Vec<Operation> {
    let one = |operation: Operation| {
        operation
            .path("id", s::uuid(), "The person.")
            .answers(200, "The person.", s::shape("Person"))
            .again()
    };
    let roles = s::words(Role::ALL.iter().map(|role| role.code()));
    vec![
        Operation::get("/api/v1/people", Tag::People, "listPeople", "List people")
            .says("Everybody in your place, by log-in name; the hoster's see those of tenants as well.")
            .paged(100)
            .answers(200, "A page.", s::shape("People")),
        one(Operation::post("/api/v1/people/{id}/role", Tag::People, "setRole", "Change a role"))
            .says("At the same place; all their sessions end. The last owner stays one.")
            .body(s::closed(&[("role", roles, "")]), json!({ "role": "operator" })),
        one(Operation::post("/api/v1/people/{id}/put-out", Tag::People, "putOut", "Put somebody out"))
            .says("With all their sessions; their tokens do nothing. The trail keeps their name, so nobody is removed."),
        one(Operation::post("/api/v1/people/{id}/let-in", Tag::People, "letIn", "Let somebody in again")),
        Operation::post("/api/v1/people/{id}/password-link", Tag::People, "linkPassword", "Make a link for another password")
            .says("For somebody who lost theirs: give it to them, it opens once within 24 hours. With `second_factor` the authenticator is taken away as well.")
            .path("id", s::uuid(), "The person.")
            .body(
                s::closed(&[("second_factor?", s::flag(), "Whether the authenticator was lost, too.")]),
                json!({ "second_factor": false }),
            )
            .answers(201, "The code.", s::shape("PasswordLink")),
    ]
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewRole {
    role: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Lost {
    #[serde(default)]
    second_factor: bool,
}

async fn list(
    State(doors): State<Arc<Doors>>,
    visitor: Visitor,
    mut parameters: Parameters,
) -> Result<Json<Value>, Problem> {
    let after = parameters.parsed("cursor")?;
    let limit = parameters.number("limit", 100, 1, 500)?;
    parameters.end()?;
    let (people, next) = doors.people_page(&visitor, after.as_ref(), limit).await?;
    let rows: Vec<Value> = people.iter().map(person::document).collect();
    Ok(Json(json!({
        "as_of": crate::document::stamp(doors.instant()), "rows": rows, "next": next.map(|name| name.as_str().to_owned()),
    })))
}

fn id(text: &str) -> Result<PersonId, Problem> {
    text.parse()
        .map_err(|_| Problem::missing("there is no such person"))
}

async fn now_is(doors: &Doors, visitor: &Visitor, id: PersonId) -> Result<Json<Value>, Problem> {
    Ok(Json(person::document(&doors.person(visitor, id).await?)))
}

async fn role(
    State(doors): State<Arc<Doors>>,
    visitor: Visitor,
    Path(text): Path<String>,
    Body(new): Body<NewRole>,
) -> Result<Json<Value>, Problem> {
    let id = id(&text)?;
    let role = Role::of_code(&new.role).ok_or_else(|| Problem::parameter("role", "is no role"))?;
    doors.person_role(&visitor, id, role).await?;
    now_is(&doors, &visitor, id).await
}

async fn put_out(
    State(doors): State<Arc<Doors>>,
    visitor: Visitor,
    Path(text): Path<String>,
) -> Result<Json<Value>, Problem> {
    let id = id(&text)?;
    doors.person_put_out(&visitor, id).await?;
    now_is(&doors, &visitor, id).await
}

async fn let_in(
    State(doors): State<Arc<Doors>>,
    visitor: Visitor,
    Path(text): Path<String>,
) -> Result<Json<Value>, Problem> {
    let id = id(&text)?;
    doors.person_let_in(&visitor, id).await?;
    now_is(&doors, &visitor, id).await
}

async fn password_link(
    State(doors): State<Arc<Doors>>,
    visitor: Visitor,
    Path(text): Path<String>,
    Body(lost): Body<Lost>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let code = doors.reset_link(&visitor, id(&text)?, lost.second_factor).await?;
    Ok((StatusCode::CREATED, Json(json!({ "code": code }))))
}
