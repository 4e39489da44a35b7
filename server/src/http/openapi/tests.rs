//! The document against the code: the same routes, the same parameters, the same fields.

mod shape;

use super::{Operation, Place, access_of, described};
use crate::doors::DEMO_PASSWORD;
use crate::http::access::{Access, TABLE};
use crate::http::api;
use crate::http::api::parameters::READ;
use crate::http::api::tests::Server;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use domain::obligation::Outcome;
use serde_json::{Value, json};
use shape::check;
use std::collections::BTreeSet;
use store::obligations::ObligationStore as _;
use tower::ServiceExt as _;

struct Reply {
    status: u16,
    media: String,
    body: Vec<u8>,
}

async fn call(
    server: &Server,
    cookie: Option<&str>,
    method: &str,
    path: &str,
    body: Option<&Value>,
) -> Reply {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "127.0.0.1:3000");
    if let Some(cookie) = cookie {
        request = request.header("cookie", cookie);
    }
    let body = match body {
        Some(body) => {
            request = request.header("content-type", "application/json");
            Body::from(body.to_string())
        }
        None => Body::empty(),
    };
    let answer = server
        .app
        .clone()
        .oneshot(request.body(body).unwrap())
        .await
        .unwrap();
    let media = answer
        .headers()
        .get("content-type")
        .map(|it| it.to_str().unwrap().to_owned());
    let (status, media) = (answer.status().as_u16(), media.unwrap_or_default());
    let body = if media == "text/event-stream" {
        Vec::new()
    } else {
        to_bytes(answer.into_body(), 4 << 20).await.unwrap().to_vec()
    };
    Reply { status, media, body }
}

#[test]
fn every_route_of_the_api_is_described_and_nothing_else_is() {
    let rows: BTreeSet<_> = TABLE
        .iter()
        .filter(|(_, route, _)| route.starts_with("/api/v1/"))
        .map(|(method, route, _)| (*method, *route))
        .collect();
    let described: Vec<_> = api::operations().iter().map(|it| (it.method, it.path)).collect();
    let unique: BTreeSet<_> = described.iter().copied().collect();
    assert_eq!(unique, rows);
    assert_eq!(unique.len(), described.len(), "each once");
    let ids: BTreeSet<_> = api::operations().iter().map(|it| it.id).collect();
    assert_eq!(ids.len(), described.len(), "ids are their own");
}

#[test]
fn every_shape_that_is_named_is_there_and_every_shape_is_named() {
    let document = described();
    let text = document.to_string();
    let known = document["components"]["schemas"].as_object().unwrap();
    let named: BTreeSet<&str> = text
        .split("\"#/components/schemas/")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    let known: BTreeSet<&str> = known.keys().map(String::as_str).collect();
    assert_eq!(named, known);
}

#[test]
fn each_operation_says_what_it_is_for_and_its_path_names_its_parts() {
    for operation in api::operations() {
        assert!(access_of(&operation).is_some(), "{}", operation.path);
        assert!(!operation.summary.is_empty() && !operation.summary.ends_with('.'));
        assert!(!operation.answers.is_empty(), "{}", operation.path);
        let parts: BTreeSet<&str> = operation
            .path
            .split('/')
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
            .collect();
        let named = operation.parameters.iter().filter(|it| it.place == Place::Path);
        assert_eq!(
            named.map(|it| it.name).collect::<BTreeSet<_>>(),
            parts,
            "{}",
            operation.path
        );
    }
}

/// A value that the parameter can have.
fn sample(server: &Server, operation: &Operation, name: &str, schema: &Value) -> String {
    if let Some(word) = schema["enum"][0].as_str() {
        return word.to_owned();
    }
    match name {
        "replica" => server.seed.ours.id.to_string(),
        "id" if operation.path.contains("/replicas/") => server.seed.ours.id.to_string(),
        "id" if operation.path.contains("/policies/") => "standard".to_owned(),
        "tenant" | "id" if operation.path.contains("/tenants") || name == "tenant" => "contoso".to_owned(),
        "month" => "2027-01".to_owned(),
        "from" | "to" | "day" => "2027-01-15".to_owned(),
        "all" => "true".to_owned(),
        "limit" | "after" | "disk" => "1".to_owned(),
        "id" => uuid::Uuid::from_u128(404).to_string(),
        _ => String::new(),
    }
}

