//! Letting a pause go: asked for until the primary is seen to replicate.

use super::TenantPrimary;
use crate::attempt::wait::REAL_MIN;
use crate::failpoint::FailAction;
use crate::ports::chain;
use crate::shared::Shared;
use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::AttemptId;
use hyperv::host::{HostError, Started};
use hyperv::primary::{PrimaryError, PrimaryLook};
use std::time::Duration;
use store::pauses::{Pause, PauseState};
use store::traits::StoreError;

/// How long one try waits for the primary to be seen replicating, world time. The watchdog makes the next.
const WAIT: TimeDelta = TimeDelta::seconds(30);
const LOOK: Duration = Duration::from_secs(1);
/// A request to pause whose answer nobody heard may still arrive for so long, world time.
const LATE: TimeDelta = TimeDelta::seconds(60);

/// What one try came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Released {
    /// Seen to replicate, and written down.
    Resumed,
    /// Not seen yet, for people.
    NotYet { why: String },
}

/// Why the primary is not known to replicate.
enum NotSeen {
    /// Nothing is wrong: what was asked for may still arrive.
    TooEarly,
    Trouble(String),
    /// Stopped as a kill would.
    Killed(String),
}

/// Resumes what an attempt paused, whoever calls. Running it twice changes nothing.
///
/// # Errors
/// The store failed.
pub(crate) async fn release(shared: &Shared, attempt: AttemptId) -> Result<Released, StoreError> {
    let not_yet = |why: &str| Released::NotYet { why: why.to_owned() };
    let Some(_taken) = shared.pausing.take(attempt) else {
        return Ok(not_yet("it is being resumed already"));
    };
    let store = &shared.ports.store;
    let unresumed = store.pauses_unresumed().await?;
    let Some(pause) = unresumed.into_iter().find(|pause| pause.attempt == attempt) else {
        return Ok(Released::Resumed);
    };
    if pause.state < PauseState::Resuming {
        let now = shared.now();
        store.pause_step(attempt, PauseState::Resuming, now, None).await?;
    }
    if let Err(NotSeen::Killed(why)) = failpoint(shared, "resume.intended") {
        return Ok(Released::NotYet { why });
    }
    let now_seen = seen_resumed(shared, &pause).await;
    let now = shared.now();
    match now_seen {
        Ok(()) => {
            store.pause_step(attempt, PauseState::Resumed, now, None).await?;
            tracing::info!(attempt.id = %attempt, primary.id = pause.primary, "the primary was seen to replicate again");
            Ok(Released::Resumed)
        }
        Err(NotSeen::TooEarly) => Ok(not_yet("what was asked of the primary may still arrive")),
        Err(NotSeen::Killed(why)) => Ok(Released::NotYet { why }),
        Err(NotSeen::Trouble(why)) => {
            tracing::warn!(attempt.id = %attempt, primary.id = pause.primary, why, "the primary is not known to replicate again");
            let state = PauseState::Resuming;
            store.pause_step(attempt, state, now, Some(&why)).await?;
            Ok(Released::NotYet { why })
        }
    }
}

fn failpoint(shared: &Shared, name: &str) -> Result<(), NotSeen> {
    match shared.ports.failpoints.at(name) {
        FailAction::Abort => Err(NotSeen::Killed(format!("failpoint {name}"))),
        FailAction::Go | FailAction::Twice => Ok(()),
    }
}

async fn seen_resumed(shared: &Shared, pause: &Pause) -> Result<(), NotSeen> {
    let until = shared.now() + WAIT;
    // Once it was seen paused, the request has arrived: no other is on its way.
    let mut arrived = pause.paused.is_some();
    loop {
        let (primary, look) = look(shared, pause).await?;
        if look.is_not_paused() {
            return if arrived || is_late(pause, shared.now()) {
                Ok(())
            } else {
                Err(NotSeen::TooEarly)
            };
        }
        if let Some(resumable) = look.resumable() {
            arrived = true;
            let asked = primary.host.resume(resumable).await;
            failpoint(shared, "resume.asked")?;
            match asked {
                Ok(Started::Done | Started::Job { .. }) => {}
                Ok(Started::Refused { return_value }) => {
                    let code = hyperv::codes::ReturnCode::of_method(return_value);
                    let text =
                        format!("the primary refused to resume with return value {return_value} ({code})");
                    return Err(NotSeen::Trouble(text));
                }
                Err(error) => return Err(NotSeen::Trouble(chain(&error))),
            }
        }
        if shared.now() >= until {
            let text = format!(
                "the primary is in replication state {} and was not seen to replicate within {} s",
                u16::from(look.state()),
                WAIT.num_seconds()
            );
            return Err(NotSeen::Trouble(text));
        }
        shared.ports.world.sleep(LOOK, REAL_MIN).await;
    }
}

fn is_late(pause: &Pause, now: DateTime<Utc>) -> bool {
    now >= pause.intended + LATE
}

/// The VM where it is now: on the host that was paused, or on another one of the tenant's.
async fn look<'a>(shared: &'a Shared, pause: &Pause) -> Result<(&'a TenantPrimary, PrimaryLook), NotSeen> {
    let candidates = shared.pausing.candidates(&pause.tenant, &pause.primary);
    if candidates.is_empty() {
        return Err(NotSeen::Trouble(format!(
            "primary `{}` is not in the configuration any more; add it again, so that it can be resumed",
            pause.primary
        )));
    }
    let mut gone = String::new();
    for primary in candidates {
        match primary.host.look(pause.vm).await {
            Ok(look) => return Ok((primary, look)),
            Err(error @ PrimaryError::Host(HostError::NotFound { .. })) => gone = chain(&error),
            // The VM's own host does not tell: nobody else can.
            Err(error) => return Err(NotSeen::Trouble(chain(&error))),
        }
    }
    Err(NotSeen::Trouble(gone))
}
