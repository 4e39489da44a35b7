//! The SLA's figures of any range, from what is stored. The one pure function `domain::sla::figures` makes every number; here its input is
//! gathered, for the command line, the screens and the API alike.

mod month;

pub use month::Month;

use chrono::{DateTime, TimeDelta, Utc};
use domain::calendar::SlaDay;
use domain::ids::{ReplicaId, TenantId};
use domain::sla::{DayRecord, Figures, Protection, figures};
use std::collections::BTreeMap;
use store::obligations::{DayHead, ObligationStore};
use store::records::Replica;
use store::traits::{OverviewStore, ReplicaStore, Result, Scope};

/// What figures are made from.
pub trait FigureStore: ReplicaStore + ObligationStore + OverviewStore {}
impl<S: ReplicaStore + ObligationStore + OverviewStore + ?Sized> FigureStore for S {}

/// So far before the range most replicas have a point, so that one query finds where looking begins.
const LEAD_DAYS: i64 = 35;

/// Of whom and of which days, both ends included.
#[derive(Debug, Clone)]
pub struct Range {
    pub scope: Scope,
    /// One replica only.
    pub replica: Option<ReplicaId>,
    pub from: SlaDay,
    pub to: SlaDay,
}

/// The figures of a range with the names of what they speak of.
#[derive(Debug, Clone)]
pub struct Report {
    pub as_of: DateTime<Utc>,
    pub whole: Figures,
    /// By tenant, those with an obligation in the range.
    pub tenants: BTreeMap<TenantId, Figures>,
    /// Every replica in scope.
    pub replicas: BTreeMap<ReplicaId, Replica>,
}

/// One replica's part of a range.
struct Stretch {
    tenant: TenantId,
    open: DateTime<Utc>,
    end: DateTime<Utc>,
}

/// The figures of a range at `now`.
///
/// # Errors
/// The store's.
pub async fn report<S: FigureStore + ?Sized>(store: &S, range: &Range, now: DateTime<Utc>) -> Result<Report> {
    let (heads, replicas) = futures::try_join!(
        store.day_heads(&range.scope, range.replica, range.from, range.to),
        store.replicas(&range.scope),
    )?;
    let replicas: BTreeMap<ReplicaId, Replica> = replicas.into_iter().map(|it| (it.id, it)).collect();
    let protection = protection(store, range, now, &heads, &replicas).await?;
    let mut tenants: BTreeMap<TenantId, (Vec<DayRecord>, Vec<Protection>)> = BTreeMap::new();
    for head in &heads {
        tenants
            .entry(head.tenant.clone())
            .or_default()
            .0
            .push(record(head));
    }
    for (tenant, one) in &protection {
        tenants.entry(tenant.clone()).or_default().1.push(one.clone());
    }
    let records: Vec<DayRecord> = heads.iter().map(record).collect();
    let protection: Vec<Protection> = protection.into_iter().map(|(_, one)| one).collect();
    Ok(Report {
        as_of: now,
        whole: figures(&records, &protection),
        tenants: tenants
            .into_iter()
            .map(|(tenant, (records, protection))| (tenant, figures(&records, &protection)))
            .collect(),
        replicas,
    })
}

fn record(head: &DayHead) -> DayRecord {
    DayRecord {
        replica: head.replica,
        day: head.day,
        kind: head.kind,
        owner: head.owner,
        target_bp: head.target_bp,
    }
}

/// When each replica with a day in the range was protected, and between which instants that is looked at.
async fn protection<S: FigureStore + ?Sized>(
    store: &S,
    range: &Range,
    now: DateTime<Utc>,
    heads: &[DayHead],
    replicas: &BTreeMap<ReplicaId, Replica>,
) -> Result<Vec<(TenantId, Protection)>> {
    let mut stretches: BTreeMap<ReplicaId, Stretch> = BTreeMap::new();
    for head in heads {
        let stretch = stretches.entry(head.replica).or_insert_with(|| Stretch {
            tenant: head.tenant.clone(),
            open: head.window.open,
            end: head.window.next_open,
        });
        stretch.open = stretch.open.min(head.window.open);
        stretch.end = stretch.end.max(head.window.next_open);
    }
    let Some(first) = stretches.values().map(|it| it.open).min() else {
        return Ok(Vec::new());
    };
    let lead = first - TimeDelta::days(LEAD_DAYS);
    let mut taken: BTreeMap<ReplicaId, Vec<DateTime<Utc>>> = BTreeMap::new();
    for point in store.point_times(&range.scope, lead).await? {
        if stretches.contains_key(&point.replica) {
            taken.entry(point.replica).or_default().push(point.taken);
        }
    }
    let mut all = Vec::with_capacity(stretches.len());
    for (replica, stretch) in stretches {
        let mut taken = taken.remove(&replica).unwrap_or_default();
        let first_seen = replicas
            .get(&replica)
            .map_or(stretch.open, |it| it.first_seen.max(stretch.open));
        let mut before = taken.iter().copied().filter(|at| *at <= stretch.open).max();
        // A replica that went without a point for so long is the one that matters most.
        if before.is_none() && replicas.get(&replica).is_some_and(|it| it.first_seen < lead) {
            let heads = store
                .point_heads(&range.scope, Some(replica), Some(stretch.open), 1)
                .await?;
            before = heads.first().map(|head| head.taken);
        }
        taken.retain(|at| *at > stretch.open);
        let one = Protection {
            replica,
            from: before.unwrap_or(first_seen),
            to: stretch.end.min(now),
            taken,
        };
        all.push((stretch.tenant, one));
    }
    Ok(all)
}
