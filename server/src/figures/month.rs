//! A calendar month.

use chrono::{Datelike as _, NaiveDate};
use domain::calendar::SlaDay;
use std::fmt;
use std::str::FromStr;

/// A month, by its first day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Month {
    first: NaiveDate,
    last: NaiveDate,
}

impl Month {
    /// The month that holds `day`.
    #[must_use]
    pub fn of(day: NaiveDate) -> Self {
        let first = day.with_day(1).unwrap_or(day);
        let last = (28..=31).rev().find_map(|last| day.with_day(last));
        Self {
            first,
            last: last.unwrap_or(day),
        }
    }

    /// The one before it.
    #[must_use]
    pub fn previous(self) -> Self {
        self.first.pred_opt().map_or(self, Self::of)
    }

    /// How many days it has.
    #[must_use]
    pub fn length(self) -> usize {
        self.first.iter_days().take_while(|day| *day <= self.last).count()
    }

    /// Its first and last day.
    #[must_use]
    pub fn days(self) -> (SlaDay, SlaDay) {
        (SlaDay(self.first), SlaDay(self.last))
    }
}

/// `2026-11`.
impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.first.format("%Y-%m"))
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
        let january: Month = "2026-01".parse().unwrap();
        assert_eq!(
            (january.previous().to_string(), january.length()),
            ("2025-12".to_owned(), 31)
        );
        for wrong in ["2026", "2026-13", "2026-1", "26-11", "2026-11-01", ""] {
            assert!(wrong.parse::<Month>().is_err(), "{wrong}");
        }
    }
}
