//! Deeds and questions of the night: policies, obligations, corrections, holds, pauses, notices.

use crate::deed::{ATTEMPTS, Nanos, REPLICAS, nanos, which};
use crate::world::{Odd, SITE, World, told};
use domain::calendar::SlaDay;
use domain::code::Code;
use domain::ids::PolicyId;
use domain::obligation::{Change, Correction, Exclusion, Obligation, ObligationKey, Outcome, Owner};
use domain::policy::{BasisPoints, Terms};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;
use store::conformance::Store;
use store::holds::{Acknowledgement, HoldTarget};
use store::obligations::AttemptEnd;
use store::pauses::{Pause, PauseState};
use store::policies::Assignee;
use store::traits::Scope;

const POLICIES: [&str; 3] = ["standard", "gold", "none-yet"];
const DAYS: i64 = 3;

/// A replica and a day.
type Key = (usize, i64);

#[derive(Debug, Clone)]
pub enum Night {
    Put {
        policy: &'static str,
        terms: u8,
        at: Nanos,
    },
    Assign {
        to: u8,
        replica: usize,
        policy: Option<&'static str>,
        at: Nanos,
    },
    Open {
        owed: Vec<(Key, u8, Nanos)>,
        stolen: bool,
    },
    Close {
        key: Key,
        outcome: u8,
        at: Nanos,
    },
    Correct {
        key: Key,
        /// How far it is from the next number.
        beside: i8,
        change: u8,
        at: Nanos,
    },
    Begin {
        /// Mostly the attempt's own.
        key: Option<Key>,
        attempt: u8,
        at: Nanos,
    },
    End {
        key: Option<Key>,
        attempt: u8,
        end: u8,
    },
    Hold {
        on: u8,
        replica: usize,
        from: Nanos,
        until: Nanos,
    },
    Lift {
        id: i64,
        at: Nanos,
    },
    Acknowledge {
        cause: &'static str,
        at: Nanos,
        until: Nanos,
    },
    Intend {
        attempt: u8,
        replica: usize,
        stolen: bool,
        state: PauseState,
        at: Nanos,
    },
    Step {
        attempt: u8,
        state: PauseState,
        trouble: Option<&'static str>,
        at: Nanos,
    },
    Notice {
        key: &'static str,
        at: Nanos,
    },
    Delivered {
        id: i64,
        at: Nanos,
    },
    Undelivered {
        id: i64,
        next: Nanos,
    },
}

fn key() -> impl Strategy<Value = Key> {
    // Mostly few, so that many deeds are about the same day.
    prop_oneof![3 => (0..2_usize, 0..2_i64), 1 => (which(), 0..DAYS)]
}

fn own_key(attempt: u8) -> Key {
    (usize::from(attempt) % 2, i64::from(attempt / 2) % 2)
}

/// Any deed of the night.
pub fn any() -> impl Strategy<Value = Night> {
    let attempt = || 0..ATTEMPTS;
    let other_key = || prop::option::weighted(0.2, key());
    let rarely = || prop::bool::weighted(0.1);
    let state = || select(&PauseState::ALL[..]);
    let owed = (key(), 0..4_u8, nanos());
    prop_oneof![
        2 => (select(&POLICIES[..2]), 0..3_u8, nanos()).prop_map(|(policy, terms, at)| Night::Put { policy, terms, at }),
        3 => (0..3_u8, which(), prop::option::weighted(0.8, select(&POLICIES[..])), nanos())
            .prop_map(|(to, replica, policy, at)| Night::Assign { to, replica, policy, at }),
        6 => (prop::collection::vec(owed, 0..4), rarely()).prop_map(|(owed, stolen)| Night::Open { owed, stolen }),
        3 => (key(), 0..6_u8, nanos()).prop_map(|(key, outcome, at)| Night::Close { key, outcome, at }),
        4 => (key(), select(&[0_i8, 0, 0, -1, 1][..]), 0..3_u8, nanos())
            .prop_map(|(key, beside, change, at)| Night::Correct { key, beside, change, at }),
        5 => (other_key(), attempt(), nanos()).prop_map(|(key, attempt, at)| Night::Begin { key, attempt, at }),
        5 => (other_key(), attempt(), 0..5_u8).prop_map(|(key, attempt, end)| Night::End { key, attempt, end }),
        3 => (0..3_u8, which(), nanos(), nanos())
            .prop_map(|(on, replica, from, until)| Night::Hold { on, replica, from, until }),
        2 => (0..4_i64, nanos()).prop_map(|(id, at)| Night::Lift { id, at }),
        2 => (select(&["b", "a"][..]), nanos(), nanos())
            .prop_map(|(cause, at, until)| Night::Acknowledge { cause, at, until }),
        4 => (attempt(), which(), rarely(), prop_oneof![9 => Just(PauseState::Intended), 1 => state()], nanos())
            .prop_map(|(attempt, replica, stolen, state, at)| Night::Intend { attempt, replica, stolen, state, at }),
        5 => (attempt(), state(), prop::option::of(select(&["x", "y"][..])), nanos())
            .prop_map(|(attempt, state, trouble, at)| Night::Step { attempt, state, trouble, at }),
        2 => (select(&["b", "a", "B"][..]), nanos()).prop_map(|(key, at)| Night::Notice { key, at }),
        1 => (0..4_i64, nanos()).prop_map(|(id, at)| Night::Delivered { id, at }),
        2 => (0..4_i64, nanos()).prop_map(|(id, next)| Night::Undelivered { id, next }),
    ]
}

