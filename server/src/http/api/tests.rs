//! The API through the whole router, guard included.

use crate::console::{Begin, EngineDoor, NotBegun, Now, Site, StoreConsole};
use crate::deeds::Known;
use crate::doors::{Comer, DEMO_PASSWORD, DoorKey, Doors, Hasher};
use crate::http::limits::Limits;
use crate::http::{AppState, Desk, Events, Guard, guarded, pages};
use ::console::Console;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use chrono::{DateTime, TimeDelta, Utc};
use domain::calendar::Zone;
use domain::ids::{HostId, ReplicaId};
use domain::obligation::Outcome;
use engine::{Foreseen, MachineClock as _, Planned, SystemMachineClock};
use futures::StreamExt;
use leptos::config::LeptosOptions;
use serde_json::{Value, json};
use sqlx::Connection as _;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use store::SqliteStore;
use store::conformance::Seed;
use store::obligations::ObligationStore as _;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

async fn doors(store: &SqliteStore, seed: &Seed) -> (Arc<Doors>, String) {
    let machine = || DateTime::from_timestamp_millis(SystemMachineClock.unix_ms()).unwrap();
    let doors = Doors::new(
        Arc::new(store.clone()),
        Hasher::quick().await.unwrap(),
        DoorKey::of(&[7; 32]).unwrap(),
        Arc::new(machine),
    );
    let tenants: Vec<_> = [&seed.ours.tenant, &seed.theirs.tenant]
        .map(|tenant| (tenant.clone(), tenant.to_string(), Zone::UTC))
        .into();
    doors.tenants(&tenants).await.unwrap();
    doors.seed(&seed.ours.tenant).await.unwrap();
    let operator = cookie(&doors, "operator").await;
    (Arc::new(doors), operator)
}

async fn cookie(doors: &Doors, login: &str) -> String {
    let comer = Comer {
        address: [127, 0, 0, 1].into(),
        agent: "test".to_owned(),
        device: None,
    };
    let given = doors
        .log_in(&comer, login, DEMO_PASSWORD.to_owned().into())
        .await
        .unwrap();
    format!("stillpoint={}", given.session.reveal())
}

/// An engine that notes what it is asked for.
#[derive(Default)]
pub struct Asked(
    pub Arc<Mutex<Vec<ReplicaId>>>,
    /// Why it begins nothing, where it does not.
    pub Mutex<Option<NotBegun>>,
);

#[async_trait::async_trait]
impl EngineDoor for Asked {
    async fn reserve(&self, replica: ReplicaId) -> Result<Begin, NotBegun> {
        if let Some(why) = self.1.lock().unwrap().clone() {
            return Err(why);
        }
        let asked = Arc::clone(&self.0);
        Ok(Box::new(move || asked.lock().unwrap().push(replica)))
    }
    fn next_look(&self, _: ReplicaId) -> Option<DateTime<Utc>> {
        None
    }
    fn requests(&self, _: &HostId) -> Option<(u32, u32)> {
        None
    }
    fn planned(&self) -> Option<Arc<Planned>> {
        None
    }
    fn foreseen(&self) -> Option<Arc<Foreseen>> {
        None
    }
}

pub struct Server {
    pub app: Router,
    pub store: SqliteStore,
    pub seed: Seed,
    pub doors: Arc<Doors>,
    pub engine: Arc<Asked>,
    /// The operator's session, as a `Cookie` header.
    pub operator: String,
    stop: CancellationToken,
    _dir: tempfile::TempDir,
}

impl Server {
    /// Past the store and what it refuses.
    pub async fn by_hand(&self, statement: &'static str) {
        let url = format!("sqlite://{}", self._dir.path().join("stillpoint.db").display());
        let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
        sqlx::query(statement).execute(&mut connection).await.unwrap();
    }

    /// Without the screens.
    pub async fn new() -> Self {
        Self::with(Limits::none(), |_| Router::new()).await
    }

    /// With the screens and the server functions.
    pub async fn whole() -> Self {
        let options = LeptosOptions::builder().output_name("stillpoint").build();
        Self::with(Limits::none(), |console| pages::router(&options, console)).await
    }

    /// Where only so much may be asked.
    pub async fn limited(limits: Limits) -> Self {
        Self::with(limits, |_| Router::new()).await
    }

