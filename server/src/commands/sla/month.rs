//! A calendar month.

use chrono::{Datelike as _, NaiveDate};
use domain::calendar::SlaDay;
use std::str::FromStr;

/// A month, by its first day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Month {
    first: NaiveDate,
    last: NaiveDate,
}

impl Month {
    /// The month that holds `day`.
    pub fn of(day: NaiveDate) -> Self {
        let first = day.with_day(1).unwrap_or(day);
        let last = (28..=31).rev().find_map(|last| day.with_day(last));
        Self {
            first,
            last: last.unwrap_or(day),
        }
    }

    /// Its first and last day.
    pub fn days(self) -> (SlaDay, SlaDay) {
        (SlaDay(self.first), SlaDay(self.last))
    }
}

impl FromStr for Month {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        format!("{text}-01")
            .parse::<SlaDay>()
            .map(|day| Self::of(day.0))
            .map_err(|_| format!("`{text}` is no month: write 2026-11"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_has_all_of_its_days() {
        for (text, last) in [
            ("2026-11", "2026-11-30"),
            ("2024-02", "2024-02-29"),
            ("2026-12", "2026-12-31"),
        ] {
            let (from, to) = text.parse::<Month>().unwrap().days();
            assert_eq!(
                (from.to_string(), to.to_string()),
                (format!("{text}-01"), last.to_owned())
            );
        }
        for wrong in ["2026", "2026-13", "2026-1", "26-11", "2026-11-01", ""] {
            assert!(wrong.parse::<Month>().is_err(), "{wrong}");
        }
    }
}
