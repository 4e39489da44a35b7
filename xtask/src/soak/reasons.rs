//! Whether each deferral carries the right blocker: what an attempt said against what the lab did and recorded.
//!
//! | code | has to be explained by |
//! |---|---|
//! | B1 | the lab's record: an apply ran on that replica while the attempt did |
//! | B2, B3 | the lab's record: the replica's newest apply was cut off, or failed |
//! | B4 to B8 | the operation with this code that the season put on that replica, at that time |
//! | BE | such an operation, or a checkpoint of another attempt (one that was killed) that was still there |
//! | NR | the doctor's own attempts, before it has enrolled a host; else an operation on that replica at that time |
//! | UN, last apply unknown | a start of the server or a migration, since when no apply completed (the memory of applies begins anew) |
//! | UN, refused by the host, which showed no blocker right after | the lab's record: an apply ran while the attempt did |
//! | UN, other | an operation on that replica at that time, or a migration that had just ended |
//!
//! On a busy machine the server may itself lose sight of the job list for five world minutes (15 s), or a look at a host may be
//! overtaken by a later one; such an `UN` is honest and nothing that the lab could record. A few are let through, counted and
//! told. Everything else unexplained is wrong.

use super::season::{Season, Spell};
use super::site::{Site, seconds, text};
use serde_json::Value;
use std::collections::BTreeMap;

/// Lab and server compute the same world time; this much may lie between a look and the words about it. World seconds.
const TOLERANCE_SECS: f64 = 2.0;
/// From a start of the server until it has seen every host for the first time, at most. World seconds.
const FIRST_LOOK_SECS: f64 = 240.0;
/// Attempts of a hundred that may have lost sight of the jobs for a reason that only the machine knows.
const LOST_SIGHT_PERCENT_MAX: usize = 5;

/// An apply as the lab recorded it.
#[derive(Debug, Clone)]
struct Apply {
    began: f64,
    /// When, and whether it was `whole`, `cut` or `failed`; `None` while it runs.
    ended: Option<(f64, String)>,
}

/// A replica's past as the lab knows it. World seconds.
#[derive(Debug, Default)]
struct Past {
    applies: Vec<Apply>,
    /// Checkpoints of clients: the attempt's id, when it was asked for, when it was gone.
    checkpoints: Vec<(String, f64, f64)>,
    spells: Vec<Spell>,
}

/// What an attempt said, and when it was at it.
#[derive(Debug)]
struct Said<'a> {
    attempt: &'a str,
    code: &'a str,
    reason: &'a str,
    from: f64,
    to: f64,
}

/// Whether the proof refused what this attempt had exported.
pub fn is_unproven(attempt: &Value) -> bool {
    text(attempt, "outcome") == "Failed" && text(attempt, "reason").contains("consistency is not proven")
}

/// The attempt whose tag `stillpoint-<attempt>-<token>` this is.
pub fn attempt_of(tag: &str) -> Option<&str> {
    tag.strip_prefix("stillpoint-")?.get(..36)
}

/// What explains the deferrals, counted, for people; and those that nothing explains.
pub fn right_blockers(site: &Site, season: &Season, attempts: &[Value]) -> (String, Vec<String>) {
    let pasts = pasts(site, season);
    let nothing = Past::default();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let (mut wrong, mut lost_sight) = (Vec::new(), Vec::new());
    for attempt in attempts.iter().filter(|it| text(it, "outcome") == "Deferred") {
        let replica = format!("{}/{}", text(attempt, "tenant"), text(attempt, "name"));
        let at = |member: &str| attempt[member].as_str().and_then(seconds);
        let (Some(from), Some(to)) = (at("started"), at("ended")) else {
            wrong.push(format!("attempt {} has no start or no end", text(attempt, "id")));
            continue;
        };
        let said = Said {
            attempt: text(attempt, "id"),
            code: text(attempt, "code"),
            reason: text(attempt, "reason"),
            from,
            to,
        };
        if let Some(why) = explain(
            &said,
            pasts.get(&replica).unwrap_or(&nothing),
            site.starts(),
            &replica,
        ) {
            *counts.entry(format!("{}: {why}", said.code)).or_default() += 1;
            continue;
        }
        let line = format!(
            "attempt {} on {replica} at {} says {} ({}), and nothing that the lab did explains it",
            said.attempt,
            text(attempt, "started"),
            said.code,
            said.reason
        );
        if said.code == "UN" {
            eprintln!("soak: {line}");
            lost_sight.push(line);
        } else {
            wrong.push(line);
        }
    }
    if !lost_sight.is_empty() {
        counts.insert(
            "UN: by nothing that the lab did, as on a busy machine".to_owned(),
            lost_sight.len(),
        );
    }
    if lost_sight.len() > 2 + attempts.len() * LOST_SIGHT_PERCENT_MAX / 100 {
        wrong.append(&mut lost_sight);
    }
    let told = counts
        .iter()
        .map(|(what, count)| format!("\n  {count:5}  {what}"));
    (told.collect(), wrong)
}

