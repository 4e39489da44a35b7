//! What days come to, in the screens' words and marks.

use ::console::Mark;
use domain::obligation::{OutcomeKind, Owner};

pub(super) fn mark(kind: OutcomeKind) -> Mark {
    match kind {
        OutcomeKind::Open => Mark::Open,
        OutcomeKind::Met => Mark::Met,
        OutcomeKind::MetLate => Mark::Late,
        OutcomeKind::Missed => Mark::Missed,
        OutcomeKind::Excused | OutcomeKind::Excluded => Mark::Excused,
    }
}

pub(super) fn word(kind: OutcomeKind) -> &'static str {
    match kind {
        OutcomeKind::Open => "Open",
        OutcomeKind::Met => "Met",
        OutcomeKind::MetLate => "Met late",
        OutcomeKind::Missed => "Missed",
        OutcomeKind::Excused => "Excused",
        OutcomeKind::Excluded => "Not counted",
    }
}

pub(super) fn owner(owner: Owner) -> &'static str {
    match owner {
        Owner::Provider => "provider",
        Owner::Tenant => "tenant",
        Owner::External => "neither",
    }
}
