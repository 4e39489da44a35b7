//! `GET /metrics`: the site's figures and this server's, as Prometheus reads them (OpenMetrics 1.0). The same figures as on the screens,
//! from the same views. No label tells a tenant, a replica or a host, so the number of series is the same on every site.

mod figures;
#[cfg(test)]
mod tests;

use super::desk::Desk;
use super::problem::Problem;
use super::state::AppState;
use ::console::Console;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use figures::Figure;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use tokio::time::Instant;

const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Seconds; pages are meant to be below the third.
const BUCKETS: [f64; 9] = [0.005, 0.02, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0, 30.0];

type Labels = Vec<(&'static str, &'static str)>;

/// What this process counts of its own answers since it started.
#[derive(Debug, Clone)]
pub struct Traffic {
    answers: Family<Labels, Counter>,
    seconds: Family<Labels, Histogram>,
    started: Instant,
}

impl Default for Traffic {
    fn default() -> Self {
        Self {
            answers: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            started: Instant::now(),
        }
    }
}

impl Traffic {
    fn register(&self, registry: &mut Registry) {
        registry.register(
            "http_answers",
            "Answers since the start, by what was asked and by class of status",
            self.answers.clone(),
        );
        registry.register(
            "http_answer_seconds",
            "Until an answer began",
            self.seconds.clone(),
        );
        let up = Gauge::<f64, AtomicU64>::default();
        up.set(self.started.elapsed().as_secs_f64());
        registry.register("up_seconds", "Since this process began to serve", up);
    }
}

/// Which part of the server a path belongs to; whatever is asked for, it is one of these.
fn part(path: &str) -> &'static str {
    const PARTS: [(&str, &str); 8] = [
        ("/api/", "api"),
        ("/fn/", "screen"),
        ("/forms/", "form"),
        ("/pkg/", "file"),
        ("/fonts/", "file"),
        ("/healthz", "probe"),
        ("/readyz", "probe"),
        ("/metrics", "probe"),
    ];
    PARTS
        .iter()
        .find(|(prefix, _)| path.starts_with(prefix))
        .map_or("page", |(_, part)| part)
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}

/// Counts every answer, refusals included.
pub(super) async fn count(State(traffic): State<Traffic>, request: Request, next: Next) -> Response {
    let part = part(request.uri().path());
    let begun = Instant::now();
    let answer = next.run(request).await;
    let labels = vec![("part", part), ("status", class(answer.status()))];
    traffic.answers.get_or_create(&labels).inc();
    let labels = vec![("part", part)];
    traffic
        .seconds
        .get_or_create(&labels)
        .observe(begun.elapsed().as_secs_f64());
    answer
}

pub fn router() -> Router<AppState> {
    Router::new().route("/metrics", get(show))
}

async fn show(
    State(console): State<Arc<dyn Console>>,
    State(desk): State<Arc<Desk>>,
    State(traffic): State<Traffic>,
) -> Result<Response, Problem> {
    let (night, bar) = futures::try_join!(console.night(), console.bar())?;
    let planned = desk.engine.planned().map(|planned| planned.at);
    let text = written(&figures::of(&night, &bar, planned, desk.now()), &traffic).map_err(|_| {
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Not written",
            "the figures could not be written",
        )
    })?;
    Ok(([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response())
}

fn written(figures: &[Figure], traffic: &Traffic) -> Result<String, std::fmt::Error> {
    let mut registry = Registry::with_prefix("stillpoint");
    for figure in figures {
        let family = Family::<Labels, Gauge<f64, AtomicU64>>::default();
        for (labels, value) in &figure.rows {
            family.get_or_create(labels).set(*value);
        }
        registry.register(figure.name, figure.help, family);
    }
    traffic.register(&mut registry);
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}
