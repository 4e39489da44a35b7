//! What the command line refuses, and that a refusal leaves everything as it was.

use crate::binary::run;
use crate::site::{Site, small};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

const STAGING: &str = "[staging]\npath = \"staging\"\nunc = '\\\\stage\\exports'\n";

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emulated_site_never_replaces_a_persons_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.toml");
    let theirs = format!("# ours\n{STAGING}");
    std::fs::write(&config, &theirs).unwrap();
    for command in [
        &[
            "demo",
            "--listen",
            "127.0.0.1:0",
            "--until-protected",
            "--timeout",
            "1",
        ][..],
        &["lab"],
    ] {
        let ran = run(folder.path(), command).await;
        ran.refused(2, &["config.toml", "--data"]);
        assert_eq!(std::fs::read_to_string(&config).unwrap(), theirs);
        assert!(!folder.path().join("lab").exists());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_on_an_address_that_is_not_served_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let ran = run(&data, &["demo", "--listen", "0.0.0.0:1"]).await;
    ran.refused(2, &["loopback", "0.0.0.0:1"]);
    assert!(!data.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_whose_port_is_taken_is_served_on_another() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let mut args = vec!["demo", "--listen", &listen, "--replicas", "4", "--speed", "1"];
    args.extend(["--until-protected", "--timeout", "1", "--json"]);
    let ran = run(&folder.path().join("data"), &args).await;
    ran.refused(3, &[&listen, "another port"]);
    let ready: serde_json::Value = serde_json::from_str(ran.out.lines().next().unwrap()).unwrap();
    let url = ready["url"].as_str().unwrap();
    assert!(
        url.starts_with("http://127.0.0.1:") && !url.contains(&listen),
        "{url}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    for command in [
        &["config", "check"][..],
        &["points"],
        &["verify"],
        &["serve", "--listen", "127.0.0.1:0"],
    ] {
        run(data, command).await.refused(2, &["config.toml"]);
    }
    assert_eq!(names(data), Vec::<String>::new());
    std::fs::write(data.join("config.toml"), STAGING).unwrap();
    run(data, &["config", "check"]).await.good();
    assert_eq!(
        run(data, &["points", "--json"]).await.good().json(),
        serde_json::json!([])
    );
    let verified = run(data, &["verify", "--json"]).await.good().json();
    assert_eq!(verified["verified"], 0);
    let none = uuid::Uuid::nil().to_string();
    for command in [
        &["points", "--replica", "contoso/sql-01"][..],
        &["verify", &none],
        &["restore", &none, "--to", "/nonexistent/x.raw"],
        &["vault", "keys", "contoso"],
    ] {
        run(data, command).await.refused(2, &["nothing has run"]);
    }
    assert_eq!(names(data), ["config.toml"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_check_of_a_configuration_refuses_what_serve_would() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let site = Site::start(small(11, 1, 2), 1.0).await;
    let authority = std::fs::read_to_string(&site.lab.files.ca).unwrap();
    drop(site);
    let write = |name: &str, text: &str, mode: u32| {
        let path = data.join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    write("ca.pem", &authority, 0o644);
    write("no.pem", "no certificate", 0o644);
    write("password", "secret\n", 0o600);
    write("empty", "\n", 0o600);
    write("open", "secret\n", 0o640);
    std::fs::create_dir(data.join("folder")).unwrap();
    let outside = folder.path().join("../not-mounted-here");
    let host = |ca: &str, password: &str| {
        format!(
            "{STAGING}[[host]]\nid = \"h\"\naddress = \"localhost\"\nca_file = \"{ca}\"\nuser = \"u\"\npassword_file = \"{password}\"\n"
        )
    };
    let config = |text: &str| std::fs::write(data.join("config.toml"), text).unwrap();
    config(&host("ca.pem", "password"));
    run(data, &["config", "check"]).await.good();
    let cases = [
        (host("no.pem", "password"), "no.pem"),
        (host("ca.pem", "folder"), "is no file"),
        (host("ca.pem", "empty"), "is empty"),
        (host("ca.pem", "open"), "chmod 600"),
        (
            host("ca.pem", "password").replace("\"localhost\"", "\"localhost:5986\""),
            "localhost:5986",
        ),
        (
            host("ca.pem", "password")
                .replace("path = \"staging\"", &format!("path = \"{}\"", outside.display())),
            "not mounted",
        ),
        (
            format!(
                "{}[vault]\npath = \"{}\"\n",
                host("ca.pem", "password"),
                outside.display()
            ),
            "vault.path",
        ),
        (
            format!("{}[vault]\npath = \"ca.pem\"\n", host("ca.pem", "password")),
            "is no folder",
        ),
    ];
    for (text, words) in cases {
        config(&text);
        run(data, &["config", "check"]).await.refused(2, &[words]);
        run(data, &["serve", "--listen", "127.0.0.1:0"])
            .await
            .refused(2, &[words]);
    }
    assert!(!outside.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thing_that_was_named_wrongly_ends_with_2() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    std::fs::write(data.join("config.toml"), STAGING).unwrap();
    let none = uuid::Uuid::nil().to_string();
    run(data, &["restore", &none])
        .await
        .refused(2, &["--to FILE", "--to-dir DIR"]);
    run(data, &["lab", "check", "/nonexistent/a.raw"])
        .await
        .refused(2, &["/nonexistent/a.raw"]);
    run(data, &["lab", "ctl", "state"])
        .await
        .refused(2, &["stillpoint lab"]);
    let site = Site::start(small(12, 1, 2), 1.0).await;
    for operation in [
        r#"{"replica":"nobody/nothing","op":"resyncing"}"#,
        r#"{"host":"nowhere","op":"service-restart"}"#,
        r#"{"host":"nowhere","op":"service-restart","for_sec":5}"#,
        "resyncing",
    ] {
        run(site.data(), &["lab", "ctl", "op", operation])
            .await
            .refused(2, &[]);
    }
    drop(site);
    run(data, &["doctor", "nope"])
        .await
        .refused(2, &["`nope`", "hosts: none"]);
}
