//! The command line's contract: what scripts read, and what people are told.

use crate::binary::{self, Server, run};
use crate::site::SITE;
use crate::waiting::until;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use store::records::Replica;
use store::sqlite::SqliteStore;
use store::traits::{PollWrite, ReplicaStore};

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_is_protected_and_its_points_come_back_by_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    protected(&data).await;
    let points = points(&data).await;
    restored(&data, &points).await;
    access(&data).await;
    keeps_names_apart(&data).await;
    unreachable_hosts(&data).await;
    two_servers(&data).await;
}

async fn protected(data: &Path) {
    let args = [
        "demo",
        "--listen",
        "127.0.0.1:0",
        "--seed",
        "5",
        "--speed",
        "60",
        "--replicas",
        "6",
        "--until-protected",
        "--timeout",
        "170",
        "--json",
    ];
    let ran = run(data, &args).await.good();
    let lines: Vec<Value> = ran
        .out
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    let [ready, protected] = &lines[..] else {
        panic!("two lines: {ran:?}")
    };
    assert_eq!(ready["event"], "ready");
    assert!(
        ready["url"].as_str().unwrap().starts_with("http://127.0.0.1:"),
        "{ready}"
    );
    assert_eq!(ready["lab"].as_array().unwrap().len(), 3, "{ready}");
    assert!(ready["logins"].is_array(), "{ready}");
    assert_eq!(protected["event"], "protected");
    let blocked = protected["blocked"].as_array().unwrap();
    assert_eq!(blocked.len(), 1, "a fifth of six: {protected}");
    assert!(blocked[0]["replica"].is_string() && blocked[0]["blocker"].is_string());
    // Six and a canary per host, without the blocked one.
    assert!(protected["points"].as_u64().unwrap() >= 8, "{protected}");
}

async fn points(data: &Path) -> Vec<Value> {
    let ran = run(data, &["points", "--json"]).await.good();
    let Value::Array(points) = ran.json() else {
        panic!("an array: {ran:?}")
    };
    for point in &points {
        for key in ["id", "tenant", "replica", "host", "repository", "snapshot"] {
            assert!(point[key].is_string(), "{key}: {point}");
        }
        let taken = point["taken"].as_str().unwrap();
        assert!(
            taken.ends_with('Z') && chrono::DateTime::parse_from_rfc3339(taken).is_ok(),
            "{taken}"
        );
        assert_eq!(point["consistency"], "crash-consistent");
        assert!(!point["disks"].as_array().unwrap().is_empty());
        assert!(point["evidence"].is_object());
        assert!(Path::new(point["repository"].as_str().unwrap()).is_dir());
    }
    points
}

async fn restored(data: &Path, points: &[Value]) {
    let disks = |p: &&Value| p["disks"].as_array().unwrap().len();
    let many = points
        .iter()
        .find(|p| disks(p) > 1)
        .expect("one with several disks");
    let single = points.iter().find(|p| disks(p) == 1).expect("one with one disk");
    let (many, single) = (many["id"].as_str().unwrap(), single["id"].as_str().unwrap());
    let out = data.join("out");
    std::fs::create_dir_all(&out).unwrap();
    let at = |name: &str| out.join(name).to_str().unwrap().to_owned();

    // One disk needs no number; what is there is not touched without `--force`.
    let one = at("one.raw");
    let restore = ["restore", single, "--to", &one, "--format", "raw", "--json"];
    let ran = run(data, &restore).await.good();
    assert_eq!(ran.json()["files"], serde_json::json!([one]));
    std::fs::write(&one, "somebody's").unwrap();
    let ran = run(data, &restore).await;
    ran.refused(2, &["--force", &one]);
    assert_eq!(std::fs::read_to_string(&one).unwrap(), "somebody's");
    run(data, &[&restore[..], &["--force"]].concat()).await.good();
    let mode = std::fs::metadata(&one).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600, "for its owner only");
    checked(data, &[&one], true).await;
    kept_from_our_own(data, single, &out).await;
    let seventh = ["restore", single, "--disk", "7", "--to", &at("seventh.raw")];
    run(data, &seventh)
        .await
        .refused(2, &["no disk 7; its disks: 0 ("]);
    let nowhere = at("none/x.raw");
    run(data, &["restore", single, "--to", &nowhere])
        .await
        .refused(2, &["there is no folder", "none"]);

    // Several need one.
    let some = at("some.raw");
    let ran = run(data, &["restore", many, "--to", &some]).await;
    ran.refused(2, &["--disk", "0 (", "1 ("]);
    assert!(!Path::new(&some).exists());
    for format in ["raw", "vhdx"] {
        let folder = at(format);
        let args = ["restore", many, "--to-dir", &folder, "--format", format, "--json"];
        let ran = run(data, &args).await.good();
        let files: Vec<String> = serde_json::from_value(ran.json()["files"].clone()).unwrap();
        let disks: Vec<&str> = files
            .iter()
            .map(String::as_str)
            .filter(|f| f.ends_with(format))
            .collect();
        assert!(disks.len() > 1, "{files:?}");
        checked(data, &disks, true).await;
        // One of several disks is not the replica.
        checked(data, &disks[..1], false).await;
        run(data, &args).await.refused(2, &["--force"]);
    }
    run(data, &["restore", "no-id", "--to", &some])
        .await
        .refused(2, &["stillpoint points"]);
    let none = uuid::Uuid::nil().to_string();
    run(data, &["restore", &none, "--to", &some])
        .await
        .refused(2, &[&none]);
    run(data, &["restore", many]).await.refused(2, &["--to"]);
    run(data, &["verify"]).await.good();
}

