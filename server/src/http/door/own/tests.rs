//! Brand and events of a tenant, through the whole router.

use crate::http::api::tests::Server;
use axum::body::{Body, BodyDataStream, to_bytes};
use axum::http::{Request, Response};
use domain::ids::AttemptId;
use futures::StreamExt as _;
use serde_json::{Value, json};
use store::traits::AttemptStore as _;
use tower::ServiceExt as _;

async fn send(
    server: &Server,
    cookie: &str,
    method: &str,
    path: &str,
    kind: &str,
    body: impl Into<Body>,
) -> Response<Body> {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "127.0.0.1:3000")
        .header("cookie", cookie)
        .header("content-type", kind)
        .body(body.into())
        .unwrap();
    server.app.clone().oneshot(request).await.unwrap()
}

async fn get(server: &Server, cookie: &str, path: &str) -> Response<Body> {
    send(server, cookie, "GET", path, "text/plain", "").await
}

async fn text(answer: Response<Body>) -> String {
    let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    String::from_utf8_lossy(&body).into_owned()
}

fn picture() -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x05\0\0\0\x05".to_vec();
    file.extend(b"IEND\xae\x42\x60\x82");
    file
}

/// A `multipart/form-data` body.
fn parts(fields: &[(&str, &[u8])]) -> (String, Vec<u8>) {
    let mut body = Vec::new();
    for (name, value) in fields {
        body.extend(format!("--x\r\ncontent-disposition: form-data; name=\"{name}\"").bytes());
        if *name == "logo" {
            body.extend(b"; filename=\"logo.svg\"\r\ncontent-type: image/svg+xml");
        }
        body.extend(b"\r\n\r\n");
        body.extend(*value);
        body.extend(b"\r\n");
    }
    body.extend(b"--x--\r\n");
    ("multipart/form-data; boundary=x".to_owned(), body)
}

#[tokio::test]
async fn a_tenants_pages_look_as_the_hoster_set_them_and_nobody_elses_do() {
    let server = Server::new().await;
    let tenant = server.seed.ours.tenant.to_string();
    let (kind, body) = parts(&[
        ("tenant", tenant.as_bytes()),
        ("name", b"Contoso <Backup>"),
        ("accent", b"#1F7A5A"),
        ("logo", &picture()),
        ("back", b"/tenants"),
    ]);
    let answer = send(&server, &server.operator, "POST", "/forms/brand", &kind, body).await;
    assert_eq!(answer.status(), 303, "{}", text(answer).await);
    let admin = server.cookie("tenant-admin").await;
    for path in ["/own", "/me", "/people"] {
        let page = text(get(&server, &admin, path).await).await;
        assert!(
            page.contains("Contoso &#60;Backup&#62;") || page.contains("Contoso &lt;Backup&gt;"),
            "{page}"
        );
        assert!(
            page.contains("/own/logo") && page.contains("/own/brand.css"),
            "{page}"
        );
    }
    let style = get(&server, &admin, "/own/brand.css").await;
    assert_eq!(style.headers()["content-type"], "text/css; charset=utf-8");
    assert!(
        text(style)
            .await
            .contains("--brand: #1f7a5a; --on-brand: #ffffff")
    );
    let logo = get(&server, &admin, "/own/logo").await;
    // What it is, and not what it was called.
    assert_eq!(logo.headers()["content-type"], "image/png");
    assert_eq!(logo.headers()["x-content-type-options"], "nosniff");
    assert!(
        logo.headers()["content-security-policy"]
            .to_str()
            .unwrap()
            .contains("sandbox")
    );
    assert_eq!(to_bytes(logo.into_body(), 1 << 16).await.unwrap(), picture());
    let hosters = text(get(&server, &server.operator, "/people").await).await;
    assert!(!hosters.contains("/own/logo"), "{hosters}");
    for path in ["/own/logo", "/own/brand.css"] {
        assert_eq!(
            get(&server, &server.operator, path).await.status(),
            404,
            "the hoster's people have none"
        );
    }
    // An empty file keeps the logo; a tick takes it away.
    let kept = [
        ("tenant", tenant.as_bytes()),
        ("logo", b""),
        ("back", b"/tenants"),
    ];
    let (kind, body) = parts(&kept);
    assert_eq!(
        send(&server, &server.operator, "POST", "/forms/brand", &kind, body)
            .await
            .status(),
        303
    );
    assert_eq!(get(&server, &admin, "/own/logo").await.status(), 200);
    let (kind, body) = parts(&[
        ("tenant", tenant.as_bytes()),
        ("logo_off", b"on"),
        ("back", b"/tenants"),
    ]);
    assert_eq!(
        send(&server, &server.operator, "POST", "/forms/brand", &kind, body)
            .await
            .status(),
        303
    );
    assert_eq!(get(&server, &admin, "/own/logo").await.status(), 404);
    let page = text(get(&server, &admin, "/own").await).await;
    assert!(
        page.contains(">Stillpoint</span>") && !page.contains("/own/brand.css"),
        "{page}"
    );
}

