//! `GET /api/v1/openapi.json`: the API described as OpenAPI 3.1. Each endpoint describes itself beside its handler
//! (`operations()`); who may ask stands in [`super::access`] and is read from there, so the two cannot differ.

mod operation;
mod said;
pub(super) mod schema;
mod shapes;
mod tag;
#[cfg(test)]
mod tests;

pub(super) use operation::{Answer, Operation, Parameter, Place};
pub(super) use said::for_whom;
pub(super) use shapes::{reason, reason_of};
pub(super) use tag::Tag;

use super::access::{self, Access};
use super::api;
use super::state::AppState;
use axum::http::{Method, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use domain::door::permission::Permission;
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

pub(super) fn router() -> Router<AppState> {
    Router::new().route("/api/v1/openapi.json", get(show))
}

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| document(&api::operations()));

/// The document, which is the same as long as the program is.
pub(super) fn described() -> &'static Value {
    &DOCUMENT
}

async fn show() -> impl IntoResponse {
    ([(header::CACHE_CONTROL, "no-cache")], Json(described()))
}

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::get(
            "/api/v1/openapi.json",
            Tag::About,
            "describe",
            "Describe this API",
        )
        .says("This document. It needs no log-in.")
        .answers(200, "OpenAPI 3.1.", schema::any_object("An OpenAPI document.")),
    ]
}

/// What a route asks for, from the one table.
pub(super) fn access_of(operation: &Operation) -> Option<Access> {
    let method = Method::from_bytes(operation.method.as_bytes()).ok()?;
    access::of(&method, Some(operation.path), operation.path)
}

pub(super) fn is_public(operation: &Operation) -> bool {
    access_of(operation) == Some(Access::Public)
}

/// Whether a token opens it.
pub(super) fn by_token(operation: &Operation) -> bool {
    match access_of(operation) {
        Some(Access::Site(permission) | Access::Scoped(permission) | Access::Tenant(permission)) => {
            permission.may_be_carried()
        }
        _ => false,
    }
}

fn document(operations: &[Operation]) -> Value {
    let mut paths = Map::new();
    for operation in operations {
        let access = access_of(operation);
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method.to_ascii_lowercase()] = operation.document(access);
    }
    let carried = Permission::ALL.iter().filter(|it| it.may_be_carried());
    let scopes: Vec<String> = carried.map(|it| format!("`{it}`")).collect();
    json!({
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "Stillpoint",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Backups of Hyper-V replicas: what was promised, what was kept, and why not",
            "description": "Times are RFC 3339 in UTC. Errors are `application/problem+json`; one about a parameter or a field names it in \
                `parameter`. What is not for you answers as what is not there: 404. Lists are read page by page: ask again with the `next` of \
                a page as `cursor`. A write may carry an `Idempotency-Key`, so that it can be sent again when no answer came. An unknown \
                parameter or field is refused, so a misspelt filter never shows everything. A method that an address does not know \
                is 405 with `Allow`; a name that this server does not go by is 421.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "tags": Tag::ALL.iter().map(|tag| json!({ "name": tag.name(), "description": tag.says() })).collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "schemas": shapes::all().into_iter().collect::<Map<String, Value>>(),
            "securitySchemes": {
                "session": {
                    "type": "apiKey", "in": "cookie", "name": "stillpoint",
                    "description": "A browser's session, made by `POST /login`. Over TLS the cookie is named `__Host-stillpoint`.",
                },
                "token": {
                    "type": "http", "scheme": "bearer",
                    "description": format!(
                        "A token of `/tokens`: it may do what it was given and its giver still may. The scopes are permissions: {}.",
                        scopes.join(", ")
                    ),
                },
            },
        },
    })
}
