//! `/api/v1` and the probes: one file per endpoint, each with its own `router()`.

mod account;
mod acknowledgements;
mod activity;
mod attempts;
mod audit;
mod backup;
mod body;
mod branding;
mod cancel;
mod corrections;
mod disks;
pub(super) mod events;
mod findings;
mod health;
mod holds;
mod hosts;
mod invitations;
mod night;
mod obligations;
mod own;
pub(super) mod parameters;
mod people;
mod plan;
mod points;
mod policies;
mod ready;
mod replica;
mod replicas;
mod reports;
mod sessions;
mod sla;
mod tenants;
#[cfg(test)]
pub(super) mod tests;
mod tokens;

pub(super) use own::stream as own_events;

use super::openapi::{self, Operation, Tag};
use super::problem::Problem;
use super::state::AppState;
use super::{docs, once};
use crate::doors::Doors;
use axum::Router;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::routing::any;
use std::sync::Arc;
use tower_http::set_header::SetResponseHeaderLayer;

/// All endpoints for programs.
pub fn router(doors: &Arc<Doors>) -> Router<AppState> {
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
        .merge(branding::router())
        .merge(findings::router())
        .merge(own::router())
        .merge(cancel::router())
        .merge(events::router())
        .merge(hosts::router())
        .merge(backup::router())
        .merge(people::router())
        .merge(invitations::router())
        .merge(tokens::router())
        .merge(sessions::router())
        .merge(account::router())
        .merge(audit::router())
        .merge(activity::router())
        .merge(openapi::router())
        .merge(docs::router())
        .merge(health::router())
        .merge(ready::router())
        .route("/api", any(unknown))
        .route("/api/", any(unknown))
        .route("/api/{*rest}", any(unknown))
        .method_not_allowed_fallback(not_allowed)
        .layer(axum::middleware::from_fn_with_state(
            Arc::clone(doors),
            once::once,
        ))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::CACHE_CONTROL,
            HeaderValue::from_static("no-store"),
        ))
}

/// What each endpoint says of itself, in the order of the addresses.
pub(super) fn operations() -> Vec<Operation> {
    let mut all = [
        night::operations(),
        hosts::operations(),
        findings::operations(),
        events::operations(),
        replicas::operations(),
        replica::operations(),
        plan::operations(),
        backup::operations(),
        attempts::operations(),
        cancel::operations(),
        points::operations(),
        disks::operations(),
        obligations::operations(),
        sla::operations(),
        reports::operations(),
        corrections::operations(),
        policies::operations(),
        holds::operations(),
        acknowledgements::operations(),
        tenants::operations(),
        branding::operations(),
        own::operations(),
        people::operations(),
        invitations::operations(),
        tokens::operations(),
        account::operations(),
        sessions::operations(),
        audit::operations(),
        activity::operations(),
        openapi::operations(),
    ]
    .concat();
    all.sort_by_key(|it| Tag::ALL.iter().position(|tag| *tag == it.tag));
    all
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
