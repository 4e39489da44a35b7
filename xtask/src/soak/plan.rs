//! How large, how long and how cruel.

use std::fmt;
use std::path::PathBuf;

/// One soak. The seed decides the site, the blockers and the moments of the kills.
#[derive(Debug, Clone)]
pub struct Plan {
    pub short: bool,
    pub seed: u64,
    /// Soaks this program instead of building one.
    pub binary: Option<PathBuf>,
    pub replicas: u32,
    pub kills: u32,
    /// World seconds per second.
    pub speed: u32,
    /// A replica owes a new point this often, world seconds.
    pub backup_every_secs: u32,
    /// Between two kills: this long at least, and up to twice that. Machine seconds.
    pub calm_secs: u64,
    /// Blockers put on replicas between two kills.
    pub spells_per_calm: u32,
    /// Longest wait, after the season, until the unblocked replicas are protected. Machine seconds.
    pub settle_secs: u64,
}

/// The seed of the run in `cargo xtask test`.
const SEED: u64 = 20;

impl Plan {
    /// Reads `[--short] [--seed N] [--binary FILE]`.
    pub fn parse(args: &[String]) -> Result<Self, String> {
        let (mut short, mut seed, mut binary) = (false, SEED, None);
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--short" => short = true,
                "--seed" => {
                    let value = args.next().map(|value| value.parse());
                    seed = value.and_then(Result::ok).ok_or("--seed takes a whole number")?;
                }
                "--binary" => binary = Some(args.next().map(PathBuf::from).ok_or("--binary takes a file")?),
                other => {
                    return Err(format!(
                        "`soak` takes [--short] [--seed N] [--binary FILE], not `{other}`"
                    ));
                }
            }
        }
        let plan = Self {
            short,
            seed,
            binary,
            replicas: 40,
            kills: 20,
            speed: 20,
            backup_every_secs: 1_200,
            calm_secs: 10,
            spells_per_calm: 3,
            settle_secs: 300,
        };
        Ok(if short {
            Self {
                replicas: 8,
                kills: 4,
                backup_every_secs: 600,
                calm_secs: 7,
                spells_per_calm: 1,
                settle_secs: 150,
                ..plan
            }
        } else {
            plan
        })
    }

    /// Name of the run's folder.
    pub fn name(&self) -> String {
        format!("{}-{}", if self.short { "short" } else { "long" }, self.seed)
    }

    /// How many replicas may migrate away from the hosts that guard: enough of them have to stay for the quota.
    pub fn may_leave(&self) -> u32 {
        self.replicas / 20
    }

    /// Fewer unblocked replicas than this on hosts that guard make no quota.
    pub fn guarded_min(&self) -> usize {
        self.replicas as usize / 4
    }

    /// Machine seconds in which more than five minutes pass in the world.
    pub fn long_absence_secs(&self) -> u64 {
        u64::from(330 / self.speed.max(1)) + 1
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "seed {}, {} replicas, {} kills, world x{}",
            self.seed, self.replicas, self.kills, self.speed
        )
    }
}
