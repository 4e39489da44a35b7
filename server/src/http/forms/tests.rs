//! The forms through the whole router, as the API's tests start it.

use crate::http::api::tests::Server;
use ::console::forms::PolicyForm;
use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use store::audit::AuditStore as _;
use store::holds::HoldStore as _;
use store::policies::PolicyStore as _;
use store::tenants::TenantStore as _;
use store::traits::Scope;
use tower::ServiceExt as _;

const SITE: Scope = Scope::Site { reason: "test" };

/// Status, where it leads, and what it says.
async fn send(server: &Server, form: &str, fields: &str) -> (u16, Option<String>, String) {
    let request = Request::post(format!("/forms/{form}"))
        .header("host", "127.0.0.1:3000")
        .header("cookie", &server.operator)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(fields.to_owned()))
        .unwrap();
    let response = server.app.clone().oneshot(request).await.unwrap();
    let location = response.headers().get(header::LOCATION);
    let location = location.map(|it| it.to_str().unwrap().to_owned());
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), 1 << 16).await.unwrap();
    (status, location, String::from_utf8(body.to_vec()).unwrap())
}

/// The standard's terms as policy `gold`, spoiled.
fn policy(spoil: impl FnOnce(&mut PolicyForm)) -> String {
    let mut form = PolicyForm::of("gold", &domain::policy::Terms::standard());
    form.back = "/".to_owned();
    spoil(&mut form);
    let fields = serde_json::to_value(&form).unwrap();
    let encode = |text: &str| {
        text.bytes()
            .map(|byte| format!("%{byte:02X}"))
            .collect::<String>()
    };
    let pairs = fields.as_object().unwrap().iter();
    pairs
        .map(|(name, value)| format!("{name}={}", encode(value.as_str().unwrap())))
        .collect::<Vec<_>>()
        .join("&")
}

