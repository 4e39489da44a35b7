//! Backups that somebody of a tenant asked for beside the plan.

use super::{MemoryStore, Tables};
use crate::rules::{kept, missing};
use crate::traits::{Result, Scope};
use crate::wishes::{Wish, WishStore};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use domain::door::wish::{self, WISH_HOURS, WishRefused};
use domain::ids::{ReplicaId, TenantId};
use std::collections::HashMap;

/// In the order they were made.
#[derive(Default)]
pub(super) struct Wishes(HashMap<TenantId, Vec<Wish>>);

impl Tables {
    /// Whose the replica is, if the scope sees it.
    fn wisher(&self, scope: &Scope, replica: ReplicaId) -> Result<TenantId> {
        let seen = self.replicas.tenant(replica).filter(|tenant| scope.sees(tenant));
        seen.cloned().ok_or_else(|| missing("replica", replica))
    }

    fn wish_make(&mut self, scope: &Scope, new: &Wish) -> Result<std::result::Result<(), WishRefused>> {
        let tenant = self.wisher(scope, new.replica)?;
        let at = kept(new.at);
        let of_tenant = self.wishes.0.entry(tenant).or_default();
        of_tenant.retain(|it| it.at > at - TimeDelta::hours(WISH_HOURS));
        let made: Vec<_> = of_tenant.iter().map(|it| (it.replica, it.at)).collect();
        if let Err(refused) = wish::check(&made, new.replica, at) {
            return Ok(Err(refused));
        }
        of_tenant.push(Wish { at, ..new.clone() });
        Ok(Ok(()))
    }
}

#[async_trait]
impl WishStore for MemoryStore {
    async fn wish_make(&self, scope: &Scope, wish: &Wish) -> Result<std::result::Result<(), WishRefused>> {
        self.write(|tables| tables.wish_make(scope, wish))
    }

    async fn wishes(&self, scope: &Scope, replica: ReplicaId, at: DateTime<Utc>) -> Result<Vec<Wish>> {
        self.read(|tables| {
            let tenant = tables.wisher(scope, replica)?;
            let all = tables.wishes.0.get(&tenant).into_iter().flatten();
            let mut own: Vec<Wish> = all
                .filter(|it| it.replica == replica && it.at > at - TimeDelta::hours(WISH_HOURS))
                .cloned()
                .collect();
            own.reverse();
            own.sort_by_key(|it| std::cmp::Reverse(it.at));
            Ok(own)
        })
    }
}
