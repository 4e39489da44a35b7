//! What was planned last, for screens, the command line and the alarm.

use chrono::{DateTime, Utc};
use domain::ids::ReplicaId;
use domain::obligation::ObligationKey;
use domain::planner::{Decision, Limits, Owed, World};

/// Why the plan has an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A day that is owed and open.
    Obligation,
    /// A replica without any restore point whose day does not count yet: protected at once, whatever its window.
    First,
    /// A point beside the daily ones, where the configuration asks for them.
    Extra,
}

/// One round of the planner.
#[derive(Debug, Clone)]
pub struct Planned {
    pub at: DateTime<Utc>,
    /// What was looked at. An entry that is no obligation has a key and a window all the same: those that it was planned by.
    pub world: World,
    /// As long as `world.owed`, in its order.
    pub purposes: Vec<Purpose>,
    pub limits: Limits,
    /// One for each of `world.owed`; the starts first, in their order.
    pub decisions: Vec<Decision>,
}

impl Planned {
    /// What the plan says of an obligation.
    #[must_use]
    pub fn entry(&self, key: ObligationKey) -> Option<Entry<'_>> {
        let at = self.world.owed.iter().position(|it| it.key == key)?;
        self.nth(at)
    }

    /// What the plan says of a replica, its oldest open day first.
    #[must_use]
    pub fn of_replica(&self, replica: ReplicaId) -> Option<Entry<'_>> {
        let mine = self
            .world
            .owed
            .iter()
            .enumerate()
            .filter(|(_, it)| it.key.replica == replica);
        let (at, _) = mine.min_by_key(|(_, it)| it.key.day)?;
        self.nth(at)
    }

    /// Whether it says the same of the same obligations, apart from its numbers.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let said = |it: &Decision| (it.key, std::mem::discriminant(&it.what));
        self.decisions
            .iter()
            .map(said)
            .eq(other.decisions.iter().map(said))
    }

    fn nth(&self, at: usize) -> Option<Entry<'_>> {
        let owed = self.world.owed.get(at)?;
        let (position, decision) = self
            .decisions
            .iter()
            .enumerate()
            .find(|(_, it)| it.key == owed.key)?;
        Some(Entry {
            owed,
            purpose: *self.purposes.get(at)?,
            decision,
            // Those in line stand first.
            turn: decision.what.is_in_line().then_some(position + 1),
        })
    }

    /// How many start now or only wait for room.
    #[must_use]
    pub fn in_line(&self) -> usize {
        let others = self.decisions.iter().position(|it| !it.what.is_in_line());
        others.unwrap_or(self.decisions.len())
    }
}

/// One obligation in a plan.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    pub owed: &'a Owed,
    pub purpose: Purpose,
    pub decision: &'a Decision,
    /// Where it starts now or only waits for room: its turn, counted from 1. `None` where something else keeps it.
    pub turn: Option<usize>,
}