#[tokio::test]
async fn a_form_does_its_deed_and_leads_back() {
    let server = Server::new().await;
    let replica = server.seed.ours.id;
    let hold = format!("on=replica&name={replica}&until=4h&reason=their+audit&back=%2Freplicas%2F{replica}");
    let (status, location, _) = send(&server, "hold", &hold).await;
    assert_eq!((status, location), (303, Some(format!("/replicas/{replica}"))));
    let held = server.store.holds(&SITE, 10).await.unwrap();
    assert_eq!(
        (held[0].reason.as_str(), held[0].author.as_str()),
        ("their audit", "operator")
    );
    let lift = format!("id={}&back=https%3A%2F%2Fevil.example%2F", held[0].id);
    let (status, location, _) = send(&server, "lift", &lift).await;
    assert_eq!((status, location.as_deref()), (303, Some("/")), "own paths only");
    assert!(server.store.holds(&SITE, 10).await.unwrap()[0].lifted.is_some());
    let noted = "cause=vault%3Afull&until=6h&note=known&back=/";
    assert_eq!(send(&server, "acknowledge", noted).await.0, 303);
    let assign = "to=tenant&name=contoso&policy=standard&back=/";
    assert_eq!(send(&server, "assign", assign).await.0, 303);
    assert_eq!(server.store.assignments(&SITE).await.unwrap().len(), 2);
    let away = "to=tenant&name=contoso&policy=&back=/";
    assert_eq!(send(&server, "assign", away).await.0, 303);
    let attempt = server.seed.claim(&server.store, 1).await.unwrap().id;
    let cancel = format!("attempt={attempt}&reason=x&back=/");
    assert_eq!(send(&server, "cancel", &cancel).await.0, 303);
    assert_eq!(send(&server, "policy", &policy(|_| {})).await.0, 303);
    assert_eq!(server.store.policies().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_form_that_is_not_right_is_told_in_words() {
    let server = Server::new().await;
    let id = uuid::Uuid::nil();
    for (form, fields, status, words) in [
        (
            "hold",
            "on=host&name=hv-r-01&until=4h&reason=&back=/".to_owned(),
            400,
            "reason",
        ),
        (
            "hold",
            "on=host&name=hv-r-99&until=4h&reason=x&back=/".to_owned(),
            404,
            "hv-r-99",
        ),
        (
            "hold",
            "on=roof&name=x&until=4h&reason=x&back=/".to_owned(),
            400,
            "roof",
        ),
        (
            "hold",
            "on=host&name=hv-r-01&reason=x&back=/".to_owned(),
            400,
            "until",
        ),
        ("lift", "id=9&back=/".to_owned(), 404, "hold"),
        (
            "acknowledge",
            "cause=B5&until=4h&note=x&back=/".to_owned(),
            400,
            "cause",
        ),
        (
            "correct",
            format!("replica={id}&day=2026-11-22&change=excuse&owner=tenant&reason=x&back=/"),
            404,
            "obligation",
        ),
        (
            "correct",
            format!("replica={id}&day=2026-11-22&change=excuse&owner=me&reason=x&back=/"),
            400,
            "owner",
        ),
        (
            "correct",
            format!("replica={id}&day=2026-11-22&change=undo&reason=x&back=/"),
            400,
            "change",
        ),
        (
            "assign",
            "to=tenant&name=contoso&policy=gold&back=/".to_owned(),
            404,
            "gold",
        ),
        ("assign", "to=site&policy=&back=/".to_owned(), 409, "falls back"),
        ("cancel", format!("attempt={id}&reason=x&back=/"), 404, "attempt"),
        (
            "policy",
            policy(|form| form.target = "all".to_owned()),
            400,
            "target",
        ),
        (
            "policy",
            policy(|form| form.priority = "9".to_owned()),
            400,
            "priority",
        ),
    ] {
        let (found, location, text) = send(&server, form, &fields).await;
        assert_eq!((found, location), (status, None), "{form} {fields}: {text}");
        assert!(
            text.contains(words) && text.contains("Back leads"),
            "{form} {fields}: {text}"
        );
    }
}

#[tokio::test]
async fn a_tenant_is_created_and_mapped_by_forms_and_the_trail_says_which() {
    let server = Server::new().await;
    let site = store::traits::Scope::Site { reason: "test" };
    let tenant = "id=tailspin&name=Tailspin+Toys&zone=Europe%2FBerlin&back=%2Ftenants";
    let (status, location, _) = send(&server, "tenant", tenant).await;
    assert_eq!((status, location.as_deref()), (303, Some("/tenants")));
    let made = server
        .store
        .tenant(&site, &"tailspin".parse().unwrap())
        .await
        .unwrap();
    assert_eq!(
        (made.name.as_str(), made.zone.to_string().as_str()),
        ("Tailspin Toys", "Europe/Berlin")
    );
    let rule = |change: &str| {
        format!("tenant=tailspin&kind=primary&text=*.tailspin.example&change={change}&back=%2Ftenants")
    };
    assert_eq!(send(&server, "rule", &rule("add")).await.0, 303);
    assert_eq!(server.store.mappings(&site).await.unwrap()[0].author, "operator");
    assert_eq!(send(&server, "rule", &rule("remove")).await.0, 303);
    assert!(server.store.mappings(&site).await.unwrap().is_empty());
    for (form, fields, status, words) in [
        ("tenant", tenant.to_owned(), 409, "tailspin"),
        ("tenant", "id=No+Slug&name=x&back=/".to_owned(), 400, "id"),
        ("tenant", "id=x&name=&back=/".to_owned(), 400, "name"),
        (
            "tenant",
            "id=x&name=x&zone=Mars%2FOlympus&back=/".to_owned(),
            400,
            "zone",
        ),
        ("rule", rule("remove"), 409, "tailspin"),
        ("rule", rule("turn"), 400, "change"),
        (
            "rule",
            "tenant=nobody&kind=primary&text=*.x.example&change=add&back=/".to_owned(),
            404,
            "nobody",
        ),
        (
            "rule",
            "tenant=tailspin&kind=colour&text=x&change=add&back=/".to_owned(),
            400,
            "kind",
        ),
        (
            "rule",
            "tenant=tailspin&kind=primary&text=*&change=add&back=/".to_owned(),
            400,
            "text",
        ),
    ] {
        let (got, _, said) = send(&server, form, &fields).await;
        assert_eq!(got, status, "{form} {fields}: {said}");
        assert!(said.contains(words), "{form} {fields}: {said}");
    }
    let trail = server.store.audit_after(&site, 0, 100).await.unwrap();
    let objects: Vec<_> = trail.iter().map(|entry| entry.happened.object.as_str()).collect();
    assert!(objects.contains(&"tenant tailspin"), "{objects:?}");
    assert!(
        objects.contains(&"rule primary *.tailspin.example of tenant tailspin"),
        "{objects:?}"
    );
    assert!(
        objects.iter().all(|object| !object.contains("/forms/")),
        "{objects:?}"
    );
}

#[tokio::test]
async fn what_was_done_to_a_tenants_replica_stands_in_its_own_trail_by_name() {
    let server = Server::new().await;
    let replica = &server.seed.ours;
    let hold = format!(
        "on=replica&name={}&until=4h&reason=their+audit&back=/",
        replica.id
    );
    assert_eq!(send(&server, "hold", &hold).await.0, 303);
    let own = server
        .store
        .audit_after(&server.seed.scope(), 0, 100)
        .await
        .unwrap();
    let told: Vec<_> = own
        .iter()
        .map(|entry| (entry.happened.deed.as_str(), entry.happened.object.clone()))
        .collect();
    assert!(
        told.contains(&("hold.begin", format!("replica {}", replica.name))),
        "{told:?}"
    );
    let other = server
        .store
        .audit_after(&server.seed.other(), 0, 100)
        .await
        .unwrap();
    assert!(other.is_empty(), "{other:?}");
}

#[tokio::test]
async fn a_deed_has_its_own_name_and_what_it_was_and_a_tenant_reads_no_word_of_the_hosters_reasons() {
    let server = Server::new().await;
    let replica = &server.seed.ours;
    let hold = format!(
        "on=replica&name={}&until=4h&reason=shelf+seven&back=/",
        replica.id
    );
    assert_eq!(send(&server, "hold", &hold).await.0, 303);
    assert_eq!(send(&server, "lift", "id=1&back=/").await.0, 303);
    let (store, scope) = (&server.store, server.seed.scope());
    let told = store.audit_after(&scope, 0, 100).await.unwrap();
    let told: Vec<_> = told.iter().map(|entry| &entry.happened).collect();
    let deeds: Vec<&str> = told.iter().map(|it| it.deed.as_str()).collect();
    assert_eq!(deeds, ["hold.begin", "hold.lift"], "{told:?}");
    assert_eq!(told[0].details["reason"], "shelf seven");
    assert!(told[0].details["until"].ends_with('Z'), "{:?}", told[0].details);
    assert_eq!(told[1].object, format!("hold 1 of replica {}", replica.name));
    for (login, reads) in [("operator", true), ("tenant-admin", false)] {
        for path in ["/audit", "/api/v1/audit"] {
            let request = Request::get(path)
                .header("host", "127.0.0.1:3000")
                .header("cookie", server.cookie(login).await)
                .body(Body::empty())
                .unwrap();
            let answer = server.app.clone().oneshot(request).await.unwrap();
            let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
            let text = String::from_utf8(body.to_vec()).unwrap();
            assert!(text.contains("hold.begin") && text.contains("until"), "{text}");
            assert_eq!(text.contains("shelf seven"), reads, "{login} on {path}: {text}");
        }
    }
}