/// Who may ask for it: for a tenant's own, its admin.
fn whose<'a>(operation: &Operation, owner: &'a str, admin: &'a str) -> &'a str {
    match access_of(operation) {
        Some(Access::Tenant(_)) => admin,
        _ => owner,
    }
}

fn path(server: &Server, operation: &Operation) -> String {
    let parts = operation.parameters.iter().filter(|it| it.place == Place::Path);
    parts.fold(operation.path.to_owned(), |path, it| {
        path.replace(
            &format!("{{{}}}", it.name),
            &sample(server, operation, it.name, &it.schema),
        )
    })
}

#[tokio::test]
async fn an_endpoint_reads_the_parameters_that_it_describes_and_no_others() {
    let server = Server::new().await;
    let owner = server.cookie("owner").await;
    let admin = server.cookie("tenant-admin").await;
    for operation in api::operations().iter().filter(|it| !it.is_write()) {
        if super::is_public(operation) {
            continue;
        }
        let described: BTreeSet<String> = operation
            .parameters
            .iter()
            .filter(|it| it.place == Place::Query)
            .map(|it| it.name.to_owned())
            .collect();
        let query: Vec<String> = operation
            .parameters
            .iter()
            .filter(|it| it.place == Place::Query)
            .map(|it| (it.name, sample(&server, operation, it.name, &it.schema)))
            // Looked for all the same.
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        READ.with(|read| read.borrow_mut().clear());
        let asked = format!("{}?{}", path(&server, operation), query.join("&"));
        let who = whose(operation, &owner, &admin);
        call(&server, Some(who), "GET", &asked, None).await;
        let read = READ.with(|read| read.borrow().clone());
        assert_eq!(read, described, "{asked}");
        let asked = format!("{}?colour=red", path(&server, operation));
        let reply = call(&server, Some(who), "GET", &asked, None).await;
        assert_eq!(reply.status, 400, "{asked}");
    }
}

#[tokio::test]
async fn a_body_has_the_fields_that_are_described_and_no_others() {
    let server = Server::new().await;
    let owner = server.cookie("owner").await;
    let admin = server.cookie("tenant-admin").await;
    for operation in api::operations() {
        let Some((schema, example)) = &operation.body else {
            continue;
        };
        assert_eq!(check(described(), schema, example), Ok(()), "{}", operation.path);
        let path = path(&server, &operation);
        let mut more = example.clone();
        more["colour"] = json!("red");
        let who = whose(&operation, &owner, &admin);
        let reply = call(&server, Some(who), "POST", &path, Some(&more)).await;
        assert_eq!(reply.status, 400, "{path}: an unknown field");
        let required = schema["required"].as_array().unwrap();
        for name in schema["properties"].as_object().unwrap().keys() {
            let mut less = example.clone();
            less.as_object_mut().unwrap().remove(name);
            let reply = call(&server, Some(who), "POST", &path, Some(&less)).await;
            let problem: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
            let is_about_the_body = reply.status == 400 && problem["parameter"] == "body";
            let needed = required.iter().any(|it| it == name);
            assert_eq!(is_about_the_body, needed, "{path} without {name}: {problem}");
        }
    }
}

/// Operations that did not succeed here, since this site has no engine, no vault and no authenticator.
const ELSEWHERE: [&str; 7] = [
    "askForBackup",
    "confirmSecondFactor",
    "downloadDisk",
    "explainPlan",
    "previewRule",
    "renewRecoveryCodes",
    "showNight",
];