    async fn with(limits: Limits, pages: impl FnOnce(&Arc<dyn Console>) -> Router<AppState>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(dir.path().join("stillpoint.db")).await.unwrap();
        let seed = Seed::plant(&store).await.unwrap();
        let now = seed.at + TimeDelta::seconds(60);
        let site = Site {
            tenants: vec![(seed.ours.tenant.clone(), "Contoso".to_owned())],
            file: Vec::new(),
            zones: Default::default(),
            tells: false,
            hosts: Vec::new(),
            slots_per_host: 2,
            freshness: TimeDelta::seconds(180),
            backup_every: TimeDelta::hours(24),
            speed: 1,
            data: "/srv/data".into(),
            vault: "/vault".into(),
        };
        let clock: Now = Arc::new(move || now);
        let engine = Arc::new(Asked::default());
        let console = StoreConsole::new(Arc::new(store.clone()), engine.clone(), site, clock.clone());
        let desk = Desk {
            store: Arc::new(store.clone()),
            known: Known {
                tenants: [seed.ours.tenant.clone()].into(),
                hosts: [seed.ours.host.clone()].into(),
            },
            engine: engine.clone(),
            snapshots: console.snapshots(),
            screens: console.clone(),
            home: None,
            now: clock,
        };
        let stop = CancellationToken::new();
        let (doors, operator) = doors(&store, &seed).await;
        let console: Arc<dyn Console> = Arc::new(console);
        let pages = pages(&console);
        let state = AppState {
            console,
            desk: Arc::new(desk),
            doors: Arc::clone(&doors),
            events: Events::of(&store, stop.clone()),
            readiness: Arc::new(store.clone()),
            limits: Arc::new(limits),
            traffic: crate::http::Traffic::default(),
        };
        let app = guarded(state, Guard::of("127.0.0.1:3000".parse().unwrap()), pages);
        Self {
            app,
            store,
            seed,
            doors,
            engine,
            operator,
            stop,
            _dir: dir,
        }
    }

    /// Everything that the store keeps on disk.
    pub fn files(&self) -> Vec<std::path::PathBuf> {
        let folder = std::fs::read_dir(self._dir.path()).unwrap();
        folder.map(|entry| entry.unwrap().path()).collect()
    }

    /// Another of the demo's log-ins, as a `Cookie` header.
    pub async fn cookie(&self, login: &str) -> String {
        cookie(&self.doors, login).await
    }

