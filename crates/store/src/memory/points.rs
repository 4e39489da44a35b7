//! Restore points. Inserted only by a seal, never changed.

use super::Tables;
use super::index::Index;
use crate::records::Point;
use crate::rules::{chain_place, conflict, countable, kept, missing, told};
use crate::traits::{Result, Scope, StoreError};
use chrono::{DateTime, Utc};
use domain::attempt::AttemptState;
use domain::ids::{FencingToken, PointId, ReplicaId, TenantId};
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// Points in the order they were taken.
pub(super) type Taken = (DateTime<Utc>, PointId);

#[derive(Default)]
pub(super) struct Points {
    rows: HashMap<PointId, Point>,
    pub(super) taken: Index<Taken>,
    /// The newest seal of each tenant's chain, and its place in it.
    chains: HashMap<TenantId, (i64, PointId)>,
    snapshots: HashMap<TenantId, HashSet<String>>,
}

impl Points {
    pub(super) fn get(&self, id: PointId) -> Option<&Point> {
        self.rows.get(&id)
    }

    pub(super) fn seen(&self, scope: &Scope, id: PointId) -> Result<&Point> {
        self.get(id)
            .filter(|point| scope.sees(&point.tenant))
            .ok_or_else(|| missing("restore point", id))
    }

    pub(super) fn list(&self, scope: &Scope, replica: Option<ReplicaId>) -> Vec<Point> {
        let taken = self.taken.of(scope, replica).into_iter();
        taken
            .flat_map(|taken| taken.iter().rev())
            .filter_map(|(_, id)| self.get(*id).cloned())
            .collect()
    }

    pub(super) fn last(&self, replica: ReplicaId) -> Option<&Point> {
        let ((_, id), _) = self.taken.last(replica)?;
        self.get(id)
    }

    pub(super) fn chain_newest(&self, tenant: &TenantId) -> Option<Value> {
        let (_, id) = self.chains.get(tenant)?;
        self.get(*id).map(|point| point.seal.clone())
    }

    /// Whether a point may be inserted. That its attempt has none yet, the attempt's state says.
    fn fits(&self, point: &Point) -> Result<()> {
        let newest = self.chains.get(&point.tenant).map_or(0, |(place, _)| *place);
        if chain_place(&point.seal).is_some_and(|place| Some(place) != newest.checked_add(1)) {
            return Err(StoreError::ChainMoved {
                tenant: point.tenant.clone(),
            });
        }
        let snapshots = self.snapshots.get(&point.tenant);
        if self.rows.contains_key(&point.id) || snapshots.is_some_and(|it| it.contains(&point.snapshot)) {
            return Err(conflict("restore point", point.id));
        }
        Ok(())
    }

    fn insert(&mut self, point: Point) {
        let point = Point {
            taken: kept(point.taken),
            sealed: kept(point.sealed),
            read_bytes: countable(point.read_bytes).unsigned_abs(),
            added_bytes: countable(point.added_bytes).unsigned_abs(),
            ..point
        };
        self.taken
            .insert(&point.tenant, point.replica, (point.taken, point.id));
        if let Some(place) = chain_place(&point.seal) {
            self.chains.insert(point.tenant.clone(), (place, point.id));
        }
        self.snapshots
            .entry(point.tenant.clone())
            .or_default()
            .insert(point.snapshot.clone());
        self.rows.insert(point.id, point);
    }
}

impl Tables {
    pub(super) fn point_seal(&mut self, token: FencingToken, point: Point) -> Result<()> {
        let id = point.evidence.attempt;
        let attempt = self.attempt_guarded(id, token)?;
        let running = matches!(attempt.state, AttemptState::Running { .. });
        if attempt.replica != point.replica || attempt.tenant != point.tenant || !running {
            return Err(conflict("attempt", id));
        }
        self.points.fits(&point)?;
        let sealed = AttemptState::Sealed {
            point: point.id,
            at: kept(point.sealed),
        };
        self.attempt_state(id, sealed, point.sealed)?;
        self.events.push(told::point(&point));
        self.points.insert(point);
        Ok(())
    }
}
