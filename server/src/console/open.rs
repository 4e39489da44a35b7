//! How many obligations of the night were not met yet, over the night.

use super::picture::Picture;
use ::console::OpenAt;
use chrono::{DateTime, TimeDelta, Utc};
use domain::obligation::OutcomeKind;
use std::collections::BTreeMap;

/// Steps of the line at most: a chart has no more room, and 10,000 replicas would make as many.
const STEPS_MAX: i64 = 240;

/// One step per change, from the opening of the night to now; a line with more is drawn by slices of equal length, each with what was
/// open at its end. An obligation counts from its window's open until the backup that met it was begun.
pub(super) fn over_time(picture: &Picture) -> Vec<OpenAt> {
    let (opens, now) = (picture.night.opens, picture.now);
    let slice = slice(opens, now);
    let mut changes: BTreeMap<DateTime<Utc>, i64> = BTreeMap::new();
    let days = picture.subjects.iter().filter_map(|it| it.day());
    let covering = days.filter(|day| day.window.covers(now));
    for day in covering.filter(|day| day.kind != OutcomeKind::Excluded) {
        *changes
            .entry(to_slice(day.window.open, opens, slice))
            .or_default() += 1;
        if let Some(taken) = day.taken {
            *changes.entry(to_slice(taken, opens, slice)).or_default() -= 1;
        }
    }
    let mut open = 0_i64;
    let mut line = Vec::new();
    for (at, change) in changes {
        open += change;
        if at <= now && (change != 0 || line.is_empty()) {
            line.push(OpenAt {
                at,
                open: u64::try_from(open).unwrap_or(0),
            });
        }
    }
    if let Some(last) = line.last().copied().filter(|last| last.at < now) {
        line.push(OpenAt { at: now, ..last });
    }
    line
}

/// Seconds of one slice, at least one.
fn slice(opens: DateTime<Utc>, now: DateTime<Utc>) -> i64 {
    ((now - opens).num_seconds() / STEPS_MAX).max(1)
}

/// The end of the slice that holds `at`, never later than it would be by a whole slice.
fn to_slice(at: DateTime<Utc>, opens: DateTime<Utc>, slice: i64) -> DateTime<Utc> {
    let secs = (at - opens).num_seconds().max(0);
    opens + TimeDelta::seconds((secs + slice - 1) / slice * slice)
}
