//! The HTTP server: pages, API, probes, behind one guard. One file per endpoint; nothing is routed anywhere else.

pub mod access;
pub mod api;
pub mod caller;
mod cookie;
pub mod desk;
mod docs;
mod door;
mod failures;
mod forms;
#[doc(hidden)]
pub mod fuzzing;
mod guard;
mod harden;
mod limits;
pub mod listen;
mod metrics;
mod once;
mod openapi;
mod pages;
mod problem;
mod reports;
pub mod state;
pub mod tls;
mod wall;

pub use caller::Caller;
pub use desk::Desk;
pub use guard::Guard;
pub use metrics::Traffic;
use state::BODY_BYTES_MAX;
pub use state::{AppState, Events};

use crate::doors::Doors;
use ::console::Console;
use axum::Router;
use axum::http::StatusCode;
use leptos::config::LeptosOptions;
use limits::Limits;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use store::SqliteStore;
use tokio_util::sync::CancellationToken;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate as _};
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;

/// Until an answer begins; a stream of events may then go on for days.
const ANSWER_SECS_MAX: u64 = 30;

/// Everything that is served under `guard`'s names: screens (with their built files from `site`), API, probes.
/// `stop` ends the event streams, which would otherwise keep a server that stops waiting for ever.
pub fn router(
    console: Arc<dyn Console>,
    desk: Desk,
    doors: Arc<Doors>,
    store: SqliteStore,
    site: &Path,
    guard: Guard,
    stop: CancellationToken,
) -> Router {
    let limits = Limits::default();
    with_limits(console, desk, doors, store, site, guard, stop, limits)
}

#[expect(
    clippy::too_many_arguments,
    reason = "what a server is made of, and how much it answers"
)]
fn with_limits(
    console: Arc<dyn Console>,
    desk: Desk,
    doors: Arc<Doors>,
    store: SqliteStore,
    site: &Path,
    guard: Guard,
    stop: CancellationToken,
    limits: Limits,
) -> Router {
    let options = LeptosOptions::builder()
        .output_name("stillpoint")
        .site_root(site.display().to_string())
        .site_pkg_dir("pkg")
        .site_addr(guard.bound())
        .build();
    let pages = pages::router(&options, &console);
    let events = Events::of(&store, stop);
    guarded(
        AppState {
            console,
            desk: Arc::new(desk),
            doors,
            events,
            readiness: Arc::new(store),
            limits: Arc::new(limits),
            traffic: Traffic::default(),
        },
        guard,
        pages,
    )
}

fn guarded(state: AppState, guard: Guard, pages: Router<AppState>) -> Router {
    Router::new()
        .merge(api::router(&state.doors))
        .merge(forms::router())
        .merge(door::router())
        .merge(metrics::router())
        .merge(pages)
        // Who asks, and whether it is there for them. Nothing is merged behind this.
        .layer(axum::middleware::from_fn_with_state(
            (Arc::clone(&state.doors), Arc::clone(&state.limits)),
            wall::check,
        ))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            Duration::from_secs(ANSWER_SECS_MAX),
        ))
        .layer(RequestBodyLimitLayer::new(BODY_BYTES_MAX))
        .layer(axum::middleware::from_fn(problem::of_the_api))
        .layer(CompressionLayer::new().compress_when(
            // A disk is asked for by its bytes, and continued by them.
            DefaultPredicate::new().and(NotForContentType::const_new("application/octet-stream")),
        ))
        // What comes under a foreign name reaches nothing, not even a 404.
        .layer(axum::middleware::from_fn_with_state(guard, guard::check))
        .layer(axum::middleware::from_fn(harden::harden))
        .layer(axum::middleware::from_fn_with_state(
            state.traffic.clone(),
            metrics::count,
        ))
        .with_state(state)
}
