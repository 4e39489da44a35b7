//! The two clocks. The world's may be sped up; the machine's never is (leases, heartbeats, time-outs).

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The world's clock: SLA days, cadence, freshness, polling.
#[async_trait]
pub trait WorldClock: Send + Sync {
    fn now(&self) -> DateTime<Utc>;
    /// Sleeps so long in world time, but at least `floor` on the machine, so a sped-up world does not spin.
    async fn sleep(&self, world: Duration, floor: Duration);
}

/// The machine's clock.
#[async_trait]
pub trait MachineClock: Send + Sync {
    /// Unix time in milliseconds: what other machines compare with. A person or a time server may set it back.
    fn unix_ms(&self) -> i64;
    /// Since some instant in this process; never goes back.
    fn monotonic(&self) -> Duration;
    async fn sleep(&self, real: Duration);
}

/// World time = `epoch_world` + (machine's now - `epoch_real`) * `speed`: the same formula in lab and server.
#[derive(Debug, Clone, Copy)]
pub struct SpedClock {
    pub epoch_world: DateTime<Utc>,
    pub epoch_real: DateTime<Utc>,
    /// 1 in production.
    pub speed: f64,
}

impl SpedClock {
    /// The world as it is.
    #[must_use]
    pub fn real() -> Self {
        Self {
            epoch_world: DateTime::UNIX_EPOCH,
            epoch_real: DateTime::UNIX_EPOCH,
            speed: 1.0,
        }
    }

    /// World time at a machine's time.
    #[must_use]
    pub fn world_at(&self, real: DateTime<Utc>) -> DateTime<Utc> {
        let passed = real - self.epoch_real;
        if (self.speed - 1.0).abs() < f64::EPSILON {
            return self.epoch_world + passed;
        }
        let micros = passed.num_microseconds().unwrap_or(i64::MAX);
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            reason = "a clock may round"
        )]
        let scaled = (micros as f64 * self.speed) as i64;
        self.epoch_world
            .checked_add_signed(TimeDelta::microseconds(scaled))
            .unwrap_or(DateTime::<Utc>::MAX_UTC)
    }
}

#[async_trait]
impl WorldClock for SpedClock {
    fn now(&self) -> DateTime<Utc> {
        self.world_at(DateTime::<Utc>::from(system_now()))
    }
    async fn sleep(&self, world: Duration, floor: Duration) {
        tokio::time::sleep(world.div_f64(self.speed.max(f64::MIN_POSITIVE)).max(floor)).await;
    }
}

/// The operating system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemMachineClock;

#[async_trait]
impl MachineClock for SystemMachineClock {
    fn unix_ms(&self) -> i64 {
        let since = system_now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }
    fn monotonic(&self) -> Duration {
        static START: OnceLock<Instant> = OnceLock::new();
        START.get_or_init(Instant::now).elapsed()
    }
    async fn sleep(&self, real: Duration) {
        tokio::time::sleep(real).await;
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the machine's clock"
)]
fn system_now() -> SystemTime {
    SystemTime::now()
}

/// A world that moves only when somebody sleeps in it or pushes it: for tests and the doctor's dry runs.
#[derive(Debug)]
pub struct ManualClock {
    now: Mutex<DateTime<Utc>>,
}

impl ManualClock {
    #[must_use]
    pub fn new(now: DateTime<Utc>) -> Self {
        Self { now: Mutex::new(now) }
    }
    /// Moves the world on.
    pub fn advance(&self, by: Duration) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        *now += TimeDelta::from_std(by).unwrap_or(TimeDelta::zero());
    }
}

#[async_trait]
impl WorldClock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
    async fn sleep(&self, world: Duration, _floor: Duration) {
        self.advance(world);
        tokio::task::yield_now().await;
    }
}

#[async_trait]
impl MachineClock for ManualClock {
    fn unix_ms(&self) -> i64 {
        WorldClock::now(self).timestamp_millis()
    }
    fn monotonic(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.unix_ms()).unwrap_or(0))
    }
    /// Never ends by itself: nothing renews a lease behind a test's back.
    async fn sleep(&self, _real: Duration) {
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sped_up_world_runs_so_many_times_faster_from_its_epoch() {
        let at = |secs: i64| DateTime::from_timestamp(1_800_000_000 + secs, 0).unwrap();
        let clock = SpedClock {
            epoch_world: at(1000),
            epoch_real: at(0),
            speed: 60.0,
        };
        assert_eq!(clock.world_at(at(0)), at(1000));
        assert_eq!(clock.world_at(at(2)), at(1120));
        assert_eq!(SpedClock::real().world_at(at(7)), at(7));
    }
}