struct Walk {
    server: Server,
    owner: String,
    admin: String,
    succeeded: BTreeSet<&'static str>,
    asked: BTreeSet<&'static str>,
    refused: Vec<String>,
}

impl Walk {
    /// Asks, and holds the answer against what the operation says.
    async fn ask(&mut self, id: &'static str, path: &str, body: Option<Value>) -> Value {
        let operation = api::operations().into_iter().find(|it| it.id == id).unwrap();
        let reply = call(
            &self.server,
            Some(whose(&operation, &self.owner, &self.admin)),
            operation.method,
            path,
            body.as_ref(),
        )
        .await;
        self.asked.insert(id);
        let document = operation.document(access_of(&operation));
        let said = &document["responses"][reply.status.to_string()];
        let text = String::from_utf8_lossy(&reply.body).into_owned();
        assert!(
            said.is_object(),
            "{id}: {} is not described: {text}",
            reply.status
        );
        let schema = &said["content"][&reply.media]["schema"];
        assert!(schema.is_object(), "{id}: {} as {}", reply.status, reply.media);
        if reply.status < 300 {
            self.succeeded.insert(id);
        } else {
            self.refused.push(format!("{id}: {text}"));
        }
        if !reply.media.ends_with("json") {
            return Value::Null;
        }
        let answer: Value = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!(check(described(), schema, &answer), Ok(()), "{id}: {text}");
        answer
    }
}