impl Night {
    pub async fn tried(&self, world: &World, store: &impl Store) -> Result<String, Odd> {
        let at = |nanos: Nanos| world.at(nanos);
        Ok(match *self {
            Self::Put {
                policy,
                terms,
                at: when,
            } => {
                let id: PolicyId = policy.parse()?;
                told(store.policy_put(&id, &terms_of(terms)?, "ada", at(when)).await)
            }
            Self::Assign {
                to,
                replica,
                policy,
                at: when,
            } => {
                let policy: Option<PolicyId> = policy.map(str::parse).transpose()?;
                let replica = &world.replicas[replica];
                let assignee = match to {
                    0 => Assignee::Site,
                    1 => Assignee::Tenant {
                        tenant: replica.tenant.clone(),
                    },
                    _ => Assignee::Replica { replica: replica.id },
                };
                told(
                    store
                        .policy_assign(&assignee, policy.as_ref(), "ada", at(when))
                        .await,
                )
            }
            Self::Open { ref owed, stolen } => {
                let mut all = Vec::new();
                for (key, terms, when) in owed {
                    let mut one = owed_of(world, *key, *terms, *when)?;
                    if stolen {
                        one.tenant = world.seed.theirs.tenant.clone();
                    }
                    all.push(one);
                }
                told(store.obligations_open(&all).await)
            }
            Self::Close {
                key,
                outcome,
                at: when,
            } => {
                let outcome = outcome_of(world, outcome);
                told(
                    store
                        .obligation_close(key_of(world, key), &outcome, at(when))
                        .await,
                )
            }
            Self::Correct {
                key,
                beside,
                change,
                at: when,
            } => {
                let key = key_of(world, key);
                let next = match store.obligation(&SITE, key).await {
                    Ok(row) => row.corrections.len() + 1,
                    Err(_) => 1,
                };
                let change = match change {
                    0 => Change::Excuse { owner: Owner::Tenant },
                    1 => Change::Attribute {
                        owner: Owner::External,
                    },
                    _ => Change::Restore,
                };
                let correction = Correction {
                    at: at(when),
                    ..world.seed.correction(
                        key,
                        u32::try_from(next)?.saturating_add_signed(beside.into()),
                        change,
                    )
                };
                told(store.correction_append(&correction).await)
            }
            Self::Begin {
                key,
                attempt,
                at: when,
            } => told(
                store
                    .attempt_began(
                        key_of(world, key.unwrap_or(own_key(attempt))),
                        World::attempt(attempt),
                        at(when),
                    )
                    .await,
            ),
            Self::End { key, attempt, end } => {
                let end = match end {
                    0 => AttemptEnd::Deferred { code: Code::B1 },
                    1 => AttemptEnd::Deferred { code: Code::UN },
                    2 => AttemptEnd::Failed { counts: true },
                    3 => AttemptEnd::Failed { counts: false },
                    _ => AttemptEnd::Sealed,
                };
                told(
                    store
                        .attempt_ended(
                            key_of(world, key.unwrap_or(own_key(attempt))),
                            World::attempt(attempt),
                            end,
                        )
                        .await,
                )
            }
            Self::Hold {
                on,
                replica,
                from,
                until,
            } => {
                let replica = &world.replicas[replica];
                let target = match on {
                    0 => HoldTarget::Host {
                        host: replica.host.clone(),
                    },
                    1 => HoldTarget::Tenant {
                        tenant: replica.tenant.clone(),
                    },
                    _ => HoldTarget::Replica { replica: replica.id },
                };
                told(store.hold_begin(&target, at(from), at(until), "why", "ada").await)
            }
            Self::Lift { id, at: when } => told(store.hold_lift(id, at(when), "grace").await),
            Self::Acknowledge {
                cause,
                at: when,
                until,
            } => {
                let acknowledgement = Acknowledgement {
                    cause: cause.to_owned(),
                    at: at(when),
                    until: at(until),
                    note: when.to_string(),
                    author: "ada".to_owned(),
                };
                told(store.acknowledge(&acknowledgement).await)
            }
            Self::Intend {
                attempt,
                replica,
                stolen,
                state,
                at: when,
            } => {
                let replica = &world.replicas[replica];
                let tenant = if stolen {
                    &world.seed.theirs.tenant
                } else {
                    &replica.tenant
                };
                let pause = Pause {
                    attempt: World::attempt(attempt),
                    replica: replica.id,
                    tenant: tenant.clone(),
                    vm: replica.vm,
                    primary: "hv-p-01".to_owned(),
                    intended: at(when),
                    until: at(when + 60_000_000_700),
                    state,
                    paused: None,
                    resumed: None,
                    trouble: None,
                };
                told(store.pause_intend(&pause).await)
            }
            Self::Step {
                attempt,
                state,
                trouble,
                at: when,
            } => told(
                store
                    .pause_step(World::attempt(attempt), state, at(when), trouble)
                    .await,
            ),
            Self::Notice { key, at: when } => {
                let body = json!({ "at": when, "text": "\u{e4}\n", "share": 0.1 });
                told(store.notice_put(key, "stuck", &body, at(when)).await)
            }
            Self::Delivered { id, at: when } => told(store.notice_delivered(id, at(when)).await),
            Self::Undelivered { id, next } => {
                let again = (next % 5 != 0).then(|| at(next));
                told(store.notice_failed(id, &next.to_string(), again).await)
            }
        })
    }
}

