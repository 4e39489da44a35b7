//! The forecast of 10,000 open obligations, learning from the site's last 28 days included. Aim: under a second.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot be set up fails")]

use criterion::{Criterion, criterion_group, criterion_main};
use domain::code::Code;
use domain::forecast::{Day, End, Place, Room, Site, State, Today, estimate};
use domain::ids::TenantId;
use std::hint::black_box;
use std::time::Duration;

const REPLICAS: u32 = 10_000;
const DAYS: u32 = 28;
const TENANTS: u32 = 400;

struct Past {
    tenants: Vec<TenantId>,
    /// Per replica.
    days: Vec<Vec<Day>>,
    lasted: Vec<(Code, u32, bool)>,
    attempts: Vec<(u32, u32)>,
}

/// Even bits without a pattern that a branch predictor could learn.
fn bits(n: u32) -> u32 {
    let mixed = n.wrapping_mul(0x9e37_79b9) ^ (n >> 7);
    mixed.wrapping_mul(0x85eb_ca6b) >> 8
}

fn past() -> Past {
    let day = |n: u32| {
        let share = f64::from(bits(n) % 1_000) / 1_000.0;
        let end = match bits(n + 7) % 20 {
            0 => End::Lost {
                cause: Some(Code::B5),
                from: share,
            },
            1 => End::Lost {
                cause: None,
                from: 0.0,
            },
            _ => End::Met { share },
        };
        Day {
            end,
            apply_deferrals: bits(n + 3) % 9,
        }
    };
    Past {
        tenants: (0..TENANTS)
            .map(|n| format!("tenant-{n}").parse().unwrap())
            .collect(),
        days: (0..REPLICAS)
            .map(|r| (0..DAYS).map(|d| day(r * DAYS + d)).collect())
            .collect(),
        lasted: (0..REPLICAS * 10)
            .map(|n| {
                let code = Code::ALL[bits(n) as usize % Code::ALL.len()];
                (code, bits(n + 1) % 20_000, n % 50 != 0)
            })
            .collect(),
        attempts: (0..REPLICAS * DAYS)
            .map(|n| (60 + bits(n) % 3_000, 60 + bits(n + 1) % 3_000))
            .collect(),
    }
}

fn forecast(past: &Past) -> u32 {
    let tenant = |replica: usize| &past.tenants[replica % past.tenants.len()];
    let days = past.days.iter().enumerate();
    let days = days.flat_map(|(replica, days)| days.iter().map(move |day| (tenant(replica), *day)));
    let site = Site::learn(past.lasted.iter().copied(), past.attempts.iter().copied(), days);
    let at_risk = past.days.iter().zip(0_u32..).filter(|(days, n)| {
        let state = match n % 3 {
            0 => State::Free,
            1 => State::Running { secs: bits(*n) % 900 },
            _ => State::Blocked {
                code: Code::ALL[*n as usize % Code::ALL.len()],
                lasted_secs: bits(*n) % 7_000,
            },
        };
        let today = Today {
            tenant: tenant(*n as usize),
            days,
            state,
            slack_secs: i64::from(bits(*n) % 20_000),
            expected_secs: 60 + bits(n + 5) % 3_000,
            not_before_secs: 0,
            passed: f64::from(bits(*n) % 100) / 100.0,
            room: Some(Room {
                needed_secs: u64::from(bits(*n) % 40_000),
                free_secs: 30_000,
                place: Place::Host,
            }),
            apply_deferrals: bits(*n) % 12,
        };
        estimate(&site, &today).is_at_risk()
    });
    u32::try_from(at_risk.count()).unwrap()
}

fn all(criterion: &mut Criterion) {
    let past = past();
    criterion.bench_function("forecast, 10,000 replicas", |bench| {
        bench.iter(|| forecast(black_box(&past)));
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(8));
    targets = all
}
criterion_main!(benches);
