//! What a report is made of, out of the state: the figures by the one function, the stories by the one that the screens have.

use super::{Brand, Corrected, Day, Finality, Gap, Kept, Line, Material, Plain, Policy, STORIES_MAX, Share};
use crate::figures::{FigureStore, Month, Range, Report as Counted, report};
use crate::lost::{Wall, is_lost, next, taken, why};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat, Utc};
use domain::calendar::{SlaDay, Zone};
use domain::door::branding::Logo;
use domain::ids::{ReplicaId, TenantId};
use domain::obligation::{Change, Correction, OutcomeKind, Owner};
use domain::policy::BasisPoints;
use domain::sla::{Ratio, Tally};
use std::collections::BTreeMap;
use store::obligations::DayHead;
use store::tenants::{Tenant, TenantStore};
use store::traits::{Scope, StoreError};

/// What a report reads.
pub trait ReportStore: FigureStore + TenantStore {}
impl<S: FigureStore + TenantStore + ?Sized> ReportStore for S {}

/// Tenants that are read at once.
const PAGE: u32 = 500;

/// Of whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// All tenants, for the hoster.
    Site,
    Tenant(TenantId),
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    #[error("{0} has not begun yet; the newest report is that of the present month")]
    NotBegun(Month),
    #[error("there is no tenant `{0}`")]
    NoTenant(TenantId),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The names of what is told.
struct Names {
    tenants: BTreeMap<TenantId, Tenant>,
    counted: Counted,
}

impl Names {
    fn tenant(&self, id: &TenantId) -> Plain {
        match self.tenants.get(id) {
            Some(tenant) => Plain::of(&tenant.name),
            None => Plain::of(id.as_str()),
        }
    }

    fn replica(&self, id: ReplicaId) -> Plain {
        match self.counted.replicas.get(&id) {
            Some(replica) => Plain::of(&replica.name),
            None => Plain::of(&id.to_string()),
        }
    }

    fn tenant_of(&self, id: ReplicaId) -> Plain {
        match self.counted.replicas.get(&id) {
            Some(replica) => self.tenant(&replica.tenant),
            None => Plain::default(),
        }
    }
}

/// As the hoster lets the tenant's pages look; what is the hoster's own has Stillpoint's name.
async fn brand<S: ReportStore + ?Sized>(
    store: &S,
    scope: &Scope,
    own: Option<&Tenant>,
) -> Result<Brand, StoreError> {
    let logo = match own.filter(|tenant| tenant.has_logo) {
        Some(tenant) => store.tenant_logo(scope, &tenant.id).await?,
        None => None,
    };
    let picture = |logo: Logo| {
        let kind = logo.kind().media_type();
        format!("data:{kind};base64,{}", STANDARD.encode(logo.as_bytes()))
    };
    let name = own.and_then(|tenant| tenant.brand_name.as_ref());
    Ok(Brand {
        name: Plain::of(name.map_or("Stillpoint", |name| name.as_str())),
        accent: own
            .and_then(|tenant| tenant.accent)
            .map(|accent| accent.colour().to_string()),
        logo: logo.map(picture),
    })
}

/// The newest month that there is a report of: the one that has begun on the clock of `zone`, or, of all tenants, anywhere.
#[must_use]
pub fn newest(zone: Option<Zone>, now: DateTime<Utc>) -> Month {
    // Somewhere on earth a day begins up to 14 hours before UTC's.
    let today = zone.map_or_else(
        || Zone::UTC.date(now + chrono::TimeDelta::hours(14)),
        |zone| zone.date(now),
    );
    Month::of(today.0)
}

fn word(owner: Owner) -> &'static str {
    match owner {
        Owner::Provider => "provider",
        Owner::Tenant => "tenant",
        Owner::External => "external",
    }
}

