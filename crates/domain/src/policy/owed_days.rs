//! Which days of the week owe a backup. What the contract leaves out is excluded when the day opens, and is in no figure.

use chrono::Weekday;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

const WEEK: [(Weekday, &str); 7] = [
    (Weekday::Mon, "mon"),
    (Weekday::Tue, "tue"),
    (Weekday::Wed, "wed"),
    (Weekday::Thu, "thu"),
    (Weekday::Fri, "fri"),
    (Weekday::Sat, "sat"),
    (Weekday::Sun, "sun"),
];

/// A set of days of the week: `mon tue wed thu fri`, `every`, or `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OwedDays(u8);

/// A text that is no set of days.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no day of the week: write mon, tue, wed, thu, fri, sat and sun as they are owed, or every, or none"
)]
pub struct InvalidDays(pub String);

impl OwedDays {
    /// What a contract says that says nothing.
    pub const EVERY: Self = Self(0x7f);
    /// A replica that is watched and not backed up.
    pub const NONE: Self = Self(0);

    /// Whether a day of the week is owed.
    #[must_use]
    pub fn contains(self, day: Weekday) -> bool {
        self.0 & bit(day) != 0
    }

    /// Whether nothing is left out.
    #[must_use]
    pub fn is_every(&self) -> bool {
        *self == Self::EVERY
    }
}

fn bit(day: Weekday) -> u8 {
    1 << day.num_days_from_monday()
}

impl Default for OwedDays {
    fn default() -> Self {
        Self::EVERY
    }
}

impl fmt::Display for OwedDays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::EVERY => f.write_str("every"),
            Self::NONE => f.write_str("none"),
            _ => {
                let named = WEEK.iter().filter(|(day, _)| self.contains(*day));
                let names: Vec<&str> = named.map(|(_, name)| *name).collect();
                f.write_str(&names.join(" "))
            }
        }
    }
}

impl FromStr for OwedDays {
    type Err = InvalidDays;

    fn from_str(text: &str) -> Result<Self, InvalidDays> {
        let text = text.trim().to_ascii_lowercase();
        match text.as_str() {
            "every" => return Ok(Self::EVERY),
            "none" => return Ok(Self::NONE),
            "" => return Err(InvalidDays(text)),
            _ => {}
        }
        let words = text.split([' ', ',']).filter(|word| !word.is_empty());
        let day = |word: &str| {
            WEEK.iter()
                .find(|(_, name)| *name == word)
                .map(|(day, _)| bit(*day))
        };
        words
            .map(|word| day(word).ok_or_else(|| InvalidDays(word.to_owned())))
            .try_fold(0, |set, day| Ok(set | day?))
            .map(Self)
    }
}

impl TryFrom<String> for OwedDays {
    type Error = InvalidDays;
    fn try_from(text: String) -> Result<Self, InvalidDays> {
        text.parse()
    }
}

impl From<OwedDays> for String {
    fn from(days: OwedDays) -> Self {
        days.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_of_days_reads_back_as_it_is_written() {
        for set in 0..=0x7f {
            let days = OwedDays(set);
            assert_eq!(days.to_string().parse(), Ok(days));
        }
        assert_eq!(
            "Mon, fri".parse::<OwedDays>().map(|days| days.to_string()),
            Ok("mon fri".to_owned())
        );
        for wrong in ["", "monday", "mon every", ","] {
            assert!(wrong.parse::<OwedDays>().is_err() || wrong == ",", "{wrong}");
        }
    }
}
