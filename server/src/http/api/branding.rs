//! `POST /api/v1/tenants/{id}/frame` `{frame: {within, minutes_min} or null}`: where a tenant may move its window. `POST
//! /api/v1/tenants/{id}/brand` `{name, accent, logo}`: what is left out stays, null takes it away; a logo is a file in base64.

use super::body::Body;
use super::tenants::one;
use crate::deeds::{LogoChange, NewBrand};
use crate::doors::Visitor;
use crate::http::desk::{Desk, refused};
use crate::http::openapi::{Operation, Tag, schema as s};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use ::console::Console;
use axum::extract::{Path, State};
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::door::window::WindowFrame;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use std::sync::Arc;

pub fn router() -> Router<AppState> {
    Router::new()
        .route("/api/v1/tenants/{id}/frame", post(frame))
        .route("/api/v1/tenants/{id}/brand", post(brand))
}

pub fn operations() -> Vec<Operation> {
    let frame = s::closed(&[(
        "frame",
        s::maybe(s::shape("Frame")),
        "Null takes it away, and a window that was moved with it.",
    )]);
    let night = json!({ "open": "18:00", "due": "10:00", "due_next_day": true });
    let brand = s::closed(&[
        ("name?", s::maybe(s::text()), "At most 60 characters."),
        (
            "accent?",
            s::maybe(s::text()),
            "Such as `#1f7a5a`; it has to be seen on light and dark paper.",
        ),
        (
            "logo?",
            s::maybe(s::text()),
            "A PNG, JPEG or WebP file in base64, at most 32 KiB and 1024 pixels a side.",
        ),
    ]);
    vec![
        Operation::post(
            "/api/v1/tenants/{id}/frame",
            Tag::Tenants,
            "frameTenant",
            "Say where a tenant may move its window",
        )
        .says("From the next day that opens, a window that does not fit it gives way to the policy's.")
        .path("id", s::slug(), "The tenant.")
        .body(frame, json!({ "frame": { "within": night, "minutes_min": 300 } }))
        .answers(200, "The tenant.", s::shape("Tenant"))
        .again(),
        Operation::post(
            "/api/v1/tenants/{id}/brand",
            Tag::Tenants,
            "brandTenant",
            "Say how a tenant's pages look",
        )
        .says("What is left out stays; null takes it away.")
        .path("id", s::slug(), "The tenant.")
        .body(
            brand,
            json!({ "name": "Contoso Cover", "accent": "#1f7a5a", "logo": null }),
        )
        .answers(200, "The tenant.", s::shape("Tenant"))
        .again(),
    ]
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Frame {
    /// There, null or not: what is left out by mistake takes nothing away.
    #[serde(deserialize_with = "Option::deserialize")]
    frame: Option<WindowFrame>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Brand {
    #[serde(default, deserialize_with = "given")]
    name: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    accent: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    logo: Option<Option<String>>,
}

/// A field that is there, null or not.
fn given<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(value).map(Some)
}

async fn frame(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    State(console): State<Arc<dyn Console>>,
    Path(id): Path<String>,
    Body(new): Body<Frame>,
) -> Result<Json<Value>, Problem> {
    let deeds = desk.deeds(&visitor)?;
    deeds
        .frame_tenant(&id, new.frame.as_ref())
        .await
        .map_err(refused)?;
    desk.done().await;
    one(&console, &id).await
}

async fn brand(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    State(console): State<Arc<dyn Console>>,
    Path(id): Path<String>,
    Body(new): Body<Brand>,
) -> Result<Json<Value>, Problem> {
    let logo = match new.logo {
        None => LogoChange::Keep,
        Some(None) => LogoChange::TakeAway,
        Some(Some(text)) => {
            let file = STANDARD.decode(text.trim());
            LogoChange::Put(
                file.map_err(|error| Problem::parameter("logo", format!("is not base64: {error}")))?,
            )
        }
    };
    let new = NewBrand {
        name: new.name.map(Option::unwrap_or_default),
        accent: new.accent.map(Option::unwrap_or_default),
        logo,
    };
    desk.deeds(&visitor)?
        .brand_tenant(&id, new)
        .await
        .map_err(refused)?;
    desk.done().await;
    one(&console, &id).await
}
