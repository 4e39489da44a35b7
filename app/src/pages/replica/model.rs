//! What the replica's panels come to. Pure.

use crate::format;
use chrono::{Datelike, NaiveDate};
use console::{CadenceView, CalendarDay, DayMark, Mark, ReplicaView};

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

/// One month of the calendar.
pub struct Month<'a> {
    pub first: NaiveDate,
    /// Weeks that begin on Monday; `None` fills the first and the last one.
    pub weeks: Vec<[Option<&'a CalendarDay>; 7]>,
    /// Days met and owed: open days and those that are not counted are in neither.
    pub met: u64,
    pub owed: u64,
}

/// Days as months, oldest first.
pub fn months(days: &[CalendarDay]) -> Vec<Month<'_>> {
    let mut months: Vec<Month<'_>> = Vec::new();
    let mut monday: Option<NaiveDate> = None;
    for day in days {
        let date = day.mark.day;
        let column = date.weekday().num_days_from_monday();
        let start = date - chrono::Days::new(u64::from(column));
        let first = date.with_day(1).unwrap_or(date);
        if months.last().is_none_or(|month| month.first != first) {
            months.push(Month {
                first,
                weeks: Vec::new(),
                met: 0,
                owed: 0,
            });
            monday = None;
        }
        let Some(month) = months.last_mut() else { continue };
        if monday != Some(start) {
            month.weeks.push([None; 7]);
            monday = Some(start);
        }
        if let Some(week) = month.weeks.last_mut() {
            week[column as usize] = Some(day);
        }
        let counts = day.word != "not counted" && !matches!(day.mark.mark, None | Some(Mark::Open));
        month.owed += u64::from(counts);
        month.met += u64::from(day.mark.mark == Some(Mark::Met));
    }
    months
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
    fn months_have_weeks_that_begin_on_monday_and_count_what_was_owed() {
        let calendar = |date: &str, mark, word: &str| CalendarDay {
            mark: day(date, mark),
            word: word.to_owned(),
            corrected: false,
        };
        let days = [
            calendar("2026-10-31", Some(Mark::Missed), "missed"),
            calendar("2026-11-01", Some(Mark::Met), "met"),
            calendar("2026-11-02", Some(Mark::Excused), "not counted"),
            calendar("2026-11-03", Some(Mark::Open), "open"),
        ];
        let months = months(&days);
        assert_eq!(
            (months[0].met, months[0].owed, months[1].met, months[1].owed),
            (0, 1, 1, 1)
        );
        let weeks = &months[1].weeks;
        assert!(weeks.len() == 2 && weeks[0][6].is_some() && weeks[1][0].is_some() && weeks[1][1].is_some());
    }
}