/// What must stay of a file. That a restore was refused is in the trail, and the trail in the state: of that the kind of file.
fn kept(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = std::fs::read(path).ok()?;
    if path.ends_with("stillpoint.db") {
        bytes.truncate(16);
    }
    Some(bytes)
}

/// Whatever the spelling and however forced, a restore does not write where Stillpoint works, nor over what is no file.
async fn kept_from_our_own(data: &Path, point: &str, out: &Path) {
    let live = std::fs::read_dir(data.join("lab"))
        .unwrap()
        .map(|e| e.unwrap().path());
    let mut targets: Vec<PathBuf> = live.filter(|path| path.is_file()).take(1).collect();
    for own in [
        "config.toml",
        "state/stillpoint.db",
        "secrets/kek",
        "staging/x.raw",
        "vault/x.raw",
        "out/../lab/x.raw",
    ] {
        targets.push(data.join(own));
    }
    std::os::unix::fs::symlink(data.join("vault"), out.join("link")).unwrap();
    targets.push(out.join("link/x.raw"));
    for target in targets {
        let before = kept(&target);
        let target = target.to_str().unwrap();
        run(data, &["restore", point, "--to", target, "--force"])
            .await
            .refused(2, &[target, "outside"]);
        assert_eq!(kept(Path::new(target)), before, "{target}");
    }
    run(
        data,
        &[
            "restore",
            point,
            "--to-dir",
            data.join("staging/new").to_str().unwrap(),
        ],
    )
    .await
    .refused(2, &["outside"]);
    let socket = out.join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let forced = ["restore", point, "--to", socket.to_str().unwrap(), "--force"];
    run(data, &forced).await.refused(2, &["a socket", "regular file"]);
}

async fn checked(data: &Path, files: &[&str], consistent: bool) {
    let ran = run(data, &[&["lab", "check", "--json"], files].concat()).await;
    assert_eq!(ran.code, i32::from(!consistent), "{ran:?}");
    let report = ran.json();
    assert_eq!(report["consistent"], consistent, "{report}");
    assert!(
        report["generation"].is_u64() && report["torn_at"].is_array(),
        "{report}"
    );
}

async fn access(data: &Path) {
    let secret = run(data, &["vault", "access", "contoso", "--json"])
        .await
        .good()
        .json();
    assert!(secret["password"].is_null(), "told without --reveal");
    let told = run(data, &["vault", "access", "contoso", "--reveal", "--json"])
        .await
        .good()
        .json();
    assert!(told["password"].as_str().is_some_and(|p| p.len() >= 16));
    let commands = told["commands"].as_array().unwrap();
    let unlocked = |c: &&Value| c.as_str().unwrap().contains("--no-lock");
    assert!(commands.iter().any(|c| unlocked(&c)), "{commands:?}");
    assert!(
        PathBuf::from(told["repository"].as_str().unwrap())
            .join("config")
            .is_file()
    );
    assert!(told["join_script"].as_str().unwrap().starts_with("#!"));
    let keys = run(data, &["vault", "keys", "contoso", "--json"])
        .await
        .good()
        .json();
    assert_eq!(
        keys.as_array().unwrap().len(),
        1,
        "the one that was revealed: {keys}"
    );
    let trail = run(data, &["audit", "export"]).await.good();
    assert_eq!(trail.out.matches("\"vault.access\"").count(), 1, "{}", trail.out);
    assert!(trail.out.contains("\"disk.restore\""), "{}", trail.out);
    run(data, &["vault", "access", "nobody"])
        .await
        .refused(2, &["`nobody`"]);
    run(data, &["vault", "revoke", "contoso", "abc"])
        .await
        .refused(2, &["abc", "vault keys contoso"]);
    run(data, &["vault", "access", "contoso", "--label", "a\nb"])
        .await
        .refused(2, &["one line"]);
}

/// A name that two replicas have names neither.
async fn keeps_names_apart(data: &Path) {
    let store = SqliteStore::open(data.join("state/stillpoint.db")).await.unwrap();
    let first = store.replicas(&SITE).await.unwrap().remove(0);
    let second = Replica {
        id: domain::ids::ReplicaId(uuid::Uuid::from_u128(7)),
        vm: domain::ids::VmGuid(uuid::Uuid::from_u128(8)),
        ..first.clone()
    };
    let (one, other) = (first.id.to_string(), second.id.to_string());
    let write = PollWrite {
        replicas: vec![second],
        ..PollWrite::default()
    };
    store.poll_write(write).await.unwrap();
    let name = format!("{}/{}", first.tenant, first.name);
    run(data, &["backup", &name])
        .await
        .refused(2, &[&name, &one, &other]);
    run(data, &["points", "--replica", &one, "--json"]).await.good();
    run(data, &["points", "--replica", "sql-01"])
        .await
        .refused(2, &["tenant/name"]);
}

