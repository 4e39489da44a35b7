//! Reading everything.

use super::{Row, SITE, Snapshot, Snapshots, unpromised};
use ::console::ReplicaId;
use chrono::{DateTime, TimeDelta, Utc};
use domain::calendar::SlaDay;
use std::collections::BTreeMap;
use std::sync::Arc;
use store::obligations::DayHead;
use store::records::{Attempt, PointHead, ReplicaStatus};
use store::traits::Result;
use tokio::time::Instant;

/// The SLA days that can hold an instant in any zone, with the one before them: what was open until just now.
pub(in crate::console) fn days_around(now: DateTime<Utc>) -> (SlaDay, SlaDay) {
    let day = |days| SlaDay((now + TimeDelta::days(days)).date_naive());
    (day(-2), day(1))
}

impl Snapshots {
    /// Reads everything. An event that comes meanwhile is read again with the next refresh.
    pub(super) async fn whole(&self) -> Result<Snapshot> {
        let read_at = (self.now)();
        let store = &self.store;
        let seq = store.event_newest().await?;
        let (from, to) = days_around(read_at);
        let (replicas, statuses, attempts, newest, days) = futures::try_join!(
            store.replicas(&SITE),
            store.statuses(&SITE),
            store.attempts_newest(&SITE),
            store.point_heads_newest(&SITE),
            store.day_heads(&SITE, None, from, to),
        )?;
        let mut statuses: BTreeMap<ReplicaId, ReplicaStatus> =
            statuses.into_iter().map(|it| (it.replica, it)).collect();
        let mut attempts: BTreeMap<ReplicaId, Attempt> =
            attempts.into_iter().map(|it| (it.replica, it)).collect();
        let mut newest: BTreeMap<ReplicaId, (PointHead, u64)> =
            newest.into_iter().map(|it| (it.0.replica, it)).collect();
        let mut of_replica: BTreeMap<ReplicaId, Vec<DayHead>> = BTreeMap::new();
        for day in days {
            of_replica.entry(day.replica).or_default().push(day);
        }
        let rows = replicas
            .into_iter()
            .map(|replica| {
                let id = replica.id;
                let (newest, points) = newest
                    .remove(&id)
                    .map_or((None, 0), |(head, points)| (Some(head), points));
                Arc::new(Row {
                    status: statuses.remove(&id),
                    attempt: attempts.remove(&id),
                    newest,
                    points,
                    days: of_replica.remove(&id).unwrap_or_default(),
                    replica,
                })
            })
            .collect();
        let read = Instant::now();
        let snapshot = Snapshot {
            read_at,
            rows,
            hosts: Vec::new(),
            findings: Vec::new(),
            seq,
            whole_at: read,
            statuses_at: read,
        };
        self.with_lists(snapshot).await
    }

    /// The short lists, which are read anew each time.
    pub(super) async fn with_lists(&self, snapshot: Snapshot) -> Result<Snapshot> {
        let store = &self.store;
        let (hosts, found, assignments) =
            futures::try_join!(store.hosts(), store.findings(&SITE), store.assignments(&SITE))?;
        let findings = unpromised::all(found, &snapshot.rows, &assignments, snapshot.read_at);
        Ok(Snapshot {
            hosts,
            findings,
            ..snapshot
        })
    }

    /// One replica.
    pub(super) async fn row(&self, id: ReplicaId, now: DateTime<Utc>) -> Result<Row> {
        let store = &self.store;
        let (from, to) = days_around(now);
        let (replica, status, mut attempts, mut heads, points, days) = futures::try_join!(
            store.replica(&SITE, id),
            store.status(&SITE, id),
            store.attempts(&SITE, Some(id), None, 1),
            store.point_heads(&SITE, Some(id), None, 1),
            store.point_count(&SITE, Some(id)),
            store.day_heads(&SITE, Some(id), from, to),
        )?;
        Ok(Row {
            replica,
            status,
            attempt: attempts.pop(),
            newest: heads.pop(),
            points,
            days,
        })
    }
}
