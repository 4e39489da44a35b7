//! The planner: what to start now, what to leave for later and why. A pure function of the world and the time.
//!
//! Obligations that can start now go by urgency (time left until due, minus half of what an attempt takes, minus the waits for a gap that are
//! to be expected), with a handicap for each attempt that their tenant already has running: a tenant with thousands of replicas cannot
//! starve one with five. A slot may be kept for a while for one that a log apply keeps from starting. Those that can no longer be met by
//! due leave the slots to all that can. Waiting costs no attempt; each wait names its reason and when it is looked at again.

mod breaker;
mod ready;
mod room;
mod share;

pub use breaker::{Breaker, HostRecord, breaker};
use ready::{Applying, Ready, applying, ready};
pub use room::Full;

use crate::calendar::DayWindow;
use crate::code::Code;
use crate::ids::{HostId, TenantId};
use crate::obligation::ObligationKey;
use crate::policy::Terms;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One obligation that is not met yet, with what is known of its replica.
#[derive(Debug, Clone)]
pub struct Owed {
    pub key: ObligationKey,
    pub tenant: TenantId,
    pub host: HostId,
    pub window: DayWindow,
    pub terms: Arc<Terms>,
    /// Replication interval; 0 while unknown.
    pub period_secs: u32,
    /// What an attempt on this replica takes from claim to seal, from its history.
    pub expected_secs: u32,
    /// Mean wait for a stretch without applies that takes a checkpoint ([`crate::cadence::Cadence::gap_wait`]); 0 while unknown.
    pub gap_wait_secs: u32,
    pub seen: Seen,
    pub last: Last,
    /// Failed attempts of this obligation, those that were nobody's fault (killed, cancelled) left out.
    pub failures: u32,
    /// Deferrals of this obligation by a log being applied.
    pub apply_deferrals: u32,
    pub running: bool,
    /// A hold that a person laid on the replica, its tenant or its host.
    pub held: Option<Held>,
    /// Whether pausing the primary is possible: allowed, with credentials, budget left this night.
    pub can_pause: bool,
    /// 0..=1, drawn once per attempt, so that a decision does not change with every tick.
    pub jitter: f64,
}

/// The newest look at the replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// Not yet, or not since this process began.
    Never,
    Clear {
        at: DateTime<Utc>,
    },
    Blocked {
        code: Code,
        since: DateTime<Utc>,
        at: DateTime<Utc>,
    },
}

/// How the newest attempt of this obligation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Last {
    /// None was made.
    None,
    Deferred {
        code: Code,
        at: DateTime<Utc>,
        /// The host refused although the gate had said Clear, or the hold took too long: only time helps.
        stubborn: bool,
    },
    /// `free`: nobody's fault, tried again at once.
    Failed { at: DateTime<Utc>, free: bool },
    /// An apply touched the disks during the hold, or may have: the next one is begun right after an apply has ended.
    Unproven {
        at: DateTime<Utc>,
        /// When the newest apply that is known of ended.
        applied: Option<DateTime<Utc>>,
        /// When the next is expected to end.
        apply_due: Option<DateTime<Utc>>,
    },
}

/// A person's hold: no starts, the obligation stays open and visible.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    pub until: DateTime<Utc>,
    pub reason: String,
    pub author: String,
}

/// What is allowed at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub total_max: u32,
    pub per_host_max: u32,
    pub per_tenant_max: u32,
    /// Into one vault; there is one vault per installation.
    pub per_vault_max: u32,
    /// Replicas per host that are watched second by second.
    pub watch_per_host_max: u32,
}

/// All that the planner looks at.
#[derive(Debug, Clone, Default)]
pub struct World {
    pub owed: Vec<Owed>,
    /// Attempts that run now, those without an obligation (started by a person) included.
    pub running: Vec<(HostId, TenantId)>,
    pub hosts: BTreeMap<HostId, HostRecord>,
}

/// What is to be done about one obligation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub key: ObligationKey,
    pub what: Move,
}

/// See [`Decision`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Move {
    /// `pause`: the primary is to be paused for it.
    Start { pause: bool },
    /// `watch`: look at it second by second, it passes within minutes.
    Wait {
        why: Wait,
        next: DateTime<Utc>,
        watch: bool,
    },
    /// Too many failures; a person may still run it.
    GiveUp { failures: u32 },
    /// Runs already.
    Running,
}

impl Move {
    /// Whether it starts, or would if there were room: these are decided in the order of their turn.
    #[must_use]
    pub const fn is_in_line(&self) -> bool {
        match self {
            Self::Start { .. } => true,
            Self::Wait { why, .. } => matches!(
                why,
                Wait::HostFull { .. }
                    | Wait::TenantFull { .. }
                    | Wait::VaultFull { .. }
                    | Wait::TotalFull { .. }
                    | Wait::SlotKept { .. }
                    | Wait::Yields { .. }
            ),
            Self::GiveUp { .. } | Self::Running => false,
        }
    }
}

