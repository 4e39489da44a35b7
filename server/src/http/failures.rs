//! Failures of server functions, for whoever asked: the screens' wasm reads JSON, a plain form's sender reads words.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use console::UiError;

/// Where server functions are.
const PREFIX: &str = "/fn/";
/// No failure is longer.
const FAILURE_BYTES_MAX: usize = 64 * 1024;

/// A failure gets the status that it names. One of a plain form (no JavaScript) becomes a page of words, where the framework
/// would lead back with the failure in the URL or show its JSON.
pub(super) async fn failures(request: Request, next: Next) -> Response {
    let is_function = request.uri().path().starts_with(PREFIX);
    let from_form = is_function && wants_page(request.headers());
    let response = next.run(request).await;
    if is_function {
        told(response, from_form).await
    } else {
        response
    }
}

fn wants_page(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

async fn told(response: Response, from_form: bool) -> Response {
    let location = response.headers().get(header::LOCATION);
    let leads_back_with_failure = location
        .and_then(|location| location.to_str().ok())
        .is_some_and(|location| location.contains("__err="));
    let failed = response.status().is_client_error() || response.status().is_server_error();
    if !failed && !leads_back_with_failure {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, FAILURE_BYTES_MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let Ok(error) = serde_json::from_slice::<UiError>(&bytes) else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if from_form {
        return (
            status,
            format!("{error}\n\nYour browser's Back leads to the page before.\n"),
        )
            .into_response();
    }
    parts.status = status;
    parts.headers.remove(header::LOCATION);
    Response::from_parts(parts, Body::from(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::routing::post;
    use tower::ServiceExt as _;

    /// As the framework answers: a missing field is 500, a form's failure leads back with it in the URL, and where the status
    /// was set by hand the JSON comes with a `Location`.
    fn app() -> Router {
        let missing = r#"{"error":"not-found","what":"replica","id":"7"}"#;
        let invalid = r#"{"error":"invalid","field":"request","text":"missing field `id`"}"#;
        let back = "/replicas?__path=%2Ffn%2Fback_up_now&__err=eyJl";
        Router::new()
            .route(
                "/fn/invalid",
                post(move || async move { (StatusCode::INTERNAL_SERVER_ERROR, invalid) }),
            )
            .route(
                "/fn/back",
                post(move || async move { (StatusCode::FOUND, [(header::LOCATION, back)], invalid) }),
            )
            .route(
                "/fn/missing",
                post(move || async move { (StatusCode::NOT_FOUND, [(header::LOCATION, "/")], missing) }),
            )
            .route(
                "/fn/good",
                post(|| async {
                    (
                        StatusCode::FOUND,
                        [(header::LOCATION, "/replicas/7?requested=1")],
                        "",
                    )
                }),
            )
            .layer(axum::middleware::from_fn(failures))
    }

    async fn ask(path: &str, accept: &str) -> (u16, Option<String>, String) {
        let request = Request::post(path)
            .header(header::ACCEPT, accept)
            .body(Body::empty())
            .unwrap();
        let response = app().oneshot(request).await.unwrap();
        let location = response
            .headers()
            .get(header::LOCATION)
            .map(|v| v.to_str().unwrap().to_owned());
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), 1 << 16).await.unwrap();
        (status, location, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_plain_form_is_told_in_words_and_led_nowhere() {
        for (path, status, words) in [
            ("/fn/invalid", 422, "missing field `id`"),
            ("/fn/back", 422, "missing field `id`"),
            ("/fn/missing", 404, "there is no replica 7"),
        ] {
            let (found, location, body) = ask(path, "text/html,application/xhtml+xml").await;
            assert_eq!((found, location), (status, None), "{path}");
            assert!(body.contains(words) && !body.contains('{'), "{path}: {body}");
        }
        let (status, location, _) = ask("/fn/good", "text/html").await;
        assert_eq!(
            (status, location.as_deref()),
            (302, Some("/replicas/7?requested=1"))
        );
    }

    #[tokio::test]
    async fn the_screens_get_json_with_the_status_that_it_means() {
        for (path, status) in [("/fn/invalid", 422), ("/fn/missing", 404)] {
            let (found, location, body) = ask(path, "application/json").await;
            assert_eq!((found, location), (status, None), "{path}");
            assert!(serde_json::from_str::<UiError>(&body).is_ok(), "{body}");
        }
    }
}
