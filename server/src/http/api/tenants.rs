//! `GET` and `POST /api/v1/tenants` `{id, name, zone}`, `POST /api/v1/tenants/{id}/rules` and `.../rules/remove` `{kind, text}`,
//! `POST /api/v1/tenants/{id}/rules/preview` `{kind, text}`, which changes nothing.

use super::body::Body;
use super::parameters::Parameters;
use crate::deeds::NewTenant;
use crate::document::tenant;
use crate::doors::Visitor;
use crate::http::desk::{Desk, refused};
use crate::http::openapi::{Operation, Tag, reason_of, schema as s};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use ::console::{Console, RuleQuery, TenantsView};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use domain::door::mapping::MappingRule;
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

pub fn operations() -> Vec<Operation> {
    let rule = || {
        s::closed(&[
            ("kind", s::words(MappingRule::KINDS), ""),
            (
                "text",
                s::line(1, 1_000),
                "A trust group, a pattern of the primary's name, or a folder.",
            ),
        ])
    };
    let example = || json!({ "kind": "primary", "text": "*.contoso.example" });
    let new = s::closed(&[
        ("id", s::slug(), "Never changes."),
        ("name", reason_of(120), ""),
        ("zone?", s::line(0, 100), "IANA name; UTC if not given."),
    ]);
    vec![
        Operation::get("/api/v1/tenants", Tag::Tenants, "listTenants", "List tenants and their rules")
            .answers(200, "All tenants.", s::shape("Tenants")),
        Operation::post("/api/v1/tenants", Tag::Tenants, "createTenant", "Create a tenant")
            .says("No replica is its own before a rule claims it.")
            .body(new, json!({ "id": "tailspin", "name": "Tailspin Toys", "zone": "Europe/Berlin" }))
            .answers(201, "The tenant.", s::shape("Tenant"))
            .again(),
        Operation::post("/api/v1/tenants/{id}/rules", Tag::Tenants, "addRule", "Add a rule")
            .says("What it claims belongs to the tenant from the next look at each host on.")
            .path("id", s::slug(), "The tenant.")
            .body(rule(), example())
            .answers(201, "The tenant.", s::shape("Tenant"))
            .again(),
        Operation::post("/api/v1/tenants/{id}/rules/remove", Tag::Tenants, "removeRule", "Take a rule away")
            .path("id", s::slug(), "The tenant.")
            .body(rule(), example())
            .answers(200, "The tenant.", s::shape("Tenant"))
            .again(),
        Operation::post("/api/v1/tenants/{id}/rules/preview", Tag::Tenants, "previewRule", "Try a rule")
            .says("Which replicas it would claim, by what the hosts showed last. Changes nothing; 409 where no host is watched.")
            .path("id", s::slug(), "The tenant.")
            .body(rule(), example())
            .answers(200, "What it would do.", s::shape("RulePreview"))
            .again(),
    ]
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

pub(super) async fn one(console: &Arc<dyn Console>, id: &str) -> Result<Json<Value>, Problem> {
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
