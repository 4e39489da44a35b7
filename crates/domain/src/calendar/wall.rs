//! A time on the wall clock.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Hours and minutes, 00:00 to 23:59.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WallTime {
    minutes: u16,
}

/// A text that is no wall time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a time of day: write 22:00, from 00:00 to 23:59")]
pub struct InvalidWallTime(pub String);

impl WallTime {
    /// A full hour of the day, counted round the clock.
    #[must_use]
    pub const fn hour(hour: u8) -> Self {
        Self {
            minutes: (hour as u16 % 24) * 60,
        }
    }
    /// Minutes since 00:00 on the wall, 0..=1439.
    #[must_use]
    pub fn minutes(self) -> u16 {
        self.minutes
    }
    /// From hours and minutes; `None` beyond 23:59.
    #[must_use]
    pub fn from_hm(hours: u16, minutes: u16) -> Option<Self> {
        (hours < 24 && minutes < 60).then(|| Self {
            minutes: hours * 60 + minutes,
        })
    }
}

impl fmt::Display for WallTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.minutes / 60, self.minutes % 60)
    }
}

impl FromStr for WallTime {
    type Err = InvalidWallTime;
    fn from_str(text: &str) -> Result<Self, InvalidWallTime> {
        let invalid = || InvalidWallTime(text.to_owned());
        let two_digits = |part: &str| {
            let plain = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
            plain.then(|| part.parse::<u16>().ok()).flatten()
        };
        let (hours, minutes) = text.split_once(':').ok_or_else(invalid)?;
        two_digits(hours)
            .zip(two_digits(minutes))
            .and_then(|(h, m)| Self::from_hm(h, m))
            .ok_or_else(invalid)
    }
}

impl TryFrom<String> for WallTime {
    type Error = InvalidWallTime;
    fn try_from(text: String) -> Result<Self, InvalidWallTime> {
        text.parse()
    }
}

impl From<WallTime> for String {
    fn from(time: WallTime) -> Self {
        time.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_time_is_read_back_from_its_text(h in 0_u16..24, m in 0_u16..60) {
            let time = WallTime::from_hm(h, m).unwrap();
            prop_assert_eq!(time.to_string().parse(), Ok(time));
        }
        #[test]
        fn any_text_is_a_time_or_an_error(text in ".*") {
            if let Ok(time) = text.parse::<WallTime>() {
                prop_assert_eq!(time.to_string(), text);
            }
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["24:00", "12:60", "1:00", "01:0", "+1:00", "", "noon", "01:00:00"] {
            assert!(text.parse::<WallTime>().is_err(), "{text}");
        }
    }
}
