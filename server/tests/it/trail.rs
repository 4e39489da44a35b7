//! The audit trail from the outside: every command that changes something leaves its line, and any edit of the trail is found.

use crate::binary::run;
use crate::kept::{Day, Kept, now};
use domain::ids::AttemptId;
use engine::{MachineClock as _, SystemMachineClock};
use serde_json::Value;
use sqlx::{Connection as _, SqliteConnection};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use store::traits::AttemptStore as _;

/// Commands that change nothing of a site, or only keep it running.
const READ: [&str; 17] = [
    "serve", "demo", "lab", "night", "plan", "sla", "report", "alarm", "audit", "findings", "points",
    "verify", "sim", "config", "help", "doctor", "restore",
];
/// Told as their own tests say (`keys`, `cli`, `doors`).
const TOLD_ELSEWHERE: [&str; 4] = ["keys", "people", "vault", "host"];

/// A command, its deed, whose it was, what came of it.
type Line = (
    &'static [&'static str],
    &'static str,
    Option<&'static str>,
    &'static str,
);

const CONTOSO: Option<&str> = Some("contoso");
const SQL: &str = "contoso/sql-01";
const LINES: [Line; 20] = [
    (
        &[
            "hold",
            "host",
            "hv-r-01",
            "--for",
            "4h",
            "--reason",
            "new storage",
        ],
        "hold.begin",
        None,
        "done",
    ),
    (
        &["hold", "tenant", "contoso", "--for", "4h", "--reason", "x"],
        "hold.begin",
        CONTOSO,
        "done",
    ),
    (
        &["hold", "replica", SQL, "--for", "4h", "--reason", "their audit"],
        "hold.begin",
        CONTOSO,
        "done",
    ),
    (&["hold", "lift", "1"], "hold.lift", None, "done"),
    (&["hold", "lift", "3"], "hold.lift", CONTOSO, "done"),
    (&["hold", "lift", "9"], "hold.lift", None, "refused"),
    (
        &["ack", "host:hv-r-01:B5", "--for", "6h", "--note", "ticket 4711"],
        "cause.acknowledge",
        None,
        "done",
    ),
    (
        &[
            "correct",
            "excuse",
            SQL,
            "2026-11-01",
            "--owner",
            "tenant",
            "--reason",
            "agreed",
        ],
        "day.correct",
        CONTOSO,
        "done",
    ),
    (
        &[
            "correct",
            "restore",
            SQL,
            "2026-11-01",
            "--reason",
            "the wrong day",
        ],
        "day.correct",
        CONTOSO,
        "done",
    ),
    (
        &["policy", "put", "gold", "--file", "GOLD"],
        "policy.put",
        None,
        "done",
    ),
    (
        &["policy", "assign", "gold", "--tenant", "contoso"],
        "policy.assign",
        CONTOSO,
        "done",
    ),
    (
        &["policy", "assign", "gold", "--replica", SQL],
        "policy.assign",
        CONTOSO,
        "done",
    ),
    (
        &["policy", "unassign", "--replica", SQL],
        "policy.unassign",
        CONTOSO,
        "done",
    ),
    (
        &["cancel", SQL, "--reason", "the host needs a restart"],
        "attempt.cancel",
        CONTOSO,
        "done",
    ),
    (
        &["tenant", "create", "canary", "--name", "Canary"],
        "tenant.create",
        None,
        "done",
    ),
    (
        &["tenant", "map", "canary", "--primary", "*.canary.example"],
        "tenant.map",
        None,
        "done",
    ),
    (
        &[
            "tenant",
            "map",
            "canary",
            "--primary",
            "*.canary.example",
            "--remove",
        ],
        "tenant.unmap",
        None,
        "done",
    ),
    (
        &["tenant", "frame", "contoso", "--within", "18:00-10:00"],
        "tenant.frame",
        CONTOSO,
        "done",
    ),
    (
        &["tenant", "brand", "contoso", "--name", "Contoso Backup"],
        "tenant.brand",
        CONTOSO,
        "done",
    ),
    (&["backup", SQL], "backup.run", CONTOSO, "done"),
];

/// What it takes to ask the host of the fixture, which answers nobody.
fn reachable_in_principle(data: &Path) {
    let made = rcgen::generate_simple_self_signed(vec!["hv-r-01".to_owned()]).unwrap();
    std::fs::write(data.join("ca.pem"), made.cert.pem()).unwrap();
    let password = data.join("p");
    std::fs::write(&password, "nobody's").unwrap();
    std::fs::set_permissions(&password, std::fs::Permissions::from_mode(0o600)).unwrap();
}

