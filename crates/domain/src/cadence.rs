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

impl Cadence {
    /// Mean wait for a stretch without applies that is longer than `need`, from an instant at which there is none; `None` before two applies
    /// were seen.
    #[must_use]
    pub fn gap_wait(&self, need: TimeDelta) -> Option<TimeDelta> {
        let runs = self.runs.iter().map(|run| {
            let from = run.started.timestamp_millis();
            (from, from.saturating_add_unsigned(run.length_ms))
        });
        gap_wait_ms(runs, need.num_milliseconds()).map(TimeDelta::milliseconds)
    }
}

/// What [`Cadence::gap_wait`] says, from the starts and ends of applies in their order; all in milliseconds.
#[must_use]
pub fn gap_wait_ms(runs: impl IntoIterator<Item = (i64, i64)>, need_ms: i64) -> Option<i64> {
    let mut runs = runs.into_iter();
    let (mut shut_since, mut end) = runs.next()?;
    let (mut seen, mut shut, mut squares) = (false, 0_i128, 0_i128);
    let mut close = |from: i64, to: i64| {
        let length = i128::from((to - from).max(0));
        shut += length;
        squares += length * length;
    };
    for (from, to) in runs {
        seen = true;
        if from - end > need_ms {
            close(shut_since, end);
            // Too late for a start: the next apply would come before it is done.
            shut_since = from - need_ms;
        }
        end = to.max(end);
    }
    close(shut_since, end);
    // A stretch is met as often as it is long, and in its middle.
    let mean = squares.checked_div(2 * shut).unwrap_or(0);
    seen.then(|| i64::try_from(mean).unwrap_or(i64::MAX))
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
    fn the_wait_for_a_gap_is_half_of_a_busy_stretch_and_longer_where_gaps_are_too_short() {
        let wait = |runs: &[(i64, i64)]| gap_wait_ms(runs.iter().copied(), 5_000);
        // Busy for 8 s and, the 5 s before the next apply being of no use, for 13 s.
        assert_eq!(
            wait(&[(0, 8_000), (30_000, 38_000)]),
            Some((8 * 8 + 13 * 13) * 1000 / (2 * 21))
        );
        // Gaps of 4 s take no checkpoint: one busy stretch of 56 s.
        assert_eq!(wait(&[(0, 26_000), (30_000, 56_000)]), Some(28_000));
        assert_eq!(wait(&[(0, 8_000)]), None);
        assert_eq!(wait(&[(0, 0), (30_000, 30_000)]), Some(2_500));
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
