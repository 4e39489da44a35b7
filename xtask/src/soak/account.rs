//! What has to hold beside the data itself: protection, order, honest reasons, nothing left.

use super::plan::Plan;
use super::season::Season;
use super::site::{Site, seconds, text};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Share of the replicas that could be protected and must be.
const PROTECTED_PERCENT_MIN: usize = 95;
/// World seconds after the end of a blocker in which it may still be the reason: its traces have to clear (a failed
/// apply blocks until a later one completes), and a look may be as old as the freshness limit.
const AFTERMATH_SECS: f64 = 1_200.0;

/// Waits until the replicas that nothing keeps from it are protected; then lets the site fall quiet: nobody owes a new
/// point any more, and what a stop or a kill left half done is finished or undone.
pub fn settle(plan: &Plan, site: &mut Site, season: &Season) -> Result<String, String> {
    let last = season.spells.iter().map(|spell| spell.to).fold(0.0, f64::max);
    let deadline = Instant::now() + Duration::from_secs(plan.settle_secs);
    let (want, have) = loop {
        let (want, have) = protection(site)?;
        if have.len() * 100 >= want.len() * PROTECTED_PERCENT_MIN && site.world_now() > last {
            break (want, have);
        }
        if Instant::now() > deadline {
            let missing: Vec<String> = want.difference(&have).cloned().collect();
            return Err(format!(
                "{} of {} unblocked replicas on protected hosts are protected after {} s, at least {PROTECTED_PERCENT_MIN} % must be; missing: {}",
                have.len(),
                want.len(),
                plan.settle_secs,
                missing.join(", ")
            ));
        }
        sleep(Duration::from_secs(1));
    };
    site.stop_server()?;
    site.owe_nothing()?;
    site.start_server()?;
    let deadline = Instant::now() + Duration::from_secs(plan.settle_secs);
    // A first attempt may start between two looks, where a replica has no point yet: two quiet looks in a row.
    let mut quiet = 0;
    while quiet < 2 {
        quiet = if site.attempts_running()? == 0 {
            quiet + 1
        } else {
            0
        };
        if Instant::now() > deadline {
            return Err(format!(
                "attempts still run {} s after the last replica owed a point",
                plan.settle_secs
            ));
        }
        sleep(Duration::from_secs(1));
    }
    Ok(format!(
        "{} of {} unblocked replicas on protected hosts protected",
        have.len(),
        want.len()
    ))
}

/// Attempts by outcome and code or reason, most frequent first, for people.
pub fn outcomes(attempts: &[Value]) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for attempt in attempts {
        let (outcome, code) = (text(attempt, "outcome"), text(attempt, "code"));
        let why = if outcome == "Failed" {
            text(attempt, "reason")
        } else {
            code
        };
        *counts
            .entry(format!("{outcome} {why}").trim().to_owned())
            .or_default() += 1;
    }
    let mut counts: Vec<(String, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts
        .iter()
        .map(|(what, count)| format!("\n  {count:5}  {what}"))
        .collect()
}

/// Replicas (`tenant/name`) on protected hosts that nothing keeps blocked for good; and those of them with a point.
fn protection(site: &Site) -> Result<(BTreeSet<String>, BTreeSet<String>), String> {
    let want: BTreeSet<String> = site.protectable()?.into_iter().collect();
    let named = |point: &Value| format!("{}/{}", text(point, "tenant"), text(point, "name"));
    let have = site
        .points()?
        .iter()
        .map(named)
        .filter(|name| want.contains(name))
        .collect();
    Ok((want, have))
}

/// Checkpoints and jobs of ours on the hosts, and folders in staging.
pub fn nothing_left(site: &mut Site) -> Vec<String> {
    match site.left_behind() {
        Ok(left) => left,
        Err(why) => vec![format!("what is left on the hosts cannot be had: {why}")],
    }
}

/// The lab marks a request that met another one of a client on the same replica.
pub fn never_two_at_once(site: &Site) -> Vec<String> {
    let overlapping = |entry: &&Value| entry["overlap"].as_bool() == Some(true);
    let say = |entry: &Value| {
        format!(
            "two attempts at once on {} at {}: {}",
            text(entry, "replica"),
            text(entry, "at"),
            text(entry, "name")
        )
    };
    site.lab_log().iter().filter(overlapping).map(say).collect()
}

/// Each deferral with one of the codes that only a spell brings must have met that spell.
pub fn right_blockers(site: &Site, season: &Season, attempts: &[Value]) -> Vec<String> {
    let mut wrong = Vec::new();
    for attempt in attempts {
        let code = text(attempt, "code");
        if !matches!(code, "B2" | "B3" | "B4" | "B5" | "B6" | "B7" | "B8")
            || text(attempt, "outcome") != "Deferred"
        {
            continue;
        }
        let replica = format!("{}/{}", text(attempt, "tenant"), text(attempt, "name"));
        let first = attempt.get("first_started").or_else(|| attempt.get("started"));
        let Some(from) = first.and_then(Value::as_str).and_then(seconds) else {
            wrong.push(format!("attempt {} has no start", text(attempt, "id")));
            continue;
        };
        let to = attempt
            .get("ended")
            .and_then(Value::as_str)
            .and_then(seconds)
            .unwrap_or(from);
        let explained = site.stays_blocked(&replica).as_deref() == Some(code)
            || season.spells.iter().any(|spell| {
                spell.replica == replica
                    && spell.code == code
                    && from < spell.to + AFTERMATH_SECS
                    && to >= spell.from
            });
        if !explained {
            let had = season
                .spells
                .iter()
                .filter(|spell| spell.replica == replica)
                .map(|spell| spell.op);
            wrong.push(format!(
                "attempt {} on {replica} says {code} at {}, but nothing put that on it (only: {})",
                text(attempt, "id"),
                text(attempt, "started"),
                had.collect::<Vec<_>>().join(", ")
            ));
        }
    }
    wrong
}
