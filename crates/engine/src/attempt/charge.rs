//! What an attempt is made for.

use crate::shared::{SITE, Shared};
use chrono::{DateTime, TimeDelta, Utc};
use domain::attempt::AttemptState;
use domain::obligation::ObligationKey;
use domain::policy::Terms;
use std::sync::Arc;
use store::records::Replica;
use store::traits::StoreError;

/// What an attempt is made for, and by what terms.
#[derive(Debug, Clone)]
pub(crate) struct Charge {
    pub obligation: Option<ObligationKey>,
    pub terms: Arc<Terms>,
    /// Whether the primary is to be paused for it.
    pub pause: bool,
}

impl Charge {
    /// Since when pauses are counted against the tenant's budget: the night of the obligation; without one, a day back.
    ///
    /// # Errors
    /// The store failed.
    pub async fn night_open(&self, shared: &Shared) -> Result<DateTime<Utc>, StoreError> {
        let live = shared.ports.store.obligations_live().await?;
        let ours = live
            .into_iter()
            .find(|it| Some(it.obligation.key) == self.obligation);
        Ok(ours.map_or_else(
            || shared.now() - TimeDelta::days(1),
            |it| it.obligation.window.open,
        ))
    }

    /// For a person who asks for a backup, or for a doctor's canary: the replica's open day, if it has one and nothing was sealed for it
    /// yet, and the terms that it has.
    ///
    /// # Errors
    /// The store failed.
    pub async fn now(shared: &Shared, replica: &Replica) -> Result<Self, StoreError> {
        let live = shared.ports.store.obligations_live().await?;
        let mine = live
            .into_iter()
            .map(|it| it.obligation)
            .filter(|it| it.key.replica == replica.id);
        let open = mine
            .filter(|it| it.excluded.is_none() && it.window.open <= shared.now())
            .min_by_key(|it| it.key.day);
        if let Some(day) = open
            && !is_met(shared, day.key).await?
        {
            return Ok(Self {
                obligation: Some(day.key),
                terms: Arc::new(day.terms),
                pause: false,
            });
        }
        let catalogue = crate::night::catalogue(shared).await?;
        let policy = catalogue.of(&replica.tenant, replica.id);
        Ok(Self {
            obligation: None,
            terms: Arc::new(policy.map_or_else(Terms::standard, |(policy, _)| policy.terms.clone())),
            pause: false,
        })
    }
}

/// Whether an attempt has sealed for it: then it is only not closed yet, and no other attempt seals for it.
async fn is_met(shared: &Shared, key: ObligationKey) -> Result<bool, StoreError> {
    let store = &shared.ports.store;
    for tried in store.attempts_of(&SITE, key).await? {
        let attempt = store.attempt(&SITE, tried.attempt).await?;
        if matches!(attempt.state, AttemptState::Sealed { .. }) {
            return Ok(true);
        }
    }
    Ok(false)
}
