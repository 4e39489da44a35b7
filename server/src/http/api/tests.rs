//! The API through the whole router, guard included.

use crate::console::{NoEngine, Site, StoreConsole};
use crate::http::{AppState, Events, guarded};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use chrono::TimeDelta;
use futures::StreamExt;
use serde_json::Value;
use std::sync::Arc;
use store::SqliteStore;
use store::conformance::Seed;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

struct Server {
    app: Router,
    store: SqliteStore,
    seed: Seed,
    stop: CancellationToken,
    _dir: tempfile::TempDir,
}

impl Server {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(dir.path().join("stillpoint.db")).await.unwrap();
        let seed = Seed::plant(&store).await.unwrap();
        let now = seed.at + TimeDelta::seconds(60);
        let site = Site {
            tenants: vec![(seed.ours.tenant.clone(), "Contoso".to_owned())],
            hosts: Vec::new(),
            slots_per_host: 2,
            freshness: TimeDelta::seconds(180),
            backup_every: TimeDelta::hours(24),
            speed: 1,
            data: "/srv/data".into(),
            vault: "/vault".into(),
        };
        let console = StoreConsole::new(
            Arc::new(store.clone()),
            Arc::new(NoEngine),
            site,
            Arc::new(move || now),
        );
        let stop = CancellationToken::new();
        let state = AppState {
            console: Arc::new(console),
            events: Events::of(&store, stop.clone()),
            readiness: Arc::new(store.clone()),
        };
        let app = guarded(state, "127.0.0.1:3000".parse().unwrap(), Router::new());
        Self {
            app,
            store,
            seed,
            stop,
            _dir: dir,
        }
    }

    async fn ask(&self, path: &str, headers: &[(&str, &str)]) -> Response<Body> {
        let mut request = Request::builder().uri(path).header("host", "127.0.0.1:3000");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.app
            .clone()
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap()
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        let response = self.ask(path, &[]).await;
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    #[track_caller]
    fn refused((status, problem): (u16, Value), expect: u16, parameter: Option<&str>) {
        assert_eq!(status, expect, "{problem}");
        assert_eq!(problem["status"], expect);
        assert_eq!(problem["parameter"].as_str(), parameter, "{problem}");
        assert!(!problem["detail"].as_str().unwrap().is_empty());
    }
}

#[tokio::test]
async fn lists_and_single_things_are_answered() {
    let server = Server::new().await;
    let point = server.seed.seal(&server.store, 1, 10).await.unwrap();
    let (status, page) = server
        .get("/api/v1/replicas?filter=protected&sort=name&dir=desc&limit=1")
        .await;
    assert_eq!((status, &page["matching"]), (200, &Value::from(1)));
    let id = server.seed.ours.id;
    assert_eq!(page["rows"][0]["id"], id.to_string());
    let (status, replica) = server.get(&format!("/api/v1/replicas/{id}")).await;
    assert_eq!(
        (status, &replica["verdict"]["kind"]),
        (200, &Value::from("clear"))
    );
    let (status, attempts) = server
        .get(&format!("/api/v1/attempts?replica={id}&limit=5"))
        .await;
    assert_eq!(
        (status, &attempts["rows"][0]["outcome"]),
        (200, &Value::from("Sealed"))
    );
    let (status, points) = server.get("/api/v1/points").await;
    assert_eq!(
        (status, &points["rows"][0]["consistency"]),
        (200, &Value::from("crash-consistent"))
    );
    let (status, one) = server.get(&format!("/api/v1/points/{}", point.id)).await;
    assert_eq!(
        (status, &one["row"]["snapshot"]),
        (200, &Value::from(point.snapshot))
    );
    assert_eq!(server.get("/healthz").await.0, 200);
    assert_eq!(server.get("/readyz").await.0, 200);
}

