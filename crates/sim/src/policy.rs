//! Who decides when to start what.

mod clairvoyant;
mod rival;
mod stillpoint;

use crate::play::Site;
use crate::world::Ending;
use crate::{Ms, World};
use clairvoyant::{Clairvoyant, Due};
use rival::Rival;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use stillpoint::Stillpoint;

/// A scheduler on the virtual clock. It is told what happens and asked, whenever something has happened, what to start.
///
/// A rival reads no more of the [`Site`] than slots and obligations: it does not see why it was refused.
pub trait Policy {
    /// The window of an obligation opens.
    fn opened(&mut self, site: &mut Site<'_>, obligation: usize);

    /// An attempt ended. A sealed obligation may not be started again.
    fn ended(&mut self, site: &mut Site<'_>, obligation: usize, ending: Ending);

    /// The obligation can no longer be met, not even late.
    fn closed(&mut self, _site: &mut Site<'_>, _obligation: usize) {}

    /// The next obligation to start now, asked until there is none. It must be startable: [`Site::may_start`].
    fn next_start(&mut self, site: &mut Site<'_>) -> Option<usize>;

    /// When to be asked again although nothing has happened.
    fn next_wake(&mut self, site: &mut Site<'_>) -> Option<Ms>;
}

/// The policies that can be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PolicyName {
    /// The product's planner, shown what its observers would see.
    Stillpoint,
    /// Three retries, 10 minutes apart, in one session.
    Veeam,
    /// One retry after 60 minutes.
    Dpm,
    /// Five retries, 30 minutes apart.
    Bareos,
    /// Three retries, 10 minutes apart, give or take half.
    Jitter,
    /// Four tries at instants drawn from the window.
    Random,
    /// Earliest due first, knowing all future gaps, under the same limits. What everything is measured against.
    Clairvoyant,
    /// As the clairvoyant, but due is each replica's last chance to be in time, which nobody can know. A stricter measure.
    LastChance,
}

impl PolicyName {
    /// Those that `all` stands for, in the order in which they are shown.
    pub const ALL: [Self; 7] = [
        Self::Stillpoint,
        Self::Veeam,
        Self::Dpm,
        Self::Bareos,
        Self::Jitter,
        Self::Random,
        Self::Clairvoyant,
    ];

    /// All that have a name.
    pub const KNOWN: [Self; 8] = [
        Self::Stillpoint,
        Self::Veeam,
        Self::Dpm,
        Self::Bareos,
        Self::Jitter,
        Self::Random,
        Self::Clairvoyant,
        Self::LastChance,
    ];

    /// The name on the command line and in the answer.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stillpoint => "stillpoint",
            Self::Veeam => "veeam",
            Self::Dpm => "dpm",
            Self::Bareos => "bareos",
            Self::Jitter => "jitter",
            Self::Random => "random",
            Self::Clairvoyant => "clairvoyant",
            Self::LastChance => "last-chance",
        }
    }

    /// Whether it knows no more than a retry counter.
    #[must_use]
    pub fn is_rival(self) -> bool {
        matches!(
            self,
            Self::Veeam | Self::Dpm | Self::Bareos | Self::Jitter | Self::Random
        )
    }

    /// Whether it looks at the replica before it asks the host: a start that this look puts off is a deferral and no attempt.
    #[must_use]
    pub fn has_gate(self) -> bool {
        self == Self::Stillpoint
    }

    /// The scheduler itself.
    pub(crate) fn policy(self, world: &World) -> Box<dyn Policy> {
        match self {
            Self::Stillpoint => Box::new(Stillpoint::new(world)),
            Self::Clairvoyant => Box::new(Clairvoyant::new(world, Due::Window)),
            Self::LastChance => Box::new(Clairvoyant::new(world, Due::LastChance)),
            Self::Veeam | Self::Dpm | Self::Bareos | Self::Jitter | Self::Random => {
                Box::new(Rival::new(self, world))
            }
        }
    }
}

impl fmt::Display for PolicyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that no policy has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no policy: give {names} or all", names = names())]
pub struct UnknownPolicy(pub String);

fn names() -> String {
    PolicyName::KNOWN.map(PolicyName::as_str).join(", ")
}

impl FromStr for PolicyName {
    type Err = UnknownPolicy;
    fn from_str(text: &str) -> Result<Self, UnknownPolicy> {
        Self::KNOWN
            .into_iter()
            .find(|name| name.as_str() == text)
            .ok_or_else(|| UnknownPolicy(text.to_owned()))
    }
}
