//! Opens SLA days: which obligations a replica owes that are not written down yet. Idempotent, and the same after a downtime: days that
//! passed meanwhile are opened as well, so that nothing is forgotten.

use crate::calendar::{self, DayWindow, SlaDay, WindowRule, Zone};
use crate::ids::{ReplicaId, TenantId};
use crate::obligation::{Exclusion, Obligation, ObligationKey};
use crate::policy::{Policy, Terms};
use chrono::{DateTime, Datelike as _, Utc};

/// A replica as the opener needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owing {
    pub replica: ReplicaId,
    pub tenant: TenantId,
    pub zone: Zone,
    pub first_seen: DateTime<Utc>,
    /// Since when it is known not to be on any host; a host that does not answer makes nothing known.
    pub gone_since: Option<DateTime<Utc>>,
    /// A stretch that it is known to have spent on no host before it came back: what opened meanwhile is not owed.
    pub absent: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// Where its tenant moved the window, as far as that is in effect; else the policy's holds.
    pub window: Option<WindowRule>,
    /// When its tenant moved it last.
    pub moved: Option<DateTime<Utc>>,
    /// The newest day that was opened for it, with its window as frozen.
    pub newest: Option<(SlaDay, DayWindow)>,
}

/// The obligations to open at `now`, oldest first, under the policy as it stands: the current day, and every day that opened since the
/// newest one.
///
/// A replica that was first seen after its day had opened has that day excluded; one that was gone when a day opened owes nothing for it.
/// The day that would have opened before its window was moved there is excluded too: nobody owes what lay in the past when it was asked for.
#[must_use]
pub fn opening(owing: &Owing, policy: &Policy, now: DateTime<Utc>) -> Vec<Obligation> {
    let rule = owing.window.unwrap_or(policy.terms.window);
    let zone = owing.zone;
    let mut days = match owing.newest {
        // From the newest day's own open: windows that moved with a new policy version must not open a date twice.
        Some((newest, window)) => {
            let mut days = calendar::opening(zone, rule, window.open, now);
            days.extend(calendar::current(zone, rule, now));
            days.retain(|(day, _)| *day > newest);
            days
        }
        None => calendar::current(zone, rule, now).into_iter().collect(),
    };
    days.sort_by_key(|(day, _)| *day);
    days.dedup_by_key(|(day, _)| *day);
    days.into_iter()
        .filter(|(_, window)| owing.gone_since.is_none_or(|gone| window.open < gone))
        .map(|(day, window)| Obligation {
            key: ObligationKey {
                replica: owing.replica,
                day,
            },
            tenant: owing.tenant.clone(),
            zone,
            policy: policy.id.clone(),
            policy_version: policy.version,
            terms: Terms {
                window: rule,
                ..policy.terms.clone()
            },
            window,
            opened_at: now,
            excluded: exclusion(owing, policy, rule, day, &window),
        })
        .collect()
}

fn exclusion(
    owing: &Owing,
    policy: &Policy,
    rule: WindowRule,
    day: SlaDay,
    window: &DayWindow,
) -> Option<Exclusion> {
    if window.is_empty() {
        return Some(Exclusion::NoWindow);
    }
    if !policy.terms.owed_days.contains(day.0.weekday()) {
        return Some(Exclusion::Agreed {
            reason: format!("backups are owed on {}", policy.terms.owed_days),
            author: format!("policy {}, version {}", policy.id, policy.version),
        });
    }
    if let Some((since, until)) = owing.absent
        && (since..until).contains(&window.open)
    {
        return Some(Exclusion::Absent { since, until });
    }
    // Only the day that the move fell into: those before it had opened by the window as it was.
    if owing
        .moved
        .is_some_and(|moved| window.open < moved && moved < window.next_open)
    {
        return Some(Exclusion::Agreed {
            reason: format!("the window was moved to {rule} when that day's open had passed"),
            author: "the tenant".to_owned(),
        });
    }
    (owing.first_seen > window.open).then_some(Exclusion::Appeared {
        first_seen: owing.first_seen,
    })
}

#[cfg(test)]
mod tests;