#[tokio::test]
async fn what_cannot_be_used_is_named() {
    let server = Server::new().await;
    for (query, parameter) in [
        ("filter=green", "filter"),
        ("sort=colour", "sort"),
        ("dir=up", "dir"),
        ("tenant=No%20Slug", "tenant"),
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("cursor=x", "cursor"),
        ("cursor=after~name~asc~a~b~c~d", "cursor"),
        ("page=1", "page"),
        ("colour=red", "colour"),
        ("code=B99", "code"),
        ("filter=all&filter=all", "filter"),
    ] {
        let answer = server.get(&format!("/api/v1/replicas?{query}")).await;
        Server::refused(answer, 400, Some(parameter));
    }
    for (query, parameter) in [
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("cursor=yesterday", "cursor"),
        ("cursor=1~2~3", "cursor"),
        ("before=2026-11-22T20:00:00Z", "before"),
        ("replica=7", "replica"),
    ] {
        Server::refused(
            server.get(&format!("/api/v1/attempts?{query}")).await,
            400,
            Some(parameter),
        );
        Server::refused(
            server.get(&format!("/api/v1/points?{query}")).await,
            400,
            Some(parameter),
        );
    }
    Server::refused(server.get("/api/v1/events?after=x").await, 400, Some("after"));
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let server = Server::new().await;
    let nothing = uuid::Uuid::from_u128(404);
    for path in [
        format!("/api/v1/replicas/{nothing}"),
        "/api/v1/replicas/seven".to_owned(),
        format!("/api/v1/points/{nothing}"),
        format!("/api/v1/attempts?replica={nothing}"),
        "/api/v1/colours".to_owned(),
        "/api/v1".to_owned(),
        "/api/v1/".to_owned(),
        "/api/v2".to_owned(),
        "/api/v2/replicas".to_owned(),
        "/api".to_owned(),
    ] {
        Server::refused(server.get(&path).await, 404, None);
    }
}

#[tokio::test]
async fn a_method_that_an_address_does_not_know_is_a_problem_that_names_the_others() {
    let server = Server::new().await;
    for path in ["/api/v1/replicas", "/api/v1/events", "/healthz"] {
        let request = Request::delete(path).header("host", "127.0.0.1:3000");
        let response = server
            .app
            .clone()
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap();
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert_eq!(response.headers()["allow"], "GET,HEAD");
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        let body = axum::body::to_bytes(response.into_body(), 1 << 16).await.unwrap();
        let problem: Value = serde_json::from_slice(&body).unwrap();
        assert!(
            problem["detail"].as_str().unwrap().contains("DELETE"),
            "{problem}"
        );
    }
}

#[tokio::test]
async fn a_code_is_known_in_either_case() {
    let server = Server::new().await;
    for code in ["B1", "nr", "UN"] {
        assert_eq!(server.get(&format!("/api/v1/replicas?code={code}")).await.0, 200);
    }
}

#[tokio::test]
async fn a_foreign_name_or_origin_reaches_nothing() {
    let server = Server::new().await;
    let request = Request::builder()
        .uri("/healthz")
        .header("host", "evil.example")
        .body(Body::empty())
        .unwrap();
    let response = server.app.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::MISDIRECTED_REQUEST);
    let response = server
        .ask("/api/v1/replicas", &[("origin", "http://evil.example")])
        .await;
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert_eq!(response.headers()["content-type"], "application/problem+json");
}

/// Reads messages until one has this number of events (`data:` lines) in all.
async fn read(body: &mut axum::body::BodyDataStream, messages: usize) -> Vec<(i64, String)> {
    let mut text = String::new();
    while text.matches("data:").count() < messages || !text.ends_with("\n\n") {
        text += std::str::from_utf8(&body.next().await.unwrap().unwrap()).unwrap();
    }
    text.split("\n\n")
        .filter_map(|message| {
            let data = message.lines().find_map(|line| line.strip_prefix("data:"))?;
            let data: Value = serde_json::from_str(data).unwrap();
            Some((
                data["seq"].as_i64().unwrap(),
                data["kind"].as_str().unwrap().to_owned(),
            ))
        })
        .collect()
}

#[tokio::test]
async fn events_come_as_they_happen_and_go_on_after_the_last_one_seen() {
    let server = Server::new().await;
    let response = server.ask("/api/v1/events", &[]).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body = response.into_body().into_data_stream();
    let hello = read(&mut body, 1).await;
    assert_eq!(hello[0].1, "ready");
    server.seed.seal(&server.store, 1, 10).await.unwrap();
    let kinds: Vec<_> = read(&mut body, 3).await;
    assert_eq!(
        kinds.iter().map(|it| it.1.as_str()).collect::<Vec<_>>(),
        ["attempt", "attempt", "point"]
    );

    let seen = kinds[0].0.to_string();
    let response = server.ask("/api/v1/events", &[("last-event-id", &seen)]).await;
    let mut again = response.into_body().into_data_stream();
    let rest = read(&mut again, 3).await;
    assert_eq!(rest[1..], kinds[1..], "what was missed, in order, nothing twice");

    server.stop.cancel();
    assert!(body.next().await.is_none(), "the server can stop");
}

#[tokio::test]
async fn an_event_number_of_another_database_begins_anew() {
    let server = Server::new().await;
    let response = server.ask("/api/v1/events", &[("last-event-id", "999999")]).await;
    let mut body = response.into_body().into_data_stream();
    let hello = read(&mut body, 1).await;
    assert!(hello[0].0 < 999_999);
}
