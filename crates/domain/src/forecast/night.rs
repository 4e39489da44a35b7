//! The forecast of every open obligation at once, by the planner's world and its decisions, and what keeps them.

use super::{Day, Estimate, Place, Room, Site, State, Today, estimate};
use crate::blocker::Actor;
use crate::causes::{Cause, CauseKind, Waiting, cause_of, causes};
use crate::ids::HostId;
use crate::obligation::ObligationKey;
use crate::planner::{Decision, Last, Limits, Move, Owed, Seen, Wait, World, slack_secs};
use chrono::{DateTime, Utc};
use std::borrow::Cow;
use std::collections::HashMap;

/// Slack below which a blocker that needs a person is a risk, where nothing is known of how long such blockers last.
const STUCK_SECS: i64 = 3_600;

/// What is known of an obligation beside the plan.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known<'a> {
    /// The replica's closed days, newest first; those that were excluded left out.
    pub days: &'a [Day],
    /// Start of the attempt that runs.
    pub running_since: Option<DateTime<Utc>>,
    /// Seconds of its window that lasting blockers took which are over; what blocks now is not among them.
    pub blocked_secs: u32,
}

/// What is foreseen of one obligation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foresight {
    pub key: ObligationKey,
    pub estimate: Estimate,
    /// See [`slack_secs`].
    pub slack_secs: i64,
    /// By the estimate, or since it is plain without any history: no slack, held beyond it, given up.
    pub is_at_risk: bool,
    /// What keeps it; `None` when nothing does.
    pub cause: Option<(CauseKind, String)>,
    /// Since when it has waited for that; a blocker's own beginning goes before it.
    pub since: DateTime<Utc>,
}

/// What is foreseen of all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outlook {
    /// In the order of the world, those left out that were not asked for.
    pub each: Vec<Foresight>,
    /// Of those that are not due yet.
    pub causes: Vec<Cause>,
}

/// A plan with what was learnt.
#[derive(Debug, Clone, Copy)]
pub struct Night<'a> {
    pub world: &'a World,
    pub limits: &'a Limits,
    pub decisions: &'a [Decision],
    pub site: &'a Site,
}

