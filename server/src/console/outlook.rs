//! What ended lately, and how fast the rest has to be met.

use super::picture::Picture;
use ::console::{EndedCounts, OpenAt, Pace};
use chrono::{DateTime, TimeDelta, Utc};
use domain::obligation::OutcomeKind;
use std::collections::BTreeMap;
use store::obligations::DayHead;

/// How far back what ended is counted.
const ENDED: TimeDelta = TimeDelta::hours(24);
/// Steps of the frontier at most.
const STEPS_MAX: usize = 48;

fn days(picture: &Picture) -> impl Iterator<Item = &DayHead> {
    let days = picture.subjects.iter().flat_map(|it| &it.row.days);
    days.filter(|day| day.kind != OutcomeKind::Excluded)
}

/// What the days came to whose due time passed lately.
pub(super) fn ended(picture: &Picture) -> EndedCounts {
    let mut counts = EndedCounts::default();
    let lately = |due: DateTime<Utc>| picture.now - ENDED < due && due <= picture.now;
    for day in days(picture).filter(|day| lately(day.window.due)) {
        counts.total += 1;
        *match day.kind {
            OutcomeKind::Met => &mut counts.met,
            OutcomeKind::MetLate => &mut counts.late,
            OutcomeKind::Open => &mut counts.overdue,
            OutcomeKind::Missed => &mut counts.missed,
            OutcomeKind::Excused | OutcomeKind::Excluded => &mut counts.excused,
        } += 1;
    }
    counts
}

/// How many may still be open after each due time ahead, and what that asks for.
pub(super) fn pace(picture: &Picture) -> Pace {
    let now = picture.now;
    let mut due: BTreeMap<DateTime<Utc>, u64> = BTreeMap::new();
    let mut last_hour = 0;
    for day in days(picture).filter(|day| day.window.covers(now)) {
        if day.kind == OutcomeKind::Open {
            *due.entry(day.window.due).or_default() += 1;
        }
        last_hour += u64::from(
            day.taken
                .is_some_and(|at| now - TimeDelta::hours(1) < at && at <= now),
        );
    }
    let open: u64 = due.values().sum();
    let mut left = open;
    let mut needed_per_hour = None;
    let mut steps = Vec::with_capacity(due.len());
    for (at, count) in due {
        left -= count;
        let secs = u64::try_from((at - now).num_seconds()).unwrap_or(0).max(1);
        needed_per_hour = needed_per_hour.max(Some(((open - left) * 3_600).div_ceil(secs)));
        steps.push(OpenAt { at, open: left });
    }
    Pace {
        may_be_open: thinned(steps),
        last_hour,
        needed_per_hour,
    }
}

/// Every n-th step and the last one: what is left out falls later, never earlier than it has to.
fn thinned(steps: Vec<OpenAt>) -> Vec<OpenAt> {
    let every = steps.len().div_ceil(STEPS_MAX).max(1);
    let last = steps.len().saturating_sub(1);
    let kept = |(index, step): (usize, OpenAt)| (index % every == every - 1 || index == last).then_some(step);
    steps.into_iter().enumerate().filter_map(kept).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frontier_of_many_due_times_is_thinned_and_keeps_its_end() {
        let at = DateTime::UNIX_EPOCH;
        let steps: Vec<OpenAt> = (0..100)
            .map(|n| OpenAt {
                at: at + TimeDelta::minutes(n),
                open: 99 - n.unsigned_abs(),
            })
            .collect();
        let thin = thinned(steps.clone());
        assert!(thin.len() <= STEPS_MAX + 1, "{}", thin.len());
        assert_eq!(thin.last(), steps.last());
        assert_eq!(thinned(steps[..3].to_vec()), steps[..3]);
        assert!(thinned(Vec::new()).is_empty());
    }
}
