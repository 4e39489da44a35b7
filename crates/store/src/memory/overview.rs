//! Read models of the screens: many rows, no documents.

use super::MemoryStore;
use super::points::{Points, Taken};
use crate::records::{Attempt, Point, PointHead, PointTime};
use crate::rules::{HEADS_READ_MAX, kept};
use crate::traits::{OverviewStore, Result, Scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::ids::{PointId, ReplicaId};
use uuid::Uuid;

impl Points {
    fn heads(
        &self,
        scope: &Scope,
        replica: Option<ReplicaId>,
        before: Option<DateTime<Utc>>,
        limit: usize,
    ) -> Vec<PointHead> {
        let end = before.map_or(DateTime::<Utc>::MAX_UTC, kept);
        let taken = self.taken.of(scope, replica).into_iter();
        taken
            .flat_map(|taken| taken.range(..first_of(end)).rev())
            .take(limit)
            .filter_map(|(_, id)| self.get(*id).map(head))
            .collect()
    }

    fn head_newest(&self, replica: ReplicaId) -> Option<(PointHead, u64)> {
        let ((_, id), points) = self.taken.last(replica)?;
        Some((head(self.get(id)?), points))
    }

    fn bytes(&self, scope: &Scope, from: DateTime<Utc>, to: DateTime<Utc>) -> u64 {
        let (from, to) = (first_of(kept(from)), first_of(kept(to)));
        if from >= to {
            return 0;
        }
        let taken = self.taken.of(scope, None).into_iter();
        taken
            .flat_map(|taken| taken.range(from..to))
            .filter_map(|(_, id)| self.get(*id))
            .map(|point| point.read_bytes)
            .sum()
    }

    /// Oldest first.
    fn times(&self, scope: &Scope, from: DateTime<Utc>) -> Vec<PointTime> {
        let taken = self.taken.of(scope, None).into_iter();
        taken
            .flat_map(|taken| taken.range(first_of(kept(from))..))
            .filter_map(|(_, id)| self.get(*id))
            .map(|point| PointTime {
                replica: point.replica,
                taken: point.taken,
                sealed: point.sealed,
            })
            .collect()
    }
}

/// The place before all that were taken at this instant.
fn first_of(at: DateTime<Utc>) -> Taken {
    (at, PointId(Uuid::nil()))
}

fn head(point: &Point) -> PointHead {
    PointHead {
        id: point.id,
        replica: point.replica,
        tenant: point.tenant.clone(),
        name: point.name.clone(),
        host: point.host.clone(),
        taken: point.taken,
        sealed: point.sealed,
        snapshot: point.snapshot.clone(),
        disks: point.disks.clone(),
        read_bytes: point.read_bytes,
        added_bytes: point.added_bytes,
        looks: u32::try_from(point.evidence.hold.looks.len()).unwrap_or(u32::MAX),
    }
}

#[async_trait]
impl OverviewStore for MemoryStore {
    async fn point_heads(
        &self,
        scope: &Scope,
        replica: Option<ReplicaId>,
        before: Option<DateTime<Utc>>,
        limit: u32,
    ) -> Result<Vec<PointHead>> {
        let limit = limit.min(HEADS_READ_MAX) as usize;
        Ok(self.read(|tables| tables.points.heads(scope, replica, before, limit)))
    }

    async fn point_heads_newest(&self, scope: &Scope) -> Result<Vec<(PointHead, u64)>> {
        Ok(self.read(|tables| {
            let replicas = tables.replicas.ids(scope);
            replicas
                .filter_map(|replica| tables.points.head_newest(replica))
                .collect()
        }))
    }

    async fn point_count(&self, scope: &Scope, replica: Option<ReplicaId>) -> Result<u64> {
        Ok(self.read(|tables| {
            let taken = tables.points.taken.of(scope, replica);
            taken.map_or(0, |taken| taken.len() as u64)
        }))
    }

    async fn point_times(&self, scope: &Scope, from: DateTime<Utc>) -> Result<Vec<PointTime>> {
        Ok(self.read(|tables| tables.points.times(scope, from)))
    }

    async fn point_bytes(&self, scope: &Scope, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<u64> {
        Ok(self.read(|tables| tables.points.bytes(scope, from, to)))
    }

    async fn attempts_newest(&self, scope: &Scope) -> Result<Vec<Attempt>> {
        Ok(self.read(|tables| {
            let replicas = tables.replicas.ids(scope);
            replicas
                .filter_map(|replica| tables.attempts.newest(replica))
                .collect()
        }))
    }

    async fn attempts_since(
        &self,
        scope: &Scope,
        replica: Option<ReplicaId>,
        from: DateTime<Utc>,
    ) -> Result<Vec<Attempt>> {
        Ok(self.read(|tables| tables.attempts.since(scope, replica, from)))
    }
}
