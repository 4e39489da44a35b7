//! The last 28 SLA days of a replica.

use super::picture::{Class, Night, Subject};
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
                Some(today(subject.class))
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

/// Today is open until it is over.
fn today(class: Class) -> Mark {
    match class {
        Class::Met => Mark::Met,
        Class::Running => Mark::Running,
        Class::Unknown => Mark::Unknown,
        Class::Waiting => Mark::Late,
        Class::Failed => Mark::Missed,
        Class::Ready => Mark::Open,
    }
}
