//! Local times without a time zone database in the browser.

use chrono::{DateTime, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc};
use serde::{Deserialize, Serialize};

/// A time zone's name and its offsets over the time that a view shows. Times on the wire stay UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Zone {
    /// IANA name, shown once per view: `Europe/Berlin`.
    pub name: String,
    /// Seconds east of UTC from each instant on, ascending; the first also holds for everything before it.
    pub offsets: Vec<(DateTime<Utc>, i32)>,
}

impl Zone {
    /// The offsets of `zone` between two instants, found by hourly steps (no zone changes more often).
    #[must_use]
    pub fn between(zone: chrono_tz::Tz, from: DateTime<Utc>, to: DateTime<Utc>) -> Self {
        let offset = |at: DateTime<Utc>| {
            zone.offset_from_utc_datetime(&at.naive_utc())
                .fix()
                .local_minus_utc()
        };
        let mut offsets = vec![(from, offset(from))];
        let mut at = from - TimeDelta::seconds(from.timestamp().rem_euclid(3600));
        while at < to {
            at += TimeDelta::hours(1);
            let now = offset(at);
            if offsets.last().is_some_and(|(_, last)| *last != now) {
                offsets.push((at, now));
            }
        }
        Self {
            name: zone.name().to_owned(),
            offsets,
        }
    }

    /// The same for a zone by its IANA name, by daily steps that are refined by hours: no zone changes twice a day. `None` for an unknown
    /// name.
    #[must_use]
    pub fn named(name: &str, from: DateTime<Utc>, to: DateTime<Utc>) -> Option<Self> {
        let zone: chrono_tz::Tz = name.parse().ok()?;
        let offset = |at: DateTime<Utc>| {
            zone.offset_from_utc_datetime(&at.naive_utc())
                .fix()
                .local_minus_utc()
        };
        let mut offsets = vec![(from, offset(from))];
        let mut at = from - TimeDelta::seconds(from.timestamp().rem_euclid(3600));
        while at < to {
            let next = at + TimeDelta::days(1);
            if offset(at) != offset(next) {
                offsets.extend(Self::between(zone, at, next).offsets.into_iter().skip(1));
            }
            at = next;
        }
        Some(Self {
            name: zone.name().to_owned(),
            offsets,
        })
    }

    /// UTC, for views that have no zone of their own.
    #[must_use]
    pub fn utc() -> Self {
        Self {
            name: "UTC".to_owned(),
            offsets: Vec::new(),
        }
    }

    /// Wall-clock time of an instant in this zone.
    #[must_use]
    pub fn local(&self, at: DateTime<Utc>) -> NaiveDateTime {
        let seconds = self
            .offsets
            .iter()
            .rev()
            .find(|(from, _)| *from <= at)
            .or(self.offsets.first())
            .map_or(0, |(_, seconds)| *seconds);
        at.naive_utc() + TimeDelta::seconds(i64::from(seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    #[test]
    fn local_times_follow_the_change_from_summer_to_winter_time() {
        let zone = Zone::between(
            chrono_tz::Europe::Berlin,
            at("2026-10-01T00:00:00Z"),
            at("2026-11-22T00:00:00Z"),
        );
        assert_eq!(zone.offsets.len(), 2);
        assert_eq!(
            zone.local(at("2026-10-25T00:59:59Z")).to_string(),
            "2026-10-25 02:59:59"
        );
        assert_eq!(
            zone.local(at("2026-10-25T01:00:00Z")).to_string(),
            "2026-10-25 02:00:00"
        );
    }

    #[test]
    fn a_zone_by_its_name_has_the_same_offsets() {
        let (from, to) = (at("2025-03-01T07:31:00Z"), at("2026-11-22T00:00:00Z"));
        for zone in [
            chrono_tz::Europe::Berlin,
            chrono_tz::Asia::Kolkata,
            chrono_tz::Australia::Lord_Howe,
        ] {
            assert_eq!(
                Zone::named(zone.name(), from, to),
                Some(Zone::between(zone, from, to))
            );
        }
        assert_eq!(Zone::named("Europe/Berln", from, to), None);
    }

    #[test]
    fn an_instant_before_the_shown_time_takes_the_first_offset() {
        let zone = Zone::between(
            chrono_tz::Asia::Kolkata,
            at("2026-10-01T00:00:00Z"),
            at("2026-10-02T00:00:00Z"),
        );
        assert_eq!(
            zone.local(at("2026-09-30T00:00:00Z")).to_string(),
            "2026-09-30 05:30:00"
        );
    }
}