impl Night<'_> {
    /// Looks at every obligation that `known` knows; `None` leaves one out (it still needs its slots).
    #[must_use]
    pub fn foresee<'a>(
        &self,
        known: impl Fn(usize, &Owed) -> Option<Known<'a>>,
        now: DateTime<Utc>,
    ) -> Outlook {
        let moves: HashMap<ObligationKey, (usize, &Move)> = self
            .decisions
            .iter()
            .enumerate()
            .map(|(at, it)| (it.key, (at, &it.what)))
            .collect();
        let rooms = self.rooms(&moves, &known, now);
        let all = self.world.owed.iter();
        let standing: Vec<Option<Cow<'_, Move>>> = all
            .map(|owed| Some(standing(owed, moves.get(&owed.key)?.1, now)))
            .collect();
        let mut each = Vec::with_capacity(self.world.owed.len());
        let mut waiting = Vec::new();
        for (at, owed) in self.world.owed.iter().enumerate() {
            let (Some(known), Some(what)) = (known(at, owed), &standing[at]) else {
                continue;
            };
            let (one, wait) = self.one(owed, what, &known, rooms[at], now);
            each.push(one);
            if now < owed.window.due {
                waiting.push(wait);
            }
        }
        Outlook {
            each,
            causes: causes(waiting),
        }
    }

    fn one<'b>(
        &'b self,
        owed: &'b Owed,
        what: &'b Move,
        known: &Known<'_>,
        room: Option<Room>,
        now: DateTime<Utc>,
    ) -> (Foresight, Waiting<'b>) {
        let slack = slack_secs(owed, now);
        let not_before_secs = not_before(what, now);
        let today = Today {
            tenant: &owed.tenant,
            days: known.days,
            state: State::of(what, &owed.seen, known.running_since, now),
            slack_secs: slack,
            expected_secs: owed.expected_secs,
            not_before_secs,
            passed: passed(owed, known.blocked_secs, now),
            room,
            apply_deferrals: owed.apply_deferrals,
        };
        let estimate = estimate(self.site, &today);
        let hopeless = slack - i64::from(not_before_secs) < 0 && !matches!(what, Move::Running);
        // Without a history to go by: what a person has to end is not expected to end by itself within the hour.
        let stuck = match what {
            Move::Wait {
                why: Wait::Blocked { code, .. },
                ..
            } => code.actor() != Actor::Nobody && slack < STUCK_SECS,
            _ => false,
        };
        let stuck = stuck && matches!(estimate, Estimate::None { .. });
        let is_at_risk = estimate.is_at_risk() || hopeless || stuck || matches!(what, Move::GiveUp { .. });
        let waiting = Waiting {
            key: owed.key,
            tenant: &owed.tenant,
            host: &owed.host,
            what,
            since: self.since(owed, what).min(now),
            due: owed.window.due,
            slack_secs: slack,
            at_risk: is_at_risk,
        };
        let foresight = Foresight {
            key: owed.key,
            estimate,
            slack_secs: slack,
            is_at_risk,
            cause: cause_of(&waiting),
            since: waiting.since,
        };
        (foresight, waiting)
    }

    /// Since when it has waited for what it waits for. From what was written down, so that it is the same after a restart.
    fn since(&self, owed: &Owed, what: &Move) -> DateTime<Utc> {
        let last = match owed.last {
            Last::None => None,
            Last::Deferred { at, .. } | Last::Failed { at, .. } | Last::Unproven { at, .. } => Some(at),
        };
        let by_attempt = |at: Option<DateTime<Utc>>| at.unwrap_or(owed.window.open).max(owed.window.open);
        match what {
            Move::GiveUp { .. } => by_attempt(last),
            Move::Wait { why, .. } => match why {
                Wait::Backoff { .. } | Wait::NextApply { .. } | Wait::Stubborn { .. } => by_attempt(last),
                Wait::Breaker { .. } => {
                    by_attempt(self.world.hosts.get(&owed.host).and_then(|it| it.last_failure))
                }
                _ => owed.window.open,
            },
            Move::Start { .. } | Move::Running => owed.window.open,
        }
    }

    /// How much each needs and has, with those before it in the plan's order, on its host or on the whole site, whichever is tighter.
    fn rooms<'a>(
        &self,
        moves: &HashMap<ObligationKey, (usize, &Move)>,
        known: &impl Fn(usize, &Owed) -> Option<Known<'a>>,
        now: DateTime<Utc>,
    ) -> Vec<Option<Room>> {
        let mut order: Vec<((u8, i64), usize)> = Vec::with_capacity(self.world.owed.len());
        for (at, owed) in self.world.owed.iter().enumerate() {
            let slack = slack_secs(owed, now);
            let place = match moves.get(&owed.key) {
                Some((_, Move::Running)) => (0, slack),
                Some((position, Move::Start { .. })) => (1, i64::try_from(*position).unwrap_or(i64::MAX)),
                Some((_, Move::Wait { .. })) if slack >= 0 => (2, slack),
                Some((_, Move::Wait { .. })) => (3, slack),
                Some((_, Move::GiveUp { .. })) | None => continue,
            };
            order.push((place, at));
        }
        order.sort_unstable();
        let mut rooms = vec![None; self.world.owed.len()];
        let mut on_host: HashMap<&HostId, u64> = HashMap::new();
        let mut on_site = 0_u64;
        for ((class, _), at) in order {
            let owed = &self.world.owed[at];
            let ran = match class {
                0 => known(at, owed)
                    .and_then(|it| it.running_since)
                    .map_or(0, |since| secs(since, now)),
                _ => 0,
            };
            let needs = u64::from(owed.expected_secs).saturating_sub(ran);
            let host = on_host.entry(&owed.host).or_default();
            *host += needs;
            on_site += needs;
            let left = secs(now, owed.window.due);
            let room = |needed_secs, slots: u32, place| Room {
                needed_secs,
                free_secs: u64::from(slots) * left,
                place,
            };
            let host = room(*host, self.limits.per_host_max, Place::Host);
            let site = room(on_site, self.limits.total_max, Place::Site);
            let tighter = |a: &Room, b: &Room| {
                let load = |it: &Room, other: &Room| u128::from(it.needed_secs) * u128::from(other.free_secs);
                load(a, b) > load(b, a)
            };
            rooms[at] = Some(if tighter(&site, &host) { site } else { host });
        }
        rooms
    }
}

/// What is decided, as it stands: a start that only looks whether a lasting blocker is still there does not make it go away.
#[must_use]
pub fn standing<'a>(owed: &Owed, what: &'a Move, now: DateTime<Utc>) -> Cow<'a, Move> {
    match (what, owed.seen) {
        (Move::Start { pause: false }, Seen::Blocked { code, since, .. }) if code.lasts() => {
            Cow::Owned(Move::Wait {
                why: Wait::Blocked { code, since },
                next: now,
                watch: false,
            })
        }
        _ => Cow::Borrowed(what),
    }
}

/// Seconds from one instant to a later one.
fn secs(from: DateTime<Utc>, to: DateTime<Utc>) -> u64 {
    u64::try_from((to - from).num_seconds()).unwrap_or(0)
}

/// For so long nothing can start in any case.
fn not_before(what: &Move, now: DateTime<Utc>) -> u32 {
    let Move::Wait { why, next, .. } = what else {
        return 0;
    };
    match why {
        Wait::NotOpen
        | Wait::Held(_)
        | Wait::Breaker { .. }
        | Wait::Backoff { .. }
        | Wait::NextApply { .. }
        | Wait::Stubborn { .. } => u32::try_from(secs(now, *next)).unwrap_or(u32::MAX),
        _ => 0,
    }
}

/// Share of the window that has passed without a lasting blocker.
fn passed(owed: &Owed, blocked_secs: u32, now: DateTime<Utc>) -> f64 {
    let window = secs(owed.window.open, owed.window.due);
    let gone = secs(owed.window.open, now).min(window);
    let now_blocked = match owed.seen {
        Seen::Blocked { code, since, .. } if code.lasts() => secs(since.max(owed.window.open), now),
        _ => 0,
    };
    let usable = gone.saturating_sub(u64::from(blocked_secs).saturating_add(now_blocked));
    #[expect(clippy::cast_precision_loss, reason = "seconds of a day")]
    let share = usable as f64 / window.max(1) as f64;
    share
}

#[cfg(test)]
mod tests;
