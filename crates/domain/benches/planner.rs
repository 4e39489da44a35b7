//! One tick of the planner over 100,000 obligations in mid-night. Aim: under 250 ms.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot be set up fails")]

use chrono::{DateTime, TimeDelta, Utc};
use criterion::{Criterion, criterion_group, criterion_main};
use domain::calendar::DayWindow;
use domain::code::Code;
use domain::ids::{HostId, ReplicaId, TenantId};
use domain::obligation::ObligationKey;
use domain::planner::{HostRecord, Last, Limits, Owed, Seen, World, plan};
use domain::policy::Terms;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

const REPLICAS: u32 = 100_000;
const HOSTS: u32 = 2_000;
const TENANTS: u32 = 4_000;

fn night() -> (World, Limits, DateTime<Utc>) {
    let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    let at = |secs: i64| now + TimeDelta::seconds(secs);
    let hosts: Vec<HostId> = (0..HOSTS).map(|n| format!("hv-{n}").parse().unwrap()).collect();
    let tenants: Vec<TenantId> = (0..TENANTS)
        .map(|n| format!("tenant-{n}").parse().unwrap())
        .collect();
    let terms = Arc::new(Terms::standard());
    let owed: Vec<Owed> = (0..REPLICAS)
        .map(|n| {
            let spread = n.wrapping_mul(2_654_435_761);
            let open = -i64::from(spread % 14_400);
            let since = at(-i64::from(spread % 3_000));
            let seen = match spread % 10 {
                0..=4 => Seen::Clear { at: at(-20) },
                5..=7 => Seen::Blocked {
                    code: Code::B1,
                    since: at(-7),
                    at: at(-5),
                },
                _ => Seen::Blocked {
                    code: Code::ALL[spread as usize % Code::ALL.len()],
                    since,
                    at: at(-20),
                },
            };
            Owed {
                key: ObligationKey {
                    replica: ReplicaId(Uuid::from_u128(u128::from(n))),
                    day: "2027-01-15".parse().unwrap(),
                },
                tenant: tenants[(spread % TENANTS).min(spread % 97) as usize].clone(),
                host: hosts[(n % HOSTS) as usize].clone(),
                window: DayWindow {
                    open: at(open),
                    due: at(open + 28_800),
                    next_open: at(open + 86_400),
                },
                terms: Arc::clone(&terms),
                period_secs: [30, 300, 900][n as usize % 3],
                expected_secs: 120 + spread % 3_000,
                gap_wait_secs: spread % 200,
                seen,
                last: Last::None,
                failures: spread % 3,
                apply_deferrals: 0,
                running: n % 50 == 0,
                held: None,
                can_pause: false,
                jitter: 0.5,
            }
        })
        .collect();
    let running = owed.iter().filter(|owed| owed.running);
    let world = World {
        running: running
            .map(|owed| (owed.host.clone(), owed.tenant.clone()))
            .collect(),
        hosts: hosts
            .iter()
            .map(|host| (host.clone(), HostRecord::default()))
            .collect(),
        owed,
    };
    let limits = Limits {
        total_max: 3_600,
        per_host_max: 2,
        per_tenant_max: 400,
        per_vault_max: 3_600,
        watch_per_host_max: 4,
    };
    (world, limits, now)
}

fn tick(criterion: &mut Criterion) {
    let (world, limits, now) = night();
    criterion.bench_function("planner tick, 100,000 replicas", |bench| {
        bench.iter(|| plan(black_box(&world), &limits, now));
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(8));
    targets = tick
}
criterion_main!(benches);
