//! What a world is made from.

use serde::{Deserialize, Serialize};

/// The four numbers that decide everything.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct WorldSpec {
    /// Where the draws begin.
    pub seed: u64,
    /// Replicas on the site, 1 to 200,000.
    pub replicas: u32,
    /// Days with an obligation each, 1 to 366; replicas x days are 2,000,000 at most.
    pub days: u32,
    /// Mean share of the time in which a log is being applied, 0 to 0.95.
    pub duty: f64,
}

/// A world that cannot be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum InvalidSpec {
    #[error("cannot simulate {0} replicas: give 1 to {REPLICAS_MAX}")]
    Replicas(u32),
    #[error("cannot simulate {0} days: give 1 to {DAYS_MAX}")]
    Days(u32),
    #[error(
        "cannot simulate {replicas} replicas for {days} days: give {OBLIGATIONS_MAX} obligations (replicas x days) at most"
    )]
    Obligations { replicas: u32, days: u32 },
    #[error(
        "cannot simulate a duty of {0}: give 0 to {DUTY_MAX}, the share of time in which a log is being applied"
    )]
    Duty(f64),
}

const REPLICAS_MAX: u32 = 200_000;
const DAYS_MAX: u32 = 366;
/// More take hours and gigabytes.
const OBLIGATIONS_MAX: u64 = 2_000_000;
const DUTY_MAX: f64 = 0.95;

impl WorldSpec {
    /// Refuses numbers that make no world.
    ///
    /// # Errors
    /// Names the first number that is out of its bounds.
    pub fn check(&self) -> Result<(), InvalidSpec> {
        if self.replicas == 0 || self.replicas > REPLICAS_MAX {
            return Err(InvalidSpec::Replicas(self.replicas));
        }
        if self.days == 0 || self.days > DAYS_MAX {
            return Err(InvalidSpec::Days(self.days));
        }
        let (replicas, days) = (self.replicas, self.days);
        if u64::from(replicas) * u64::from(days) > OBLIGATIONS_MAX {
            return Err(InvalidSpec::Obligations { replicas, days });
        }
        if !(0.0..=DUTY_MAX).contains(&self.duty) {
            return Err(InvalidSpec::Duty(self.duty));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_make_no_world_are_refused_by_name() {
        let good = WorldSpec {
            seed: 1,
            replicas: 1,
            days: 1,
            duty: 0.0,
        };
        assert_eq!(good.check(), Ok(()));
        assert_eq!(
            WorldSpec { replicas: 0, ..good }.check(),
            Err(InvalidSpec::Replicas(0))
        );
        assert_eq!(
            WorldSpec { days: 367, ..good }.check(),
            Err(InvalidSpec::Days(367))
        );
        let (replicas, days) = (200_000, 11);
        assert_eq!(
            WorldSpec {
                replicas,
                days,
                ..good
            }
            .check(),
            Err(InvalidSpec::Obligations { replicas, days })
        );
        assert_eq!(
            WorldSpec { duty: 1.0, ..good }.check(),
            Err(InvalidSpec::Duty(1.0))
        );
        assert!(
            WorldSpec {
                duty: f64::NAN,
                ..good
            }
            .check()
            .is_err()
        );
    }
}