/// Everything that the report of `month` says, at `now`. Days are those of each tenant's zone.
///
/// # Errors
/// See [`ReportError`].
pub async fn gather<S: ReportStore + ?Sized>(
    store: &S,
    month: Month,
    whose: &Whose,
    now: DateTime<Utc>,
) -> Result<Material, ReportError> {
    let (scope, own) = match whose {
        Whose::Site => (
            Scope::Site {
                reason: "report over all tenants",
            },
            None,
        ),
        Whose::Tenant(id) => {
            let scope = Scope::Tenant(id.clone());
            let tenant = match store.tenant(&scope, id).await {
                Err(StoreError::NotFound { .. }) => return Err(ReportError::NoTenant(id.clone())),
                found => found?,
            };
            (scope, Some(tenant))
        }
    };
    let zone = own.as_ref().map_or(Zone::UTC, |tenant| tenant.zone);
    let (from, to) = month.days();
    if newest(own.as_ref().map(|tenant| tenant.zone), now).days().0 < from {
        return Err(ReportError::NotBegun(month));
    }
    let range = Range {
        scope: scope.clone(),
        replica: None,
        from,
        to,
    };
    let counted = report(store, &range, now).await?;
    let heads = store.day_heads(&scope, None, from, to).await?;
    let names = Names {
        tenants: tenants(store, &scope).await?,
        counted,
    };
    let lines = lines(&heads, month, &names);
    let figures = names.counted.whole.clone();
    let worst = figures.worst.and_then(|worst| {
        let found = lines.iter().find(|(id, _)| *id == worst.replica);
        found.map(|(_, line)| line.clone())
    });
    let corrections = store.corrections(&scope, from, to).await?;
    let over = heads.iter().all(|head| head.window.next_open <= now) && zone.date(now) > to;
    let finality = if over && figures.tally.open == 0 {
        Finality::Final
    } else {
        Finality::InProgress
    };
    Ok(Material {
        name: own
            .as_ref()
            .map_or_else(|| Plain::of("all tenants"), |tenant| Plain::of(&tenant.name)),
        brand: brand(store, &scope, own.as_ref()).await?,
        month: month.to_string(),
        zone: Plain::of(own.as_ref().map_or("each tenant's own zone", |_| zone.name())),
        made_at: Plain::of(&stamp(now)),
        finality,
        policies: policies(store, &scope, from, to).await?,
        tenants: shares(&names, whose, finality),
        worst,
        longest_gap: figures.longest_gap.map(|gap| Gap {
            tenant: names.tenant_of(gap.replica),
            replica: names.replica(gap.replica),
            from: Plain::of(&zone.wall_exact(gap.from)),
            to: Plain::of(&zone.wall_exact(gap.to)),
            secs: gap.secs,
        }),
        days: days(store, &scope, &heads, &names, (zone, now)).await?,
        corrections: corrections
            .iter()
            .map(|correction| corrected(correction, &names))
            .collect(),
        traffic_bytes: traffic(store, &scope, &heads).await?,
        lines: lines.into_iter().map(|(_, line)| line).collect(),
        figures,
    })
}

/// What was kept for each tenant, where all of them are told of; by name.
fn shares(names: &Names, whose: &Whose, finality: Finality) -> Vec<Share> {
    let mut shares: Vec<Share> = names
        .counted
        .tenants
        .iter()
        .filter(|_| *whose == Whose::Site)
        .map(|(id, figures)| Share {
            tenant: names.tenant(id),
            raw: figures.raw,
            contract: figures.contract,
            late: figures.tally.late,
            kept: Kept::of(figures, finality),
        })
        .collect();
    shares.sort_by(|a, b| a.tenant.as_str().cmp(b.tenant.as_str()));
    shares
}

/// All tenants in scope, by id.
///
/// # Errors
/// The store's.
pub async fn tenants<S: ReportStore + ?Sized>(
    store: &S,
    scope: &Scope,
) -> Result<BTreeMap<TenantId, Tenant>, StoreError> {
    let mut all = BTreeMap::new();
    let mut after = None;
    loop {
        let page = store.tenants(scope, after.as_ref(), PAGE).await?;
        let Some(last) = page.last() else { return Ok(all) };
        after = Some(last.id.clone());
        all.extend(page.into_iter().map(|tenant| (tenant.id.clone(), tenant)));
    }
}

async fn policies<S: ReportStore + ?Sized>(
    store: &S,
    scope: &Scope,
    from: SlaDay,
    to: SlaDay,
) -> Result<Vec<Policy>, StoreError> {
    let used = store.days_policies(scope, from, to).await?;
    let policy = |used: store::obligations::PolicyUsed| Policy {
        name: Plain::of(&used.policy.to_string()),
        version: used.version,
        target: used.target_bp.to_string(),
    };
    Ok(used.into_iter().map(policy).collect())
}

