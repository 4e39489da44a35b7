//! What becomes of an attempt that is started at an instant, and which instants would have been good.

use super::{Applies, Obligation, Owner, Replica, World};
use crate::draw::Topic;
use crate::{Ms, Span, ending_after, joined};
use std::ops::ControlFlow;

/// How long a refusal keeps a slot.
pub const REFUSAL: Ms = 5_000;
/// Share of accepted attempts that fail for no reason of ours.
const FAULTS: f64 = 0.01;

/// How an attempt ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The host said no, at once or before the checkpoint stood.
    Refused,
    /// A spell or an outage of the host began before the end of the export, or a fault: the data was discarded.
    Failed,
    /// The backup product went down. Told when it is back.
    Killed,
    /// A restore point.
    Sealed,
}

/// An attempt's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fate {
    pub ending: Ending,
    /// When the slot is free again.
    pub at: Ms,
    /// When the policy hears of it.
    pub told: Ms,
}

impl Fate {
    fn new(ending: Ending, at: Ms) -> Self {
        Self { ending, at, told: at }
    }
}

impl World {
    /// What becomes of an attempt at `start`; `accepted` is how many attempts for the obligation the host had accepted before.
    /// The product must be up at `start`.
    pub fn fate(&self, applies: &mut Applies<'_>, obligation: usize, start: Ms, accepted: u32) -> Fate {
        let index = self.obligation(obligation).replica;
        let r = &self.replicas[index];
        let shut = ending_after(&r.shut, start);
        let down = ending_after(&self.service_outages, start);
        let fate = if shut.is_some_and(|span| span.from <= start) {
            Fate::new(Ending::Refused, start + REFUSAL)
        } else if let Some(apply) = applies
            .ending_after(index, start)
            .filter(|apply| apply.from < start + r.checkpoint)
        {
            Fate::new(Ending::Refused, apply.from.max(start) + REFUSAL)
        } else if let Some(span) = shut.filter(|span| span.from < start + r.exposed()) {
            Fate::new(Ending::Failed, span.from)
        } else if self
            .draw
            .unit(Topic::Fault, obligation as u64, u64::from(accepted))
            < FAULTS
        {
            Fate::new(Ending::Failed, start + r.length() / 2)
        } else {
            Fate::new(Ending::Sealed, start + r.length())
        };
        match down {
            Some(span) if span.from < fate.at => Fate {
                ending: Ending::Killed,
                at: span.from,
                told: span.to,
            },
            _ => fate,
        }
    }

    /// The stretches, both ends included, in which a start would be sealed by the due time, faults apart. In order, until `take` breaks.
    pub fn usable_starts(
        &self,
        applies: &mut Applies<'_>,
        obligation: Obligation,
        mut take: impl FnMut(Span) -> ControlFlow<()>,
    ) {
        let r = &self.replicas[obligation.replica];
        self.walk(applies, obligation, &r.shut, &mut take);
    }

    /// Whether any start would have done, limits and faults apart.
    pub fn is_possible(&self, applies: &mut Applies<'_>, obligation: Obligation) -> bool {
        let mut found = false;
        self.usable_starts(applies, obligation, |_| {
            found = true;
            ControlFlow::Break(())
        });
        found
    }

    /// Whether it was the tenant's: no usable start, and one without the tenant's own spells.
    pub fn is_excused(&self, applies: &mut Applies<'_>, obligation: Obligation) -> bool {
        let r = &self.replicas[obligation.replica];
        if !r.spells.iter().any(|s| s.owner == Owner::Tenant) || self.is_possible(applies, obligation) {
            return false;
        }
        let ours = r
            .spells
            .iter()
            .filter(|s| s.owner == Owner::Provider)
            .map(|s| s.span);
        let shut = joined(ours.chain(self.hosts[r.host].outages.iter().copied()).collect());
        let mut found = false;
        self.walk(applies, obligation, &shut, &mut |_| {
            found = true;
            ControlFlow::Break(())
        });
        found
    }

    fn walk(
        &self,
        applies: &mut Applies<'_>,
        obligation: Obligation,
        shut: &[Span],
        take: &mut impl FnMut(Span) -> ControlFlow<()>,
    ) {
        let r = &self.replicas[obligation.replica];
        let window = Span {
            from: obligation.open,
            to: obligation.due,
        };
        let barred = self.barred(r, shut, window);
        let last = obligation.due - r.length();
        let mut at = obligation.open;
        while at <= last {
            let bar = ending_after(&barred, at);
            if let Some(bar) = bar.filter(|bar| bar.from <= at) {
                at = bar.to;
                continue;
            }
            let apply = applies.ending_after(obligation.replica, at);
            if let Some(apply) = apply.filter(|apply| apply.from < at + r.checkpoint) {
                at = apply.to;
                continue;
            }
            let until = bar
                .map_or(last, |bar| bar.from - 1)
                .min(apply.map_or(last, |apply| apply.from - r.checkpoint))
                .min(last);
            if take(Span { from: at, to: until }).is_break() {
                return;
            }
            at = until + 1;
        }
    }

    /// Starts that a spell, an outage of the host or one of the product makes useless.
    fn barred(&self, r: &Replica, shut: &[Span], window: Span) -> Vec<Span> {
        let lead = |spans: &[Span], reach: Ms| {
            spans
                .iter()
                .map(|span| Span {
                    from: span.from - reach + 1,
                    to: span.to,
                })
                .filter(|span| span.overlaps(window))
                .collect::<Vec<_>>()
        };
        let mut barred = lead(shut, r.exposed());
        barred.extend(lead(&self.service_outages, r.length()));
        joined(barred)
    }
}
