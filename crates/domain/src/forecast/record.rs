//! How days went before: a base rate that knows how much of the window has passed.

use crate::code::Code;

/// One closed day of a replica, as far as the forecast cares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Day {
    pub end: End,
    /// Deferrals by log applies.
    pub apply_deferrals: u32,
}

/// How a day ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum End {
    /// Sealed by due; `share` of the window had passed, 0..=1.
    Met { share: f64 },
    /// Late, missed or excused.
    Lost {
        /// What most of the window went to.
        cause: Option<Code>,
        /// Share of the window that had passed when the cause began; 0 when it was there at the open.
        from: f64,
    },
}

impl Day {
    /// Whether the day was lost although no lasting blocker took it, or to one that began after `passed`.
    fn is_lost(&self, passed: f64, blocked: bool) -> bool {
        match self.end {
            End::Met { .. } => false,
            End::Lost { cause, from } => match cause {
                Some(code) if code.lasts() => !blocked && from > passed,
                _ => true,
            },
        }
    }
}

/// Days that were still open at a point of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counts {
    /// Lost in the end.
    pub lost: u32,
    /// Met later on.
    pub later: u32,
}

/// Counts without a summary: a replica has a few dozen days.
pub(super) fn counts(days: &[Day], passed: f64, blocked: bool) -> Counts {
    let mut counts = Counts { lost: 0, later: 0 };
    for day in days {
        if day.is_lost(passed, blocked) {
            counts.lost += 1;
        } else if matches!(day.end, End::Met { share } if share > passed) {
            counts.later += 1;
        }
    }
    counts
}

/// The share lost, with `weight` days of `wide` added.
pub(super) fn smooth(counts: Counts, wide: f64, weight: f64) -> f64 {
    let (lost, later) = (f64::from(counts.lost), f64::from(counts.later));
    (lost + weight * wide) / (lost + later + weight)
}

/// What is believed before anything was seen: one day in twenty is lost, and the others are met at any point of the window alike.
pub(super) fn first(passed: f64) -> f64 {
    const LOST: f64 = 0.05;
    LOST / (LOST + (1.0 - LOST) * (1.0 - passed))
}

/// Many replicas' days, summed up so that asking is a binary search.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Record {
    /// At which share of the window days were met, smallest first.
    met: Vec<f64>,
    /// Lost without a lasting blocker.
    lost: u32,
    /// At which share of the window the lasting blocker began that took the day, smallest first.
    taken: Vec<f64>,
}

impl Record {
    /// From closed days.
    #[must_use]
    pub fn learn(days: &[Day]) -> Self {
        let mut record = Self::default();
        for day in days {
            match day.end {
                End::Met { share } => record.met.push(share),
                End::Lost {
                    cause: Some(code),
                    from,
                } if code.lasts() => record.taken.push(from),
                End::Lost { .. } => record.lost += 1,
            }
        }
        record.met.sort_unstable_by(f64::total_cmp);
        record.taken.sort_unstable_by(f64::total_cmp);
        record
    }

    pub(super) fn risk(&self, passed: f64, blocked: bool, wide: f64, weight: f64) -> f64 {
        let after = |all: &[f64]| {
            let n = all.len() - all.partition_point(|share| *share <= passed);
            u32::try_from(n).unwrap_or(u32::MAX)
        };
        let taken = if blocked { 0 } else { after(&self.taken) };
        let counts = Counts {
            lost: self.lost.saturating_add(taken),
            later: after(&self.met),
        };
        smooth(counts, wide, weight)
    }
}