fn key_of(world: &World, (which, day): Key) -> ObligationKey {
    ObligationKey {
        replica: world.replicas[which].id,
        day: world.seed.day(day),
    }
}

fn terms_of(number: u8) -> Result<Terms, Odd> {
    Ok(Terms {
        target_bp: BasisPoints::new(9_990 + u16::from(number)).ok_or("a share")?,
        ..Terms::standard()
    })
}

fn owed_of(world: &World, (which, day): Key, terms: u8, at: Nanos) -> Result<Obligation, Odd> {
    let mut owed = world.seed.owed(&world.replicas[which], day)?;
    owed.terms = terms_of(terms)?;
    owed.window.due = world.at(at);
    owed.opened_at = world.at(at);
    owed.excluded = (terms == 3).then_some(Exclusion::Appeared {
        first_seen: world.at(at),
    });
    Ok(owed)
}

fn outcome_of(world: &World, number: u8) -> Outcome {
    match number {
        0 => Outcome::Open,
        1 => world.seed.met(),
        2 => world.seed.late(Owner::Provider),
        3 => world.seed.late(Owner::Tenant),
        4 => Outcome::Excluded {
            exclusion: Exclusion::NoWindow,
        },
        _ => match world.seed.late(Owner::Provider) {
            Outcome::MetLate { attribution, .. } => Outcome::Missed { attribution },
            other => other,
        },
    }
}

/// What the site is asked.
pub async fn view(lines: &mut Vec<String>, world: &World, store: &impl Store) {
    lines.push(told(store.policies().await));
    for policy in POLICIES {
        match policy.parse::<PolicyId>() {
            Ok(id) => lines.push(told(store.policy_versions(&id).await)),
            Err(error) => lines.push(error.to_string()),
        }
    }
    lines.push(told(store.obligations_live().await));
    lines.push(told(store.days_newest().await));
    lines.push(told(store.pauses_unresumed().await));
    for limit in [0, 2, 1_000] {
        lines.push(told(store.notices(limit).await));
    }
    for nanos in [-1, 400, 999, 3_000_000_000, 3_000_001_000, 9_000_000_000] {
        let at = world.at(nanos);
        lines.push(told(store.notices_due(at, 2).await));
        for tenant in [&world.seed.ours.tenant, &world.seed.theirs.tenant] {
            lines.push(told(store.pauses_since(tenant, at).await));
        }
    }
}

/// What a scope is asked.
pub async fn view_of(lines: &mut Vec<String>, world: &World, store: &impl Store, scope: &Scope) {
    let mut line = |question: &str, answer: String| lines.push(format!("{scope:?} {question}: {answer}"));
    line("assignments", told(store.assignments(scope).await));
    for limit in [0, 2, 1_000] {
        line("holds", told(store.holds(scope, limit).await));
    }
    for nanos in [-1, 400, 999, 3_000_000_000, 3_000_001_000, 9_000_000_000] {
        let at = world.at(nanos);
        line("holds active", told(store.holds_active(scope, at).await));
        line("acknowledged", told(store.acknowledgements(scope, at).await));
    }
    let day = |more: i64| -> SlaDay { world.seed.day(more) };
    for (from, to) in [(0, 2), (1, 1), (2, 0), (-9, 9)] {
        line(
            "days",
            told(store.day_heads(scope, None, day(from), day(to)).await),
        );
        line(
            "corrections",
            told(store.corrections(scope, day(from), day(to)).await),
        );
    }
    for which in 0..REPLICAS {
        let id = world.replicas[which].id;
        line("pauses", told(store.pauses_of(scope, id, 2).await));
        line(
            "days",
            told(store.day_heads(scope, Some(id), day(0), day(1)).await),
        );
        for more in 0..=DAYS {
            let key = key_of(world, (which, more));
            line("obligation", told(store.obligation(scope, key).await));
            line("tried", told(store.attempts_of(scope, key).await));
        }
    }
}
