//! What a look at a replica shows at an instant: the gate's answer, in codes. No future in it.

use super::{Applies, SpellKind, World};
use crate::{MINUTE, Ms};
use domain::code::Code;

/// After this long without a look at the job list, an interrupted or failed apply could have gone unseen.
const HOLE: Ms = 5 * MINUTE;

impl SpellKind {
    /// The blocker's code.
    #[must_use]
    pub fn code(self) -> Code {
        match self {
            Self::ApplyInterrupted => Code::B2,
            Self::ApplyFailed => Code::B3,
            Self::HealthCritical => Code::B4,
            Self::Resynchronization => Code::B5,
            Self::Migrating => Code::B6,
            Self::InitialReplication => Code::B7,
            Self::FailoverInProgress => Code::B8,
        }
    }

    /// Place in the order of evaluation, the most specific first.
    fn order(self) -> u8 {
        match self {
            Self::FailoverInProgress => 0,
            Self::Migrating => 1,
            Self::InitialReplication => 2,
            Self::Resynchronization => 3,
            Self::HealthCritical => 4,
            Self::ApplyFailed => 5,
            Self::ApplyInterrupted => 6,
        }
    }
}

impl World {
    /// What a look at `at` shows: the first blocker in the order of evaluation, or `None` when the replica is clear.
    ///
    /// A host that does not answer is unknown. So is every replica after an outage of its host or a longer one of the product,
    /// until an apply has completed: what happened to the applies meanwhile is not known.
    pub fn look(&self, applies: &mut Applies<'_>, replica: usize, at: Ms) -> Option<Code> {
        let r = &self.replicas[replica];
        let host = &self.hosts[r.host];
        if host.outages.iter().any(|outage| outage.contains(at)) {
            return Some(Code::UN);
        }
        let spell = r
            .spells
            .iter()
            .take_while(|spell| spell.span.from <= at)
            .filter(|spell| spell.span.contains(at))
            .min_by_key(|spell| spell.kind.order());
        if let Some(spell) = spell {
            return Some(spell.kind.code());
        }
        if applies.running(replica, at).is_some() {
            return Some(Code::B1);
        }
        let blind = self
            .service_outages
            .iter()
            .filter(|outage| outage.to - outage.from > HOLE);
        let hole = blind
            .chain(&host.outages)
            .map(|outage| outage.to)
            .filter(|end| *end <= at)
            .max()?;
        let seen = applies.ending_after(replica, hole)?;
        (seen.to > at).then_some(Code::UN)
    }
}
