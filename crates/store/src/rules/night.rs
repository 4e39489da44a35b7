//! What both databases do alike with policies, obligations, holds and pauses.

use super::{conflict, kept};
use crate::holds::OperatorHold;
use crate::pauses::{Pause, PauseState};
use crate::policies::Assignee;
use crate::traits::Result;
use chrono::{DateTime, Utc};
use domain::calendar::DayWindow;
use domain::code::Code;
use domain::obligation::{Correction, Outcome, OutcomeKind, Owner, effective};

/// The kinds of outcome, as the `kind` columns name them.
pub(crate) const KINDS: [OutcomeKind; 6] = [
    OutcomeKind::Open,
    OutcomeKind::Met,
    OutcomeKind::MetLate,
    OutcomeKind::Missed,
    OutcomeKind::Excused,
    OutcomeKind::Excluded,
];
/// The owners, as `counts_owner` names them.
pub(crate) const OWNERS: [Owner; 3] = [Owner::Provider, Owner::Tenant, Owner::External];

pub(crate) fn owner_name(owner: Owner) -> &'static str {
    match owner {
        Owner::Provider => "provider",
        Owner::Tenant => "tenant",
        Owner::External => "external",
    }
}

/// What a day counts as and whose a miss, lateness or excuse was: the outcome with its corrections, oldest first.
pub(crate) fn counted(closed: &Outcome, corrections: &[Correction]) -> (OutcomeKind, Option<Owner>) {
    let counts = effective(closed, corrections);
    let owner = match &counts {
        Outcome::MetLate { attribution, .. } | Outcome::Missed { attribution } => Some(attribution.owner),
        Outcome::Excused { owner, .. } => Some(*owner),
        Outcome::Open | Outcome::Met { .. } | Outcome::Excluded { .. } => None,
    };
    (counts.kind(), owner)
}

/// When the checkpoint was accepted that met the obligation, in time or late.
pub(crate) fn taken(outcome: &Outcome) -> Option<DateTime<Utc>> {
    match outcome {
        Outcome::Met { taken, .. } | Outcome::MetLate { taken, .. } => Some(kept(*taken)),
        _ => None,
    }
}

/// When the point that met it was taken and sealed, in time or late.
pub(crate) fn point(outcome: &Outcome) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    match outcome {
        Outcome::Met { taken, sealed, .. } | Outcome::MetLate { taken, sealed, .. } => {
            Some((kept(*taken), kept(*sealed)))
        }
        _ => None,
    }
}

/// What took most of the window of a day that was not met in time.
pub(crate) fn cause(outcome: &Outcome) -> Option<Code> {
    match outcome {
        Outcome::MetLate { attribution, .. }
        | Outcome::Missed { attribution }
        | Outcome::Excused { attribution, .. } => attribution.cause,
        Outcome::Open | Outcome::Met { .. } | Outcome::Excluded { .. } => None,
    }
}

pub(crate) fn window_kept(window: DayWindow) -> DayWindow {
    DayWindow {
        open: kept(window.open),
        due: kept(window.due),
        next_open: kept(window.next_open),
    }
}

/// The site's assignment is what everybody falls back to.
pub(crate) fn may_take_away(assignee: &Assignee) -> Result<()> {
    match assignee {
        Assignee::Site => Err(conflict("assignment", "of the site")),
        Assignee::Tenant { .. } | Assignee::Replica { .. } => Ok(()),
    }
}

/// A hold that is lifted at `at`.
pub(crate) fn lifted(hold: OperatorHold, at: DateTime<Utc>, author: &str) -> Result<OperatorHold> {
    let at = kept(at);
    if hold.lifted.is_some() || hold.until <= at {
        return Err(conflict("hold", hold.id));
    }
    Ok(OperatorHold {
        lifted: Some((at, author.to_owned())),
        ..hold
    })
}

/// A pause as its intent is kept.
pub(crate) fn intent(pause: &Pause) -> Result<Pause> {
    if pause.state != PauseState::Intended || pause.paused.is_some() || pause.resumed.is_some() {
        return Err(conflict("pause of attempt", pause.attempt));
    }
    Ok(Pause {
        intended: kept(pause.intended),
        until: kept(pause.until),
        ..pause.clone()
    })
}

/// A pause after a step; `None` when the step says nothing new.
pub(crate) fn stepped(
    pause: &Pause,
    state: PauseState,
    at: DateTime<Utc>,
    trouble: Option<&str>,
) -> Result<Option<Pause>> {
    if state < pause.state {
        return Err(conflict("pause of attempt", pause.attempt));
    }
    if state == pause.state && trouble == pause.trouble.as_deref() {
        return Ok(None);
    }
    let reached = |before: Option<DateTime<Utc>>, this| {
        let now = (state == this && pause.state != this).then(|| kept(at));
        before.or(now)
    };
    Ok(Some(Pause {
        state,
        paused: reached(pause.paused, PauseState::Paused),
        resumed: reached(pause.resumed, PauseState::Resumed),
        trouble: trouble.map(str::to_owned),
        ..pause.clone()
    }))
}
