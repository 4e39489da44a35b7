//! `POST /forms/hold`: `on` (host, tenant, replica), `name` (its id), `until` (an instant, or a length of time such as `4h`), `reason`.

use super::sent::{Refused, Sent, back, parsed};
use crate::deeds::NewHold;
use crate::doors::Visitor;
use crate::http::desk::{Desk, refused};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use serde::Deserialize;
use std::sync::Arc;
use store::holds::HoldTarget;

pub(super) fn router() -> Router<AppState> {
    Router::new().route("/forms/hold", post(hold))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    on: String,
    name: String,
    until: String,
    reason: String,
    back: String,
}

async fn hold(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Sent(new): Sent<New>,
) -> Result<Response, Refused> {
    let target = match new.on.as_str() {
        "host" => HoldTarget::Host {
            host: parsed("name", &new.name)?,
        },
        "tenant" => HoldTarget::Tenant {
            tenant: parsed("name", &new.name)?,
        },
        "replica" => HoldTarget::Replica {
            replica: parsed("name", &new.name)?,
        },
        other => {
            let text = format!("`{other}` is none of: host, tenant, replica");
            return Err(Problem::parameter("on", text).into());
        }
    };
    let hold = NewHold {
        target,
        until: parsed("until", &new.until)?,
        reason: new.reason,
    };
    desk.deeds(&visitor)?.hold(hold).await.map_err(refused)?;
    Ok(back(&desk, &new.back).await)
}
