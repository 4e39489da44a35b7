//! Reading only what changed.

use super::{Row, SITE, Snapshot, Snapshots};
use ::console::ReplicaId;
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use store::records::{Event, ReplicaStatus};
use store::traits::{Result, StoreError};
use tokio::time::Instant;

/// Everything is read anew so often: what was overlooked.
const WHOLE: Duration = Duration::from_secs(60);
/// Looks that changed no verdict leave no event and still make a replica's observation younger.
const STATUSES: Duration = Duration::from_secs(5);
/// More replicas than this are read faster all at once than one by one.
const ROWS_MAX: usize = 300;
/// Events of one read; the store gives no more.
const BATCH: u32 = 1_000;
/// More than this many batches are caught up with by reading everything.
const BATCHES_MAX: usize = 10;

impl Snapshots {
    /// The copy brought up to date, and kept.
    pub(super) async fn refresh(&self) -> Result<Arc<Snapshot>> {
        let _one = self.reading.lock().await;
        let next = match self.newest() {
            Some(before) if before.whole_at.elapsed() < WHOLE => match self.changed(&before).await? {
                Some(next) => next,
                None => self.whole().await?,
            },
            _ => self.whole().await?,
        };
        let next = Arc::new(next);
        *self
            .kept
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = Some(next.clone());
        Ok(next)
    }

    /// What the events since the copy before name, read again; `None` where everything should be.
    async fn changed(&self, before: &Snapshot) -> Result<Option<Snapshot>> {
        let read_at = (self.now)();
        let mut seq = before.seq;
        let mut names = BTreeSet::new();
        for batch in 0.. {
            let events = self.store.events_after(&SITE, seq, BATCH).await?;
            let Some(last) = events.last() else { break };
            seq = last.seq;
            // Of whom, the event does not say: there may be thousands.
            if events.iter().any(|event| event.kind == "days") {
                return Ok(None);
            }
            names.extend(events.iter().filter_map(concerns));
            if names.len() > ROWS_MAX || batch >= BATCHES_MAX {
                return Ok(None);
            }
        }
        let mut rows = before.rows.clone();
        let places: BTreeMap<ReplicaId, usize> = match names.is_empty() {
            true => BTreeMap::new(),
            false => (0..)
                .zip(&rows)
                .map(|(place, row)| (row.replica.id, place))
                .collect(),
        };
        for id in names {
            // A new one has a place among the others that only the whole list knows.
            let Some(place) = places.get(&id) else {
                return Ok(None);
            };
            match self.row(id, read_at).await {
                Ok(row) if row.replica.name == rows[*place].replica.name => rows[*place] = Arc::new(row),
                Ok(_) | Err(StoreError::NotFound { .. }) => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        let next = Snapshot {
            read_at,
            rows,
            seq,
            hosts: Vec::new(),
            findings: Vec::new(),
            whole_at: before.whole_at,
            statuses_at: before.statuses_at,
        };
        let mut next = self.with_lists(next).await?;
        if next.statuses_at.elapsed() >= STATUSES && surveyed(&next) != surveyed(before) {
            self.statuses(&mut next).await?;
        }
        Ok(Some(next))
    }

    async fn statuses(&self, snapshot: &mut Snapshot) -> Result<()> {
        let statuses = self.store.statuses(&SITE).await?;
        let mut statuses: BTreeMap<ReplicaId, ReplicaStatus> =
            statuses.into_iter().map(|it| (it.replica, it)).collect();
        for row in &mut snapshot.rows {
            let newest = statuses.remove(&row.replica.id);
            if newest != row.status {
                *row = Arc::new(Row {
                    status: newest,
                    ..Row::clone(row)
                });
            }
        }
        snapshot.statuses_at = Instant::now();
        Ok(())
    }
}

/// When each host was looked at.
fn surveyed(snapshot: &Snapshot) -> Vec<Option<DateTime<Utc>>> {
    snapshot.hosts.iter().map(|host| host.last_survey).collect()
}

/// The replica that an event is about.
fn concerns(event: &Event) -> Option<ReplicaId> {
    let text = match event.kind.as_str() {
        "attempt" | "point" => event.payload.get("replica")?.as_str()?,
        "replica" | "obligation" | "correction" => &event.subject,
        // Of these the short lists tell.
        _ => return None,
    };
    text.parse().ok()
}
