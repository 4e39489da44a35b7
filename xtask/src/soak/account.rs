//! What has to hold beside the data itself: protection, order, nothing left.

use super::plan::Plan;
use super::reasons;
use super::season::Season;
use super::site::{Site, text};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Share of the replicas that could be protected and must be.
const PROTECTED_PERCENT_MIN: usize = 95;
/// Starts of the server after which nothing may be left.
const QUIET_ROUNDS_MAX: u32 = 6;
/// Waits until the replicas that nothing keeps from it are protected, and until hosts that guard nothing were tried too.
pub fn settle(plan: &Plan, site: &mut Site, season: &Season) -> Result<String, String> {
    let last = season.spells.iter().map(|spell| spell.to).fold(0.0, f64::max);
    let deadline = Instant::now() + Duration::from_secs(plan.settle_secs);
    let (want, have) = loop {
        let (want, have) = protection(site)?;
        let enough = have.len() * 100 >= want.len() * PROTECTED_PERCENT_MIN;
        let over = site.world_now() > last;
        if enough && over && unguarded(site, &site.attempts()?, &site.points()?).tried() {
            break (want, have);
        }
        if Instant::now() > deadline {
            let missing: Vec<String> = want.difference(&have).cloned().collect();
            return Err(format!(
                "{} of {} unblocked replicas on protected hosts are protected after {} s, at least {PROTECTED_PERCENT_MIN} % must be; missing: {}; {}",
                have.len(),
                want.len(),
                plan.settle_secs,
                missing.join(", "),
                on_unguarded_hosts(site, &site.attempts()?, &site.points()?)
            ));
        }
        sleep(Duration::from_secs(1));
    };
    if want.len() < plan.guarded_min() {
        return Err(format!(
            "only {} unblocked replicas are on protected hosts, {} are needed for the quota to mean something",
            want.len(),
            plan.guarded_min()
        ));
    }
    Ok(format!(
        "{} of {} unblocked replicas on protected hosts protected",
        have.len(),
        want.len()
    ))
}

/// Lets the site fall quiet and tells what is left behind for good: on the hosts and in staging.
///
/// Who has a point owes no more, so that most attempts end. A replica without one - on a host that guards nothing - is
/// tried again and again, and the end of the server may cut such an attempt off; the next start has to clean up after it.
/// Only what survives that is left for good.
pub fn quiet(plan: &Plan, site: &mut Site) -> Result<Vec<String>, String> {
    site.stop_server()?;
    site.owe_nothing()?;
    let mut before: BTreeSet<String> = BTreeSet::new();
    for round in 1.. {
        site.start_server()?;
        let deadline = Instant::now() + Duration::from_secs(plan.settle_secs);
        // An attempt may start between two looks: two quiet looks in a row.
        let mut quiet = 0;
        while quiet < 2 && Instant::now() < deadline {
            quiet = if site.attempts_running()? == 0 {
                quiet + 1
            } else {
                0
            };
            sleep(Duration::from_millis(500));
        }
        site.stop_server()?;
        let left: BTreeSet<String> = site.left_behind()?.into_iter().collect();
        let for_good: Vec<String> = left.intersection(&before).cloned().collect();
        if left.is_empty() || !for_good.is_empty() {
            return Ok(for_good);
        }
        if round == QUIET_ROUNDS_MAX {
            return Ok(left.into_iter().collect());
        }
        before = left;
    }
    Ok(Vec::new())
}

/// What came of the attempts on hosts that guard nothing.
#[derive(Debug, Default)]
struct Unguarded {
    attempts: usize,
    points: usize,
    /// Refused by the proof, after the export.
    unproven: usize,
    /// Deferred by the gate after the host had accepted the checkpoint.
    gated: usize,
}

impl Unguarded {
    /// Gate and proof were asked what only they could answer.
    fn tried(&self) -> bool {
        self.points + self.unproven + self.gated > 0
    }
}

fn unguarded(site: &Site, attempts: &[Value], points: &[Value]) -> Unguarded {
    let there = |row: &&Value| !site.guards(text(row, "host"));
    let mut found = Unguarded {
        points: points.iter().filter(there).count(),
        ..Unguarded::default()
    };
    let log = site.lab_log();
    let accepted: BTreeSet<&str> = log
        .iter()
        .filter(|entry| text(entry, "event") == "checkpoint-created")
        .filter_map(|entry| reasons::attempt_of(text(entry, "name")))
        .collect();
    for attempt in attempts.iter().filter(there) {
        found.attempts += 1;
        if reasons::is_unproven(attempt) {
            found.unproven += 1;
        } else if text(attempt, "outcome") == "Deferred" && accepted.contains(text(attempt, "id")) {
            found.gated += 1;
        }
    }
    found
}

/// The same in a sentence.
pub fn on_unguarded_hosts(site: &Site, attempts: &[Value], points: &[Value]) -> String {
    let found = unguarded(site, attempts, points);
    format!(
        "on unprotected hosts {} points of {} attempts, {} refused by the proof, {} by the gate after the host had accepted",
        found.points, found.attempts, found.unproven, found.gated
    )
}

/// Attempts by outcome and code or reason, most frequent first, for people.
pub fn outcomes(attempts: &[Value]) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for attempt in attempts {
        let (outcome, code) = (text(attempt, "outcome"), text(attempt, "code"));
        let why = if outcome == "Failed" {
            // Without the names of jobs: the same reason is counted once.
            let reason = text(attempt, "reason");
            reason.split(':').next().unwrap_or(reason)
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
