//! Correct a closed day: excuse it, attribute it to somebody else, or take that back. The original stays.

use super::{DeedError, Deeds, SITE, written};
use domain::calendar::SlaDay;
use domain::ids::ReplicaId;
use domain::obligation::{Change, Correction, InvalidCorrection, ObligationKey, Owner, check_correction};
use store::obligations::ObligationRow;
use store::traits::StoreError;

/// What is to be appended.
#[derive(Debug, Clone)]
pub struct NewCorrection {
    pub replica: ReplicaId,
    pub day: SlaDay,
    pub change: Change,
    pub reason: String,
}

impl Deeds {
    /// Appends a correction and returns the day as it counts now.
    ///
    /// # Errors
    /// The field that is not right, a day that is not there, is open or has nothing to correct, or a correction made meanwhile.
    pub async fn correct(&self, new: NewCorrection) -> Result<ObligationRow, DeedError> {
        self.object.deed("day.correct");
        self.say_replica(&format!("day {} of ", new.day), new.replica)
            .await;
        let reason = written::reason("reason", &new.reason)?;
        self.object.detail("reason", &reason);
        let (change, owner) = match &new.change {
            Change::Excuse { owner } => ("excuse", Some(owner)),
            Change::Attribute { owner } => ("attribute", Some(owner)),
            Change::Restore => ("restore", None),
        };
        self.object.detail("change", change);
        if let Some(owner) = owner {
            let owner = match owner {
                Owner::Provider => "provider",
                Owner::Tenant => "tenant",
                Owner::External => "external",
            };
            self.object.detail("owner", owner);
        }
        let key = ObligationKey {
            replica: new.replica,
            day: new.day,
        };
        let row = self
            .store
            .obligation(&SITE, key)
            .await
            .map_err(|error| match error {
                StoreError::NotFound { .. } => DeedError::missing("obligation", key),
                other => other.into(),
            })?;
        let newest = row.corrections.last();
        let correction = Correction {
            key,
            seq: newest.map_or(1, |newest| newest.seq + 1),
            at: self.now,
            author: self.author.clone(),
            reason,
            change: new.change,
        };
        check_correction(&row.obligation, &row.outcome, &correction).map_err(|error| match error {
            InvalidCorrection::OwnExcuse => DeedError::field("owner", error),
            other => DeedError::Conflict(other.to_string()),
        })?;
        let stands = |newest: &Correction| !matches!(newest.change, Change::Restore);
        if matches!(correction.change, Change::Restore) && !newest.is_some_and(stands) {
            return Err(DeedError::Conflict(format!(
                "obligation {key} has no correction to take back"
            )));
        }
        self.store
            .correction_append(&correction)
            .await
            .map_err(|error| match error {
                StoreError::Conflict { .. } => DeedError::Conflict(format!(
                    "somebody corrected {key} meanwhile: look at it again before you correct it"
                )),
                other => other.into(),
            })?;
        Ok(self.store.obligation(&SITE, key).await?)
    }
}
