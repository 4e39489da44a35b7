use crate::http::api;
use crate::http::api::tests::Server;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use tower::ServiceExt as _;

#[tokio::test]
async fn the_page_names_every_operation_and_needs_neither_log_in_nor_anything_from_elsewhere() {
    let server = Server::new().await;
    let request = Request::get("/api/docs").header("host", "127.0.0.1:3000");
    let answer = server
        .app
        .clone()
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    let policy = answer.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    let body = to_bytes(answer.into_body(), 4 << 20).await.unwrap();
    let html = String::from_utf8(body.to_vec()).unwrap();
    for operation in api::operations() {
        let id = format!("id=\"{}\"", operation.id);
        assert_eq!(html.matches(&id).count(), 1, "{id}");
        assert!(html.contains(operation.path), "{}", operation.path);
    }
    assert!(
        !html.contains("<script") && !html.contains("https://"),
        "nothing from elsewhere"
    );
    // Every shape that is named is explained.
    for part in html.split("href=\"#shape-").skip(1) {
        let name = part.split('"').next().unwrap();
        assert!(html.contains(&format!("id=\"shape-{name}\"")), "{name}");
    }
}
