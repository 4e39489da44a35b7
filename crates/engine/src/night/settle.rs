//! Notes how attempts ended with the obligations they were made for; the same after a kill as on a quiet night.

use super::Ledger;
use crate::shared::{SITE, Shared};
use domain::attempt::{AttemptState, Deferral, Failure};
use domain::code::Code;
use domain::verdict::Verdict;
use store::obligations::AttemptEnd;
use store::traits::StoreError;

/// Notes every end that is not noted yet; whether there was one.
pub(super) async fn settle(shared: &Shared, ledger: &mut Ledger) -> Result<bool, StoreError> {
    let store = &shared.ports.store;
    let mut any = false;
    for (key, id) in store.attempts_unended().await? {
        let attempt = store.attempt(&SITE, id).await?;
        if let Some(end) = end_of(&attempt.state) {
            store.attempt_ended(key, id, end).await?;
            any = true;
        }
        ledger.newest_set(attempt);
    }
    Ok(any)
}

/// What an end costs its obligation; `None` while it runs.
fn end_of(state: &AttemptState) -> Option<AttemptEnd> {
    Some(match state {
        AttemptState::Running { .. } => return None,
        AttemptState::Deferred { reason, .. } => AttemptEnd::Deferred {
            code: code_of(reason),
        },
        AttemptState::Failed { failure, .. } => AttemptEnd::Failed {
            counts: !is_free(failure),
        },
        AttemptState::Sealed { .. } => AttemptEnd::Sealed,
    })
}

/// The code that a deferral goes by; `UN` where the host refused and nothing was seen.
pub(super) fn code_of(reason: &Deferral) -> Code {
    let code = match reason {
        Deferral::Blocked { blocker } => Some(blocker.code()),
        Deferral::Refused { blocker, .. } => blocker.as_ref().map(domain::blocker::Blocker::code),
        Deferral::Unknown { .. } => None,
    };
    code.and_then(|code| code.parse().ok()).unwrap_or(Code::UN)
}

/// Nobody's fault: the replica and its host had no part in it.
pub(super) fn is_free(failure: &Failure) -> bool {
    matches!(
        failure,
        Failure::Killed { .. } | Failure::LeaseLost | Failure::Cancelled | Failure::CancelledByPerson { .. }
    )
}

/// The code of a verdict; `None` when clear.
pub(crate) fn code_now(verdict: &Verdict) -> Option<Code> {
    verdict.code().map(|code| code.parse().unwrap_or(Code::UN))
}
