//! A tenant's own things through the whole router: limits reached, another tenant's not there, no machine of the hoster's named.

use crate::console::NotBegun;
use crate::http::api::tests::Server;
use axum::body::{Body, to_bytes};
use axum::http::{Request, Response};
use chrono::TimeDelta;
use domain::calendar::WindowRule;
use domain::door::window::WindowFrame;
use domain::obligation::Owner;
use domain::planner::Full;
use serde_json::{Value, json};
use store::conformance::missed;
use store::holds::{HoldStore as _, HoldTarget};
use store::obligations::ObligationStore as _;
use store::tenants::TenantStore as _;
use store::traits::Scope;
use store::wishes::{Wish, WishStore as _};
use tower::ServiceExt as _;

const SITE: Scope = Scope::Site { reason: "test" };

struct Person<'a> {
    server: &'a Server,
    cookie: String,
}

impl<'a> Person<'a> {
    async fn of(server: &'a Server, login: &str) -> Self {
        Self {
            server,
            cookie: server.cookie(login).await,
        }
    }

    async fn send(&self, method: &str, path: &str, kind: &str, body: String) -> Response<Body> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "127.0.0.1:3000")
            .header("cookie", &self.cookie)
            .header("content-type", kind)
            .body(Body::from(body))
            .unwrap();
        self.server.app.clone().oneshot(request).await.unwrap()
    }

    async fn page(&self, path: &str) -> (u16, String) {
        let answer = self.send("GET", path, "text/plain", String::new()).await;
        let status = answer.status().as_u16();
        let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        let (status, text) = self.page(path).await;
        (status, serde_json::from_str(&text).unwrap())
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let answer = self
            .send("POST", path, "application/json", body.to_string())
            .await;
        let status = answer.status().as_u16();
        let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    async fn form(&self, path: &str, body: &str) -> (u16, Option<String>, String) {
        let kind = "application/x-www-form-urlencoded";
        let answer = self.send("POST", path, kind, body.to_owned()).await;
        let status = answer.status().as_u16();
        let to = answer
            .headers()
            .get("location")
            .map(|to| to.to_str().unwrap().to_owned());
        let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        (status, to, String::from_utf8(body.to_vec()).unwrap())
    }
}