/// The lab is gone with the demo: nobody can say how the replica is, and that is no failure.
async fn unreachable_hosts(data: &Path) {
    let store = SqliteStore::open(data.join("state/stillpoint.db")).await.unwrap();
    let replica = store
        .replicas(&SITE)
        .await
        .unwrap()
        .into_iter()
        .find(|r| r.id.0.as_u128() != 7)
        .unwrap();
    let ran = run(data, &["backup", &replica.id.to_string(), "--json"]).await;
    assert_eq!(ran.code, 4, "{ran:?}");
    assert_eq!(ran.json()["blocker"], "UN");
}

async fn two_servers(data: &Path) {
    let server = Server::start(data).await;
    let (status, _) = server.get("/healthz").await;
    assert_eq!(status, 200);
    let total = server.json("/api/v1/points").await["total"].as_u64();
    assert_eq!(
        total,
        Some(points(data).await.len() as u64),
        "with a server as without one"
    );
    let (status, problem) = server.get("/api/v1/replicas/nonsense").await;
    assert_eq!(status, 404, "{problem}");
    let second = run(data, &["serve", "--listen", "127.0.0.1:0"]).await;
    let holder = format!("another `stillpoint serve` (process {})", server.process());
    second.refused(2, &[&holder, "stop it first"]);
    // Whatever stands in a replica's way, a screen says when it is looked at next.
    let replicas = server.json("/api/v1/replicas").await;
    let blocked = replicas["rows"]
        .as_array()
        .unwrap()
        .iter()
        .find(|r| r["now"]["code"].is_string() && r["observed"].is_string());
    let id = blocked.expect("one is scripted to stay blocked")["id"]
        .as_str()
        .unwrap()
        .to_owned();
    until("a next look is named", 30, || async {
        let view = server.json(&format!("/api/v1/replicas/{id}")).await;
        let blockers = view["verdict"]["blockers"].as_array().unwrap().clone();
        blockers.first()?["next_look"].as_str().map(str::to_owned)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_that_runs_out_of_time_exits_with_3_and_names_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let args = [
        "demo",
        "--listen",
        "127.0.0.1:0",
        "--speed",
        "1",
        "--replicas",
        "4",
        "--until-protected",
        "--timeout",
        "1",
    ];
    let ran = run(&folder.path().join("data"), &args).await;
    ran.refused(
        3,
        &[
            "within 1 s",
            "not enrolled: hv-r-01 (the doctor has not come to an end there)",
        ],
    );
    assert!(
        ran.err.contains("missing: ") || ran.err.contains("never seen"),
        "{ran:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_that_cannot_be_run_is_refused_by_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let staging = "[staging]\npath = \"staging\"\nunc = '\\\\stage\\exports'\n";
    let check = |text: String| async move {
        std::fs::write(data.join("config.toml"), text).unwrap();
        run(data, &["config", "check"]).await
    };
    check(staging.to_owned()).await.good();
    let cases = [
        ("[policy]\npoll_secs = 600\n", "policy.poll_secs"),
        ("[policy]\npol_secs = 60\n", "pol_secs"),
        ("[limits]\nattempts_max = 0\n", "attempts_max"),
        (
            "[[host]]\nid = \"h\"\naddress = \"h\"\nuser = \"u\"\npassword_file = \"p\"\n",
            "ca_file",
        ),
        ("[[tenant]]\nid = \"A B\"\nname = \"x\"\n", "tenant.id"),
        ("]", "config.toml"),
    ];
    for (text, key) in cases {
        check(format!("{staging}{text}")).await.refused(2, &[key]);
    }
    let host = "[[host]]\nid = \"h\"\naddress = \"h\"\nca_file = \"ca.pem\"\nuser = \"u\"\npassword_file = \"secrets/h\"\n";
    let ran = check(format!("{staging}{host}")).await;
    ran.refused(2, &["host `h`", "ca.pem", "secrets/h"]);
    run(&data.join("nowhere"), &["points"])
        .await
        .refused(2, &["--data"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_console_is_served_on_loopback_only() {
    let folder = tempfile::tempdir().unwrap();
    let staging = "[staging]\npath = \"staging\"\nunc = '\\\\stage\\exports'\n";
    std::fs::write(folder.path().join("config.toml"), staging).unwrap();
    for listen in ["0.0.0.0:0", "[::]:0", "192.0.2.1:80"] {
        let ran = run(folder.path(), &["serve", "--listen", listen]).await;
        ran.refused(2, &["loopback", listen]);
    }
    run(folder.path(), &["serve", "--listen", "here"])
        .await
        .refused(2, &["--listen"]);
    binary::run(folder.path(), &["fly"]).await.refused(2, &["fly"]);
}
