//! `POST /forms/assign`: `to` (site, tenant, replica), `name` (its id; empty for the site), `policy` (empty takes it away).

use super::sent::{Refused, Sent, back, parsed};
use crate::doors::Visitor;
use crate::http::desk::{Desk, refused};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use domain::ids::PolicyId;
use serde::Deserialize;
use std::sync::Arc;
use store::policies::Assignee;

pub(super) fn router() -> Router<AppState> {
    Router::new().route("/forms/assign", post(assign))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    to: String,
    #[serde(default)]
    name: String,
    policy: String,
    back: String,
}

async fn assign(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Sent(new): Sent<New>,
) -> Result<Response, Refused> {
    let assignee = match new.to.as_str() {
        "site" => Assignee::Site,
        "tenant" => Assignee::Tenant {
            tenant: parsed("name", &new.name)?,
        },
        "replica" => Assignee::Replica {
            replica: parsed("name", &new.name)?,
        },
        other => {
            let text = format!("`{other}` is none of: site, tenant, replica");
            return Err(Problem::parameter("to", text).into());
        }
    };
    let policy: Option<PolicyId> = match new.policy.trim() {
        "" => None,
        text => Some(parsed("policy", text)?),
    };
    desk.deeds(&visitor)?
        .assign(&assignee, policy.as_ref())
        .await
        .map_err(refused)?;
    Ok(back(&desk, &new.back).await)
}
