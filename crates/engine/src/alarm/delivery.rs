//! From the outbox to the messenger, with waits that grow.

use crate::ports::Messenger;
use crate::shared::Shared;
use chrono::TimeDelta;
use std::time::Duration;
use store::traits::StoreError;

/// Between two looks into the outbox.
const ROUND: Duration = Duration::from_secs(5);
const ROUND_REAL_MIN: Duration = Duration::from_millis(250);
/// After the first failure; twice as long after each further one.
const WAIT_SECS: i64 = 30;
const WAIT_SECS_MAX: i64 = 3_600;
/// After so many tries, two days and more, a notice is given up.
pub(crate) const TRIES_MAX: u32 = 60;
/// Read at once.
const BATCH: u32 = 50;

/// What a notice says that was made while nobody outside was to be told. One that was not sent when it was news is not sent later.
pub(crate) const NOBODY: &str = "no webhook is configured";

pub(super) async fn run(shared: &Shared) {
    loop {
        tokio::select! {
            () = shared.soft.cancelled() => return,
            () = shared.ports.world.sleep(ROUND, ROUND_REAL_MIN) => {}
        }
        tokio::select! {
            // A receiver that hangs keeps nobody from stopping; the notice is still in the outbox.
            () = shared.soft.cancelled() => return,
            done = deliver(shared) => if let Err(error) = done {
                tracing::warn!(error = %crate::ports::chain(&error), "the outbox could not be read or written");
            }
        }
    }
}

/// Delivers what is due, oldest first, until one does not arrive: the others would not either. That one waits, so the next round begins
/// with another. Without a messenger they stay for the screens and are never sent.
pub(crate) async fn deliver(shared: &Shared) -> Result<(), StoreError> {
    match &shared.ports.messenger {
        Some(messenger) => deliver_by(shared, messenger.as_ref()).await,
        None => shelve(shared).await,
    }
}

async fn shelve(shared: &Shared) -> Result<(), StoreError> {
    let store = &shared.ports.store;
    for notice in store.notices_due(shared.now(), BATCH).await? {
        store.notice_failed(notice.id, NOBODY, None).await?;
    }
    Ok(())
}

async fn deliver_by(shared: &Shared, messenger: &dyn Messenger) -> Result<(), StoreError> {
    let store = &shared.ports.store;
    for notice in store.notices_due(shared.now(), BATCH).await? {
        match messenger.tell(&notice.body).await {
            Ok(()) => store.notice_delivered(notice.id, shared.now()).await?,
            Err(why) => {
                let tries = notice.tries + 1;
                let next = (tries < TRIES_MAX).then(|| shared.now() + wait(tries));
                tracing::warn!(key = notice.key, tries, why = %why, "a notice could not be delivered");
                store.notice_failed(notice.id, &why.to_string(), next).await?;
                return Ok(());
            }
        }
    }
    Ok(())
}

fn wait(tries: u32) -> TimeDelta {
    let doubled = WAIT_SECS << tries.saturating_sub(1).min(16);
    TimeDelta::seconds(doubled.min(WAIT_SECS_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_an_hour_and_go_on_for_two_days() {
        let secs: Vec<i64> = (1..=9).map(|tries| wait(tries).num_seconds()).collect();
        assert_eq!(secs, [30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600]);
        let all: i64 = (1..TRIES_MAX).map(|tries| wait(tries).num_seconds()).sum();
        assert!((2 * 86_400..3 * 86_400).contains(&all), "{all}");
    }
}