    async fn ask(&self, path: &str, headers: &[(&str, &str)]) -> Response<Body> {
        let mut request = Request::builder()
            .uri(path)
            .header("host", "127.0.0.1:3000")
            .header("cookie", &self.operator);
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
        let request = Request::delete(path)
            .header("host", "127.0.0.1:3000")
            .header("cookie", &server.operator);
        let response = server
            .app
            .clone()
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap();
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert_eq!(response.headers()["allow"], "GET, HEAD");
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

impl Server {
    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let request = Request::post(path)
            .header("host", "127.0.0.1:3000")
            .header("cookie", &self.operator)
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        let response = self.app.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }
}

#[tokio::test]
async fn holds_are_laid_listed_and_lifted() {
    let server = Server::new().await;
    let on = json!({ "on": "host", "host": server.seed.ours.host });
    let (status, hold) = server
        .post(
            "/api/v1/holds",
            json!({ "target": on, "until": "4h", "reason": "new storage" }),
        )
        .await;
    assert_eq!((status, &hold["author"]), (201, &json!("operator")), "{hold}");
    assert_eq!(server.get("/api/v1/holds").await.1["rows"], json!([hold]));
    let lift = format!("/api/v1/holds/{}/lift", hold["id"]);
    assert_eq!(server.post(&lift, json!({})).await.0, 200);
    Server::refused(server.post(&lift, json!({})).await, 409, None);
    Server::refused(server.post("/api/v1/holds/9/lift", json!({})).await, 404, None);
    assert_eq!(server.get("/api/v1/holds").await.1["rows"], json!([]));
    assert_eq!(
        server.get("/api/v1/holds?all=true").await.1["rows"][0]["lifted"]["author"],
        "operator"
    );
    for (body, status, parameter) in [
        (
            json!({ "target": on, "until": "4h", "reason": " " }),
            400,
            Some("reason"),
        ),
        (
            json!({ "target": on, "until": "91d", "reason": "x" }),
            400,
            Some("until"),
        ),
        (
            json!({ "target": on, "until": "soon", "reason": "x" }),
            400,
            Some("until"),
        ),
        (json!({ "target": on, "until": "4h" }), 400, Some("body")),
        (
            json!({ "target": on, "until": "4h", "reason": "x", "colour": 1 }),
            400,
            Some("body"),
        ),
        (
            json!({ "target": { "on": "host", "host": "hv-r-99" }, "until": "4h", "reason": "x" }),
            404,
            None,
        ),
    ] {
        Server::refused(server.post("/api/v1/holds", body).await, status, parameter);
    }
}

#[tokio::test]
async fn a_missed_day_is_told_corrected_and_counted() {
    let server = Server::new().await;
    let owed = server.seed.owed(&server.seed.ours, -2).unwrap();
    let (replica, day) = (owed.key.replica, owed.key.day);
    server
        .store
        .obligations_open(std::slice::from_ref(&owed))
        .await
        .unwrap();
    let attribution = domain::attribution::attribute(&owed.window, &[], 600);
    let missed = Outcome::Missed { attribution };
    server
        .store
        .obligation_close(owed.key, &missed, owed.window.next_open)
        .await
        .unwrap();
    let (status, list) = server
        .get(&format!("/api/v1/obligations?from={day}&to={day}&outcome=missed"))
        .await;
    assert_eq!((status, &list["rows"][0]["replica"]), (200, &json!(replica)));
    let one = format!("/api/v1/obligations/{replica}/{day}");
    assert!(
        server.get(&one).await.1["headline"]
            .as_str()
            .unwrap()
            .starts_with("Missed")
    );
    let sla = format!("/api/v1/sla?from={day}&to={day}&tenant=contoso");
    assert_eq!(server.get(&sla).await.1["contract"]["of"], 1);
    let excuse = json!({ "replica": replica, "day": day, "change": { "change": "excuse", "owner": "tenant" }, "reason": "their link" });
    let (status, corrected) = server.post("/api/v1/corrections", excuse.clone()).await;
    assert_eq!(
        (status, &corrected["counts_as"]),
        (201, &json!("excused")),
        "{corrected}"
    );
    let figures = server.get(&sla).await.1;
    assert_eq!(
        (&figures["raw"]["of"], &figures["contract"]["of"]),
        (&json!(1), &json!(0))
    );
    let listed = server
        .get(&format!("/api/v1/corrections?from={day}&to={day}"))
        .await
        .1;
    assert_eq!(listed["rows"][0]["reason"], "their link");
    let mut own = excuse;
    own["change"]["owner"] = json!("provider");
    Server::refused(server.post("/api/v1/corrections", own).await, 400, Some("owner"));
    let none = format!("/api/v1/obligations/{replica}/2020-01-01");
    Server::refused(server.get(&none).await, 404, None);
    for (path, parameter) in [
        ("/api/v1/obligations?outcome=green", "outcome"),
        ("/api/v1/obligations?from=2020-01-01&to=2020-03-01", "to"),
        ("/api/v1/sla?from=2020-01-01", "to"),
        ("/api/v1/corrections?to=2020-01-01", "from"),
    ] {
        Server::refused(server.get(path).await, 400, Some(parameter));
    }
    Server::refused(
        server
            .get("/api/v1/sla?from=2020-01-01&to=2020-01-01&tenant=nobody")
            .await,
        404,
        None,
    );
}

#[tokio::test]
async fn policies_are_put_and_assigned() {
    let server = Server::new().await;
    let mut terms = json!(domain::policy::Terms::standard());
    let (status, put) = server
        .post("/api/v1/policies", json!({ "id": "gold", "terms": terms }))
        .await;
    assert_eq!((status, &put["version"]), (201, &json!(1)), "{put}");
    let assignee = json!({ "to": "tenant", "tenant": "contoso" });
    let assign = json!({ "assignee": assignee, "policy": "gold" });
    assert_eq!(server.post("/api/v1/assignments", assign).await.0, 200);
    let catalogue = server.get("/api/v1/policies").await.1;
    assert_eq!(catalogue["assignments"].as_array().unwrap().len(), 2);
    assert_eq!(server.get("/api/v1/policies/gold").await.1[0]["version"], 1);
    let away = json!({ "assignee": assignee, "policy": null });
    assert_eq!(server.post("/api/v1/assignments", away.clone()).await.0, 200);
    Server::refused(server.post("/api/v1/assignments", away).await, 409, None);
    terms["priority"] = json!(9);
    let wrong = json!({ "id": "gold", "terms": terms });
    Server::refused(
        server.post("/api/v1/policies", wrong).await,
        400,
        Some("priority"),
    );
    Server::refused(server.get("/api/v1/policies/silver").await, 404, None);
}

#[tokio::test]
async fn causes_are_acknowledged_and_attempts_asked_to_stop() {
    let server = Server::new().await;
    let note = json!({ "cause": "host:hv-r-01:B5", "until": "6h", "note": "ticket 7" });
    assert_eq!(server.post("/api/v1/acknowledgements", note).await.0, 201);
    assert_eq!(
        server.get("/api/v1/acknowledgements").await.1["rows"][0]["note"],
        "ticket 7"
    );
    let wrong = json!({ "cause": "B5", "until": "6h", "note": "x" });
    Server::refused(
        server.post("/api/v1/acknowledgements", wrong).await,
        400,
        Some("cause"),
    );
    let attempt = server.seed.claim(&server.store, 1).await.unwrap();
    let cancel = format!("/api/v1/attempts/{}/cancel", attempt.id);
    let (status, asked) = server
        .post(&cancel, json!({ "reason": "the line is needed" }))
        .await;
    assert_eq!((status, &asked["requested"]), (202, &json!(true)), "{asked}");
    Server::refused(
        server.post(&cancel, json!({ "reason": "" })).await,
        400,
        Some("reason"),
    );
    Server::refused(
        server
            .post("/api/v1/attempts/x/cancel", json!({ "reason": "x" }))
            .await,
        404,
        None,
    );
}

#[tokio::test]
async fn before_the_first_plan_nobody_pretends_that_nothing_waits() {
    let server = Server::new().await;
    Server::refused(server.get("/api/v1/night").await, 503, None);
    let plan = format!("/api/v1/replicas/{}/plan", server.seed.ours.id);
    Server::refused(server.get(&plan).await, 503, None);
}

#[tokio::test]
async fn tenants_are_created_and_mapped_and_findings_say_what_to_do() {
    let server = Server::new().await;
    let new = json!({ "id": "tailspin", "name": "Tailspin", "zone": "Europe/Berlin" });
    let (status, made) = server.post("/api/v1/tenants", new.clone()).await;
    assert_eq!((status, &made["zone"]), (201, &json!("Europe/Berlin")), "{made}");
    Server::refused(server.post("/api/v1/tenants", new).await, 409, None);
    let wrong = json!({ "id": "x", "name": "", "zone": "UTC" });
    Server::refused(server.post("/api/v1/tenants", wrong).await, 400, Some("name"));
    let rules = "/api/v1/tenants/tailspin/rules";
    let rule = json!({ "kind": "primary", "text": "*.Tailspin.example" });
    let (status, with) = server.post(rules, rule.clone()).await;
    assert_eq!(status, 201, "{with}");
    assert_eq!(with["rules"][0]["text"], "*.tailspin.example");
    assert_eq!(with["rules"][0]["from_file"], false);
    Server::refused(server.post(rules, rule.clone()).await, 409, None);
    let bad = json!({ "kind": "primary", "text": "*" });
    Server::refused(server.post(rules, bad).await, 400, Some("text"));
    Server::refused(
        server.post("/api/v1/tenants/nobody/rules", rule.clone()).await,
        404,
        None,
    );
    // Without an engine nothing was seen, and nobody pretends that a rule claims nothing.
    let preview = format!("{rules}/preview");
    Server::refused(server.post(&preview, rule.clone()).await, 409, None);
    let (status, without) = server.post(&format!("{rules}/remove"), rule).await;
    assert_eq!((status, &without["rules"]), (200, &json!([])));

    let finding = server.seed.finding("foreign-checkpoint:1", 5);
    let write = store::traits::PollWrite {
        findings: vec![finding],
        at: Some(server.seed.at),
        ..Default::default()
    };
    store::traits::ReplicaStore::poll_write(&server.store, write)
        .await
        .unwrap();
    let (status, found) = server.get("/api/v1/findings").await;
    assert_eq!(status, 200, "{found}");
    let row = &found["rows"][0];
    assert_eq!(row["kind"], "foreign-checkpoint");
    assert!(row["what_to_do"].as_str().unwrap().contains("remove"), "{row}");
}

#[tokio::test]
async fn days_page_by_page_are_all_days_and_none_twice() {
    let server = Server::new().await;
    let seed = &server.seed;
    let (mut open, mut days) = (Vec::new(), BTreeSet::new());
    for ago in 2..8 {
        for replica in [&seed.ours, &seed.theirs] {
            let owed = seed.owed(replica, -ago).unwrap();
            days.insert(owed.key.day.to_string());
            open.push(owed);
        }
    }
    server.store.obligations_open(&open).await.unwrap();
    let span = format!("from={}&to={}", days.first().unwrap(), days.last().unwrap());
    let key = |row: &Value| (row["day"].to_string(), row["replica"].to_string());
    let whole = server
        .get(&format!("/api/v1/obligations?{span}&limit=500"))
        .await
        .1;
    let whole: Vec<_> = whole["rows"].as_array().unwrap().iter().map(key).collect();
    assert_eq!(whole.len(), open.len());
    assert!(whole.is_sorted());
    for limit in [1, 2, 5, 12] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let asked = format!("/api/v1/obligations?{span}&limit={limit}{cursor}");
            let (status, page) = server.get(&asked).await;
            assert_eq!(status, 200, "{page}");
            let rows = page["rows"].as_array().unwrap();
            assert!(rows.len() <= limit && !rows.is_empty(), "{page}");
            seen.extend(rows.iter().map(key));
            let Some(next) = page["next"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(seen, whole, "{limit}");
    }
    let none = server.get("/api/v1/obligations?cursor=yesterday").await;
    Server::refused(none, 400, Some("cursor"));
}
