//! `GET /api/v1/account`: who asks. `POST /api/v1/account/password` `{old, new}`, `.../second-factor` `{password}`,
//! `.../second-factor/confirm` `{code}`, `.../second-factor/remove` `{password}`, `.../recovery` `{password}`.

use super::body::Body;
use super::parameters::Parameters;
use crate::document::done;
use crate::doors::{Doors, Visitor};
use crate::http::openapi::{Operation, Tag, schema as s};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

pub fn router() -> Router<AppState> {
    Router::new()
        .route("/api/v1/account", get(show))
        .route("/api/v1/account/password", post(password))
        .route("/api/v1/account/second-factor", post(begin))
        .route("/api/v1/account/second-factor/confirm", post(confirm))
        .route("/api/v1/account/second-factor/remove", post(remove))
        .route("/api/v1/account/recovery", post(recovery))
}

pub fn operations() -> Vec<Operation> {
    let secret = |least| {
        let mut secret = s::line(least, 512);
        secret["format"] = json!("password");
        secret
    };
    let proof = || {
        s::closed(&[(
            "password",
            secret(1),
            "Yours: an open browser must not be enough.",
        )])
    };
    let example = || json!({ "password": "your password" });
    let codes = || s::shape("RecoveryCodes");
    vec![
        Operation::get(
            "/api/v1/account",
            Tag::Own,
            "showAccount",
            "Show who you are and what you may",
        )
        .answers(200, "Your log-in.", s::shape("Account")),
        Operation::post(
            "/api/v1/account/password",
            Tag::Own,
            "changePassword",
            "Change your password",
        )
        .says("All your other sessions end.")
        .body(
            s::closed(&[
                ("old", secret(1), ""),
                ("new", secret(12), "At least 12 characters."),
            ]),
            json!({ "old": "the one until now", "new": "four plain words here" }),
        )
        .answers(200, "It is changed.", s::shape("Done")),
        Operation::post(
            "/api/v1/account/second-factor",
            Tag::Own,
            "beginSecondFactor",
            "Set up an authenticator",
        )
        .says("Draws a secret; it is asked for once a first code confirmed it.")
        .body(proof(), example())
        .answers(201, "The secret, this once.", s::shape("SecondFactor")),
        Operation::post(
            "/api/v1/account/second-factor/confirm",
            Tag::Own,
            "confirmSecondFactor",
            "Confirm the authenticator",
        )
        .says("From now on a code is asked for at every log-in; all your other sessions end.")
        .body(
            s::closed(&[("code", s::line(6, 10), "As the authenticator shows it now.")]),
            json!({ "code": "123456" }),
        )
        .answers(200, "Recovery codes, this once.", codes()),
        Operation::post(
            "/api/v1/account/second-factor/remove",
            Tag::Own,
            "removeSecondFactor",
            "Take the authenticator away",
        )
        .says("All your other sessions end.")
        .body(proof(), example())
        .answers(200, "It is not asked for any more.", s::shape("Done")),
        Operation::post(
            "/api/v1/account/recovery",
            Tag::Own,
            "renewRecoveryCodes",
            "Make new recovery codes",
        )
        .says("The old ones open nothing any more.")
        .body(proof(), example())
        .answers(200, "Recovery codes, this once.", codes()),
    ]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    old: String,
    new: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Code {
    code: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Password {
    password: String,
}

async fn show(
    State(doors): State<Arc<Doors>>,
    visitor: Visitor,
    parameters: Parameters,
) -> Result<Json<Value>, Problem> {
    parameters.end()?;
    let own = doors.own(&visitor).await?;
    let may: Vec<&str> = visitor.may.iter().map(|it| it.code()).collect();
    Ok(Json(json!({
        "login": own.person.login.as_str(), "name": own.person.name, "role": own.person.seat.role().code(),
        "tenant": own.person.seat.tenant(), "may": may, "second_factor": own.person.second_factor,
        "recovery_codes": own.recovery_left,
    })))
}

async fn password(
    State(doors): State<Arc<Doors>>,
    visitor: Visitor,
    Body(change): Body<Change>,
) -> Result<Json<Value>, Problem> {
    let (old, new) = (SecretString::from(change.old), SecretString::from(change.new));
    doors.password_change(&visitor, old, new).await?;
    Ok(Json(done(visitor.person.id)))
}

async fn begin(
    State(doors): State<Arc<Doors>>,
    visitor: Visitor,
    Body(given): Body<Password>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let begun = doors.second_factor_begin(&visitor, given.password.into()).await?;
    Ok((
        StatusCode::CREATED,
        Json(json!({ "secret": begun.secret, "uri": begun.uri })),
    ))
}

async fn confirm(
    State(doors): State<Arc<Doors>>,
    visitor: Visitor,
    Body(given): Body<Code>,
) -> Result<Json<Value>, Problem> {
    let codes = doors.second_factor_confirm(&visitor, &given.code).await?;
    Ok(Json(json!({ "codes": codes })))
}

async fn remove(
    State(doors): State<Arc<Doors>>,
    visitor: Visitor,
    Body(given): Body<Password>,
) -> Result<Json<Value>, Problem> {
    doors
        .second_factor_remove(&visitor, given.password.into())
        .await?;
    Ok(Json(done(visitor.person.id)))
}

async fn recovery(
    State(doors): State<Arc<Doors>>,
    visitor: Visitor,
    Body(given): Body<Password>,
) -> Result<Json<Value>, Problem> {
    let codes = doors.recovery_renew(&visitor, given.password.into()).await?;
    Ok(Json(json!({ "codes": codes })))
}
