//! Whether forecasts can be believed: of all that were given 20 %, did a fifth come true?

use crate::policy::BasisPoints;

/// How good forecasts were. 0 is perfect, 1 is always wrong with certainty.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Brier {
    /// Mean squared distance of forecast and outcome.
    pub score: f64,
    /// The score of always forecasting the share that came true.
    pub of_base_rate: f64,
    pub count: u64,
}

impl Brier {
    /// How much of the base rate's error is gone: 1 is perfect, 0 no better than the base rate, negative worse. `None` when the base rate
    /// made no error itself.
    #[must_use]
    pub fn skill(&self) -> Option<f64> {
        (self.of_base_rate > 0.0).then(|| 1.0 - self.score / self.of_base_rate)
    }
}

/// Scores forecasts of a miss against whether it was one. `None` without any.
#[must_use]
pub fn brier(forecasts: &[(BasisPoints, bool)]) -> Option<Brier> {
    if forecasts.is_empty() {
        return None;
    }
    let base = mean(forecasts.iter().map(|(_, missed)| truth(*missed)));
    Some(Brier {
        score: mean(
            forecasts
                .iter()
                .map(|(p, missed)| (share(*p) - truth(*missed)).powi(2)),
        ),
        of_base_rate: base * (1.0 - base),
        count: forecasts.len() as u64,
    })
}

/// Forecasts of about the same probability together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    /// Forecasts from here ...
    pub from_bp: BasisPoints,
    /// ... to below here; the last bin holds 100 % too.
    pub to_bp: BasisPoints,
    pub count: u64,
    /// Mean of the forecasts, 0..=1.
    pub forecast: f64,
    /// Share that came true, 0..=1.
    pub observed: f64,
}

/// Sorts forecasts into `bins` bins of equal width, 1..=100, and leaves out those that stay empty.
#[must_use]
pub fn reliability(forecasts: &[(BasisPoints, bool)], bins: u16) -> Vec<Bin> {
    let bins = bins.clamp(1, 100);
    let whole = u32::from(BasisPoints::WHOLE.get());
    // The first whole value at or above the edge, so that the bin of a value is the one whose edges enclose it.
    let edge = |n: u16| (u32::from(n) * whole).div_ceil(u32::from(bins));
    (0..bins)
        .filter_map(|n| {
            let last = n + 1 == bins;
            let (from, to) = (edge(n), edge(n + 1));
            let own = |p: BasisPoints| {
                let p = u32::from(p.get());
                from <= p && (p < to || last)
            };
            let inside = || forecasts.iter().filter(|(p, _)| own(*p));
            let count = inside().count() as u64;
            (count > 0).then(|| Bin {
                from_bp: bp(from),
                to_bp: bp(to),
                count,
                forecast: mean(inside().map(|(p, _)| share(*p))),
                observed: mean(inside().map(|(_, missed)| truth(*missed))),
            })
        })
        .collect()
}

/// Mean distance of forecast and observation over the bins, by their size: 0 is perfectly calibrated.
#[must_use]
pub fn calibration_error(bins: &[Bin]) -> Option<f64> {
    let total: u64 = bins.iter().map(|b| b.count).sum();
    (total > 0).then(|| {
        bins.iter()
            .map(|b| weight(b.count, total) * (b.forecast - b.observed).abs())
            .sum()
    })
}

fn bp(value: u32) -> BasisPoints {
    u16::try_from(value)
        .ok()
        .and_then(BasisPoints::new)
        .unwrap_or(BasisPoints::WHOLE)
}

fn share(p: BasisPoints) -> f64 {
    f64::from(p.get()) / 10_000.0
}

fn truth(missed: bool) -> f64 {
    if missed { 1.0 } else { 0.0 }
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for value in values {
        sum += value;
        count += 1.0;
    }
    if count > 0.0 { sum / count } else { 0.0 }
}

fn weight(part: u64, whole: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts of forecasts")]
    let weight = part as f64 / whole as f64;
    weight
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(pairs: &[(u16, bool)]) -> Vec<(BasisPoints, bool)> {
        pairs
            .iter()
            .map(|(p, m)| (BasisPoints::new(*p).unwrap(), *m))
            .collect()
    }

    #[test]
    fn certain_and_right_is_perfect_and_even_odds_are_a_quarter() {
        assert_eq!(brier(&[]), None);
        let right = brier(&all(&[(10_000, true), (0, false)])).unwrap();
        assert_eq!((right.score, right.skill()), (0.0, Some(1.0)));
        let even = brier(&all(&[(5_000, true), (5_000, false)])).unwrap();
        assert_eq!((even.score, even.skill()), (0.25, Some(0.0)));
        assert_eq!(brier(&all(&[(0, false)])).unwrap().skill(), None);
    }

    #[test]
    fn bins_hold_what_lies_between_their_edges() {
        let bins = reliability(
            &all(&[(0, false), (999, true), (1_000, true), (10_000, true)]),
            10,
        );
        let found: Vec<_> = bins
            .iter()
            .map(|b| (b.from_bp.get(), b.to_bp.get(), b.count))
            .collect();
        assert_eq!(found, [(0, 1_000, 2), (1_000, 2_000, 1), (9_000, 10_000, 1)]);
        assert_eq!((bins[0].observed, bins[2].forecast), (0.5, 1.0));
    }

    proptest! {
        #[test]
        fn every_forecast_stands_in_one_bin(
            pairs in proptest::collection::vec((0_u16..=10_000, any::<bool>()), 1..80), bins in 0_u16..120,
        ) {
            let bins = reliability(&all(&pairs), bins);
            prop_assert_eq!(bins.iter().map(|b| b.count).sum::<u64>(), pairs.len() as u64);
            let error = calibration_error(&bins).unwrap();
            prop_assert!((0.0..=1.0).contains(&error));
        }
    }
}
