//! Promises 3 and 6: unknown is never green, and nothing waits silently.

use super::{SITE, Scene, breach, read};
use crate::drive::site::Breach;
use crate::drive::stage::SET_BACK;
use chrono::TimeDelta;
use domain::planner::{Move, Seen, Wait};
use domain::verdict::Verdict;
use store::holds::{HoldStore as _, HoldTarget};
use store::obligations::ObligationStore as _;
use store::traits::ReplicaStore as _;

/// What the observers need beyond the freshness limit to write that a host is silent: two polls, a request that times out, and a write
/// that is lost.
const STALE_SLACK_SECS: i64 = 180;
/// The plan is made every five seconds; a write that is lost costs a round.
const PLAN_SECS_MAX: i64 = 60;

/// Promise 3: no verdict is clear where the model was not, and none stays clear when nobody looks.
pub fn unknown_never_green(scene: &Scene<'_>) -> Option<Breach> {
    let statuses = match read(scene.store.statuses(&SITE)) {
        Ok(statuses) => statuses,
        Err(breach) => return Some(breach),
    };
    let now = scene.wall();
    let limit = scene.freshness_secs + STALE_SLACK_SECS;
    let long_enough = scene.now() - scene.quiet_since > limit * 1000;
    let site = scene.shared.site();
    for status in statuses.iter().filter(|it| it.verdict == Verdict::Clear) {
        let seen = &status.observation;
        let age = (now - seen.seen_at).num_seconds();
        if long_enough && age > limit {
            let text = format!(
                "{} is green by a look that is {age} s old, {} s are allowed",
                seen.name, scene.freshness_secs
            );
            return breach(3, text);
        }
        let machine = site.machines.iter().find(|m| m.vm == seen.vm)?;
        let at = seen.host_time.timestamp_millis();
        let truth = site.truths[machine.number]
            .iter()
            .rev()
            .find(|(time, _)| *time == at);
        if let Some((_, Some(why))) = truth {
            let text = format!("{} was called clear at {} while {why}", seen.name, seen.host_time);
            return breach(3, text);
        }
    }
    None
}

/// Promise 6: every open day has a decision, every wait a reason and a next look, and the plan goes on.
pub fn nothing_waits_silently(scene: &Scene<'_>) -> Option<Breach> {
    let engine = scene.engine?;
    let now = scene.wall();
    let quiet = scene.now() - scene.quiet_since > PLAN_SECS_MAX * 1000;
    let Some(planned) = engine.planned() else {
        return quiet.then(|| Breach {
            promise: 6,
            text: "nothing was ever planned".to_owned(),
        });
    };
    let age = (now - planned.at).num_seconds();
    if quiet && age > PLAN_SECS_MAX {
        return breach(6, format!("the plan is {age} s old"));
    }
    for decision in &planned.decisions {
        let Move::Wait { why, next, .. } = &decision.what else {
            continue;
        };
        if *next <= planned.at {
            return breach(6, format!("{} waits and is never looked at again", decision.key));
        }
        if let Wait::Blocked { since, .. } = why
            && *since > planned.at + TimeDelta::milliseconds(SET_BACK + 1000)
        {
            return breach(6, format!("{} waits since a time to come", decision.key));
        }
    }
    for owed in &planned.world.owed {
        if let Seen::Clear { at } = owed.seen {
            let age = (planned.at - at).num_seconds();
            if age > scene.freshness_secs {
                return breach(
                    3,
                    format!("{} is planned by a look that is {age} s old", owed.key),
                );
            }
        }
    }
    let live = match read(scene.store.obligations_live()) {
        Ok(live) => live,
        Err(breach) => return Some(breach),
    };
    let known = planned.at - TimeDelta::seconds(20);
    let silent = live.iter().map(|it| &it.obligation).find(|it| {
        it.excluded.is_none() && it.opened_at < known && !planned.decisions.iter().any(|d| d.key == it.key)
    })?;
    let replica = read(scene.store.replica(&SITE, silent.key.replica)).ok()?;
    breach(
        6,
        format!(
            "{} of {} is owed, and the plan does not say a word of it",
            silent.key, replica.name
        ),
    )
}

/// A hold is read with the plan's round, every five seconds.
const HOLD_READ_SECS: i64 = 10;

/// What a person holds is not started by the plan, and stays in it with the hold as its reason.
pub fn holds_hold(scene: &Scene<'_>) -> Option<Breach> {
    let planned = scene.engine?.planned()?;
    let active = match read(scene.store.holds_active(&SITE, planned.at)) {
        Ok(active) => active,
        Err(breach) => return Some(breach),
    };
    let known = |from: chrono::DateTime<chrono::Utc>| planned.at - from > TimeDelta::seconds(HOLD_READ_SECS);
    let quiet = scene.now() - scene.quiet_since > HOLD_READ_SECS * 1000;
    for hold in active.iter().filter(|hold| quiet && known(hold.from)) {
        let started = planned.decisions.iter().find(|decision| {
            let Some(entry) = planned.entry(decision.key) else {
                return false;
            };
            let on = match &hold.target {
                HoldTarget::Host { host } => *host == entry.owed.host,
                HoldTarget::Tenant { tenant } => *tenant == entry.owed.tenant,
                HoldTarget::Replica { replica } => *replica == decision.key.replica,
            };
            on && matches!(decision.what, Move::Start { .. })
        });
        if let Some(started) = started {
            return breach(
                6,
                format!("{} is started, and hold {} stands", started.key, hold.id),
            );
        }
    }
    None
}
