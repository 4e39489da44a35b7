//! What a night of 10,000 replicas writes into SQLite: `cargo bench -p store --bench night`.
//!
//! A night is: every day opened (in batches, as the opener does), one attempt per replica from claim to seal with its journal and its end
//! noted, every day closed; beside it 100 hosts of 100 replicas are polled every 30 s for twelve hours.
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on ends")]

use chrono::{DateTime, TimeDelta, Utc};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use domain::attempt::Step;
use domain::calendar::{SlaDay, WindowRule, Zone, window};
use domain::ids::{AttemptId, ReplicaId, VmGuid};
use domain::obligation::{Obligation, ObligationKey, Outcome};
use domain::policy::Terms;
use domain::verdict::Verdict;
use std::hint::black_box;
use store::SqliteStore;
use store::conformance::{Seed, status};
use store::obligations::{AttemptEnd, ObligationStore};
use store::records::Replica;
use store::traits::{AttemptStore, PollWrite, ReplicaStore};
use uuid::Uuid;

const REPLICAS: usize = 10_000;
const PER_HOST: usize = 100;
/// As the opener writes them.
const BATCH: usize = 500;
/// Steps of an attempt; each is journaled before and after.
const STEPS: [Step; 10] = [
    Step::Claim,
    Step::GateBefore,
    Step::Checkpoint,
    Step::GateAt,
    Step::Export,
    Step::Prove,
    Step::Release,
    Step::Ingest,
    Step::Seal,
    Step::CleanUp,
];

struct Site {
    runtime: tokio::runtime::Runtime,
    _folder: tempfile::TempDir,
    store: SqliteStore,
    seed: Seed,
    replicas: Vec<Replica>,
}

fn site() -> Site {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (store, seed, replicas) = runtime.block_on(async {
        let store = SqliteStore::open(folder.path().join("stillpoint.db"))
            .await
            .unwrap();
        let seed = Seed::plant(&store).await.unwrap();
        let replicas: Vec<Replica> = (0..REPLICAS)
            .map(|n| Replica {
                id: ReplicaId(Uuid::from_u128(1_000 + n as u128)),
                vm: VmGuid(Uuid::from_u128(1_000_000 + n as u128)),
                name: format!("vm-{n:05}"),
                host: format!("hv-{:03}", n / PER_HOST).parse().unwrap(),
                ..seed.ours.clone()
            })
            .collect();
        for rows in replicas.chunks(PER_HOST) {
            store.poll_write(poll(rows, seed.at)).await.unwrap();
        }
        (store, seed, replicas)
    });
    Site {
        runtime,
        _folder: folder,
        store,
        seed,
        replicas,
    }
}

fn poll(rows: &[Replica], at: DateTime<Utc>) -> PollWrite {
    PollWrite {
        replicas: rows.to_vec(),
        statuses: rows.iter().map(|row| status(row, at, Verdict::Clear)).collect(),
        at: Some(at),
        ..PollWrite::default()
    }
}

fn day(site: &Site, n: i64) -> SlaDay {
    SlaDay((site.seed.at + TimeDelta::days(n)).date_naive())
}

fn obligations(site: &Site, day: SlaDay) -> Vec<Obligation> {
    let window = window(Zone::UTC, WindowRule::NIGHT, day).unwrap();
    let of = |row: &Replica| Obligation {
        key: ObligationKey { replica: row.id, day },
        tenant: row.tenant.clone(),
        zone: Zone::UTC,
        policy: "standard".parse().unwrap(),
        policy_version: 1,
        terms: Terms::standard(),
        window,
        opened_at: window.open,
        excluded: None,
    };
    site.replicas.iter().map(of).collect()
}

async fn open(site: &Site, day: SlaDay) {
    for batch in obligations(site, day).chunks(BATCH) {
        black_box(site.store.obligations_open(batch).await.unwrap());
    }
}

/// One replica's night: claimed, journaled, sealed, noted, closed.
async fn protect(site: &Site, n: usize, number: u128, day: SlaDay) {
    let (store, row, at) = (&site.store, &site.replicas[n % REPLICAS], site.seed.at);
    let id = AttemptId(Uuid::from_u128(number << 8));
    let attempt = store
        .claim(id, row.id, "worker", at, 1_000_000, 30_000)
        .await
        .unwrap();
    let key = ObligationKey { replica: row.id, day };
    store.attempt_began(key, id, at).await.unwrap();
    let point = site.seed.point(&attempt, 3_600);
    for step in STEPS {
        if step == Step::Seal {
            store.seal(attempt.token, point.clone()).await.unwrap();
            continue;
        }
        for phase in ["intent", "done"] {
            let payload = serde_json::Value::Null;
            store
                .journal(id, attempt.token, step, phase, at, payload)
                .await
                .unwrap();
        }
    }
    store.lease_release(row.id, attempt.token).await.unwrap();
    store.attempt_ended(key, id, AttemptEnd::Sealed).await.unwrap();
    let outcome = Outcome::Met {
        point: point.id,
        taken: point.taken,
        sealed: point.sealed,
    };
    store.obligation_close(key, &outcome, at).await.unwrap();
}

fn night(c: &mut Criterion) {
    let site = site();
    let mut group = c.benchmark_group("night");
    group.sample_size(10);
    let mut days = 0;
    group.bench_function("open 10,000 days", |b| {
        b.iter_batched(
            || {
                days += 1;
                day(&site, days)
            },
            |day| site.runtime.block_on(open(&site, day)),
            BatchSize::PerIteration,
        );
    });
    let today = day(&site, 10_000);
    site.runtime.block_on(open(&site, today));
    let mut number = 0_usize;
    group.sample_size(50);
    group.bench_function("protect one replica", |b| {
        b.iter_batched(
            || {
                number += 1;
                number
            },
            |n| {
                // Beyond the last replica the next day begins.
                let later = day(&site, 10_000 + i64::try_from(n / REPLICAS).unwrap());
                if n % REPLICAS == 0 {
                    site.runtime.block_on(open(&site, later));
                }
                site.runtime.block_on(protect(&site, n, n as u128, later));
            },
            BatchSize::PerIteration,
        );
    });
    let mut polls = 0_i64;
    group.bench_function("poll a host of 100 replicas", |b| {
        b.iter_batched(
            || {
                polls += 1;
                poll(
                    &site.replicas[..PER_HOST],
                    site.seed.at + TimeDelta::seconds(30 * polls),
                )
            },
            |write| site.runtime.block_on(site.store.poll_write(write)).unwrap(),
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, night);
criterion_main!(benches);
