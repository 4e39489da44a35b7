//! How many replicas had no point of this night yet, over the night.

use super::picture::Picture;
use ::console::OpenAt;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeMap;
use store::records::PointTime;

/// One step per change, from the opening (or the first look at the site) to now. Every replica counts from the beginning, also
/// one that was found later in the night: it had no point before either. It does not count while a point covers it: one taken
/// in this night, or one so recent that none is owed yet.
pub(super) fn over_time(picture: &Picture, times: &[PointTime], every: TimeDelta) -> Vec<OpenAt> {
    let (opens, now) = (picture.night.opens, picture.now);
    let mut changes: BTreeMap<DateTime<Utc>, i64> = BTreeMap::new();
    let seen = picture.subjects.iter().map(|it| it.replica.first_seen).min();
    let known = seen.map_or(opens, |seen| seen.max(opens));
    for subject in &picture.subjects {
        let mut covered = covers(
            times.iter().filter(|time| time.replica == subject.replica.id),
            opens,
            every,
        );
        *changes.entry(known).or_default() += 1;
        covered.retain(|(_, to)| *to > known);
        for (from, to) in covered {
            *changes.entry(from.max(known)).or_default() -= 1;
            *changes.entry(to).or_default() += 1;
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

/// The spans that points cover, ascending and without overlap.
fn covers<'a>(
    times: impl Iterator<Item = &'a PointTime>,
    opens: DateTime<Utc>,
    every: TimeDelta,
) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
    let mut spans: Vec<_> = times
        .map(|time| {
            let to = if time.taken >= opens {
                DateTime::<Utc>::MAX_UTC
            } else {
                time.taken + every
            };
            (time.sealed, to)
        })
        .filter(|(from, to)| from < to)
        .collect();
    spans.sort_unstable();
    let mut whole: Vec<(DateTime<Utc>, DateTime<Utc>)> = Vec::new();
    for (from, to) in spans {
        match whole.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => whole.push((from, to)),
        }
    }
    whole
}
