//! How long things last: what was counted here, smoothed towards a prior with a heavy tail.

use crate::code::Code;

/// How long blockers of one kind lasted at this site, those that still hold included (Kaplan and Meier's product-limit estimate).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lengths {
    /// All lengths, ended or not, shortest first.
    all: Vec<u32>,
    /// (seconds, share that lasted longer), at each length at which one ended; shortest first.
    steps: Vec<(u32, f64)>,
}

/// How a kind of blocker lasts when nothing was counted yet: `P(longer than t) = (scale / (scale + t))^shape`. The longer it has lasted,
/// the longer it will.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Prior {
    scale_secs: f64,
    shape: f64,
}

/// A prior weighs as much as this many counted blockers.
const PRIOR_WEIGHT: f64 = 4.0;

/// From design section 3: applies take seconds to minutes, migrations minutes to hours, first copies and resyncs hours to days.
pub(super) fn prior(code: Code) -> Prior {
    let (scale_secs, shape) = match code {
        Code::B1 => (120.0, 3.0),
        Code::B2 | Code::BE => (900.0, 2.0),
        Code::UN => (900.0, 1.0),
        Code::B3 | Code::B6 | Code::NR => (7_200.0, 1.5),
        Code::B4 | Code::B5 | Code::B8 => (14_400.0, 1.0),
        Code::B7 => (86_400.0, 1.0),
    };
    Prior { scale_secs, shape }
}

impl Prior {
    /// P(longer than `lasted` + `more`, given longer than `lasted`).
    fn outlasts(self, lasted: f64, more: f64) -> f64 {
        let from = self.scale_secs + lasted;
        (from / (from + more)).powf(self.shape)
    }
}

impl Lengths {
    /// From lengths in seconds and whether the blocker ended.
    #[must_use]
    pub fn learn(mut lasted: Vec<(u32, bool)>) -> Self {
        // At the same length an end comes before one that only was seen so long.
        lasted.sort_unstable_by_key(|(secs, ended)| (*secs, !ended));
        let mut steps: Vec<(u32, f64)> = Vec::new();
        let mut longer = 1.0;
        let mut at = 0;
        while at < lasted.len() {
            let secs = lasted[at].0;
            let same = lasted[at..].iter().take_while(|(s, _)| *s == secs).count();
            let ends = lasted[at..at + same].iter().filter(|(_, ended)| *ended).count();
            if ends > 0 {
                longer *= 1.0 - share(ends, lasted.len() - at);
                steps.push((secs, longer));
            }
            at += same;
        }
        Self {
            all: lasted.into_iter().map(|(secs, _)| secs).collect(),
            steps,
        }
    }

    /// Share that lasts longer than `secs`.
    fn longer(&self, secs: u32) -> f64 {
        match self.steps.partition_point(|(step, _)| *step <= secs) {
            0 => 1.0,
            n => self.steps[n - 1].1,
        }
    }

    /// How many were seen to last longer than `lasted_secs`, and of these longer than `more_secs` more.
    #[must_use]
    pub fn counts(&self, lasted_secs: u32, more_secs: u32) -> (u32, u32) {
        let beyond = |secs: u32| {
            let n = self.all.len() - self.all.partition_point(|s| *s <= secs);
            u32::try_from(n).unwrap_or(u32::MAX)
        };
        (beyond(lasted_secs), beyond(lasted_secs.saturating_add(more_secs)))
    }

    pub(super) fn outlasts(&self, prior: Prior, lasted_secs: u32, more_secs: u32) -> f64 {
        let (seen, _) = self.counts(lasted_secs, more_secs);
        let seen = f64::from(seen);
        let here = self.longer(lasted_secs);
        let counted = if here > 0.0 {
            self.longer(lasted_secs.saturating_add(more_secs)) / here
        } else {
            0.0
        };
        let guess = prior.outlasts(f64::from(lasted_secs), f64::from(more_secs));
        (seen * counted + PRIOR_WEIGHT * guess) / (seen + PRIOR_WEIGHT)
    }
}

/// How much longer than expected attempts took at this site.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Overruns {
    /// actual / expected, smallest first.
    ratios: Vec<f64>,
}

impl Overruns {
    /// From (expected, actual) seconds; those without an expectation say nothing.
    #[must_use]
    pub fn learn(attempts: impl IntoIterator<Item = (u32, u32)>) -> Self {
        let mut ratios: Vec<f64> = attempts
            .into_iter()
            .filter(|(expected, _)| *expected > 0)
            .map(|(expected, actual)| f64::from(actual) / f64::from(expected))
            .collect();
        ratios.sort_unstable_by(f64::total_cmp);
        Self { ratios }
    }

    /// P(an attempt takes longer than `until_secs`, given that it has taken `ran_secs` already).
    pub(super) fn outlasts(&self, expected_secs: u32, ran_secs: i64, until_secs: i64) -> f64 {
        if until_secs <= ran_secs {
            return 1.0;
        }
        let expected = f64::from(expected_secs.max(1));
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52 seconds")]
        let (ran, until) = (ran_secs.max(0) as f64 / expected, until_secs as f64 / expected);
        let beyond = |ratio: f64| self.ratios.len() - self.ratios.partition_point(|r| *r <= ratio);
        let (seen, counted) = (beyond(ran), share(beyond(until), beyond(ran)));
        #[expect(clippy::cast_precision_loss, reason = "a count of attempts")]
        let seen = seen as f64;
        let guess = usual(until) / usual(ran);
        (seen * counted + PRIOR_WEIGHT * guess) / (seen + PRIOR_WEIGHT)
    }
}

/// The prior of a ratio: half of all attempts take longer than expected, one in 17 twice as long, one in 257 four times.
fn usual(ratio: f64) -> f64 {
    1.0 / (1.0 + ratio.powi(4))
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of things that were seen")]
    let share = part as f64 / whole as f64;
    share
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_open_ends_the_estimate_is_a_plain_count() {
        let l = Lengths::learn([10, 20, 20, 40].map(|s| (s, true)).to_vec());
        let longer = [(5, 1.0), (10, 0.75), (20, 0.25), (39, 0.25), (40, 0.0)];
        for (secs, share) in longer {
            assert!((l.longer(secs) - share).abs() < 1e-12, "{secs}");
        }
        assert_eq!(l.counts(10, 10), (3, 1));
    }

    /// Worked by hand: 6, 7+, 9, 10+ -> S(6) = 3/4, S(9) = 3/4 * 1/2.
    #[test]
    fn what_still_holds_counts_as_at_least_so_long() {
        let l = Lengths::learn(vec![(9, true), (6, true), (10, false), (7, false)]);
        assert!((l.longer(8) - 0.75).abs() < 1e-12);
        assert!((l.longer(9) - 0.375).abs() < 1e-12);
        assert!((l.longer(99) - 0.375).abs() < 1e-12);
    }

    #[test]
    fn few_counts_move_the_prior_little_and_many_move_it_all_the_way() {
        let guess = Lengths::default().outlasts(prior(Code::B5), 0, 14_400);
        assert!((guess - 0.5).abs() < 1e-12);
        let few = Lengths::learn(vec![(100, true)]).outlasts(prior(Code::B5), 0, 14_400);
        assert!((few - 0.4).abs() < 1e-12);
        let many = Lengths::learn(vec![(100, true); 4_000]).outlasts(prior(Code::B5), 0, 14_400);
        assert!(many < 0.001);
    }
}
