//! Whether a primary may be paused.

use super::TenantPrimary;
use crate::shared::Shared;
use chrono::{DateTime, Utc};
use domain::ids::TenantId;
use domain::policy::{PauseTerms, Terms};
use std::collections::BTreeMap;
use store::records::Replica;
use store::traits::StoreError;

/// Why a primary is not paused; for operators.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Denied {
    #[error("the policy does not allow to pause the primary")]
    NotAllowed,
    #[error("no host of this tenant is configured as `{}`; add it as [[primary]] with an account that may pause", primary.as_deref().unwrap_or("(no name told)"))]
    NoPrimary { primary: Option<String> },
    #[error("{spent} of {per_night_max} pauses of this tenant's night are used up")]
    Spent { spent: u32, per_night_max: u32 },
    #[error("the primary cannot be looked at: {text}")]
    Unseen { text: String },
    #[error("the primary is in replication state {state}; only one that replicates plainly is paused")]
    NotReplicating { state: u16 },
    #[error("another pause of this replica has not been seen to end")]
    Standing,
    #[error("the primary refused with return value {return_value}")]
    Refused { return_value: u32 },
    #[error("whether the primary was paused is not known: {text}")]
    Unsure { text: String },
    #[error("the primary was not seen paused within {secs} s")]
    NotSeenPaused { secs: u32 },
    #[error("the replica did not come to rest within the {secs} s that a pause may last")]
    NotDrained { secs: u32 },
}

/// What the terms allow: seconds, and pauses per night.
pub(crate) fn allowed(terms: &Terms) -> Option<(u32, u32)> {
    match terms.pause {
        PauseTerms::Allowed {
            secs_max,
            per_night_max,
        } => Some((secs_max, per_night_max)),
        PauseTerms::Never => None,
    }
}

/// The host to ask and the terms, before anything is counted or asked.
pub(crate) fn may<'a>(
    shared: &'a Shared,
    replica: &Replica,
    terms: &Terms,
) -> Result<(&'a TenantPrimary, u32, u32), Denied> {
    let (secs_max, per_night_max) = allowed(terms).ok_or(Denied::NotAllowed)?;
    let primary = shared.pausing.of(replica).ok_or_else(|| Denied::NoPrimary {
        primary: replica.primary_host.clone(),
    })?;
    Ok((primary, secs_max, per_night_max))
}

/// What the tenants have spent of their nights, each counted once per round of the plan.
#[derive(Default)]
pub(crate) struct Spent(BTreeMap<(TenantId, DateTime<Utc>), u32>);

impl Spent {
    /// Whether the planner may ask for a pause of this replica's primary, in the night that opened at `open`.
    ///
    /// # Errors
    /// The store failed.
    pub async fn can_pause(
        &mut self,
        shared: &Shared,
        replica: &Replica,
        terms: &Terms,
        open: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let Ok((_, _, per_night_max)) = may(shared, replica, terms) else {
            return Ok(false);
        };
        if shared.pausing.is_shy(replica.id, shared.now()) {
            return Ok(false);
        }
        let night = (replica.tenant.clone(), open);
        let spent = match self.0.get(&night) {
            Some(spent) => *spent,
            None => {
                let spent = shared.ports.store.pauses_since(&replica.tenant, open).await?;
                *self.0.entry(night).or_insert(spent)
            }
        };
        Ok(spent < per_night_max)
    }
}
