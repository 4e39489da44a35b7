//! `/api/v1` and the probes: one file per endpoint, each with its own `router()`.

mod acknowledgements;
mod attempts;
mod body;
mod cancel;
mod corrections;
mod disks;
mod events;
mod findings;
mod health;
mod holds;
mod night;
mod obligations;
pub(super) mod parameters;
mod plan;
mod points;
mod policies;
mod ready;
mod replica;
mod replicas;
mod reports;
mod sla;
mod tenants;
#[cfg(test)]
pub(super) mod tests;

use super::problem::Problem;
use super::state::AppState;
use axum::Router;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::routing::any;
use tower_http::set_header::SetResponseHeaderLayer;

/// All endpoints for programs.
pub fn router() -> Router<AppState> {
    Router::new()
        .merge(replicas::router())
        .merge(replica::router())
        .merge(attempts::router())
        .merge(points::router())
        .merge(disks::router())
        .merge(night::router())
        .merge(obligations::router())
        .merge(sla::router())
        .merge(reports::router())
        .merge(plan::router())
        .merge(holds::router())
        .merge(acknowledgements::router())
        .merge(corrections::router())
        .merge(policies::router())
        .merge(tenants::router())
        .merge(findings::router())
        .merge(cancel::router())
        .merge(events::router())
        .merge(health::router())
        .merge(ready::router())
        .route("/api", any(unknown))
        .route("/api/", any(unknown))
        .route("/api/{*rest}", any(unknown))
        .method_not_allowed_fallback(not_allowed)
        .layer(SetResponseHeaderLayer::if_not_present(
            header::CACHE_CONTROL,
            HeaderValue::from_static("no-store"),
        ))
}

async fn unknown(uri: Uri) -> Problem {
    Problem::missing(format!(
        "{} is no endpoint of this API, which is at /api/v1",
        uri.path()
    ))
}

async fn not_allowed(method: Method, uri: Uri) -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "Method not allowed",
        format!(
            "{} does not answer {method}; the header `Allow` names what it answers",
            uri.path()
        ),
    )
}