#[tokio::test]
async fn every_operation_answers_as_it_says() {
    let server = Server::new().await;
    let owner = server.cookie("owner").await;
    let admin = server.cookie("tenant-admin").await;
    let elsewhere = server.cookie("owner").await;
    drop(elsewhere);
    let seed = &server.seed;
    let point = seed.seal(&server.store, 1, 10).await.unwrap();
    let owed = seed.owed(&seed.ours, -2).unwrap();
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
    let write = store::traits::PollWrite {
        findings: vec![seed.finding("foreign-checkpoint:1", 5)],
        at: Some(seed.at),
        ..Default::default()
    };
    store::traits::ReplicaStore::poll_write(&server.store, write)
        .await
        .unwrap();
    let (host, attempt) = (
        seed.ours.host.clone(),
        seed.claim(&server.store, 2).await.unwrap().id,
    );
    let mut walk = Walk {
        server,
        owner,
        admin,
        succeeded: BTreeSet::new(),
        asked: BTreeSet::new(),
        refused: Vec::new(),
    };
    let one = format!("/api/v1/replicas/{replica}");

    let hold = json!({ "target": { "on": "host", "host": host }, "until": "4h", "reason": "new storage" });
    let hold = walk.ask("hold", "/api/v1/holds", Some(hold)).await;
    let cause = json!({ "cause": format!("host:{host}:B5"), "until": "6h", "note": "ticket 7" });
    walk.ask("acknowledge", "/api/v1/acknowledgements", Some(cause))
        .await;
    let excuse = json!({ "replica": replica, "day": day, "change": { "change": "excuse", "owner": "tenant" }, "reason": "their link" });
    walk.ask("correct", "/api/v1/corrections", Some(excuse)).await;
    let terms = domain::policy::Terms::standard();
    walk.ask(
        "putPolicy",
        "/api/v1/policies",
        Some(json!({ "id": "gold", "terms": terms })),
    )
    .await;
    let assign = json!({ "assignee": { "to": "tenant", "tenant": "contoso" }, "policy": "gold" });
    walk.ask("assignPolicy", "/api/v1/assignments", Some(assign))
        .await;
    let tenant = json!({ "id": "tailspin", "name": "Tailspin", "zone": "Europe/Berlin" });
    walk.ask("createTenant", "/api/v1/tenants", Some(tenant)).await;
    let rules = "/api/v1/tenants/tailspin/rules";
    let rule = || Some(json!({ "kind": "primary", "text": "*.tailspin.example" }));
    walk.ask("addRule", rules, rule()).await;
    walk.ask("previewRule", &format!("{rules}/preview"), rule()).await;
    walk.ask("removeRule", &format!("{rules}/remove"), rule()).await;
    let cancel = format!("/api/v1/attempts/{attempt}/cancel");
    walk.ask(
        "cancelAttempt",
        &cancel,
        Some(json!({ "reason": "the line is needed" })),
    )
    .await;
    walk.ask("backUpNow", &format!("{one}/backup"), None).await;

    let contoso = "/api/v1/tenants/contoso";
    let within = json!({ "open": "18:00", "due": "10:00", "due_next_day": true });
    let frame = json!({ "frame": { "within": within, "minutes_min": 300 } });
    walk.ask("frameTenant", &format!("{contoso}/frame"), Some(frame))
        .await;
    let brand = json!({ "name": "Contoso Cover", "accent": "#1f7a5a" });
    walk.ask("brandTenant", &format!("{contoso}/brand"), Some(brand))
        .await;
    let to = json!({ "to": { "open": "22:00", "due": "06:00", "due_next_day": true } });
    walk.ask("moveWindow", "/api/v1/own/window", Some(to.clone()))
        .await;
    walk.ask("previewWindow", "/api/v1/own/window/preview", Some(to))
        .await;
    let own = format!("/api/v1/own/replicas/{replica}");
    walk.ask("askForBackup", &format!("{own}/backups"), None).await;

    for (id, path) in [
        ("listOwnReplicas", "/api/v1/own/replicas".to_owned()),
        ("showOwnReplica", own.clone()),
        ("listOwnPoints", format!("{own}/points")),
        ("listOwnDays", format!("/api/v1/own/days?from={day}")),
        ("showOwnWindow", "/api/v1/own/window".to_owned()),
        ("showOwn", "/api/v1/own".to_owned()),
        ("followOwn", "/api/v1/own/events".to_owned()),
        ("showNight", "/api/v1/night".to_owned()),
        ("listHosts", "/api/v1/hosts".to_owned()),
        ("listFindings", "/api/v1/findings".to_owned()),
        ("followEvents", "/api/v1/events".to_owned()),
        ("listReplicas", "/api/v1/replicas".to_owned()),
        ("showReplica", one.clone()),
        ("explainPlan", format!("{one}/plan")),
        ("listAttempts", "/api/v1/attempts".to_owned()),
        ("listPoints", "/api/v1/points".to_owned()),
        ("showPoint", format!("/api/v1/points/{}", point.id)),
        ("downloadDisk", format!("/api/v1/points/{}/disks/0", point.id)),
        ("listObligations", format!("/api/v1/obligations?from={day}")),
        ("showObligation", format!("/api/v1/obligations/{replica}/{day}")),
        ("showFigures", format!("/api/v1/sla?from={day}&to={day}")),
        ("showReport", format!("/api/v1/reports/{}", &day.to_string()[..7])),
        (
            "listCorrections",
            format!("/api/v1/corrections?from={day}&to={day}"),
        ),
        ("listPolicies", "/api/v1/policies".to_owned()),
        ("showPolicy", "/api/v1/policies/gold".to_owned()),
        ("listHolds", "/api/v1/holds?all=true".to_owned()),
        ("listAcknowledgements", "/api/v1/acknowledgements".to_owned()),
        ("listTenants", "/api/v1/tenants".to_owned()),
        ("listActivity", "/api/v1/activity".to_owned()),
        ("showAccount", "/api/v1/account".to_owned()),
        ("describe", "/api/v1/openapi.json".to_owned()),
    ] {
        walk.ask(id, &path, None).await;
    }
    walk.ask("liftHold", &format!("/api/v1/holds/{}/lift", hold["id"]), None)
        .await;

    let people = walk.ask("listPeople", "/api/v1/people?limit=2", None).await;
    let rest = format!("/api/v1/people?cursor={}", people["next"].as_str().unwrap());
    let rest = walk.ask("listPeople", &rest, None).await;
    let viewer = rest["rows"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["role"] == "viewer")
        .unwrap();
    let person = format!("/api/v1/people/{}", viewer["id"].as_str().unwrap());
    let changed = walk
        .ask(
            "setRole",
            &format!("{person}/role"),
            Some(json!({ "role": "admin" })),
        )
        .await;
    assert_eq!(changed["role"], "admin");
    let out = walk.ask("putOut", &format!("{person}/put-out"), None).await;
    assert!(out["out"].is_string(), "{out}");
    walk.ask("letIn", &format!("{person}/let-in"), None).await;
    let link = format!("{person}/password-link");
    walk.ask("linkPassword", &link, Some(json!({ "second_factor": true })))
        .await;
    walk.ask(
        "invite",
        "/api/v1/invitations",
        Some(json!({ "role": "auditor" })),
    )
    .await;
    let invited = walk.ask("listInvitations", "/api/v1/invitations", None).await;
    let invitation = invited["rows"][0]["id"].as_str().unwrap();
    walk.ask(
        "uninvite",
        &format!("/api/v1/invitations/{invitation}/revoke"),
        None,
    )
    .await;
    let token = json!({ "name": "night report", "scopes": ["night:read"], "days": 90 });
    walk.ask("makeToken", "/api/v1/tokens", Some(token)).await;
    let tokens = walk.ask("listTokens", "/api/v1/tokens", None).await;
    let token = tokens["rows"][0]["id"].as_str().unwrap();
    walk.ask("revokeToken", &format!("/api/v1/tokens/{token}/revoke"), None)
        .await;

    let sessions = walk.ask("listSessions", "/api/v1/sessions", None).await;
    let other = sessions["rows"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["this"] == false)
        .unwrap();
    let other = other["id"].as_str().unwrap();
    walk.ask("revokeSession", &format!("/api/v1/sessions/{other}/revoke"), None)
        .await;
    walk.ask("revokeOtherSessions", "/api/v1/sessions/revoke-others", None)
        .await;
    let account = "/api/v1/account";
    let password = || Some(json!({ "password": DEMO_PASSWORD }));
    walk.ask(
        "beginSecondFactor",
        &format!("{account}/second-factor"),
        password(),
    )
    .await;
    let code = Some(json!({ "code": "000000" }));
    walk.ask(
        "confirmSecondFactor",
        &format!("{account}/second-factor/confirm"),
        code,
    )
    .await;

    walk.ask(
        "removeSecondFactor",
        &format!("{account}/second-factor/remove"),
        password(),
    )
    .await;
    walk.ask("renewRecoveryCodes", &format!("{account}/recovery"), password())
        .await;
    let change = Some(json!({ "old": DEMO_PASSWORD, "new": "four plain words here" }));
    walk.ask("changePassword", &format!("{account}/password"), change)
        .await;
    let trail = walk.ask("listAudit", "/api/v1/audit?limit=3", None).await;
    let next = format!("/api/v1/audit?cursor={}", trail["next"].as_str().unwrap());
    walk.ask("listAudit", &next, None).await;

    let all: BTreeSet<_> = api::operations().iter().map(|it| it.id).collect();
    assert_eq!(walk.asked, all, "each was asked");
    let failed: Vec<_> = all.difference(&walk.succeeded).copied().collect();
    assert_eq!(failed, ELSEWHERE, "which succeeded: {:#?}", walk.refused);
}

#[tokio::test]
async fn a_stranger_reads_the_document_and_nothing_else() {
    let server = Server::new().await;
    for operation in api::operations() {
        let reply = call(&server, None, operation.method, &path(&server, &operation), None).await;
        let expected = if operation.id == "describe" { 200 } else { 401 };
        assert_eq!(reply.status, expected, "{}", operation.path);
    }
}
