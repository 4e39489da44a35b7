//! Events of the night: no author, no reason and nobody's words in them, since a tenant may read them.

use super::NewEvent;
use crate::holds::{HoldTarget, OperatorHold};
use crate::pauses::Pause;
use crate::policies::Assignee;
use crate::rules::night::{counted, owner_name};
use chrono::{DateTime, Utc};
use domain::ids::{PolicyId, TenantId};
use domain::obligation::{Correction, Obligation, ObligationKey, Outcome, OutcomeKind};
use domain::policy::Policy;
use serde_json::json;
use std::collections::BTreeMap;

/// A policy has a new version.
pub(crate) fn policy(policy: &Policy, at: DateTime<Utc>) -> NewEvent<'static> {
    NewEvent {
        at,
        kind: "policy",
        tenant: None,
        subject: policy.id.to_string(),
        payload: json!({ "version": policy.version }),
    }
}

/// Somebody has another policy from the next day on. `tenant` is whose that is.
pub(crate) fn assigned<'a>(
    assignee: &Assignee,
    policy: Option<&PolicyId>,
    tenant: Option<&'a TenantId>,
    at: DateTime<Utc>,
) -> NewEvent<'a> {
    NewEvent {
        at,
        kind: "assignment",
        tenant,
        subject: match assignee {
            Assignee::Site => "site".to_owned(),
            Assignee::Tenant { tenant } => tenant.to_string(),
            Assignee::Replica { replica } => replica.to_string(),
        },
        payload: json!({ "policy": policy }),
    }
}

/// An obligation was closed.
pub(crate) fn closed<'a>(
    key: ObligationKey,
    tenant: &'a TenantId,
    outcome: &Outcome,
    at: DateTime<Utc>,
) -> NewEvent<'a> {
    let (kind, owner) = counted(outcome, &[]);
    NewEvent {
        at,
        kind: "obligation",
        tenant: Some(tenant),
        subject: key.replica.to_string(),
        payload: json!({ "day": key.day, "outcome": kind, "owner": owner.map(owner_name) }),
    }
}

/// Days have opened: one event for each tenant, however many of its replicas it concerns.
pub(crate) fn opened<'a>(new: impl IntoIterator<Item = &'a Obligation>) -> Vec<NewEvent<'a>> {
    let mut of: BTreeMap<&TenantId, (u64, DateTime<Utc>)> = BTreeMap::new();
    for obligation in new {
        let (days, at) = of.entry(&obligation.tenant).or_insert((0, obligation.opened_at));
        *days += 1;
        *at = obligation.opened_at.max(*at);
    }
    let event = |(tenant, (days, at)): (&'a TenantId, (u64, DateTime<Utc>))| NewEvent {
        at,
        kind: "days",
        tenant: Some(tenant),
        subject: tenant.to_string(),
        payload: json!({ "opened": days }),
    };
    of.into_iter().map(event).collect()
}

/// A closed day counts as something else from now on.
pub(crate) fn corrected<'a>(
    correction: &Correction,
    tenant: &'a TenantId,
    counts_as: OutcomeKind,
) -> NewEvent<'a> {
    NewEvent {
        at: correction.at,
        kind: "correction",
        tenant: Some(tenant),
        subject: correction.key.replica.to_string(),
        payload: json!({ "day": correction.key.day, "seq": correction.seq, "counts_as": counts_as }),
    }
}

/// A hold began or was lifted. `tenant` is whose replica it is on, or the one it is on.
pub(crate) fn hold<'a>(hold: &OperatorHold, tenant: Option<&'a TenantId>, at: DateTime<Utc>) -> NewEvent<'a> {
    let (on, subject) = match &hold.target {
        HoldTarget::Host { host } => ("host", host.to_string()),
        HoldTarget::Tenant { tenant } => ("tenant", tenant.to_string()),
        HoldTarget::Replica { replica } => ("replica", replica.to_string()),
    };
    NewEvent {
        at,
        kind: "hold",
        tenant,
        subject,
        payload: json!({ "id": hold.id, "on": on, "until": hold.until, "lifted": hold.lifted.is_some() }),
    }
}

/// A pause was intended, came further, or has trouble.
pub(crate) fn pause(pause: &Pause, at: DateTime<Utc>) -> NewEvent<'_> {
    NewEvent {
        at,
        kind: "pause",
        tenant: Some(&pause.tenant),
        subject: pause.replica.to_string(),
        payload: json!({
            "attempt": pause.attempt, "state": pause.state.as_str(), "until": pause.until,
            "troubled": pause.trouble.is_some(),
        }),
    }
}
