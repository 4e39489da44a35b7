//! A tenant that is created and mapped while the server runs: its replicas are tried, claimed and watched without a restart.

use crate::binary::{Server, run};
use crate::site::{Site, small};
use crate::waiting::until;
use serde_json::Value;

/// The configuration without one of its tenants, whose replicas then are nobody's.
fn without(site: &Site, tenant: &str) {
    let config = site.data().join("config.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let block = format!(
        "[[tenant]]\nid = \"{tenant}\"\nname = \"{tenant}\"\ntrust_groups = [\"{tenant}\"]\nprimaries = [\"*.{tenant}.example\"]\n\n"
    );
    let less = text.replace(&block, "");
    assert_ne!(less, text);
    // A primary of a tenant that is not configured is refused.
    let primary = format!("tenant = \"{tenant}\"\n");
    let blocks = less.split("[[primary]]");
    let kept: Vec<&str> = blocks.filter(|block| !block.contains(&primary)).collect();
    std::fs::write(&config, kept.join("[[primary]]")).unwrap();
}

fn rows(answer: &Value) -> &Vec<Value> {
    answer["rows"].as_array().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_is_created_tried_and_mapped_while_the_server_runs() {
    let site = Site::start(small(43, 1, 3), 20.0).await;
    let spec = site.lab.lab().with(|lab| lab.spec().clone());
    let theirs = spec
        .replicas
        .iter()
        .map(|it| it.tenant.clone())
        .find(|it| it != "canary")
        .unwrap();
    let count = spec.replicas.iter().filter(|it| it.tenant == theirs).count();
    without(&site, &theirs);
    let data = site.data();
    let server = Server::start(data).await;
    let found = until("nobody's replicas are findings", 60, || async {
        let findings = server.json("/api/v1/findings").await;
        let unmapped = rows(&findings)
            .iter()
            .filter(|it| it["kind"] == "unmapped-replica");
        (unmapped.count() == count).then_some(findings)
    })
    .await;
    let first = &rows(&found)[0];
    assert!(first["host"].is_string() && first["since"].is_string(), "{first}");
    assert!(first["what_to_do"].as_str().unwrap().contains("rule"), "{first}");
    let listed = run(data, &["findings", "--json"]).await.good().json();
    assert_eq!(listed.as_array().unwrap().len(), rows(&found).len());
    let (status, page) = server.get("/findings").await;
    assert!(status == 200 && page.contains("Replica of no tenant"), "{page}");

    let map = ["tenant", "map", &theirs, "--trust-group", &theirs];
    run(data, &map).await.refused(2, &[&theirs]);
    run(
        data,
        &[
            "tenant", "create", &theirs, "--name", "Theirs", "--zone", "Nowhere",
        ],
    )
    .await
    .refused(2, &["zone"]);
    run(data, &["tenant", "create", &theirs, "--name", "Theirs"])
        .await
        .good();
    run(data, &["tenant", "create", &theirs, "--name", "Theirs"])
        .await
        .refused(2, &["already"]);
    let preview = ["tenant", "preview", &theirs, "--trust-group", &theirs, "--json"];
    let tried = run(data, &preview).await.good().json();
    let claims = tried["claims"].as_array().unwrap();
    assert_eq!(claims.len(), count, "{tried}");
    for claim in claims {
        assert_eq!(claim["before"], serde_json::json!([]));
        assert_eq!(claim["after"], serde_json::json!([theirs]));
    }
    // Nothing was changed by trying, and the page tries the same without any script.
    let tenants = server.json("/api/v1/tenants").await;
    let own = rows(&tenants).iter().find(|it| it["id"] == theirs.as_str());
    assert_eq!(own.unwrap()["rules"], serde_json::json!([]));
    let ask = format!("/tenants?tenant={theirs}&kind=trust-group&text={theirs}");
    let (status, page) = server.get(&ask).await;
    assert!(status == 200 && page.contains("Make the rule"), "{page}");

    let mapped = run(data, &[&map[..], &["--json"]].concat()).await.good().json();
    assert_eq!(mapped["rules"][0]["kind"], "trust-group", "{mapped}");
    run(data, &map).await.refused(2, &["already"]);
    until("the running server watches them", 60, || async {
        let replicas = server.json("/api/v1/replicas?limit=100").await;
        let own = rows(&replicas)
            .iter()
            .filter(|it| it["tenant"] == theirs.as_str());
        let findings = server.json("/api/v1/findings").await;
        (own.count() == count && rows(&findings).iter().all(|it| it["kind"] != "unmapped-replica"))
            .then_some(())
    })
    .await;
    run(data, &[&map[..], &["--remove"]].concat()).await.good();
    run(data, &[&map[..], &["--remove"]].concat())
        .await
        .refused(2, &["config.toml"]);
    drop(server);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenants_frame_and_look_are_set_by_hand_and_what_cannot_be_is_refused() {
    let site = Site::start(small(44, 1, 2), 20.0).await;
    let data = site.data();
    let frame = [
        "tenant",
        "frame",
        "canary",
        "--within",
        "18:00-10:00",
        "--minutes-min",
    ];
    run(data, &[&frame[..], &["961"]].concat())
        .await
        .refused(2, &["961"]);
    run(data, &["tenant", "frame", "canary", "--within", "18:00"])
        .await
        .refused(2, &["18:00-10:00"]);
    run(data, &["tenant", "frame", "nobody", "--none"])
        .await
        .refused(2, &["nobody"]);
    let framed = run(data, &[&frame[..], &["300", "--json"]].concat()).await.good();
    let framed = framed.json();
    assert_eq!(framed["frame"]["minutes_min"], 300, "{framed}");
    assert_eq!(framed["frame"]["within"]["due_next_day"], true);

    let logo = data.join("logo.png");
    std::fs::write(&logo, b"<svg/>").unwrap();
    let brand = ["tenant", "brand", "canary", "--logo", logo.to_str().unwrap()];
    run(data, &brand).await.refused(2, &["PNG, JPEG or WebP"]);
    run(data, &["tenant", "brand", "canary", "--accent", "#ffff00"])
        .await
        .refused(2, &["hard to see"]);
    let mut picture = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x05\0\0\0\x05".to_vec();
    picture.extend(b"IEND\xae\x42\x60\x82");
    std::fs::write(&logo, picture).unwrap();
    run(data, &brand).await.good();
    let more = [
        "tenant",
        "brand",
        "canary",
        "--name",
        "Canary Cover",
        "--accent",
        "#1f7a5a",
        "--json",
    ];
    let look = run(data, &more).await.good().json();
    let expected = serde_json::json!({ "name": "Canary Cover", "accent": "#1f7a5a", "logo": true });
    assert_eq!(look["brand"], expected, "what is not given stays");
    let none = ["tenant", "frame", "canary", "--none", "--json"];
    assert_eq!(run(data, &none).await.good().json()["frame"], Value::Null);
    let trail = run(data, &["audit", "export"]).await.good();
    let text = format!("{trail:?}");
    for deed in ["tenant.frame", "tenant.brand"] {
        assert!(text.contains(deed), "{deed}: {text}");
    }
}
