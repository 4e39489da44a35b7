//! `POST /forms/frame`: `tenant`, `open`, `due`, `minutes_min`, `change` (set, take). `POST /forms/brand`: `multipart/form-data` with `tenant`,
//! `name`, `accent`, `logo` (a file; empty keeps the one that is there), `logo_off`.

use super::sent::{Refused, Sent, back};
use crate::deeds::{LogoChange, NewBrand, NewFrame};
use crate::doors::Visitor;
use crate::http::desk::{Desk, refused};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use axum::Router;
use axum::extract::{Multipart, State};
use axum::response::Response;
use axum::routing::post;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/forms/frame", post(frame))
        .route("/forms/brand", post(brand))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Frame {
    tenant: String,
    #[serde(default)]
    open: String,
    #[serde(default)]
    due: String,
    #[serde(default)]
    minutes_min: String,
    change: String,
    back: String,
}

async fn frame(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Sent(sent): Sent<Frame>,
) -> Result<Response, Refused> {
    let new = NewFrame {
        open: sent.open,
        due: sent.due,
        minutes_min: sent.minutes_min,
    };
    let frame = match sent.change.as_str() {
        "set" => Some(new.read().map_err(refused)?),
        "take" => None,
        other => {
            let text = format!("`{other}` is none of: set, take");
            return Err(Problem::parameter("change", text).into());
        }
    };
    let deeds = desk.deeds(&visitor)?;
    deeds
        .frame_tenant(&sent.tenant, frame.as_ref())
        .await
        .map_err(refused)?;
    Ok(back(&desk, &sent.back).await)
}

/// The fields that are text; the rest is refused.
const TEXTS: [&str; 5] = ["tenant", "name", "accent", "logo_off", "back"];

async fn brand(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    mut sent: Multipart,
) -> Result<Response, Refused> {
    let bad = |error: axum::extract::multipart::MultipartError| {
        Problem::new(error.status(), "Not a form", error.body_text())
    };
    let (mut texts, mut file) = (BTreeMap::new(), Vec::new());
    // The whole request is bounded, so each of its parts is.
    while let Some(field) = sent.next_field().await.map_err(bad)? {
        match field.name() {
            Some("logo") => file = field.bytes().await.map_err(bad)?.to_vec(),
            Some(name) if TEXTS.contains(&name) => {
                let name = name.to_owned();
                texts.insert(name, field.text().await.map_err(bad)?);
            }
            other => {
                let text = format!("`{}` is no field of this form", other.unwrap_or_default());
                return Err(Problem::parameter("form", text).into());
            }
        }
    }
    let mut text = |name: &str| texts.remove(name).unwrap_or_default();
    let logo = match (file.is_empty(), text("logo_off").as_str()) {
        (false, _) => LogoChange::Put(file),
        (true, "on") => LogoChange::TakeAway,
        (true, _) => LogoChange::Keep,
    };
    let new = NewBrand {
        name: Some(text("name")),
        accent: Some(text("accent")),
        logo,
    };
    let (tenant, to) = (text("tenant"), text("back"));
    desk.deeds(&visitor)?
        .brand_tenant(&tenant, new)
        .await
        .map_err(refused)?;
    Ok(back(&desk, &to).await)
}