#[tokio::test]
async fn what_cannot_be_part_of_a_brand_is_refused_by_its_name() {
    let server = Server::new().await;
    let path = format!("/api/v1/tenants/{}/brand", server.seed.ours.tenant);
    let json_kind = "application/json";
    for (body, field) in [
        (json!({ "accent": "#ffff00" }), "accent"),
        (json!({ "accent": "red" }), "accent"),
        (json!({ "name": "x".repeat(61) }), "name"),
        (json!({ "logo": "PHN2Zy8+" }), "logo"),
        (json!({ "logo": "?" }), "logo"),
        (json!({ "colour": "#1f7a5a" }), "body"),
    ] {
        let answer = send(
            &server,
            &server.operator,
            "POST",
            &path,
            json_kind,
            body.to_string(),
        )
        .await;
        assert_eq!(answer.status(), 400, "{body}");
        let problem: Value = serde_json::from_str(&text(answer).await).unwrap();
        assert_eq!(problem["parameter"], field, "{problem}");
    }
    let good = json!({ "accent": "#1f7a5a", "name": "Contoso" }).to_string();
    let answer = send(&server, &server.operator, "POST", &path, json_kind, good).await;
    assert_eq!(answer.status(), 200);
    let admin = server.cookie("tenant-admin").await;
    let answer = send(&server, &admin, "POST", &path, json_kind, "{}").await;
    assert_eq!(answer.status(), 404, "the hoster's to set");
}

#[tokio::test]
async fn the_hoster_frames_a_window_and_a_frame_that_nothing_fits_is_refused() {
    let server = Server::new().await;
    let path = format!("/api/v1/tenants/{}/frame", server.seed.ours.tenant);
    let json_kind = "application/json";
    let within = json!({ "open": "18:00", "due": "10:00", "due_next_day": true });
    for (minutes, status) in [(300, 200), (961, 400)] {
        let body = json!({ "frame": { "within": within, "minutes_min": minutes } }).to_string();
        let answer = send(&server, &server.operator, "POST", &path, json_kind, body).await;
        assert_eq!(answer.status(), status);
    }
    let form = format!("tenant={}&change=take&back=%2Ftenants", server.seed.ours.tenant);
    let kind = "application/x-www-form-urlencoded";
    let answer = send(&server, &server.operator, "POST", "/forms/frame", kind, form).await;
    assert_eq!(answer.status(), 303);
    let admin = server.cookie("tenant-admin").await;
    let window = text(get(&server, &admin, "/api/v1/own/window").await).await;
    assert!(window.contains("\"frame\":null"), "{window}");
}

async fn messages(body: &mut BodyDataStream, count: usize) -> Vec<Value> {
    let mut text = String::new();
    while text.matches("data:").count() < count || !text.ends_with("\n\n") {
        text += std::str::from_utf8(&body.next().await.unwrap().unwrap()).unwrap();
    }
    assert!(!text.contains("id:"), "no number is told: {text}");
    let data = text.lines().filter_map(|line| line.strip_prefix("data:"));
    data.map(|data| serde_json::from_str(data).unwrap()).collect()
}

#[tokio::test]
async fn a_tenant_hears_of_its_own_and_of_nothing_else() {
    let server = Server::new().await;
    let viewer = server.cookie("tenant-viewer").await;
    let answer = get(&server, &viewer, "/own/events").await;
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let mut body = answer.into_body().into_data_stream();
    assert_eq!(messages(&mut body, 1).await, [json!({ "kind": "ready" })]);
    // Theirs first: had it been sent, it would come before ours.
    let (theirs, attempt) = (server.seed.theirs.id, AttemptId(uuid::Uuid::from_u128(7)));
    let claimed = server
        .store
        .claim(attempt, theirs, "worker", server.seed.at, 1, 60_000)
        .await;
    claimed.unwrap();
    server.seed.seal(&server.store, 1, 10).await.unwrap();
    let told = messages(&mut body, 3).await;
    let kinds: Vec<_> = told.iter().map(|it| it["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["attempt", "attempt", "point"]);
    for message in &told {
        assert_eq!(message["replica"], json!(server.seed.ours.id), "{message}");
        let fields: Vec<_> = message.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["at", "kind", "replica"]);
    }
    assert_eq!(get(&server, &server.operator, "/own/events").await.status(), 404);
}