/// What explains it, in words; `None` when nothing does.
fn explain(said: &Said<'_>, past: &Past, starts: &[f64], replica: &str) -> Option<&'static str> {
    let spell = |wanted: &dyn Fn(&Spell) -> bool| {
        past.spells
            .iter()
            .any(|spell| wanted(spell) && overlap(said, spell.from, spell.to))
    };
    let explained = match said.code {
        "B1" => past.applying(said).then_some("an apply was running"),
        "B2" => past
            .newest_apply_was("cut", said)
            .then_some("the newest apply was cut off"),
        "B3" => past
            .newest_apply_was("failed", said)
            .then_some("the newest apply failed"),
        "BE" if past.foreign_checkpoint(said) => Some("a checkpoint of a killed attempt was there"),
        "NR" if replica.starts_with("canary/") && starts.iter().all(|start| said.from < *start) => {
            Some("the doctor had not enrolled the host yet")
        }
        "NR" => spell(&|_| true).then_some("an operation on the replica"),
        "UN" if said.reason.starts_with("Last apply unknown") => past
            .memory_is_new(said, starts)
            .then_some("no apply completed since a start or a migration"),
        "UN" if said.reason.starts_with("Refused by the host") => {
            past.applying(said).then_some("the host refused during an apply")
        }
        "UN" if past.just_moved(said) => Some("a migration had just ended"),
        "UN" => spell(&|_| true).then_some("an operation on the replica"),
        _ => None,
    };
    // The rest, and a busy elsewhere without a checkpoint, only by the operation that shows as this.
    explained.or_else(|| spell(&|spell| spell.code == said.code).then_some("the season put it there"))
}

fn overlap(said: &Said<'_>, from: f64, to: f64) -> bool {
    said.from < to + TOLERANCE_SECS && said.to > from - TOLERANCE_SECS
}

impl Past {
    fn applying(&self, said: &Said<'_>) -> bool {
        let end = |apply: &Apply| apply.ended.as_ref().map_or(f64::MAX, |(at, _)| *at);
        self.applies
            .iter()
            .any(|apply| overlap(said, apply.began, end(apply)))
    }

    /// An apply ended like that, and none ended whole between it and the attempt.
    fn newest_apply_was(&self, how: &str, said: &Said<'_>) -> bool {
        let ends = || self.applies.iter().filter_map(|apply| apply.ended.as_ref());
        ends()
            .filter(|(at, ended)| ended == how && *at < said.to + TOLERANCE_SECS)
            .any(|(bad, _)| {
                !ends().any(|(at, ended)| ended == "whole" && at > bad && *at < said.from - TOLERANCE_SECS)
            })
    }

    fn foreign_checkpoint(&self, said: &Said<'_>) -> bool {
        self.checkpoints
            .iter()
            .any(|(attempt, from, to)| attempt != said.attempt && overlap(said, *from, *to))
    }

    /// The server may still take it for where it was.
    fn just_moved(&self, said: &Said<'_>) -> bool {
        let moved = |spell: &Spell| spell.code == "B6" && overlap(said, spell.to, spell.to + FIRST_LOOK_SECS);
        self.spells.iter().any(moved)
    }

    /// The server began anew to remember this replica's applies, and none that it could have seen completed since.
    fn memory_is_new(&self, said: &Said<'_>, starts: &[f64]) -> bool {
        let moves = self
            .spells
            .iter()
            .filter(|spell| spell.code == "B6")
            .map(|spell| spell.to);
        starts.iter().copied().chain(moves).any(|since| {
            since < said.to + TOLERANCE_SECS
                && !self.applies.iter().any(|apply| {
                    matches!(&apply.ended, Some((at, how)) if how == "whole"
                        && *at > since + FIRST_LOOK_SECS && *at < said.from - TOLERANCE_SECS)
                })
        })
    }
}

/// Each replica's past, by `tenant/name`.
fn pasts(site: &Site, season: &Season) -> BTreeMap<String, Past> {
    let mut pasts: BTreeMap<String, Past> = BTreeMap::new();
    for entry in site.applies_log() {
        let past = pasts.entry(text(&entry, "replica").to_owned()).or_default();
        let Some(at) = seconds(text(&entry, "at")) else {
            continue;
        };
        match text(&entry, "event") {
            "apply-began" => past.applies.push(Apply {
                began: at,
                ended: None,
            }),
            _ => {
                if let Some(apply) = past.applies.last_mut() {
                    apply.ended = Some((at, text(&entry, "why").to_owned()));
                }
            }
        }
    }
    for entry in site.lab_log() {
        let past = pasts.entry(text(&entry, "replica").to_owned()).or_default();
        let (Some(at), attempt) = (seconds(text(&entry, "at")), attempt_of(text(&entry, "name"))) else {
            continue;
        };
        match (text(&entry, "event"), attempt) {
            ("checkpoint-created", Some(attempt)) => {
                past.checkpoints.push((attempt.to_owned(), at, f64::MAX));
            }
            ("checkpoint-destroyed", Some(attempt)) => {
                let mut made = past.checkpoints.iter_mut().rev();
                if let Some(checkpoint) = made.find(|(it, ..)| it == attempt) {
                    checkpoint.2 = at;
                }
            }
            _ => {}
        }
    }
    for spell in &season.spells {
        pasts
            .entry(spell.replica.clone())
            .or_default()
            .spells
            .push(spell.clone());
    }
    pasts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said<'a>(code: &'a str, reason: &'a str, from: f64) -> Said<'a> {
        Said {
            attempt: "me",
            code,
            reason,
            from,
            to: from + 5.0,
        }
    }

    fn apply(began: f64, ended: f64, how: &str) -> Apply {
        Apply {
            began,
            ended: Some((ended, how.to_owned())),
        }
    }

    fn spell(code: &'static str, from: f64, to: f64) -> Spell {
        Spell {
            replica: "a/b".to_owned(),
            code,
            from,
            to,
        }
    }

    fn explained(said: &Said<'_>, past: &Past) -> bool {
        explain(said, past, &[1_000.0], "a/b").is_some()
    }

    #[test]
    fn a_log_being_applied_needs_an_apply_on_record_at_that_time() {
        let past = Past {
            applies: vec![apply(100.0, 120.0, "whole")],
            ..Past::default()
        };
        assert!(explained(&said("B1", "", 110.0), &past));
        assert!(explained(&said("B1", "", 96.0), &past));
        assert!(!explained(&said("B1", "", 130.0), &past));
        assert!(!explained(&said("B1", "", 80.0), &past));
    }

    #[test]
    fn a_bad_end_explains_until_a_later_apply_completes() {
        let past = Past {
            applies: vec![apply(100.0, 120.0, "cut"), apply(200.0, 220.0, "whole")],
            ..Past::default()
        };
        assert!(explained(&said("B2", "", 150.0), &past));
        assert!(!explained(&said("B3", "", 150.0), &past));
        assert!(!explained(&said("B2", "", 250.0), &past));
        assert!(!explained(&said("B2", "", 90.0), &past));
    }

    #[test]
    fn a_scripted_blocker_explains_its_own_code_at_its_own_time_only() {
        let past = Past {
            spells: vec![spell("B5", 100.0, 300.0)],
            ..Past::default()
        };
        assert!(explained(&said("B5", "", 200.0), &past));
        assert!(!explained(&said("B4", "", 200.0), &past));
        assert!(!explained(&said("B5", "", 400.0), &past));
        assert!(!explained(&said("BE", "", 200.0), &past));
    }

    #[test]
    fn an_unknown_past_needs_a_start_since_when_nothing_completed() {
        let reason = "Last apply unknown: a first look";
        let past = Past {
            applies: vec![apply(1_300.0, 1_320.0, "whole")],
            ..Past::default()
        };
        assert!(explained(&said("UN", reason, 1_310.0), &past));
        assert!(!explained(&said("UN", reason, 1_400.0), &past));
        assert!(!explained(&said("UN", reason, 900.0), &past));
    }

    #[test]
    fn a_refusal_that_no_look_explains_needs_an_apply_and_a_lost_machine_a_migration() {
        let past = Past {
            applies: vec![apply(100.0, 120.0, "whole")],
            spells: vec![spell("B6", 300.0, 400.0)],
            ..Past::default()
        };
        let refused = "Refused by the host: a replication log is being applied";
        assert!(explained(&said("UN", refused, 110.0), &past));
        assert!(!explained(&said("UN", refused, 150.0), &past));
        let unreadable = "Host's answer unreadable: does not know VM";
        assert!(explained(&said("UN", unreadable, 500.0), &past));
        assert!(!explained(&said("UN", unreadable, 800.0), &past));
    }

    #[test]
    fn another_attempts_checkpoint_explains_being_busy_and_ones_own_does_not() {
        let past = |attempt: &str| Past {
            checkpoints: vec![(attempt.to_owned(), 100.0, 200.0)],
            ..Past::default()
        };
        assert!(explained(&said("BE", "", 150.0), &past("another")));
        assert!(!explained(&said("BE", "", 150.0), &past("me")));
    }
}
