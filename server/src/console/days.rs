//! The last 28 SLA days of a replica.

use super::picture::{Night, Subject};
use ::console::{DayMark, Mark};
use chrono::{DateTime, TimeDelta, Utc};
use store::records::PointTime;

/// Days in a strip, today included.
pub(super) const DAYS: i64 = 28;

/// From when on points matter for a strip.
pub(super) fn from(night: Night) -> DateTime<Utc> {
    night.opens - TimeDelta::days(DAYS - 1)
}

/// Oldest first; the last is today. A day owes a point when the replica was known as it opened.
pub(super) fn strip(night: Night, subject: &Subject, points: &[PointTime]) -> Vec<DayMark> {
    (0..DAYS)
        .map(|index| {
            let opens = from(night) + TimeDelta::days(index);
            let closes = opens + TimeDelta::days(1);
            let met = points.iter().any(|point| (opens..closes).contains(&point.taken));
            let mark = if met {
                Some(Mark::Met)
            } else if opens == night.opens {
                // Today is open until it is met: what is in the way now is the verdict's, not the day's.
                Some(Mark::Open)
            } else {
                (subject.replica.first_seen <= opens).then_some(Mark::Missed)
            };
            DayMark {
                day: opens.date_naive(),
                mark,
            }
        })
        .collect()
}