/// One per replica with an obligation in the month, what was kept worst first.
fn lines(heads: &[DayHead], month: Month, names: &Names) -> Vec<(ReplicaId, Line)> {
    let first = month.days().0;
    let mut tallies: BTreeMap<ReplicaId, (Tally, Vec<Option<OutcomeKind>>, &TenantId)> = BTreeMap::new();
    for head in heads {
        let (tally, days, _) = tallies
            .entry(head.replica)
            .or_insert_with(|| (Tally::default(), vec![None; month.length()], &head.tenant));
        tally.count(head.kind);
        let place = usize::try_from((head.day.0 - first.0).num_days()).ok();
        if let Some(place) = place.and_then(|place| days.get_mut(place)) {
            *place = Some(head.kind);
        }
    }
    let mut lines: Vec<_> = tallies
        .into_iter()
        .map(|(replica, (tally, days, tenant))| {
            let line = Line {
                tenant: names.tenant(tenant),
                replica: names.replica(replica),
                raw: tally.raw(),
                contract: tally.contract(),
                late: tally.late,
                days,
            };
            (replica, line)
        })
        .collect();
    let share = |ratio: Ratio| ratio.pct.map_or(u16::MAX, BasisPoints::get);
    lines.sort_by(|(a_id, a), (b_id, b)| {
        let key = |line: &Line| (share(line.raw), std::cmp::Reverse(line.raw.of));
        let by_share = key(a).cmp(&key(b));
        let by_name = || {
            (a.tenant.as_str(), a.replica.as_str(), a_id).cmp(&(b.tenant.as_str(), b.replica.as_str(), b_id))
        };
        by_share.then_with(by_name)
    });
    lines
}

/// Every day that was late, missed or excused, oldest first.
async fn days<S: ReportStore + ?Sized>(
    store: &S,
    scope: &Scope,
    heads: &[DayHead],
    names: &Names,
    (zone, now): (Zone, DateTime<Utc>),
) -> Result<Vec<Day>, StoreError> {
    let mut days = Vec::new();
    let first = heads
        .iter()
        .filter(|head| is_lost(head))
        .map(|head| head.window.due)
        .min();
    let Some(first) = first else { return Ok(days) };
    let taken = taken(store, scope, first).await?;
    for head in heads {
        let outcome = match head.kind {
            OutcomeKind::MetLate => "late",
            OutcomeKind::Missed => "missed",
            OutcomeKind::Excused => "excused",
            OutcomeKind::Met | OutcomeKind::Open | OutcomeKind::Excluded => continue,
        };
        let (story, next) = if days.len() < STORIES_MAX {
            let exact: Wall = Zone::wall_exact;
            let next = next(head, &taken, zone, exact);
            (why(store, scope, head, now).await?, next)
        } else {
            let story = format!(
                "Not told here: more than {STORIES_MAX} days were lost; the tenant's own report tells it."
            );
            (story, String::new())
        };
        days.push(Day {
            day: head.day.to_string(),
            tenant: names.tenant(&head.tenant),
            replica: names.replica(head.replica),
            outcome,
            whose: word(head.owner.unwrap_or(Owner::Provider)),
            story: Plain::of(&story),
            next: Plain::of(&next),
        });
    }
    Ok(days)
}

fn corrected(correction: &Correction, names: &Names) -> Corrected {
    Corrected {
        day: correction.key.day.to_string(),
        tenant: names.tenant_of(correction.key.replica),
        replica: names.replica(correction.key.replica),
        kind: match correction.change {
            Change::Excuse { .. } => "excused",
            Change::Attribute { .. } => "attributed",
            Change::Restore => "restored",
        },
        whose: match correction.change {
            Change::Excuse { owner } | Change::Attribute { owner } => Some(word(owner)),
            Change::Restore => None,
        },
        author: Plain::of(&correction.author),
        reason: Plain::of(&correction.reason),
        at: Plain::of(&stamp(correction.at)),
    }
}

/// What was read for the points of the month: those taken while its days were open, the first to the last.
async fn traffic<S: ReportStore + ?Sized>(
    store: &S,
    scope: &Scope,
    heads: &[DayHead],
) -> Result<u64, StoreError> {
    let from = heads.iter().map(|head| head.window.open).min();
    let to = heads.iter().map(|head| head.window.next_open).max();
    match (from, to) {
        (Some(from), Some(to)) => store.point_bytes(scope, from, to).await,
        _ => Ok(0),
    }
}

fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests;
