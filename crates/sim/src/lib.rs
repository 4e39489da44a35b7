//! Modelled replica sites and the retry habits of other products, on a virtual clock.
//!
//! **Invariant:** everything is a function of [`WorldSpec`]: no clock, no I/O, no shared randomness. Whatever happens to a
//! replica (its applies, its blockers, which accepted attempt fails) is drawn by hashing and is the same for every policy.
//!
//! # What is modelled
//!
//! * Applies: every 30, 300 or 900 s (a little more, as real cycles drift), lengths log-logistic (a heavy tail), the busy share
//!   different for each replica and swinging over hours; a long apply delays the ones behind it. They are computed on demand
//!   in blocks of [`world::BLOCK_CYCLES`] cycles; at the end of a block the replica has caught up.
//! * B2 to B8 as spells per replica, B5 also as storms that take all replicas of a tenant, host outages (followed by B2), and
//!   outages of the backup product itself, during which nobody starts anything and what runs is lost.
//! * An attempt: the host refuses it when a blocker or an apply is on, or when an apply begins before the checkpoint stands
//!   (3 to 8 s). From the checkpoint to the end of the export applies are held back; a spell or an outage in that time destroys
//!   the attempt. Ingest follows. Every policy pays the same: a refusal holds a slot for 5 s, one accepted attempt in a
//!   hundred fails for no reason of ours.
//! * Windows of 4 to 8 h per tenant, tenants from a handful of replicas to a quarter of the site, two slots per host and a
//!   limit in total; the busiest stretch of the night asks for 70 to 90 % of a host's slots and about 85 % of the total, counted with one
//!   good attempt per replica. Sizes are heavy-tailed.
//!
//! # What is not
//!
//! No recorded traces: shares and rates are assumptions. An apply held back by an attempt does not lengthen the next one. No
//! network or disk contention beyond slots: two exports on a host are as fast as one. No change of the clock (the calendar's own
//! tests do that), no new replicas in mid-run, no pause of the primary, no limit on a hold. Stillpoint is its planner, not the engine and the
//! store: what its observers would see, and when, is modelled in `policy::stillpoint`, and it knows how long an attempt takes. It sees
//! every second which logs a host applies while that host has a free slot. The clairvoyant is earliest-due-first with all future gaps known,
//! not the best schedule there is: Stillpoint keeps slots for rare gaps and may meet more. The rivals' retries are per VM, 10 minutes after its
//! refusal; a product that retries when the whole job has ended would wait longer.

pub mod drive;
pub mod figures;
pub mod ledger;
pub mod play;
pub mod policy;
pub mod spec;
pub mod world;

mod draw;

pub use figures::{Figures, Report, SimError, WorldFigures, report, report_telling};
pub use policy::{PolicyName, UnknownPolicy};
pub use spec::{InvalidSpec, WorldSpec};
pub use world::World;

/// An instant or a length on the virtual clock, in milliseconds; instants count from the midnight (UTC) on which day 0 begins.
pub type Ms = i64;

/// One minute.
pub const MINUTE: Ms = 60_000;
/// One hour.
pub const HOUR: Ms = 60 * MINUTE;
/// One day.
pub const DAY: Ms = 24 * HOUR;

/// A half-open stretch of virtual time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// First instant inside.
    pub from: Ms,
    /// First instant after.
    pub to: Ms,
}

impl Span {
    /// Whether the instant lies inside.
    #[must_use]
    pub fn contains(self, at: Ms) -> bool {
        self.from <= at && at < self.to
    }

    /// Whether both share an instant.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        self.from < other.to && other.from < self.to
    }
}

/// Sorts stretches and joins those that touch.
#[must_use]
pub fn joined(mut spans: Vec<Span>) -> Vec<Span> {
    spans.retain(|span| span.from < span.to);
    spans.sort_unstable();
    let mut joined: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match joined.last_mut() {
            Some(last) if span.from <= last.to => last.to = last.to.max(span.to),
            _ => joined.push(span),
        }
    }
    joined
}

/// The first of the sorted, disjoint stretches that ends after `at`.
#[must_use]
pub fn ending_after(spans: &[Span], at: Ms) -> Option<Span> {
    spans.get(spans.partition_point(|span| span.to <= at)).copied()
}
