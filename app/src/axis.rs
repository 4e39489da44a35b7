//! A time axis for charts: positions in per cent, ticks at round local times. Pure.

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use console::Zone;

/// From when to when a chart reaches.
#[derive(Debug, Clone, Copy)]
pub struct Axis {
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
}

const STEPS_MIN: [i64; 11] = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720];

impl Axis {
    /// Where an instant stands, 0 to 100 per cent; what is outside stands at the edge.
    pub fn at(self, at: DateTime<Utc>) -> f64 {
        let whole = (self.to - self.from).num_milliseconds().max(1);
        let part = (at - self.from).num_milliseconds().clamp(0, whole);
        // Two decimals are a tenth of a pixel; exact text keeps server and browser equal.
        let hundredths = i128::from(part) * 10_000 / i128::from(whole);
        hundredths as f64 / 100.0
    }

    /// `12.34%`.
    pub fn percent(self, at: DateTime<Utc>) -> String {
        format!("{}%", self.at(at))
    }

    /// Width between two instants, at least `least` per cent so that it can be seen.
    pub fn width(self, from: DateTime<Utc>, to: DateTime<Utc>, least: f64) -> String {
        format!("{:.2}%", (self.at(to) - self.at(from)).max(least))
    }

    /// At most `max` ticks at round wall-clock times.
    pub fn ticks(self, zone: &Zone, max: i64) -> Vec<(f64, String)> {
        let minutes = (self.to - self.from).num_minutes().max(1);
        let step = STEPS_MIN
            .into_iter()
            .find(|step| minutes / step < max)
            .unwrap_or(1440);
        let local = zone.local(self.from).time();
        let into = i64::from(local.num_seconds_from_midnight()) % (step * 60);
        let mut at = self.from + TimeDelta::seconds(if into == 0 { 0 } else { step * 60 - into });
        let mut ticks = Vec::new();
        while at <= self.to {
            ticks.push((self.at(at), zone.local(at).format("%H:%M").to_string()));
            at += TimeDelta::minutes(step);
        }
        ticks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_stand_at_round_local_times_and_never_too_many() {
        let at = |t: &str| t.parse::<DateTime<Utc>>().expect("a time");
        let zone = Zone {
            name: "Asia/Kolkata".into(),
            offsets: vec![(at("2026-01-01T00:00:00Z"), 19_800)],
        };
        let axis = Axis {
            from: at("2026-11-22T14:40:00Z"),
            to: at("2026-11-22T20:40:00Z"),
        };
        let ticks = axis.ticks(&zone, 8);
        assert_eq!(
            ticks.iter().map(|t| t.1.as_str()).collect::<Vec<_>>(),
            ["21:00", "22:00", "23:00", "00:00", "01:00", "02:00"]
        );
        assert!(ticks[0].0 > 0.0 && ticks[0].0 < 17.0);
    }
}
