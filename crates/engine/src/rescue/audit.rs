//! What the store calls a point must be one in the vault: a sealed point whose snapshot file is missing can be restored by nobody.

use super::{RescueError, Rescuer};
use crate::attempt::seal_intent;
use crate::ports::{apart, chain};
use crate::shared::SITE;
use store::records::{Finding, Point};
use store::traits::{PollWrite, StoreError};

/// What an audit found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audited {
    /// Snapshot files written from what their attempts had journaled.
    pub finished: u32,
    /// Points that cannot be finished; each is a finding.
    pub missing: Vec<String>,
}

impl Rescuer {
    /// Looks for the snapshot file of every sealed point. Points whose attempt still has its lease are the rescue's.
    pub async fn audit(&self) -> Result<Audited, StoreError> {
        let mut done = Audited::default();
        let store = &self.shared.ports.store;
        // One replica at a time: all evidence of a large site does not fit into memory.
        let replicas = store.replicas(&SITE).await?;
        for id in replicas.iter().map(|it| it.id) {
            for point in store.points(&SITE, Some(id)).await? {
                let lease = store.lease(point.replica).await?;
                if lease.is_some_and(|lease| lease.attempt == point.evidence.attempt) {
                    continue;
                }
                let key = format!("point-without-snapshot:{}", point.id);
                match self.whole(&point).await {
                    Ok(false) => continue,
                    Ok(true) => {
                        done.finished += 1;
                        match store.finding_resolve(&key, self.shared.now()).await {
                            Ok(()) | Err(StoreError::NotFound { .. }) => {}
                            Err(error) => return Err(error),
                        }
                    }
                    Err(RescueError::Store(error)) => return Err(error),
                    Err(error) => {
                        let why = chain(&error);
                        tracing::error!(point.id = %point.id, why, "a sealed point has no snapshot file");
                        self.point_missing(key, &point, &why).await?;
                        done.missing.push(why);
                    }
                }
            }
        }
        Ok(done)
    }

    /// Whether the snapshot file had to be written; an error when it is not there and cannot be.
    async fn whole(&self, point: &Point) -> Result<bool, RescueError> {
        let vault = &self.shared.ports.vault;
        let (tenant, snapshot) = (point.tenant.clone(), point.snapshot.clone());
        let failed = |text: String| RescueError::Vault { text };
        let there = apart(vault, move |vault| vault.exists(&tenant, &snapshot)).await;
        let there = there.map_err(|e| failed(e.to_string()))?;
        if there.map_err(|e| failed(e.to_string()))? {
            return Ok(false);
        }
        let journal = self.shared.ports.store.journal_of(point.evidence.attempt).await?;
        let intent = seal_intent(&journal).filter(|intent| intent.withheld.snapshot == point.snapshot);
        let intent = intent.ok_or(RescueError::NoIntent)?;
        let tenant = point.tenant.clone();
        let written = apart(vault, move |vault| vault.seal(&tenant, &intent.withheld)).await;
        written
            .map_err(|e| failed(e.to_string()))?
            .map_err(|e| failed(e.to_string()))?;
        Ok(true)
    }

    async fn point_missing(&self, key: String, point: &Point, why: &str) -> Result<(), StoreError> {
        let now = self.shared.now();
        let finding = Finding {
            key,
            kind: "point-without-snapshot".to_owned(),
            host: Some(point.host.clone()),
            replica: Some(point.replica),
            text: format!(
                "Point {} of {} cannot be restored: its snapshot file is not in the vault ({why}). Back the replica up again.",
                point.id, point.name
            ),
            since: now,
            last_seen: now,
        };
        let write = PollWrite {
            findings: vec![finding],
            at: Some(now),
            ..PollWrite::default()
        };
        self.shared.ports.store.poll_write(write).await
    }
}
