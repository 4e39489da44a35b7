//! `GET` and `POST /api/v1/tenants` `{id, name, zone}`, `POST /api/v1/tenants/{id}/rules` and `.../rules/remove` `{kind, text}`,
//! `POST /api/v1/tenants/{id}/rules/preview` `{kind, text}`, which changes nothing.

use super::body::Body;
use super::parameters::Parameters;
use crate::deeds::NewTenant;
use crate::document::tenant;
use crate::doors::Visitor;
use crate::http::desk::{Desk, refused};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use ::console::{Console, RuleQuery, TenantsView};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

pub fn router() -> Router<AppState> {
    Router::new()
        .route("/api/v1/tenants", get(list).post(create))
        .route("/api/v1/tenants/{id}/rules", post(add))
        .route("/api/v1/tenants/{id}/rules/remove", post(remove))
        .route("/api/v1/tenants/{id}/rules/preview", post(preview))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    id: String,
    name: String,
    #[serde(default)]
    zone: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    kind: String,
    text: String,
}

async fn all(console: &Arc<dyn Console>) -> Result<TenantsView, Problem> {
    console.tenants(None).await.map_err(Problem::from)
}

async fn list(
    State(console): State<Arc<dyn Console>>,
    parameters: Parameters,
) -> Result<Json<Value>, Problem> {
    parameters.end()?;
    let view = all(&console).await?;
    let rows: Vec<Value> = view.tenants.iter().map(tenant::document).collect();
    Ok(Json(
        json!({ "as_of": crate::document::stamp(view.as_of), "rows": rows }),
    ))
}

async fn one(console: &Arc<dyn Console>, id: &str) -> Result<Json<Value>, Problem> {
    let view = all(console).await?;
    let found = view.tenants.iter().find(|it| it.id.as_str() == id);
    found
        .map(|it| Json(tenant::document(it)))
        .ok_or_else(|| Problem::missing(format!("there is no tenant `{id}`")))
}

async fn create(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    State(console): State<Arc<dyn Console>>,
    Body(new): Body<New>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let new = NewTenant {
        id: new.id,
        name: new.name,
        zone: new.zone,
    };
    let made = desk.deeds(&visitor)?.create_tenant(new).await.map_err(refused)?;
    desk.done().await;
    Ok((StatusCode::CREATED, one(&console, made.id.as_str()).await?))
}

async fn add(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    State(console): State<Arc<dyn Console>>,
    Path(id): Path<String>,
    Body(rule): Body<Rule>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let deeds = desk.deeds(&visitor)?;
    let mapping = deeds
        .mapping(&id, &rule.kind, &rule.text)
        .await
        .map_err(refused)?;
    deeds.map_tenant(&mapping).await.map_err(refused)?;
    desk.done().await;
    Ok((StatusCode::CREATED, one(&console, &id).await?))
}

async fn remove(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    State(console): State<Arc<dyn Console>>,
    Path(id): Path<String>,
    Body(rule): Body<Rule>,
) -> Result<Json<Value>, Problem> {
    let deeds = desk.deeds(&visitor)?;
    let mapping = deeds
        .mapping(&id, &rule.kind, &rule.text)
        .await
        .map_err(refused)?;
    deeds.unmap_tenant(&mapping).await.map_err(refused)?;
    desk.done().await;
    one(&console, &id).await
}

async fn preview(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    State(console): State<Arc<dyn Console>>,
    Path(id): Path<String>,
    Body(rule): Body<Rule>,
) -> Result<Json<Value>, Problem> {
    let deeds = desk.deeds(&visitor)?;
    deeds
        .mapping(&id, &rule.kind, &rule.text)
        .await
        .map_err(refused)?;
    let query = RuleQuery {
        tenant: id,
        kind: rule.kind,
        text: rule.text,
    };
    let view = console.tenants(Some(query)).await.map_err(Problem::from)?;
    match view.preview.as_ref().map(tenant::preview) {
        Some(Ok(document)) => Ok(Json(document)),
        Some(Err(text)) => Err(Problem::new(StatusCode::CONFLICT, "Not tried", text)),
        None => Err(Problem::missing("nothing was tried".to_owned())),
    }
}
