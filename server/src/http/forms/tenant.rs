//! `POST /forms/tenant`: `id`, `name`, `zone` (IANA; UTC when empty). `POST /forms/rule`: `tenant`, `kind`, `text`, `change` (add, remove).

use super::sent::{Refused, Sent, back};
use crate::deeds::NewTenant;
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

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/forms/tenant", post(create))
        .route("/forms/rule", post(change))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    id: String,
    name: String,
    #[serde(default)]
    zone: String,
    back: String,
}

async fn create(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Sent(new): Sent<New>,
) -> Result<Response, Refused> {
    let tenant = NewTenant {
        id: new.id,
        name: new.name,
        zone: new.zone,
    };
    desk.deeds(&visitor)?
        .create_tenant(tenant)
        .await
        .map_err(refused)?;
    Ok(back(&desk, &new.back).await)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    tenant: String,
    kind: String,
    text: String,
    change: String,
    back: String,
}

async fn change(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Sent(rule): Sent<Rule>,
) -> Result<Response, Refused> {
    let deeds = desk.deeds(&visitor)?;
    let mapping = deeds.mapping(&rule.tenant, &rule.kind, &rule.text).await;
    let mapping = mapping.map_err(refused)?;
    match rule.change.as_str() {
        "add" => deeds.map_tenant(&mapping).await.map_err(refused)?,
        "remove" => deeds.unmap_tenant(&mapping).await.map_err(refused)?,
        other => {
            let text = format!("`{other}` is none of: add, remove");
            return Err(Problem::parameter("change", text).into());
        }
    }
    Ok(back(&desk, &rule.back).await)
}
