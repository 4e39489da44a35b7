//! `GET /own/logo`, `GET /own/brand.css`: what the hoster set for the tenant of whoever asks. Nobody else's can be named.

use crate::doors::Visitor;
use crate::http::desk::Desk;
use crate::http::state::AppState;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::sync::Arc;

/// Nothing of it is loaded or run, whatever a browser takes it for.
const POLICY: &str = "default-src 'none'; sandbox; frame-ancestors 'none'";

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/own/logo", get(logo))
        .route("/own/brand.css", get(stylesheet))
}

async fn logo(State(desk): State<Arc<Desk>>, visitor: Visitor) -> Response {
    let nothing = || (StatusCode::NOT_FOUND, "no logo is set\n").into_response();
    let Some(tenant) = visitor.seat().tenant() else {
        return nothing();
    };
    match desk.store.tenant_logo(&visitor.scope(), tenant).await {
        Ok(Some(logo)) => (
            [
                (header::CONTENT_TYPE, logo.kind().media_type()),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
                (header::CONTENT_SECURITY_POLICY, POLICY),
            ],
            logo.as_bytes().to_vec(),
        )
            .into_response(),
        Ok(None) => nothing(),
        Err(error) => {
            tracing::error!(error = crate::telling::chain(&error), "a logo cannot be read");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

async fn stylesheet(visitor: Visitor) -> Response {
    (
        [(header::CONTENT_TYPE, "text/css; charset=utf-8")],
        visitor.brand.stylesheet(),
    )
        .into_response()
}
