//! B2 to B8 as spells per replica, and outages of hosts and of the backup product.

use crate::draw::{Draw, Topic};
use crate::{DAY, HOUR, MINUTE, Ms, Span, joined};

/// Why a replica cannot be backed up for a while. B1 is no spell: see `applies`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SpellKind {
    /// B2
    ApplyInterrupted,
    /// B3
    ApplyFailed,
    /// B4
    HealthCritical,
    /// B5
    Resynchronization,
    /// B6
    Migrating,
    /// B7
    InitialReplication,
    /// B8
    FailoverInProgress,
}

/// Whose it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Owner {
    /// The hoster or the product: never an excuse.
    Provider,
    /// The tenant, its link or its primary.
    Tenant,
}

/// One stretch with a blocker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spell {
    pub kind: SpellKind,
    pub owner: Owner,
    pub span: Span,
}

/// How often a spell begins per replica and day, how long it lasts (minutes, even in the logarithm), and how often it is the tenant's.
struct Habit {
    kind: SpellKind,
    per_day: f64,
    minutes: (f64, f64),
    tenants: f64,
}

const fn habit(kind: SpellKind, per_day: f64, minutes: (f64, f64), tenants: f64) -> Habit {
    Habit {
        kind,
        per_day,
        minutes,
        tenants,
    }
}

const HABITS: [Habit; 7] = [
    habit(SpellKind::ApplyInterrupted, 0.15, (2.0, 40.0), 0.0),
    habit(SpellKind::ApplyFailed, 0.02, (30.0, 360.0), 0.0),
    habit(SpellKind::HealthCritical, 0.02, (20.0, 720.0), 0.5),
    habit(SpellKind::Resynchronization, 0.03, (30.0, 480.0), 0.8),
    habit(SpellKind::Migrating, 0.04, (5.0, 90.0), 0.0),
    habit(SpellKind::InitialReplication, 0.003, (360.0, 2880.0), 1.0),
    habit(SpellKind::FailoverInProgress, 0.004, (20.0, 600.0), 1.0),
];

/// Link failures of a tenant per day: every replica of it resynchronizes afterwards.
const STORMS_PER_DAY: f64 = 0.02;
const HOST_OUTAGES_PER_DAY: f64 = 0.04;
const SERVICE_OUTAGES_PER_DAY: f64 = 0.25;
/// Days before the first whose spells may reach into it.
const LEAD_DAYS: i64 = 3;

fn days(count: u32) -> impl Iterator<Item = (u64, Ms)> {
    // A night begins on its day and ends on the next.
    (-LEAD_DAYS..i64::from(count) + 1).map(|day| ((day + LEAD_DAYS).cast_unsigned(), day * DAY))
}

fn minutes(m: f64) -> Ms {
    (m * MINUTE as f64) as Ms
}

/// When the backup product itself is down.
pub fn service_outages(draw: Draw, day_count: u32) -> Vec<Span> {
    outages(
        draw,
        Topic::ServiceOutage,
        0,
        day_count,
        SERVICE_OUTAGES_PER_DAY,
        (3.0, 45.0),
    )
}

/// When a host does not answer.
pub fn host_outages(draw: Draw, host: usize, day_count: u32) -> Vec<Span> {
    outages(
        draw,
        Topic::HostOutage,
        host as u64,
        day_count,
        HOST_OUTAGES_PER_DAY,
        (8.0, 120.0),
    )
}

fn outages(
    draw: Draw,
    topic: Topic,
    who: u64,
    day_count: u32,
    per_day: f64,
    length: (f64, f64),
) -> Vec<Span> {
    let spans = days(day_count)
        .filter(|(day, _)| draw.unit(topic, who, day * 4) < per_day)
        .map(|(day, midnight)| {
            let from = midnight + (draw.unit(topic, who, day * 4 + 1) * DAY as f64) as Ms;
            let to = from + minutes(draw.between_log(topic, who, day * 4 + 2, length.0, length.1));
            Span { from, to }
        });
    joined(spans.collect())
}

/// The spells of one replica, by their beginning.
pub fn spells(draw: Draw, replica: usize, tenant: usize, outages: &[Span], day_count: u32) -> Vec<Spell> {
    let who = replica as u64;
    let mut spells = Vec::new();
    for (day, midnight) in days(day_count) {
        for (n, habit) in HABITS.iter().enumerate() {
            let key = day * 16 + n as u64;
            if draw.unit(Topic::Spell, who, key) < habit.per_day {
                let from = midnight + (draw.unit(Topic::SpellStart, who, key) * DAY as f64) as Ms;
                let length = draw.between_log(Topic::SpellLength, who, key, habit.minutes.0, habit.minutes.1);
                let owner = if draw.unit(Topic::SpellOwner, who, key) < habit.tenants {
                    Owner::Tenant
                } else {
                    Owner::Provider
                };
                spells.push(Spell {
                    kind: habit.kind,
                    owner,
                    span: Span {
                        from,
                        to: from + minutes(length),
                    },
                });
            }
        }
        let storm = tenant as u64;
        if draw.unit(Topic::Storm, storm, day * 2) < STORMS_PER_DAY {
            let from = midnight + (draw.unit(Topic::Storm, storm, day * 2 + 1) * DAY as f64) as Ms;
            // The replicas come back one by one.
            let key = day * 16 + 15;
            let length = draw.between_log(Topic::SpellLength, who, key, 20.0, 300.0);
            spells.push(Spell {
                kind: SpellKind::Resynchronization,
                owner: Owner::Tenant,
                span: Span {
                    from,
                    to: from + minutes(length),
                },
            });
        }
    }
    for (n, outage) in outages.iter().enumerate() {
        // What was being applied when the host went down was interrupted.
        let length = draw.between_log(Topic::SpellLength, who, 1 << 32 | n as u64, 2.0, 25.0);
        spells.push(Spell {
            kind: SpellKind::ApplyInterrupted,
            owner: Owner::Provider,
            span: Span {
                from: outage.to,
                to: outage.to + minutes(length),
            },
        });
    }
    spells.sort_unstable_by_key(|spell| (spell.span.from, spell.kind, spell.span.to));
    debug_assert!(
        spells
            .iter()
            .all(|spell| spell.span.to - spell.span.from <= 49 * HOUR)
    );
    spells
}
