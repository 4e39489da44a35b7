//! `POST /forms/correct`: `replica`, `day`, `change` (excuse, attribute, restore), `owner` (provider, tenant, external; empty with restore),
//! `reason`.

use super::sent::{Refused, Sent, back, parsed};
use crate::deeds::NewCorrection;
use crate::doors::Visitor;
use crate::http::desk::{Desk, refused};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use domain::obligation::{Change, Owner};
use serde::Deserialize;
use std::sync::Arc;

pub(super) fn router() -> Router<AppState> {
    Router::new().route("/forms/correct", post(correct))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    replica: String,
    day: String,
    change: String,
    #[serde(default)]
    owner: String,
    reason: String,
    back: String,
}

async fn correct(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Sent(new): Sent<New>,
) -> Result<Response, Refused> {
    let change = match new.change.as_str() {
        "excuse" => Change::Excuse {
            owner: owner(&new.owner)?,
        },
        "attribute" => Change::Attribute {
            owner: owner(&new.owner)?,
        },
        "restore" => Change::Restore,
        other => {
            let text = format!("`{other}` is none of: excuse, attribute, restore");
            return Err(Problem::parameter("change", text).into());
        }
    };
    let correction = NewCorrection {
        replica: parsed("replica", &new.replica)?,
        day: parsed("day", &new.day)?,
        change,
        reason: new.reason,
    };
    desk.deeds(&visitor)?.correct(correction).await.map_err(refused)?;
    Ok(back(&desk, &new.back).await)
}

fn owner(text: &str) -> Result<Owner, Refused> {
    match text {
        "provider" => Ok(Owner::Provider),
        "tenant" => Ok(Owner::Tenant),
        "external" => Ok(Owner::External),
        other => {
            let text = format!("`{other}` is none of: provider, tenant, external");
            Err(Problem::parameter("owner", text).into())
        }
    }
}
