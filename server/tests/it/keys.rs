//! Keys and accounts as the binary keeps them: rotated under fire, and never told.

use crate::binary::{self, Server, run};
use crate::site::{SITE, Site, small};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use store::audit::AuditStore;
use tokio::io::AsyncWriteExt as _;

/// Repositories for all tenants of a small site.
async fn with_repositories() -> Site {
    let site = Site::start(small(41, 1, 2), 20.0).await;
    let (_, vault) = site.parts("").await;
    for rule in site.tenants() {
        let (vault, tenant) = (vault.clone(), rule.tenant.clone());
        let made = tokio::task::spawn_blocking(move || vault.ensure_repository(&tenant));
        made.await.unwrap().unwrap();
    }
    site
}

async fn all_open(data: &Path) -> serde_json::Value {
    let checked = run(data, &["keys", "check", "--json"]).await.good().json();
    assert_eq!(checked["ok"], true, "{checked}");
    checked
}

#[tokio::test(flavor = "multi_thread")]
async fn rotations_that_are_killed_at_any_moment_leave_everything_readable() {
    let site = with_repositories().await;
    let data = site.data();
    let records = all_open(data).await["records"].as_array().unwrap().len();
    assert_eq!(records, site.tenants().len());
    for after_ms in [2, 5, 8, 11, 14, 17, 20, 25, 30, 40] {
        let mut child = binary::spawn(data, &["keys", "rotate"]);
        // Not waiting for anything: the kill comes wherever it then is.
        let ended = tokio::time::timeout(Duration::from_millis(after_ms), child.wait()).await;
        if ended.is_err() {
            child.kill().await.unwrap();
        }
        let checked = all_open(data).await;
        assert_eq!(checked["records"].as_array().unwrap().len(), records, "{checked}");
        for rule in site.tenants() {
            run(data, &["vault", "keys", rule.tenant.as_str()]).await.good();
        }
    }
    let old = all_open(data).await["keys"][0]["id"].as_str().unwrap().to_owned();
    let rotated = run(data, &["keys", "rotate", "--json"]).await.good().json();
    assert_eq!(rotated["old"], old.as_str());
    assert_eq!(rotated["rewrapped"], records, "{rotated}");
    let checked = all_open(data).await;
    assert_eq!(checked["under_older"], 0);
    for key in checked["keys"].as_array().unwrap() {
        let id = key["id"].as_str().unwrap();
        let ran = run(data, &["keys", "forget", id]).await;
        if key["seals"] == true {
            ran.refused(2, &[id]);
        } else {
            ran.good();
        }
    }
    assert_eq!(all_open(data).await["keys"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_password_is_shown_only_when_asked_for_and_that_is_written_down() {
    let site = with_repositories().await;
    let tenant = site.tenants()[0].tenant.clone();
    let ask = ["keys", "show", "--tenant", tenant.as_str(), "--json"];
    run(site.data(), &ask).await.refused(2, &["--reveal"]);
    run(site.data(), &["keys", "show", "--tenant", "nobody", "--reveal"])
        .await
        .refused(2, &["`nobody`"]);
    let shown = run(site.data(), &[&ask[..], &["--reveal"]].concat())
        .await
        .good()
        .json();
    let password = shown["password"].as_str().unwrap();
    let listed = std::process::Command::new("restic")
        .args([
            "-r",
            shown["repository"].as_str().unwrap(),
            "--no-lock",
            "snapshots",
        ])
        .env("RESTIC_PASSWORD", password)
        .output()
        .unwrap();
    assert!(listed.status.success(), "{listed:?}");
    let trail = site
        .store("state")
        .await
        .audit_page(&SITE, None, 10)
        .await
        .unwrap();
    let told: Vec<_> = trail
        .iter()
        .map(|it| (it.happened.deed.as_str(), it.happened.tenant.clone()))
        .collect();
    assert_eq!(
        told,
        [("keys.show", Some(tenant))],
        "refusals of the command line are none"
    );
    assert!(!format!("{trail:?}").contains(password));
}

/// What nobody may see again.
const PASSWORD: &str = "correct-horse-battery-staple-9";

async fn set(data: &Path, args: &[&str], password: &str) -> binary::Ran {
    let all = [&["host", "credential", "set"], args, &["--password-stdin"]].concat();
    let mut child = tokio::process::Command::new(env!("CARGO_BIN_EXE_stillpoint"))
        .args(all)
        .arg("--data")
        .arg(data)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // Whoever refuses before reading closes the pipe.
    let _read = stdin.write_all(format!("{password}\n").as_bytes()).await;
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    binary::Ran {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_account_is_used_and_shown_nowhere() {
    let site = Site::start(small(42, 1, 1), 20.0).await;
    let data = site.data();
    let host = site.lab.running.hosts[0].name.clone();
    let right = std::fs::read_to_string(&site.lab.files.password).unwrap();
    let mut seen = Vec::new();
    // A wrong one first: the host refuses it, and the error must not tell it.
    seen.push(set(data, &[&host, "--user", "wrong-user"], PASSWORD).await.good());
    seen.push(run(data, &["backup", "contoso/none"]).await);
    seen.push(set(data, &["nobody", "--user", "u"], PASSWORD).await);
    seen.push(set(data, &[&host, "--user", "a:b"], PASSWORD).await);
    seen.push(set(data, &[&host, "--user", "u"], &format!("{PASSWORD}\n{PASSWORD}")).await);
    assert!(seen[2..].iter().all(|ran| ran.code == 2), "{seen:?}");
    for args in [
        &["-vv", "config", "check", "--json"][..],
        &["host", "credential", "list"],
        &["host", "credential", "list", "--json"],
        &["keys", "check"],
        &["keys", "check", "--json"],
        &["keys", "rotate", "--json"],
        &["-vv", "doctor", &host, "--patience", "1"],
        &["night", "--json"],
        &["plan", "--json"],
        &["points", "--json"],
        &["alarm", "list", "--json"],
    ] {
        seen.push(run(data, args).await);
    }
    let server = Server::start(data).await;
    for path in [
        "/",
        "/replicas",
        "/hosts",
        "/tenants",
        "/activity",
        "/settings",
        "/findings",
        "/api/v1/replicas",
        "/api/v1/night",
        "/api/v1/attempts",
        "/health",
        "/ready",
    ] {
        let (status, body) = server.get(path).await;
        assert!(!body.contains(PASSWORD), "{path} answers {status} with it");
    }
    drop(server);
    for ran in &seen {
        assert!(!format!("{ran:?}").contains(PASSWORD), "{ran:?}");
    }
    // The state holds it sealed, the trail says that it was set, and config.toml needs none any more.
    for file in ["stillpoint.db", "stillpoint.db-wal"] {
        let bytes = std::fs::read(data.join("state").join(file)).unwrap_or_default();
        let found = bytes.windows(PASSWORD.len()).any(|it| it == PASSWORD.as_bytes());
        assert!(!found, "{file}");
    }
    let config = data.join("config.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let account = format!(
        "user = \"{}\"\npassword_file = \"{}\"\n",
        site.lab.user,
        site.lab.files.password.display()
    );
    let without = text.replace(&account, "");
    assert_ne!(without, text);
    std::fs::write(&config, without).unwrap();
    set(data, &[&host, "--user", site.lab.user], right.trim())
        .await
        .good();
    run(data, &["config", "check"]).await.good();
    let server = Server::start(data).await;
    crate::waiting::until("the host was looked at with the sealed account", 60, || async {
        let rows = server.json("/api/v1/replicas").await;
        (rows["rows"].as_array().is_some_and(|rows| !rows.is_empty())).then_some(())
    })
    .await;
    drop(server);
    run(data, &["host", "credential", "remove", &host]).await.good();
    run(data, &["config", "check"])
        .await
        .refused(2, &[&host, "stillpoint host credential set"]);
    let trail = site
        .store("state")
        .await
        .audit_page(&SITE, None, 50)
        .await
        .unwrap();
    let sets = trail
        .iter()
        .filter(|it| it.happened.deed == "host.credential-set")
        .count();
    assert_eq!(sets, 2);
    assert!(!format!("{trail:?}").contains(PASSWORD));
}
