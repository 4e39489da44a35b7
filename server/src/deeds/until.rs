//! Ends of holds and acknowledgements: an instant, or a length of time from now.

use super::DeedError;
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use domain::words::span;
use std::str::FromStr;

/// When something ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    At(DateTime<Utc>),
    /// Seconds of the world's clock from now.
    For {
        secs: u64,
    },
}

impl Until {
    /// The instant, which must lie ahead and at most `longest_secs` away.
    pub(super) fn resolve(self, now: DateTime<Utc>, longest_secs: u64) -> Result<DateTime<Utc>, DeedError> {
        let secs = match self {
            Self::At(at) => u64::try_from((at - now).num_seconds()).unwrap_or(0),
            Self::For { secs } => secs,
        };
        let refused = |text: String| Err(DeedError::field("until", text));
        if secs > longest_secs {
            return refused(format!(
                "is too far away; at most {} are allowed, and it can be renewed",
                span(longest_secs)
            ));
        }
        match self {
            Self::At(at) if at <= now => refused(format!(
                "{} is not ahead: now it is {}",
                at.format("%Y-%m-%d %H:%M:%SZ"),
                now.format("%Y-%m-%d %H:%M:%SZ")
            )),
            Self::For { secs: 0 } => refused("ends at once; give a length of time such as 4h".to_owned()),
            Self::At(at) => Ok(at),
            Self::For { secs } => {
                Ok(now + TimeDelta::seconds(i64::try_from(secs).unwrap_or(i64::MAX / 1_000)))
            }
        }
    }
}

/// `4h`, `90m`, `2d`, `45s`, or an instant: `2026-11-22 18:00` of UTC, or as RFC 3339 with its offset.
impl FromStr for Until {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(secs) = length(text.trim()) {
            return Ok(Self::For { secs });
        }
        instant(text)
            .map(Self::At)
            .map_err(|error| format!("{error}, or a length such as 4h, 90m or 2d"))
    }
}

/// An instant: `2026-11-22 18:00` of UTC, with or without a Z as it is printed, or RFC 3339 with an offset.
///
/// # Errors
/// What is right.
pub fn instant(text: &str) -> Result<DateTime<Utc>, String> {
    let text = text.trim();
    let minute = text.strip_suffix('Z').unwrap_or(text);
    NaiveDateTime::parse_from_str(minute, "%Y-%m-%d %H:%M")
        .map(|at| at.and_utc())
        .or_else(|_| DateTime::parse_from_rfc3339(text).map(|at| at.to_utc()))
        .map_err(|_| format!("`{text}` is no time: write 2026-11-22 18:00 (UTC)"))
}

/// A length of time in seconds: a whole number and one of `s`, `m`, `h`, `d`.
///
/// # Errors
/// What is right.
pub fn length(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is no length of time: write 4h, 90m or 2d");
    let unit = match text.bytes().last() {
        Some(b's') => 1,
        Some(b'm') => 60,
        Some(b'h') => 3_600,
        Some(b'd') => 86_400,
        _ => return Err(wrong()),
    };
    let digits = &text[..text.len() - 1];
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong());
    }
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    number.checked_mul(unit).ok_or_else(wrong)
}
