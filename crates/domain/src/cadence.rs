//! When a replica's logs are applied, learnt from finished apply jobs. A hint for what to watch closely, never evidence.

use crate::observation::Observation;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// How many applies are remembered: at 30 s this is ten minutes.
const RUNS_MAX: usize = 20;

/// One finished apply, on the host's clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplyRun {
    pub job: String,
    pub started: DateTime<Utc>,
    pub length_ms: u64,
}

/// Rolling summary of a replica's applies.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cadence {
    /// Replication interval: 30, 300 or 900 s; 0 while unknown.
    pub period_secs: u32,
    /// The newest runs, oldest first, at most 20.
    pub runs: Vec<ApplyRun>,
}

/// A stretch that should be free of applies, on the host's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
}

impl Cadence {
    /// Takes one more look in.
    #[must_use]
    pub fn fold(&self, seen: &Observation) -> Self {
        let mut next = self.clone();
        if let Some(r) = seen.inbound() {
            next.period_secs = r.interval_secs;
        }
        for job in seen.jobs.iter().filter(|j| j.is_apply() && j.state.is_success()) {
            let (Some(started), Some(length_ms)) = (job.started, job.elapsed_ms) else {
                continue;
            };
            if !next.runs.iter().any(|run| run.job == job.id) {
                next.runs.push(ApplyRun {
                    job: job.id.clone(),
                    started,
                    length_ms,
                });
            }
        }
        next.runs.sort_by_key(|run| run.started);
        let surplus = next.runs.len().saturating_sub(RUNS_MAX);
        next.runs.drain(..surplus);
        next
    }

    /// Mean length of an apply in milliseconds.
    #[must_use]
    pub fn mean_ms(&self) -> Option<u64> {
        let count = u64::try_from(self.runs.len()).ok().filter(|n| *n > 0)?;
        Some(self.runs.iter().map(|run| run.length_ms).sum::<u64>() / count)
    }

    /// Longest apply in milliseconds.
    #[must_use]
    pub fn max_ms(&self) -> Option<u64> {
        self.runs.iter().map(|run| run.length_ms).max()
    }

    /// When the newest apply that succeeded ended.
    #[must_use]
    pub fn last_end(&self) -> Option<DateTime<Utc>> {
        let end = |run: &ApplyRun| {
            let length = TimeDelta::try_milliseconds(i64::try_from(run.length_ms).ok()?)?;
            run.started.checked_add_signed(length)
        };
        self.runs.iter().filter_map(end).max()
    }

    /// When the next apply should end: always after `now` (host's clock).
    #[must_use]
    pub fn next_end(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let gap = self.next_gap(now)?;
        Some(if gap.from > now {
            gap.from
        } else {
            gap.from + TimeDelta::seconds(i64::from(self.period_secs))
        })
    }

    /// The next stretch between two applies that ends after `now` (host's clock).
    #[must_use]
    pub fn next_gap(&self, now: DateTime<Utc>) -> Option<Gap> {
        let last = self.runs.last()?;
        let period_ms = i64::from(self.period_secs).checked_mul(1000).filter(|p| *p > 0)?;
        let length_ms = i64::try_from(self.mean_ms()?).ok()?.min(period_ms);
        let since_ms = (now - last.started).num_milliseconds().max(0);
        let start = last.started + TimeDelta::milliseconds(since_ms / period_ms * period_ms);
        let from = start + TimeDelta::milliseconds(length_ms);
        Some(Gap {
            from,
            to: start + TimeDelta::milliseconds(period_ms),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + secs, 0).unwrap()
    }

    #[test]
    fn the_next_gap_lies_between_two_applies() {
        let runs = (0..3)
            .map(|n| ApplyRun {
                job: n.to_string(),
                started: at(30 * n),
                length_ms: 8000,
            })
            .collect();
        let cadence = Cadence {
            period_secs: 30,
            runs,
        };
        assert_eq!(
            cadence.next_gap(at(62)),
            Some(Gap {
                from: at(68),
                to: at(90)
            })
        );
        assert_eq!(
            cadence.next_gap(at(152)),
            Some(Gap {
                from: at(158),
                to: at(180)
            })
        );
        assert_eq!((cadence.mean_ms(), cadence.max_ms()), (Some(8000), Some(8000)));
        assert_eq!(cadence.last_end(), Some(at(68)));
        assert_eq!(
            (cadence.next_end(at(62)), cadence.next_end(at(68))),
            (Some(at(68)), Some(at(98)))
        );
    }

    #[test]
    fn nothing_is_predicted_without_runs() {
        assert_eq!(
            Cadence {
                period_secs: 30,
                runs: vec![]
            }
            .next_gap(at(0)),
            None
        );
    }
}