async fn entries(data: &Path) -> Vec<Value> {
    let out = run(data, &["audit", "export"]).await.good().out;
    out.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_that_changes_something_leaves_its_line_in_the_trail() {
    let kept = Kept::new().await;
    let data = kept.data();
    reachable_in_principle(data);
    let replica = kept.replica(1, "contoso", "sql-01").await;
    kept.days(&replica, "2026-11-01", &[Day::Missed]).await;
    let standard = run(data, &["policy", "show", "standard", "--toml"]).await.good();
    let gold = data.join("gold.toml");
    std::fs::write(&gold, standard.out.replace("\"Standard\"", "\"Gold\"")).unwrap();
    let attempt = AttemptId(uuid::Uuid::from_u128(7));
    let unix_ms = SystemMachineClock.unix_ms();
    let claimed = kept
        .store
        .claim(attempt, replica.id, "a worker", now(), unix_ms, 3_600_000);
    claimed.await.unwrap();

    let mut before = 0;
    for (args, deed, tenant, outcome) in LINES {
        let args: Vec<&str> = args
            .iter()
            .map(|arg| {
                if *arg == "GOLD" {
                    gold.to_str().unwrap()
                } else {
                    arg
                }
            })
            .collect();
        let ran = run(data, &args).await;
        let all = entries(data).await;
        let [entry] = &all[before..] else {
            panic!("{args:?} leaves {} lines: {ran:?}", all.len() - before)
        };
        assert_eq!(
            (
                entry["deed"].as_str().unwrap(),
                entry["tenant"].as_str(),
                entry["outcome"].as_str().unwrap()
            ),
            (deed, tenant, outcome),
            "{args:?}: {ran:?}"
        );
        before = all.len();
    }
    let all = entries(data).await;
    for (number, details) in [
        (0, &["reason", "until"][..]),
        (5, &["error"]),
        (7, &["change", "owner", "reason"]),
        (9, &["version", "terms"]),
        (10, &["policy"]),
        (17, &["window"]),
        (18, &["name", "logo"]),
    ] {
        for detail in details {
            assert!(
                all[number]["details"][detail].is_string(),
                "{detail}: {}",
                all[number]
            );
        }
    }
    run(data, &["audit", "verify"]).await.good();

    // A command that is added has to be in one of the lists.
    let help = run(data, &["--help"]).await.good().out;
    let commands = help
        .split("Commands:")
        .nth(1)
        .unwrap()
        .split("Options:")
        .next()
        .unwrap();
    for line in commands
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
    {
        let name = line.split_whitespace().next().unwrap();
        let is_told = LINES.iter().any(|(args, ..)| args[0] == name);
        assert!(
            is_told || READ.contains(&name) || TOLD_ELSEWHERE.contains(&name),
            "whether `{name}` leaves a line is not said"
        );
    }
}

async fn sql(data: &Path, statement: &'static str) {
    let url = format!("sqlite://{}", data.join("state/stillpoint.db").display());
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    let done = sqlx::query(statement).execute(&mut connection).await.unwrap();
    if statement.starts_with("UPDATE") || statement.starts_with("DELETE") {
        assert_eq!(done.rows_affected(), 1, "{statement}");
    }
    connection.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_byte_changed_in_the_trail_is_found_and_a_tail_that_was_cut_off_by_the_head_kept_elsewhere() {
    let kept = Kept::new().await;
    let data = kept.data();
    for reason in ["first", "second", "third"] {
        let hold = ["hold", "host", "hv-r-01", "--for", "4h", "--reason", reason];
        run(data, &hold).await.good();
    }
    let verify = ["audit", "verify"];
    let whole = run(data, &["audit", "verify", "--json"]).await.good().json();
    assert_eq!(whole["entries"], 3, "{whole}");
    let head = whole["head"].as_str().unwrap();
    let kept_elsewhere = ["audit", "verify", "--head", head];
    run(data, &kept_elsewhere).await.good();

    sql(data, "DROP TRIGGER audit_stays").await;
    sql(
        data,
        "UPDATE audit SET details_json = replace(details_json, 'second', 'recond') WHERE seq = 2",
    )
    .await;
    run(data, &verify).await.refused(1, &["edited", "entry 2"]);
    run(data, &kept_elsewhere).await.refused(1, &["entry 2"]);
    sql(
        data,
        "UPDATE audit SET details_json = replace(details_json, 'recond', 'second') WHERE seq = 2",
    )
    .await;
    run(data, &kept_elsewhere).await.good();

    sql(data, "DROP TRIGGER audit_remains").await;
    sql(data, "DELETE FROM audit WHERE seq = 3").await;
    let shorter = run(data, &["audit", "verify", "--json"]).await.good().json();
    assert_eq!(shorter["entries"], 2, "what is left follows: {shorter}");
    run(data, &kept_elsewhere)
        .await
        .refused(1, &["edited", "ends at entry 2", "entry 3", "cut off"]);
}
