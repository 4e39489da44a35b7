//! What the replica's panels come to. Pure.

use crate::format;
use chrono::{Datelike, NaiveDate};
use console::{CadenceView, DayMark, Mark, ReplicaView};

/// Days met and owed: an open day and one on which nothing was owed do not count.
pub fn kept(days: &[DayMark]) -> (u64, u64) {
    let met = days.iter().filter(|d| d.mark == Some(Mark::Met)).count() as u64;
    let owed = days
        .iter()
        .filter(|d| d.mark.is_some_and(|m| m != Mark::Open))
        .count() as u64;
    (met, owed)
}

/// Whether the gate's facts are too old to be believed, or were never read.
pub fn is_stale(r: &ReplicaView) -> bool {
    r.verdict
        .observed
        .is_none_or(|at| (r.as_of - at).num_seconds() > i64::from(r.freshness_limit_secs))
}

/// How many days carry a mark.
pub fn marked(days: &[DayMark], mark: Mark) -> usize {
    days.iter().filter(|d| d.mark == Some(mark)).count()
}

/// Days as weeks that begin on Monday; `None` fills the first and the last week.
pub fn weeks(days: &[DayMark]) -> Vec<[Option<DayMark>; 7]> {
    let mut weeks: Vec<(NaiveDate, [Option<DayMark>; 7])> = Vec::new();
    for day in days {
        let column = day.day.weekday().num_days_from_monday();
        let monday = day.day - chrono::Days::new(u64::from(column));
        match weeks.last_mut() {
            Some((start, week)) if *start == monday => week[column as usize] = Some(*day),
            _ => {
                let mut week = [None; 7];
                week[column as usize] = Some(*day);
                weeks.push((monday, week));
            }
        }
    }
    weeks.into_iter().map(|(_, week)| week).collect()
}

/// What is known of the applies, in a line.
pub fn cadence(c: &CadenceView) -> String {
    format!(
        "applies every {}, {} each, at most {} · from {}",
        format::span(i64::from(c.period_secs)),
        format::span_ms(c.apply_ms_typical),
        format::span_ms(c.apply_ms_longest),
        format::things(u64::from(c.samples), "apply", "applies"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(date: &str, mark: Option<Mark>) -> DayMark {
        DayMark {
            day: date.parse().expect("a date"),
            mark,
        }
    }

    #[test]
    fn an_open_day_and_one_without_obligation_are_not_counted() {
        let days = [
            day("2026-11-19", None),
            day("2026-11-20", Some(Mark::Met)),
            day("2026-11-21", Some(Mark::Missed)),
            day("2026-11-22", Some(Mark::Open)),
        ];
        assert_eq!(kept(&days), (1, 2));
    }

    #[test]
    fn weeks_begin_on_monday() {
        let days = [
            day("2026-11-22", Some(Mark::Met)),
            day("2026-11-23", Some(Mark::Open)),
        ];
        let weeks = weeks(&days);
        assert_eq!(weeks.len(), 2);
        assert!(weeks[0][6].is_some() && weeks[1][0].is_some());
    }
}
