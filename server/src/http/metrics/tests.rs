use super::*;
use crate::http::api::tests::Server;
use axum::body::{Body, to_bytes};
use std::collections::BTreeSet;
use tower::ServiceExt as _;

async fn scraped(server: &Server, proof: Option<(&str, &str)>) -> (u16, String, String) {
    let mut request = Request::builder()
        .uri("/metrics")
        .header("host", "127.0.0.1:3000");
    if let Some((name, value)) = proof {
        request = request.header(name, value);
    }
    let request = request.body(Body::empty()).unwrap();
    let answer = server.app.clone().oneshot(request).await.unwrap();
    let status = answer.status().as_u16();
    let kind = answer
        .headers()
        .get("content-type")
        .map(|kind| kind.to_str().unwrap().to_owned());
    let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    let text = String::from_utf8(body.to_vec()).unwrap();
    (status, kind.unwrap_or_default(), text)
}

/// Names with labels, without values.
fn series(text: &str) -> BTreeSet<String> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.rsplit_once(' ').unwrap().0.to_owned())
        .collect()
}

#[tokio::test]
async fn figures_are_for_the_hosters_people_and_whoever_has_nothing_learns_nothing() {
    let server = Server::new().await;
    let (status, _, text) = scraped(&server, None).await;
    assert!(status == 303 || status == 401, "{status}");
    assert!(!text.contains("stillpoint_"), "{text}");
    for (login, expected) in [
        ("owner", 200),
        ("auditor", 200),
        ("tenant-admin", 404),
        ("tenant-viewer", 404),
    ] {
        let cookie = server.cookie(login).await;
        let (status, kind, text) = scraped(&server, Some(("cookie", &cookie))).await;
        assert_eq!(status, expected, "{login}");
        assert_eq!(text.contains("stillpoint_replicas"), expected == 200, "{login}");
        assert!(expected != 200 || kind == CONTENT_TYPE, "{kind}");
    }
}

#[tokio::test]
async fn what_a_scrape_says_is_what_the_night_says_and_names_nobody() {
    let server = Server::new().await;
    let cookie = server.operator.clone();
    let (_, _, text) = scraped(&server, Some(("cookie", &cookie))).await;
    assert!(text.ends_with("# EOF\n"), "{text}");
    let standing = |name: &str| -> f64 {
        let start = format!("stillpoint_replicas{{standing=\"{name}\"}} ");
        let line = text.lines().find_map(|line| line.strip_prefix(&start));
        line.unwrap().parse().unwrap()
    };
    let all: f64 = [
        "met", "running", "waiting", "ready", "failed", "unknown", "excused",
    ]
    .map(standing)
    .iter()
    .sum();
    assert!(
        (all - 2.0).abs() < f64::EPSILON,
        "two replicas were planted: {all}"
    );
    for theirs in [
        server.seed.ours.name.as_str(),
        server.seed.theirs.name.as_str(),
        server.seed.ours.tenant.as_str(),
        server.seed.ours.host.as_str(),
    ] {
        assert!(!text.contains(theirs), "{theirs}: {text}");
    }
}

#[tokio::test]
async fn whatever_is_asked_for_the_series_stay_the_same() {
    let server = Server::new().await;
    let cookie = server.operator.clone();
    let ask = async |path: &str| {
        let request = Request::builder()
            .uri(path)
            .header("host", "127.0.0.1:3000")
            .header("cookie", &cookie)
            .body(Body::empty())
            .unwrap();
        server.app.clone().oneshot(request).await.unwrap()
    };
    for path in ["/", "/api/v1/nothing", "/metrics"] {
        ask(path).await;
    }
    let before = series(&scraped(&server, Some(("cookie", &cookie))).await.2);
    for n in 0..100 {
        ask(&format!("/stranger-{n}")).await;
        ask(&format!("/api/v1/stranger-{n}?q={n}")).await;
    }
    let after = series(&scraped(&server, Some(("cookie", &cookie))).await.2);
    assert_eq!(before, after);
    assert!(after.len() < 200, "{}", after.len());
}

#[tokio::test]
async fn a_replica_that_no_policy_reaches_is_in_the_figure_of_findings() {
    let server = Server::new().await;
    let cookie = server.operator.clone();
    let found = async || {
        let (_, _, text) = scraped(&server, Some(("cookie", &cookie))).await;
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("stillpoint_findings{} "));
        line.unwrap_or_else(|| panic!("{text}")).to_owned()
    };
    assert_eq!(found().await, "0.0");
    server.by_hand("DROP TRIGGER policy_assignment_remains").await;
    server
        .by_hand("DELETE FROM policy_assignment WHERE kind = 'site'")
        .await;
    assert_eq!(found().await, "2.0", "both of the seed");
}