/// Why an obligation waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wait {
    NotOpen,
    Held(Held),
    /// No look at it has been had yet.
    NotSeen,
    Blocked {
        code: Code,
        since: DateTime<Utc>,
    },
    /// The host refused although nothing was seen, or the last hold took too long.
    Stubborn {
        code: Code,
    },
    Backoff {
        failures: u32,
    },
    /// For the end of an apply, since the last proof failed.
    NextApply {
        failures: u32,
    },
    /// The host failed too often in a row.
    Breaker {
        failures: u32,
    },
    HostFull {
        running: u32,
    },
    TenantFull {
        running: u32,
    },
    VaultFull {
        running: u32,
    },
    TotalFull {
        running: u32,
    },
    /// What is free is kept for a replica that is more urgent and whose gap is near.
    SlotKept {
        running: u32,
    },
    /// It is late already, and so many others want the slots that can still be in time.
    Yields {
        to: u32,
    },
}

/// Seconds of slack below which a replica that only log applies keep from starting may have its primary paused.
pub const PAUSE_SLACK_SECS: i64 = 3_600;
/// Deferrals by log applies before a pause is thought of; or so many longest looks at log applies without a gap between them, since a
/// replica that is watched is not begun before its gap.
pub const PAUSE_DEFERRALS_MIN: u32 = 3;

/// Seconds until due that are left beside what the attempt itself takes; negative when it cannot be met any more.
#[must_use]
pub fn slack_secs(owed: &Owed, now: DateTime<Utc>) -> i64 {
    (owed.window.due - now).num_seconds() - i64::from(owed.expected_secs)
}

/// How many waits for a gap are set aside. Measured with `sim`: 1 loses replicas with rare gaps, 6 loses the others.
const WAITS: i64 = 4;
/// A late obligation no longer yields when so little of its day is left, beside what the attempt takes.
const YIELD_SECS_MIN: i64 = 7_200;

/// What the order goes by, in seconds: the least first. Half of the duration, since putting long attempts first by all of it makes many short
/// ones late (measured with `sim`).
fn urgency_secs(owed: &Owed, now: DateTime<Utc>) -> i64 {
    (owed.window.due - now).num_seconds()
        - i64::from(owed.expected_secs) / 2
        - WAITS * i64::from(owed.gap_wait_secs)
}

/// Decides for every obligation. Starts come first, in the order in which they should be made, and within the limits; then those that only
/// wait for room, in the order of their turn.
#[must_use]
pub fn plan(world: &World, limits: &Limits, now: DateTime<Utc>) -> Vec<Decision> {
    let mut counts = share::Counts::new(world, limits, now);
    let mut moves = vec![Move::Running; world.owed.len()];
    let mut wishing = Vec::with_capacity(world.owed.len());
    for (index, owed) in world.owed.iter().enumerate() {
        match ready(owed, counts.breaker(index), now) {
            Ready::Now { pause } => {
                let wish = share::Wish::Start { pause };
                wishing.push(share::Candidate::new(index, wish, owed, now));
            }
            Ready::Not(what) => {
                match applying(owed, &what, now) {
                    Applying::GapNear => {
                        wishing.push(share::Candidate::new(index, share::Wish::Keep, owed, now));
                    }
                    Applying::InTime => counts.want(index),
                    Applying::No => {}
                }
                moves[index] = what;
            }
        }
    }
    let mut decisions = Vec::with_capacity(world.owed.len());
    let mut in_line = vec![false; world.owed.len()];
    // Chosen in the order of their turn: those that find no room stay in it.
    let mut waiting = Vec::new();
    share::choose(wishing, &mut counts, |index, chosen| match chosen {
        Ok(share::Started { pause }) => {
            in_line[index] = true;
            decisions.push(Decision {
                key: world.owed[index].key,
                what: Move::Start { pause },
            });
        }
        Err(why) => {
            in_line[index] = true;
            waiting.push(Decision {
                key: world.owed[index].key,
                what: Move::Wait {
                    why,
                    // A slot that becomes free wakes the plan.
                    next: now + chrono::TimeDelta::seconds(SLOT_LOOK_SECS),
                    watch: false,
                },
            });
        }
    });
    decisions.append(&mut waiting);
    watch(world, &counts, now, &mut moves);
    let others = world.owed.iter().zip(moves).zip(in_line);
    decisions.extend(
        others
            .filter(|(_, in_line)| !in_line)
            .map(|((owed, what), _)| Decision { key: owed.key, what }),
    );
    decisions
}

/// How long a wait for a free slot lasts at most without being woken.
const SLOT_LOOK_SECS: i64 = 60;

/// Watching closely is for a few replicas per host: the most urgent of those that something passing keeps from starting, and only on
/// hosts that could take one more.
fn watch(world: &World, counts: &share::Counts<'_>, now: DateTime<Utc>, moves: &mut [Move]) {
    // Those that can still be met first, the most urgent of them first.
    let mut wishes: Vec<(usize, bool, i64, usize)> = moves
        .iter()
        .enumerate()
        .filter(|(_, what)| matches!(what, Move::Wait { watch: true, .. }))
        .map(|(index, _)| {
            let owed = &world.owed[index];
            let is_late = slack_secs(owed, now) < 0;
            (counts.host_number(index), is_late, urgency_secs(owed, now), index)
        })
        .collect();
    wishes.sort_unstable();
    let mut watched = vec![0; counts.host_count()];
    for (host, .., index) in wishes {
        watched[host] += 1;
        if watched[host] > counts.watch_max(host)
            && let Move::Wait { watch, .. } = &mut moves[index]
        {
            *watch = false;
        }
    }
}

#[cfg(test)]
mod tests;
