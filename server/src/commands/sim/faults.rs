//! `stillpoint sim --faults`: the real engine over seeds, with everything going wrong that can, and the promises checked after each step.

use crate::commands::Global;
use crate::telling::{Failure, exit, json};
use indicatif::{ProgressBar, ProgressStyle};
use sim::drive::seeds::{Driving, drive_all};
use sim::drive::{DriveError, Driven};
use std::ops::RangeInclusive;

/// More is refused: a typing error should not run for days.
const SEEDS_MAX: u64 = 1_000_000;

/// `7` or `1-20`, both ends included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seeds(RangeInclusive<u64>);

impl Seeds {
    pub fn one(seed: u64) -> Self {
        Self(seed..=seed)
    }
}

impl std::str::FromStr for Seeds {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let number = |part: &str| {
            part.parse::<u64>().map_err(|_| {
                format!("`{text}` is no range of seeds: two numbers with a `-` between them, such as 1-20")
            })
        };
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let (first, last) = (number(first)?, number(last)?);
        if last < first {
            return Err(format!("`{text}`: the first seed is greater than the last"));
        }
        if last - first >= SEEDS_MAX {
            return Err(format!("`{text}`: more than {SEEDS_MAX} seeds"));
        }
        Ok(Self(first..=last))
    }
}

pub async fn run(global: &Global, seeds: Seeds, steps: u64) -> Result<(), Failure> {
    let bar = bar(seeds.0.end() - seeds.0.start() + 1);
    let (shown, print) = (bar.clone(), !global.json);
    let driven = tokio::task::spawn_blocking(move || {
        drive_all(seeds.0, steps, &mut |one| {
            if print {
                shown.suspend(|| println!("{}", line(one)));
            }
            shown.inc(1);
        })
    })
    .await;
    bar.finish_and_clear();
    let driving = driven?.map_err(|error: DriveError| Failure::from(error))?;
    if global.json {
        json(&driving)?;
    } else {
        println!("{}", sum(&driving));
    }
    match driving.failing.len() {
        0 => Ok(()),
        some => Err(Failure::new(
            exit::FAILED,
            format!("{some} of {} seeds break a promise", driving.seeds),
        )),
    }
}

/// Silent where stderr is no terminal.
fn bar(seeds: u64) -> ProgressBar {
    let bar = ProgressBar::new(seeds);
    if let Ok(style) = ProgressStyle::with_template("seeds [{bar:30}] {pos}/{len} {eta}") {
        bar.set_style(style);
    }
    bar
}

fn line(one: &Driven) -> String {
    let mut text = format!(
        "seed {}: {} steps in {} h, {} attempts: {} sealed, {} deferred, {} failed; {} days closed, {} pauses; {} kills, {} faults; {:016x}",
        one.seed,
        one.steps,
        one.secs / 3600,
        one.attempts,
        one.sealed,
        one.deferred,
        one.failed,
        one.days_closed,
        one.pauses,
        one.kills,
        one.faults,
        one.fingerprint
    );
    if let Some(broken) = &one.broken {
        let promise = match broken.promise {
            0 => "the simulation itself fails".to_owned(),
            number => format!("promise {number} is broken"),
        };
        text += &format!(
            "\n  {promise} at step {}, {} (last death: {})\n  {}\n  again: {}",
            broken.step,
            broken.at,
            if broken.died.is_empty() {
                "none"
            } else {
                &broken.died
            },
            broken.text,
            one.replay
        );
    }
    text
}

fn sum(all: &Driving) -> String {
    format!(
        "{} seeds, {} steps in {} h: {} attempts, {} sealed, {} deferred, {} failed; {} days closed, {} pauses; {} kills, {} faults; {} seeds break a promise",
        all.seeds,
        all.steps,
        all.hours,
        all.attempts,
        all.sealed,
        all.deferred,
        all.failed,
        all.days_closed,
        all.pauses,
        all.kills,
        all.faults,
        all.failing.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_one_number_or_a_range_with_both_ends() {
        assert_eq!("7".parse(), Ok(Seeds(7..=7)));
        assert_eq!("1-20".parse(), Ok(Seeds(1..=20)));
        for wrong in ["", "x", "1-", "-3", "3-1", "0-1000000", "1..4"] {
            assert!(wrong.parse::<Seeds>().is_err(), "{wrong}");
        }
    }
}
