//! Whether the time of a refused log-in tells that somebody has the name: tries of every kind, interleaved in one run, and for each kind the
//! chance that one of its tries takes longer than one with a name that nobody has (AUC of the Mann-Whitney test: one half tells nothing).
//!
//! `cargo bench -p stillpoint --bench log_in -- [ROUNDS]`. Passwords cost what they cost in production. What must be equal whatever the
//! machine does, the hashes and statements of a try, is counted in `server/src/doors/tests/log_in.rs`.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement that cannot go on fails, and prints"
)]

use chrono::{DateTime, TimeDelta, Utc};
use domain::calendar::Zone;
use domain::door::totp::STEP_SECS;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;
use stillpoint::doors::{Comer, DEMO_PASSWORD, DoorFault, DoorKey, Doors, Hasher, Visitor};
use store::SqliteStore;
use totp_rs::{Builder, Secret};

/// What is tried, the one with which all others are compared first.
const KINDS: [(&str, &str); 5] = [
    ("nobody's name", "nobody-here"),
    ("wrong password", "auditor"),
    ("of a tenant's", "tenant-admin"),
    ("with an authenticator", "operator"),
    ("who is out", "tenant-viewer"),
];

fn main() {
    let rounds = std::env::args().skip(1).find_map(|it| it.parse().ok());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.unwrap().block_on(measure(rounds.unwrap_or(300)));
}

/// A clock by hand: between two tries everything is forgotten.
struct Clock(AtomicI64);

impl Clock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.0.load(Ordering::Relaxed), 0).unwrap()
    }
    fn later(&self, by: TimeDelta) {
        self.0.fetch_add(by.num_seconds(), Ordering::Relaxed);
    }
}

async fn measure(rounds: usize) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("stillpoint.db"))
        .await
        .unwrap();
    let clock = Arc::new(Clock(AtomicI64::new(1_800_000_000)));
    let shown = Arc::clone(&clock);
    let key = DoorKey::of(&[7; 32]).unwrap();
    let doors = Doors::new(
        Arc::new(store),
        Hasher::new().await.unwrap(),
        key,
        Arc::new(move || shown.now()),
    );
    people(&doors, &clock).await;
    let mut times = [const { Vec::new() }; KINDS.len()];
    // Rounds at first are not counted: caches fill.
    for round in 0..rounds + 10 {
        for turn in 0..KINDS.len() {
            // Another order in every round, so that nobody is always the first.
            let kind = (turn * 2 + round) % KINDS.len();
            clock.later(TimeDelta::hours(2));
            let password = "not the password".to_owned().into();
            let began = Instant::now();
            let refused = doors.log_in(&comer(), KINDS[kind].1, password).await;
            let took = began.elapsed().as_secs_f64() * 1_000.0;
            assert_eq!(refused.unwrap_err(), DoorFault::Wrong);
            if round >= 10 {
                times[kind].push(took);
            }
        }
    }
    println!("{rounds} tries of each kind, milliseconds");
    println!(
        "{:<24} {:>9} {:>9} {:>9} {:>7}",
        "", "1st quart", "median", "3rd quart", "AUC"
    );
    let first = times[0].clone();
    for ((kind, _), mut times) in KINDS.into_iter().zip(times) {
        let auc = auc(&times, &first);
        times.sort_by(f64::total_cmp);
        let at = |quarter: usize| times[(times.len() - 1) * quarter / 4];
        println!(
            "{kind:<24} {:>9.3} {:>9.3} {:>9.3} {auc:>7.3}",
            at(1),
            at(2),
            at(3)
        );
    }
    let spread =
        (f64::from(u32::try_from(2 * rounds + 1).unwrap()) / (12.0 * (rounds * rounds) as f64)).sqrt();
    println!(
        "nothing is told where AUC is within {:.3} of 0.5 (two standard errors)",
        2.0 * spread
    );
}

/// How often one of `a` takes longer than one of `b`; a tie is half.
fn auc(a: &[f64], b: &[f64]) -> f64 {
    let wins = a.iter().flat_map(|a| b.iter().map(move |b| a.total_cmp(b)));
    let sum: f64 = wins
        .map(|order| match order {
            std::cmp::Ordering::Greater => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Less => 0.0,
        })
        .sum();
    sum / (a.len() * b.len()) as f64
}

fn comer() -> Comer {
    Comer {
        address: [192, 0, 2, 7].into(),
        agent: "bench".to_owned(),
        device: None,
    }
}

async fn visitor(doors: &Doors, login: &str) -> Visitor {
    let given = doors
        .log_in(&comer(), login, DEMO_PASSWORD.to_owned().into())
        .await
        .unwrap();
    let found = doors.by_session(given.session.reveal(), comer().address).await;
    found.unwrap().unwrap()
}

/// The demo's log-ins; one has an authenticator, one is out.
async fn people(doors: &Doors, clock: &Clock) {
    let tenant: domain::ids::TenantId = "contoso".parse().unwrap();
    doors
        .tenants(&[(tenant.clone(), "Contoso".to_owned(), Zone::UTC)])
        .await
        .unwrap();
    doors.seed(&tenant).await.unwrap();
    let operator = visitor(doors, "operator").await;
    let begun = doors
        .second_factor_begin(&operator, DEMO_PASSWORD.to_owned().into())
        .await
        .unwrap();
    let secret = Secret::try_from_base32(&begun.secret).unwrap();
    let totp = Builder::new()
        .with_secret(secret.as_bytes().to_vec())
        .with_account_name("x")
        .build()
        .unwrap();
    clock.later(TimeDelta::seconds(STEP_SECS));
    let code = totp
        .generate(clock.now().timestamp().try_into().unwrap())
        .to_string();
    doors.second_factor_confirm(&operator, &code).await.unwrap();
    let (owner, viewer) = (
        visitor(doors, "owner").await,
        visitor(doors, "tenant-viewer").await,
    );
    doors.person_put_out(&owner, viewer.person.id).await.unwrap();
}
