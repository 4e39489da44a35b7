//! A time zone of the IANA database.

use super::{SlaDay, WallTime};
use chrono::{DateTime, LocalResult, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A zone by its IANA name (`Europe/Berlin`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone(Tz);

/// A name that the IANA database does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a time zone: give a name of the IANA database such as Europe/Berlin")]
pub struct UnknownZone(pub String);

/// No zone has ever skipped more than a day at once.
const GAP_MINUTES_MAX: i64 = 26 * 60;

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Self = Self(Tz::UTC);

    /// All zones of the database this build knows.
    pub fn all() -> impl Iterator<Item = Self> {
        chrono_tz::TZ_VARIANTS.iter().copied().map(Self)
    }
    /// The IANA name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name()
    }
    /// The date on the wall at an instant.
    #[must_use]
    pub fn date(self, at: DateTime<Utc>) -> SlaDay {
        SlaDay(at.with_timezone(&self.0).date_naive())
    }
    /// The wall clock's reading at an instant: `2026-11-22 02:41`.
    #[must_use]
    pub fn wall(self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.0).format("%Y-%m-%d %H:%M").to_string()
    }
    /// Only the time on the wall at an instant: `02:41`.
    #[must_use]
    pub fn wall_time(self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.0).format("%H:%M").to_string()
    }
    /// The wall clock's reading with its distance from UTC, so that an hour that occurs twice is told apart: `2026-10-25 02:30 +01:00`.
    #[must_use]
    pub fn wall_exact(self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.0).format("%Y-%m-%d %H:%M %:z").to_string()
    }
    /// Whether any instant has this date on the wall. Samoa has no 2011-12-30.
    #[must_use]
    pub fn has(self, day: SlaDay) -> bool {
        self.resolve(day.0.and_time(NaiveTime::MIN), Side::Earlier)
            .is_some_and(|at| self.date(at) == day)
    }
    pub(super) fn earliest(self, day: SlaDay, time: WallTime) -> Option<DateTime<Utc>> {
        self.resolve(on(day, time)?, Side::Earlier)
    }
    pub(super) fn latest(self, day: SlaDay, time: WallTime) -> Option<DateTime<Utc>> {
        self.resolve(on(day, time)?, Side::Later)
    }

    fn resolve(self, wall: NaiveDateTime, side: Side) -> Option<DateTime<Utc>> {
        match self.0.from_local_datetime(&wall) {
            LocalResult::Single(at) => Some(at.to_utc()),
            LocalResult::Ambiguous(a, b) => {
                let (a, b) = (a.to_utc(), b.to_utc());
                Some(match side {
                    Side::Earlier => a.min(b),
                    Side::Later => a.max(b),
                })
            }
            // Skipped: the first instant after the gap. Zones change on whole minutes.
            LocalResult::None => (1..=GAP_MINUTES_MAX).find_map(|minutes| {
                let later = wall.checked_add_signed(TimeDelta::minutes(minutes))?;
                self.0
                    .from_local_datetime(&later)
                    .earliest()
                    .map(|at| at.to_utc())
            }),
        }
    }
}

enum Side {
    Earlier,
    Later,
}

fn on(day: SlaDay, time: WallTime) -> Option<NaiveDateTime> {
    let minutes = u32::from(time.minutes());
    day.0.and_hms_opt(minutes / 60, minutes % 60, 0)
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Zone {
    type Err = UnknownZone;
    fn from_str(text: &str) -> Result<Self, UnknownZone> {
        text.parse().map(Self).map_err(|_| UnknownZone(text.to_owned()))
    }
}

impl TryFrom<String> for Zone {
    type Error = UnknownZone;
    fn try_from(text: String) -> Result<Self, UnknownZone> {
        text.parse()
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.name().to_owned()
    }
}
