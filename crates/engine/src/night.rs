//! The night: what is owed. Opens SLA days, notes what was tried for them, and closes them.
//!
//! Each part is a reconciler: it compares what the store says with what should be there, so it does the same after a crash, after a
//! downtime of days and on a quiet evening.

mod close;
mod gone;
mod ledger;
mod open;
mod past;
mod settle;

pub(crate) use ledger::{Ledger, catalogue};

use crate::shared::Shared;
use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::ReplicaId;
use std::collections::BTreeSet;
use std::sync::Arc;
use store::traits::StoreError;

/// Between two readings of the whole store, when nothing happens here.
const READ: TimeDelta = TimeDelta::seconds(5);
/// Between two rounds of the opener, when nothing changes.
const OPEN: TimeDelta = TimeDelta::seconds(30);

pub(crate) struct Night {
    shared: Arc<Shared>,
    pub ledger: Ledger,
    absences: gone::Absences,
    /// When everything was brought up to date last.
    read: Option<DateTime<Utc>>,
    /// Replicas that attempts ended on since then.
    touched: BTreeSet<ReplicaId>,
    opened: Option<DateTime<Utc>>,
    /// How many replicas there were at the last opening, and the policies then.
    opened_for: (usize, Option<store::policies::Catalogue>),
}

impl Night {
    /// Takes up who is gone before anybody looks again.
    pub async fn recall(shared: Arc<Shared>) -> Result<Self, StoreError> {
        let ledger = Ledger::read(&shared).await?;
        let mut absences = gone::Absences::default();
        absences.note(&ledger, &shared);
        Ok(Self {
            shared,
            ledger,
            absences,
            read: None,
            touched: BTreeSet::new(),
            opened: None,
            opened_for: (0, None),
        })
    }

    /// Reads what changed, opens days, notes ends of attempts and closes days.
    pub async fn activate(&mut self) -> Result<(), StoreError> {
        let now = self.shared.now();
        self.touched.extend(self.shared.touched_take());
        let stale = self.read.is_none_or(|read| now - read >= READ || now < read);
        if self.touched.is_empty() && !stale {
            return Ok(());
        }
        // Not before all of it is done: whoever plans by a half of it starts what is met and not closed yet.
        self.read = None;
        self.ledger.refresh(&self.shared, &self.touched, now).await?;
        self.shared.terms_set(self.ledger.terms());
        self.absences.note(&self.ledger, &self.shared);
        let settled = settle::settle(&self.shared, &mut self.ledger).await?;
        if self.open(now).await? || settled {
            self.ledger.live_again(&self.shared).await?;
        }
        if close::close(&self.shared, &self.ledger, now).await? {
            self.ledger.live_again(&self.shared).await?;
        }
        self.touched.clear();
        self.read = Some(now);
        Ok(())
    }

    async fn open(&mut self, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let standing = (self.ledger.rows.len(), Some(self.ledger.catalogue.clone()));
        let due = self
            .opened
            .is_none_or(|opened| now - opened >= OPEN || now < opened);
        if !due && standing == self.opened_for {
            return Ok(false);
        }
        let opened = open::open(&self.shared, &mut self.ledger, &self.absences, now).await?;
        self.opened = Some(now);
        self.opened_for = standing;
        Ok(opened)
    }
}
