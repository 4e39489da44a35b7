//! Obligations of the seed's replicas.

use super::{Checked, Seed, Store, rows};
use crate::records::Replica;
use crate::traits::{EventStore, Scope};
use chrono::{DateTime, TimeDelta, Utc};
use domain::attribution::{Attribution, Share};
use domain::calendar::{DayWindow, SlaDay, Zone};
use domain::code::Code;
use domain::ids::PointId;
use domain::obligation::{Change, Correction, Obligation, ObligationKey, Outcome, Owner};
use domain::policy::Terms;
use serde_json::Value;
use uuid::Uuid;

pub(super) type Odd = Box<dyn std::error::Error + Send + Sync>;

impl Seed {
    /// The day that the seed's instant is in, and so many later.
    pub fn day(&self, more: i64) -> SlaDay {
        SlaDay((self.at + TimeDelta::days(more)).date_naive())
    }

    /// What a replica owes for a day: from the seed's hour, due twelve hours later.
    ///
    /// # Errors
    /// Never: the names in it are good.
    pub fn owed(&self, replica: &Replica, more: i64) -> Result<Obligation, Odd> {
        let open = self.at + TimeDelta::days(more);
        Ok(Obligation {
            key: ObligationKey {
                replica: replica.id,
                day: self.day(more),
            },
            tenant: replica.tenant.clone(),
            zone: "Europe/Berlin".parse::<Zone>()?,
            policy: "standard".parse()?,
            policy_version: 1,
            terms: Terms::standard(),
            window: DayWindow {
                open,
                due: open + TimeDelta::hours(12),
                next_open: open + TimeDelta::days(1),
            },
            opened_at: open,
            excluded: None,
        })
    }

    /// Opens it.
    ///
    /// # Errors
    /// The store's.
    pub(super) async fn open(
        &self,
        store: &impl Store,
        replica: &Replica,
        more: i64,
    ) -> Result<ObligationKey, Odd> {
        let owed = self.owed(replica, more)?;
        store.obligations_open(std::slice::from_ref(&owed)).await?;
        Ok(owed.key)
    }

    /// Met by a point taken an hour after the seed.
    pub fn met(&self) -> Outcome {
        let taken = self.at + TimeDelta::hours(1);
        Outcome::Met {
            point: PointId(Uuid::from_u128(0xB)),
            taken,
            sealed: taken + TimeDelta::minutes(5),
        }
    }

    /// Met a day late, and whose that was.
    pub fn late(&self, owner: Owner) -> Outcome {
        let taken = self.at + TimeDelta::hours(13);
        Outcome::MetLate {
            point: PointId(Uuid::from_u128(0xB)),
            taken,
            sealed: taken + TimeDelta::minutes(5),
            attribution: attribution(owner),
        }
    }

    /// A correction of a day.
    pub fn correction(&self, key: ObligationKey, seq: u32, change: Change) -> Correction {
        Correction {
            key,
            seq,
            at: self.at + TimeDelta::days(40) + TimeDelta::seconds(seq.into()),
            author: "ada".to_owned(),
            reason: format!("reason {seq}"),
            change,
        }
    }

    pub(super) fn hour(&self, hours: i64) -> DateTime<Utc> {
        self.at + TimeDelta::hours(hours)
    }
}

pub fn missed(owner: Owner) -> Outcome {
    Outcome::Missed {
        attribution: attribution(owner),
    }
}

fn attribution(owner: Owner) -> Attribution {
    Attribution {
        owner,
        cause: Some(Code::B5),
        shares: vec![Share {
            code: Code::B5,
            owner,
            secs: 40_000,
        }],
        window_secs: 43_200,
        gap_secs: 100,
        usable_secs: 600,
    }
}

/// What was told after `seq`, to whom.
pub(super) async fn told(
    store: &impl EventStore,
    scope: &Scope,
    seq: i64,
) -> Result<Vec<(String, String, Value)>, Odd> {
    let events = store.events_after(scope, seq, 100).await?;
    Ok(events
        .into_iter()
        .map(|event| (event.kind, event.subject, event.payload))
        .collect())
}

/// Two more replicas beside the seed's, one of each tenant.
pub(super) async fn more(store: &impl Store, seed: &Seed) -> Result<(Replica, Replica), Odd> {
    let ours = rows::replica(3, "contoso", seed.at)?;
    let theirs = rows::replica(4, "fabrikam", seed.at)?;
    let write = crate::traits::PollWrite {
        replicas: vec![ours.clone(), theirs.clone()],
        ..Default::default()
    };
    let written: Checked = rows::polled(store, write).await;
    written?;
    Ok((ours, theirs))
}