async fn frame(server: &Server, minutes_min: u16) {
    let frame = WindowFrame {
        within: WindowRule::new("18:00".parse().unwrap(), "10:00".parse().unwrap(), true).unwrap(),
        minutes_min,
    };
    let tenant = &server.seed.ours.tenant;
    server
        .store
        .tenant_frame(&SITE, tenant, Some(&frame))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_tenant_reads_all_of_its_machines_and_no_word_of_another_tenant_or_of_the_hosters_machines() {
    let server = Server::new().await;
    let seed = &server.seed;
    seed.seal(&server.store, 1, 10).await.unwrap();
    let owed = seed.owed(&seed.ours, -2).unwrap();
    server
        .store
        .obligations_open(std::slice::from_ref(&owed))
        .await
        .unwrap();
    let lost = missed(Owner::Provider);
    server
        .store
        .obligation_close(owed.key, &lost, seed.at)
        .await
        .unwrap();
    let (ours, theirs) = (&seed.ours, &seed.theirs);
    for login in ["tenant-admin", "tenant-viewer"] {
        let person = Person::of(&server, login).await;
        let days = format!("/api/v1/own/days?from={}&to={}", seed.day(-9), seed.day(0));
        let id = ours.id;
        for path in [
            "/own".to_owned(),
            format!("/own/replicas/{id}"),
            "/own/settings".to_owned(),
            "/api/v1/own/replicas".to_owned(),
            format!("/api/v1/own/replicas/{id}"),
            format!("/api/v1/own/replicas/{id}/points"),
            days,
            "/api/v1/own/window".to_owned(),
        ] {
            let (status, text) = person.page(&path).await;
            assert_eq!(status, 200, "{path}: {text}");
            for word in [
                theirs.name.as_str(),
                theirs.tenant.as_str(),
                ours.host.as_str(),
                "/vault",
                "/srv/data",
            ] {
                assert!(!text.contains(word), "{login} reads `{word}` on {path}: {text}");
            }
        }
        let (_, page) = person.page(&format!("/own/replicas/{id}")).await;
        assert!(
            page.contains("Missed:") && page.contains("your hoster&#39;s"),
            "{page}"
        );
        let may = login == "tenant-admin";
        assert_eq!(page.contains("Back up now"), may, "{login}");
        let (_, row) = person.get(&format!("/api/v1/own/replicas/{id}")).await;
        assert_eq!(
            (&row["raw"]["met"], &row["raw"]["of"]),
            (&json!(0), &json!(1)),
            "{row}"
        );
        assert_eq!(row["lost"][0]["day"], json!(seed.day(-2)));
        assert!(
            row["lost"][0]["next"]
                .as_str()
                .unwrap()
                .starts_with("Backed up again"),
            "{row}"
        );
        let (_, points) = person.get(&format!("/api/v1/own/replicas/{id}/points")).await;
        assert_eq!(points["rows"][0]["consistency"], "crash-consistent");
    }
}

#[tokio::test]
async fn another_tenants_machine_is_not_there() {
    let server = Server::new().await;
    let admin = Person::of(&server, "tenant-admin").await;
    let nobody = uuid::Uuid::from_u128(404);
    for id in [
        server.seed.theirs.id.to_string(),
        nobody.to_string(),
        "seven".to_owned(),
    ] {
        let (status, page) = admin.page(&format!("/own/replicas/{id}")).await;
        assert_eq!(status, 404, "{page}");
        assert!(!page.contains(&server.seed.theirs.name));
        assert_eq!(admin.form(&format!("/own/replicas/{id}/backup"), "").await.0, 404);
        for path in ["", "/points"] {
            assert_eq!(
                admin.get(&format!("/api/v1/own/replicas/{id}{path}")).await.0,
                404
            );
        }
        let asked = admin
            .post(&format!("/api/v1/own/replicas/{id}/backups"), json!({}))
            .await;
        assert_eq!(asked.0, 404);
    }
    let days = format!("/api/v1/own/days?replica={}", server.seed.theirs.id);
    assert_eq!(admin.get(&days).await.0, 404);
    assert!(server.engine.0.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_backup_is_asked_for_once_and_not_again_before_its_time() {
    let server = Server::new().await;
    let admin = Person::of(&server, "tenant-admin").await;
    let id = server.seed.ours.id;
    let path = format!("/api/v1/own/replicas/{id}/backups");
    let (status, asked) = admin.post(&path, json!({})).await;
    assert_eq!(
        (status, &asked["text"]),
        (202, &json!("Requested: one attempt is made now"))
    );
    let (status, refused) = admin.post(&path, json!({})).await;
    assert_eq!(status, 429, "{refused}");
    assert!(
        refused["detail"]
            .as_str()
            .unwrap()
            .contains("the next may be asked for at"),
        "{refused}"
    );
    let (status, _, page) = admin.form(&format!("/own/replicas/{id}/backup"), "").await;
    assert_eq!(status, 429);
    assert!(page.contains("less than 15 minutes ago"), "{page}");
    assert_eq!(*server.engine.0.lock().unwrap(), [id], "the engine is asked once");
    let (_, trail) = admin.page("/audit").await;
    assert!(
        trail.contains(&server.seed.ours.name) && trail.contains("less than 15 minutes ago"),
        "{trail}"
    );
    let viewer = Person::of(&server, "tenant-viewer").await;
    assert_eq!(
        viewer.post(&path, json!({})).await.0,
        404,
        "a viewer has no hands"
    );
}

#[tokio::test]
async fn four_backups_a_day_are_the_most() {
    let server = Server::new().await;
    let (id, now) = (server.seed.ours.id, server.seed.at + TimeDelta::seconds(60));
    for hours in 1..=4 {
        let wish = Wish {
            replica: id,
            author: "ada".to_owned(),
            at: now - TimeDelta::hours(5 - hours),
        };
        assert_eq!(server.store.wish_make(&SITE, &wish).await.unwrap(), Ok(()));
    }
    let admin = Person::of(&server, "tenant-admin").await;
    let (status, refused) = admin
        .post(&format!("/api/v1/own/replicas/{id}/backups"), json!({}))
        .await;
    assert_eq!(status, 429);
    assert!(
        refused["detail"].as_str().unwrap().starts_with("4 backups"),
        "{refused}"
    );
    assert!(server.engine.0.lock().unwrap().is_empty());
}

#[tokio::test]
async fn nothing_is_begun_against_a_hold_of_the_hoster_or_while_an_attempt_runs() {
    let server = Server::new().await;
    let admin = Person::of(&server, "tenant-admin").await;
    let path = format!("/api/v1/own/replicas/{}/backups", server.seed.ours.id);
    let target = HoldTarget::Host {
        host: server.seed.ours.host.clone(),
    };
    let (at, until) = (server.seed.at, server.seed.at + TimeDelta::hours(4));
    let hold = server
        .store
        .hold_begin(&target, at, until, "new shelves", "operator")
        .await
        .unwrap();
    let (status, refused) = admin.post(&path, json!({})).await;
    let text = refused["detail"].as_str().unwrap();
    assert_eq!(status, 409, "{refused}");
    assert!(
        text.contains("holds back backups of it until") && !text.contains("shelves"),
        "{text}"
    );
    let lifted = server.store.hold_lift(hold.id, at, "operator").await;
    lifted.unwrap();
    server.seed.claim(&server.store, 1).await.unwrap();
    let (status, refused) = admin.post(&path, json!({})).await;
    assert_eq!(status, 409);
    assert!(
        refused["detail"].as_str().unwrap().contains("runs since"),
        "{refused}"
    );
    assert!(server.engine.0.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_window_moves_inside_the_frame_and_from_where_it_was_seen() {
    let server = Server::new().await;
    let admin = Person::of(&server, "tenant-admin").await;
    let path = "/api/v1/own/window";
    let late = json!({ "open": "22:00", "due": "06:00", "due_next_day": true });
    let (status, refused) = admin.post(path, json!({ "to": late })).await;
    assert_eq!(
        (status, &refused["parameter"]),
        (400, &json!("window")),
        "no frame: {refused}"
    );
    frame(&server, 300).await;
    let early = json!({ "open": "12:00", "due": "18:00", "due_next_day": false });
    assert_eq!(admin.post(path, json!({ "to": early })).await.0, 400, "outside");
    let (status, moved) = admin.post(path, json!({ "to": late })).await;
    assert_eq!(status, 200, "{moved}");
    assert!(
        moved["sentence"]
            .as_str()
            .unwrap()
            .contains("22:00 to 06:00 next day"),
        "{moved}"
    );
    let (_, there) = admin.get(path).await;
    assert_eq!((&there["own"], &there["asked"]), (&late, &late));
    let night = json!({ "open": "20:00", "due": "08:00", "due_next_day": true });
    assert_eq!(
        admin.post(path, json!({ "from": null, "to": night })).await.0,
        409,
        "moved meanwhile"
    );
    // The hoster makes the frame so narrow that it does not fit any more.
    frame(&server, 481).await;
    let (_, there) = admin.get(path).await;
    assert_eq!((&there["own"], &there["asked"]), (&Value::Null, &late));
    assert_eq!(admin.post(path, json!({ "from": late, "to": null })).await.0, 200);
    let viewer = Person::of(&server, "tenant-viewer").await;
    assert_eq!(viewer.post(path, json!({ "to": night })).await.0, 404);
    assert_eq!(viewer.get(path).await.0, 200);
    let (_, trail) = admin.page("/audit").await;
    assert!(trail.contains("22:00 to 06:00 next day"), "{trail}");
}

#[tokio::test]
async fn a_window_is_tried_on_the_page_before_it_is_moved() {
    let server = Server::new().await;
    frame(&server, 300).await;
    let admin = Person::of(&server, "tenant-admin").await;
    let (status, page) = admin.page("/own/settings?open=22%3A00&due=06%3A00").await;
    assert_eq!(status, 200);
    assert!(
        page.contains("From the day of") && page.contains("Move it"),
        "{page}"
    );
    let (status, page) = admin.page("/own/settings?open=12%3A00&due=18%3A00").await;
    assert_eq!(status, 400);
    assert!(page.contains("is not inside"), "{page}");
    assert!(!page.contains("What the move would do"));
    let (status, to, _) = admin.form("/own/window", "from=&to=22%3A00-06%3A00").await;
    assert_eq!((status, to.as_deref()), (303, Some("/own/settings?told=moved")));
    let (_, page) = admin.page("/own/settings").await;
    assert!(page.contains("<b>22:00 to 06:00 next day</b>"), "{page}");
    let (_, page) = Person::of(&server, "tenant-viewer")
        .await
        .page("/own/settings?open=21%3A00&due=06%3A00")
        .await;
    assert!(
        !page.contains("<form method=\"post\" action=\"/own/window\""),
        "a viewer has no hands"
    );
}

#[tokio::test]
async fn days_are_paged_by_the_last_one_seen() {
    let server = Server::new().await;
    let seed = &server.seed;
    for more in -3..=0 {
        let owed = [
            seed.owed(&seed.ours, more).unwrap(),
            seed.owed(&seed.theirs, more).unwrap(),
        ];
        server.store.obligations_open(&owed).await.unwrap();
    }
    let admin = Person::of(&server, "tenant-admin").await;
    let range = format!("from={}&to={}", seed.day(-3), seed.day(0));
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let (status, page) = admin
            .get(&format!("/api/v1/own/days?{range}&limit=3{cursor}"))
            .await;
        assert_eq!(status, 200, "{page}");
        seen.extend(
            page["rows"]
                .as_array()
                .unwrap()
                .iter()
                .map(|row| row["day"].clone()),
        );
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let all: Vec<Value> = (-3..=0).map(|more| json!(seed.day(more))).collect();
    assert_eq!(seen, all, "each once, none of another tenant's");
    for query in [
        "limit=0",
        "cursor=x",
        "from=2026-01-01&to=2026-03-01",
        "colour=red",
    ] {
        assert_eq!(
            admin.get(&format!("/api/v1/own/days?{query}")).await.0,
            400,
            "{query}"
        );
    }
    for query in ["limit=501", "cursor=x", "page=2"] {
        assert_eq!(
            admin.get(&format!("/api/v1/own/replicas?{query}")).await.0,
            400,
            "{query}"
        );
    }
}

#[tokio::test]
async fn what_the_engine_has_no_room_for_is_told_in_words_and_costs_no_wish() {
    let server = Server::new().await;
    let admin = Person::of(&server, "tenant-admin").await;
    let id = server.seed.ours.id;
    let path = format!("/api/v1/own/replicas/{id}/backups");
    let full = NotBegun::Full(Full::Host { running: 2 });
    *server.engine.1.lock().unwrap() = Some(full);
    let (status, refused) = admin.post(&path, json!({})).await;
    let text = refused["detail"].as_str().unwrap();
    assert_eq!(status, 409, "{refused}");
    assert!(
        text.contains("as many backups run") && !text.contains("host ") && !text.contains("limits."),
        "{text}"
    );
    let operator = Person::of(&server, "operator").await;
    let theirs = format!("/api/v1/replicas/{id}/backup");
    let (status, refused) = operator.post(&theirs, json!({})).await;
    assert_eq!(status, 409, "{refused}");
    assert!(
        refused["detail"]
            .as_str()
            .unwrap()
            .contains("2 attempts run on its host"),
        "{refused}"
    );
    let made = server.store.wishes(&SITE, id, server.seed.at).await.unwrap();
    assert!(made.is_empty(), "a wish was counted: {made:?}");
    *server.engine.1.lock().unwrap() = None;
    assert_eq!(
        admin.post(&path, json!({})).await.0,
        202,
        "and it may ask again at once"
    );
    assert_eq!(*server.engine.0.lock().unwrap(), [id]);
}
