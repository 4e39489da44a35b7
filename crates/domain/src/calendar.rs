//! The SLA calendar: which instants a tenant's day covers. Days are calendar days in the tenant's zone, with all that zones do to them.

mod wall;
mod zone;

pub use wall::{InvalidWallTime, WallTime};
pub use zone::{UnknownZone, Zone};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A calendar day in the tenant's zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SlaDay(pub NaiveDate);

impl SlaDay {
    /// The next date on the calendar, whether or not the zone has it. `None` at the end of the calendar (year 262142).
    #[must_use]
    pub fn succ(self) -> Option<Self> {
        self.0.succ_opt().map(Self)
    }
    /// The date before.
    #[must_use]
    pub fn pred(self) -> Option<Self> {
        self.0.pred_opt().map(Self)
    }
}

impl fmt::Display for SlaDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A text that is no day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a day: write 2026-11-22")]
pub struct InvalidDay(pub String);

impl FromStr for SlaDay {
    type Err = InvalidDay;
    fn from_str(text: &str) -> Result<Self, InvalidDay> {
        let invalid = || InvalidDay(text.to_owned());
        NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .map(Self)
            .ok()
            // chrono would also take 2026-1-2; there is one way to write a day.
            .filter(|day| day.to_string() == text)
            .ok_or_else(invalid)
    }
}

/// Shortest window that a rule may ask for. Zones move their clocks by up to three hours at once, and a window must survive it.
pub const WINDOW_MINUTES_MIN: u16 = 240;

/// From when to when a day's backup may be made, in the tenant's wall time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "RuleDocument", into = "RuleDocument")]
pub struct WindowRule {
    open: WallTime,
    due: WallTime,
    due_next_day: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleDocument {
    open: WallTime,
    due: WallTime,
    due_next_day: bool,
}

/// Why a window cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidWindow {
    #[error(
        "the window from {open} to {due} is {minutes} minutes long; at least {} are needed, so that it survives every change of clocks",
        WINDOW_MINUTES_MIN
    )]
    TooShort {
        open: WallTime,
        due: WallTime,
        minutes: u16,
    },
    #[error("due {due} on the next day is later than that day's open {open}: two days would overlap")]
    Overlaps { open: WallTime, due: WallTime },
}

impl WindowRule {
    /// 20:00 to 08:00 of the next day.
    pub const NIGHT: Self = Self {
        open: WallTime::hour(20),
        due: WallTime::hour(8),
        due_next_day: true,
    };

    /// A window; `due_next_day` puts the due time on the following date, no later than that day's open.
    ///
    /// # Errors
    /// When it is too short or longer than a day.
    pub fn new(open: WallTime, due: WallTime, due_next_day: bool) -> Result<Self, InvalidWindow> {
        if due_next_day && due > open {
            return Err(InvalidWindow::Overlaps { open, due });
        }
        let end = due.minutes() + if due_next_day { 24 * 60 } else { 0 };
        let minutes = end.saturating_sub(open.minutes());
        if minutes < WINDOW_MINUTES_MIN {
            return Err(InvalidWindow::TooShort { open, due, minutes });
        }
        Ok(Self {
            open,
            due,
            due_next_day,
        })
    }
    /// When the day opens.
    #[must_use]
    pub fn open(self) -> WallTime {
        self.open
    }
    /// By when its backup is due.
    #[must_use]
    pub fn due(self) -> WallTime {
        self.due
    }
    /// Whether the due time falls on the following date.
    #[must_use]
    pub fn due_next_day(self) -> bool {
        self.due_next_day
    }
}

impl TryFrom<RuleDocument> for WindowRule {
    type Error = InvalidWindow;
    fn try_from(d: RuleDocument) -> Result<Self, InvalidWindow> {
        Self::new(d.open, d.due, d.due_next_day)
    }
}

impl From<WindowRule> for RuleDocument {
    fn from(rule: WindowRule) -> Self {
        Self {
            open: rule.open,
            due: rule.due,
            due_next_day: rule.due_next_day,
        }
    }
}

impl fmt::Display for WindowRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let next = if self.due_next_day { " next day" } else { "" };
        write!(f, "{} to {}{next}", self.open, self.due)
    }
}

/// One day's window as instants: `open <= due <= next_open`, half-open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DayWindow {
    pub open: DateTime<Utc>,
    pub due: DateTime<Utc>,
    /// When the zone's next existing day opens.
    pub next_open: DateTime<Utc>,
}

impl DayWindow {
    /// Whether a checkpoint accepted at `at` counts for the day.
    #[must_use]
    pub fn covers(&self, at: DateTime<Utc>) -> bool {
        self.open <= at && at < self.due
    }
    /// Whether the day has no instant at all: its whole window lies in hours that the zone skips.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.due <= self.open
    }
}

/// The window of `day`, or `None` when the zone skips that date.
///
/// A wall time that the zone skips resolves to the next instant; one that occurs twice to the earlier for open and the later for due
/// (design 4a). Due is never later than the next open.
#[must_use]
pub fn window(zone: Zone, rule: WindowRule, day: SlaDay) -> Option<DayWindow> {
    if !zone.has(day) {
        return None;
    }
    let next = next_day(zone, day)?;
    let open = zone.earliest(day, rule.open)?;
    let next_open = zone.earliest(next, rule.open)?;
    let due_day = if rule.due_next_day { day.succ()? } else { day };
    let due = zone.latest(due_day, rule.due)?.min(next_open);
    Some(DayWindow { open, due, next_open })
}

/// The next date that the zone has: no zone skips more than one.
#[must_use]
pub fn next_day(zone: Zone, day: SlaDay) -> Option<SlaDay> {
    let next = day.succ()?;
    if zone.has(next) { Some(next) } else { next.succ() }
}

/// The day whose [open, next open) holds `now`, with its window.
#[must_use]
pub fn current(zone: Zone, rule: WindowRule, now: DateTime<Utc>) -> Option<(SlaDay, DayWindow)> {
    let today = zone.date(now);
    // Before today's open it is still the day before, and that date may have been skipped.
    let before = today.pred()?;
    [Some(today), Some(before), before.pred()]
        .into_iter()
        .flatten()
        .find_map(|day| {
            let window = window(zone, rule, day)?;
            (window.open <= now && now < window.next_open).then_some((day, window))
        })
}

/// All days whose open lies in [from, to), oldest first; at most 400, so that a wrong clock cannot open a century.
#[must_use]
pub fn opening(
    zone: Zone,
    rule: WindowRule,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Vec<(SlaDay, DayWindow)> {
    let mut days = Vec::new();
    let mut day = zone.date(from - TimeDelta::days(1));
    while days.len() < DAYS_MAX {
        match window(zone, rule, day) {
            Some(window) if window.open >= to => break,
            Some(window) if window.open >= from => days.push((day, window)),
            Some(_) | None => {}
        }
        let Some(next) = day.succ() else { break };
        day = next;
    }
    days
}

const DAYS_MAX: usize = 400;

#[cfg(test)]
mod tests;
