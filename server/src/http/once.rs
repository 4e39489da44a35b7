//! `Idempotency-Key`: a write of the API that is sent again when no answer came is done once, and answered as it was.
//!
//! What succeeded is kept and given again. What was refused or failed did nothing, so its key is free again. A write that was broken off
//! by the end of the process is begun again where that does no more than once (its operation says so, [`Operation::again`]); of the
//! others nobody can know, and they say so.

use super::api;
use super::openapi::Operation;
use super::problem::Problem;
use super::state::BODY_BYTES_MAX;
use crate::doors::{Begun, DoorFault, Doors, Once, Visitor};
use axum::body::{Body, to_bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// On an answer that was given before.
pub(super) const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
const KEY_CHARS: std::ops::RangeInclusive<usize> = 8..=128;
/// The longest answer that is kept: no write answers more.
const ANSWER_BYTES_MAX: usize = 1 << 20;
/// What runs ends soon: nobody is told to wait for a whole lease.
const RETRY_SECS_MAX: u32 = 5;

static AGAIN: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| {
    let writes = api::operations().into_iter().filter(Operation::is_write);
    writes.filter(|it| it.again).map(|it| it.path).collect()
});

/// Around every endpoint of the API, inside the wall.
pub(super) async fn once(State(doors): State<Arc<Doors>>, request: Request, next: Next) -> Response {
    if matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE
    ) {
        return next.run(request).await;
    }
    // No write has parameters: one that is given was meant to do something.
    if let Some(query) = request.uri().query().filter(|query| !query.is_empty()) {
        let name = query.split(['=', '&']).next().unwrap_or_default();
        return Problem::parameter(name, "is no parameter of this endpoint").into_response();
    }
    let key = match key(request.headers()) {
        Ok(Some(key)) => key,
        Ok(None) => return next.run(request).await,
        Err(problem) => return problem.into_response(),
    };
    let Some(visitor) = request.extensions().get::<Visitor>().cloned() else {
        return next.run(request).await;
    };
    match with_key(doors, visitor, key, request, next).await {
        Ok(answer) => answer,
        Err(problem) => problem.into_response(),
    }
}

fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let refused = |text: String| Problem::parameter("Idempotency-Key", text);
    let mut all = headers.get_all(KEY).iter();
    let Some(first) = all.next() else {
        return Ok(None);
    };
    if all.next().is_some() {
        return Err(refused("is given twice".to_owned()));
    }
    let text = first.to_str().unwrap_or_default();
    let fits = KEY_CHARS.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
    if fits {
        Ok(Some(text.to_owned()))
    } else {
        Err(refused(format!(
            "has {} to {} visible ASCII characters",
            KEY_CHARS.start(),
            KEY_CHARS.end()
        )))
    }
}

async fn with_key(
    doors: Arc<Doors>,
    visitor: Visitor,
    key: String,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let route = request.extensions().get::<MatchedPath>();
    let again = route.is_some_and(|route| AGAIN.contains(route.as_str()));
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, BODY_BYTES_MAX)
        .await
        .map_err(|_| Problem::too_long())?;
    let asked = [
        parts.method.as_str().as_bytes(),
        parts.uri.path().as_bytes(),
        body.as_ref(),
    ];
    match doors
        .once(&visitor, &key, asked, again)
        .await
        .map_err(Problem::from)?
    {
        Once::Begun(begun) => {
            let request = Request::from_parts(parts, Body::from(body));
            // Whoever asked may go away meanwhile, and come back for the answer.
            let run =
                tokio::spawn(async move { run(&doors, &visitor, &begun, next.run(request).await).await });
            run.await.map_err(|error| {
                tracing::error!(%error, "a write with a key ended without an answer");
                Problem::from(DoorFault::Failed)
            })
        }
        Once::Answered { status, body } => Ok(replayed(status, body.to_vec())),
        Once::Runs { secs } => Err(Problem::new(
            StatusCode::CONFLICT,
            "Still running",
            "the first request with this `Idempotency-Key` still runs: ask again for its answer",
        )
        .after(secs.clamp(1, RETRY_SECS_MAX))),
        Once::BrokenOff => Err(Problem::new(
            StatusCode::CONFLICT,
            "Broken off",
            "the first request with this `Idempotency-Key` was broken off, and nobody knows whether it was done: look, and send it with another key if it was not",
        )),
        Once::Another => Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "Another request",
            "this `Idempotency-Key` came with another request before: take a new key for each write",
        )),
    }
}

/// Keeps the answer of what was done; of what was not, the key is free again.
async fn run(doors: &Doors, visitor: &Visitor, begun: &Begun, answer: Response) -> Response {
    let (parts, body) = answer.into_parts();
    let Ok(body) = to_bytes(body, ANSWER_BYTES_MAX).await else {
        tracing::error!("an answer was too long to be kept");
        return Problem::from(DoorFault::Failed).into_response();
    };
    let kept = if parts.status.is_success() {
        doors
            .once_done(visitor, begun, parts.status.as_u16(), &body)
            .await
    } else {
        doors.once_undone(visitor, begun).await
    };
    if kept.is_err() {
        // It was logged. The answer stands; only its repetition will not find it.
        tracing::warn!("what came of a write with a key was not kept");
    }
    Response::from_parts(parts, Body::from(body))
}

fn replayed(status: u16, body: Vec<u8>) -> Response {
    let mut answer = Response::new(Body::from(body));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    answer
}

#[cfg(test)]
mod tests;
