//! A circuit breaker per host: a host that fails everything is asked by one attempt at a time, ever more rarely.

use chrono::{DateTime, TimeDelta, Utc};

/// Failures in a row on a host, whichever replicas they were on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HostRecord {
    /// Attempts that failed through the host since the last that was sealed there.
    pub failures: u32,
    pub last_failure: Option<DateTime<Utc>>,
}

/// Whether attempts may start on a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breaker {
    Closed,
    /// Not before `until`.
    Open {
        until: DateTime<Utc>,
        failures: u32,
    },
    /// One attempt at a time, to see whether the host is well again.
    Trial {
        failures: u32,
    },
}

/// Failures in a row that open the breaker.
pub const FAILURES_MAX: u32 = 5;
const FIRST_SECS: i64 = 300;
const SECS_MAX: i64 = 3_600;

/// The host's breaker at `now`: open for 5 minutes after the fifth failure in a row, twice as long with each further one, up to an hour.
#[must_use]
pub fn breaker(record: &HostRecord, now: DateTime<Utc>) -> Breaker {
    let (failures, Some(last)) = (record.failures, record.last_failure) else {
        return Breaker::Closed;
    };
    if failures < FAILURES_MAX {
        return Breaker::Closed;
    }
    let doubled = FIRST_SECS << (failures - FAILURES_MAX).min(8);
    let until = last + TimeDelta::seconds(doubled.min(SECS_MAX));
    if now < until {
        Breaker::Open { until, failures }
    } else {
        Breaker::Trial { failures }
    }
}
