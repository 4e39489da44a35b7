//! The world's clock: the machine's, sped up from a common beginning.

use std::sync::Arc;
use std::time::SystemTime;

use chrono::{DateTime, TimeDelta, Utc};

use crate::site::Clock;

/// `epoch_world + (now - epoch_real) * speed`. Lab and server compute the same from the same configuration.
#[must_use]
pub fn world_time(
    epoch_world: DateTime<Utc>,
    epoch_real: DateTime<Utc>,
    speed: f64,
    now: DateTime<Utc>,
) -> DateTime<Utc> {
    const MICROS_PER_SEC: f64 = 1e6;
    let real = now - epoch_real;
    let seconds = real
        .num_microseconds()
        .map_or(0.0, |micros| micros as f64 / MICROS_PER_SEC)
        * speed;
    // Saturates far outside of any run; a time that cannot be told is the beginning.
    let delta = TimeDelta::microseconds((seconds * MICROS_PER_SEC) as i64);
    epoch_world.checked_add_signed(delta).unwrap_or(epoch_world)
}

/// A clock that reads the machine's time and speeds it up.
#[must_use]
pub fn world_clock(epoch_world: DateTime<Utc>, epoch_real: DateTime<Utc>, speed: f64) -> Clock {
    Arc::new(move || world_time(epoch_world, epoch_real, speed, machine_now()))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place of the lab where the machine's clock enters"
)]
fn machine_now() -> DateTime<Utc> {
    SystemTime::now().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_world_runs_so_many_times_as_fast() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let (world, real) = (at("2026-11-22T18:00:00Z"), at("2030-01-01T00:00:00Z"));
        assert_eq!(
            world_time(world, real, 60.0, at("2030-01-01T00:00:10Z")),
            at("2026-11-22T18:10:00Z")
        );
        assert_eq!(world_time(world, real, 1.0, real), world);
        assert_eq!(
            world_time(world, real, 0.5, at("2029-12-31T23:59:50Z")),
            at("2026-11-22T17:59:55Z")
        );
    }
}
