use crate::http::api::tests::Server;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request};
use serde_json::{Value, json};
use store::audit::AuditStore as _;
use store::traits::Scope;
use tower::ServiceExt as _;

struct Reply {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

async fn post(server: &Server, path: &str, keys: &[&str], body: &Value) -> Reply {
    let mut request = Request::post(path)
        .header("host", "127.0.0.1:3000")
        .header("cookie", &server.operator)
        .header("content-type", "application/json");
    for key in keys {
        request = request.header("idempotency-key", *key);
    }
    let request = request.body(Body::from(body.to_string())).unwrap();
    let answer = server.app.clone().oneshot(request).await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    Reply {
        status,
        headers,
        body: serde_json::from_slice(&body).unwrap(),
    }
}

fn hold(server: &Server, reason: &str) -> Value {
    json!({ "target": { "on": "host", "host": server.seed.ours.host }, "until": "4h", "reason": reason })
}

const SITE: Scope = Scope::Site { reason: "test" };

#[tokio::test]
async fn a_write_sent_again_with_its_key_is_done_once_told_once_and_answered_as_it_was() {
    let server = Server::new().await;
    let body = hold(&server, "new storage");
    let before = server.store.audit_page(&SITE, None, 500).await.unwrap().len();
    let first = post(&server, "/api/v1/holds", &["order-66"], &body).await;
    assert_eq!(first.status, 201, "{}", first.body);
    assert!(!first.headers.contains_key("idempotency-replayed"));
    let again = post(&server, "/api/v1/holds", &["order-66"], &body).await;
    assert_eq!((again.status, &again.body), (201, &first.body));
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(again.headers["content-type"], first.headers["content-type"]);
    let after = server.store.audit_page(&SITE, None, 500).await.unwrap().len();
    assert_eq!(after, before + 1, "one line in the trail");
    let other = post(&server, "/api/v1/holds", &["order-67"], &body).await;
    assert_ne!(other.body["id"], first.body["id"], "another key is another write");
    let without = post(&server, "/api/v1/holds", &[], &body).await;
    assert_eq!(without.status, 201);
}

#[tokio::test]
async fn a_key_with_another_request_is_refused_and_one_that_was_refused_is_free() {
    let server = Server::new().await;
    let wrong = post(&server, "/api/v1/holds", &["order-66"], &hold(&server, " ")).await;
    assert_eq!((wrong.status, &wrong.body["parameter"]), (400, &json!("reason")));
    let right = post(&server, "/api/v1/holds", &["order-66"], &hold(&server, "a")).await;
    assert_eq!(right.status, 201, "nothing was done before: {}", right.body);
    let other = post(&server, "/api/v1/holds", &["order-66"], &hold(&server, "b")).await;
    assert_eq!(other.status, 422);
    assert_eq!(other.headers["content-type"], "application/problem+json");
    let lift = format!("/api/v1/holds/{}/lift", right.body["id"]);
    assert_eq!(post(&server, &lift, &["order-66"], &json!({})).await.status, 422);
}

#[tokio::test]
async fn what_is_no_key_is_named_and_a_write_has_no_parameters() {
    let server = Server::new().await;
    let body = hold(&server, "a");
    let long = "x".repeat(129);
    for keys in [
        vec!["seven77"],
        vec![long.as_str()],
        vec!["with a blank"],
        vec!["order-66", "order-67"],
    ] {
        let reply = post(&server, "/api/v1/holds", &keys, &body).await;
        assert_eq!(
            (reply.status, &reply.body["parameter"]),
            (400, &json!("Idempotency-Key")),
            "{keys:?}"
        );
    }
    let reply = post(&server, "/api/v1/holds?dry_run=true", &[], &body).await;
    assert_eq!((reply.status, &reply.body["parameter"]), (400, &json!("dry_run")));
}

#[tokio::test]
async fn while_the_first_runs_the_second_is_told_to_come_back() {
    let server = Server::new().await;
    let (path, body) = ("/api/v1/holds", hold(&server, "a"));
    let cookie = server.operator.split_once('=').unwrap().1;
    let visitor = server
        .doors
        .by_session(cookie, [127, 0, 0, 1].into())
        .await
        .unwrap()
        .unwrap();
    let text = body.to_string();
    let asked = [&b"POST"[..], path.as_bytes(), text.as_bytes()];
    server
        .doors
        .once(&visitor, "order-66", asked, false)
        .await
        .unwrap();
    let reply = post(&server, path, &["order-66"], &body).await;
    assert_eq!(
        (reply.status, &reply.body["title"]),
        (409, &json!("Still running"))
    );
    assert_eq!(reply.headers["retry-after"], "5");
}

#[tokio::test]
async fn a_token_that_was_made_with_a_key_is_given_again_and_stands_nowhere_in_plain() {
    let server = Server::new().await;
    let body = json!({ "name": "night", "scopes": ["night:read"], "days": 9 });
    let first = post(&server, "/api/v1/tokens", &["order-66"], &body).await;
    let token = first.body["token"].as_str().unwrap();
    let again = post(&server, "/api/v1/tokens", &["order-66"], &body).await;
    assert_eq!(again.body["token"], token);
    for file in server.files() {
        let bytes = std::fs::read(&file).unwrap();
        let found = bytes.windows(token.len()).any(|part| part == token.as_bytes());
        assert!(!found, "{}", file.display());
    }
}

#[tokio::test]
async fn who_asks_too_much_is_told_when_to_come_back() {
    use crate::http::limits::Limits;
    let server = Server::limited(Limits::tight()).await;
    let body = hold(&server, "a");
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(post(&server, "/api/v1/holds", &[], &body).await.status);
    }
    assert_eq!(statuses, [201, 201, 429]);
    let late = post(&server, "/api/v1/holds", &[], &body).await;
    assert_eq!(late.headers["content-type"], "application/problem+json");
    assert!(
        late.headers["retry-after"]
            .to_str()
            .unwrap()
            .parse::<u32>()
            .unwrap()
            > 0
    );
    // Nobody known has a place of their own, the document included.
    for (path, expected) in [
        ("/api/v1/night", 401),
        ("/api/v1/openapi.json", 200),
        ("/api/docs", 429),
    ] {
        let request = Request::get(path)
            .header("host", "127.0.0.1:3000")
            .body(Body::empty())
            .unwrap();
        let answer = server.app.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.status().as_u16(), expected, "{path}");
    }
}

#[tokio::test]
async fn what_is_too_long_is_a_problem_like_every_other() {
    let server = Server::new().await;
    let long = hold(&server, &"x".repeat(70_000));
    for keys in [&[][..], &["order-66"]] {
        let reply = post(&server, "/api/v1/holds", keys, &long).await;
        assert_eq!((reply.status, &reply.body["status"]), (413, &json!(413)));
    }
}
