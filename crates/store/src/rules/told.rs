//! The events that changes leave, without their numbers: one function per change.

mod night;

pub(crate) use night::*;

use super::kept;
use crate::records::{Attempt, HostStatus, Point, Replica, ReplicaStatus};
use crate::states::StateName;
use chrono::{DateTime, Utc};
use domain::attempt::AttemptState;
use domain::ids::{HostId, TenantId};
use domain::observation::HostTrust;
use serde_json::{Value, json};

/// What an event says, without its number.
pub(crate) struct NewEvent<'a> {
    pub at: DateTime<Utc>,
    pub kind: &'static str,
    pub tenant: Option<&'a TenantId>,
    pub subject: String,
    pub payload: Value,
}

/// A replica appeared, moved to another host or got another name.
pub(crate) fn replica(replica: &Replica, at: DateTime<Utc>) -> NewEvent<'_> {
    NewEvent {
        at,
        kind: "replica",
        tenant: Some(&replica.tenant),
        subject: replica.id.to_string(),
        payload: json!({ "name": replica.name, "host": replica.host }),
    }
}

/// The gate names something else than before.
pub(crate) fn verdict<'a>(
    status: &ReplicaStatus,
    key: &str,
    tenant: &'a TenantId,
    at: DateTime<Utc>,
) -> NewEvent<'a> {
    NewEvent {
        at,
        kind: "replica",
        tenant: Some(tenant),
        subject: status.replica.to_string(),
        payload: json!({ "verdict": key, "since": kept(status.since) }),
    }
}

/// A finding is new, came back, or was resolved.
pub(crate) fn finding<'a>(
    key: &str,
    kind: &str,
    resolved: bool,
    tenant: Option<&'a TenantId>,
    at: DateTime<Utc>,
) -> NewEvent<'a> {
    NewEvent {
        at,
        kind: "finding",
        tenant,
        subject: key.to_owned(),
        payload: json!({ "kind": kind, "resolved": resolved }),
    }
}

/// A poll found a host in another state than the last one.
pub(crate) fn host(status: &HostStatus, trust: Option<&HostTrust>, at: DateTime<Utc>) -> NewEvent<'static> {
    of_host(
        &status.host,
        json!({ "error": status.last_error, "trust": trust }),
        at,
    )
}

/// A host was given another trust.
pub(crate) fn trust(host: &HostId, trust: &HostTrust, at: DateTime<Utc>) -> NewEvent<'static> {
    of_host(host, json!({ "trust": trust }), at)
}

fn of_host(host: &HostId, payload: Value, at: DateTime<Utc>) -> NewEvent<'static> {
    NewEvent {
        at,
        kind: "host",
        tenant: None,
        subject: host.to_string(),
        payload,
    }
}

/// An attempt began, came to another step, or ended.
pub(crate) fn attempt<'a>(attempt: &'a Attempt, state: &AttemptState, at: DateTime<Utc>) -> NewEvent<'a> {
    let step = match state {
        AttemptState::Running { step, .. } => Some(*step),
        _ => None,
    };
    NewEvent {
        at,
        kind: "attempt",
        tenant: Some(&attempt.tenant),
        subject: attempt.id.to_string(),
        payload: json!({ "replica": attempt.replica, "state": StateName::of(state).as_str(), "step": step }),
    }
}

/// A restore point was sealed.
pub(crate) fn point(point: &Point) -> NewEvent<'_> {
    NewEvent {
        at: point.sealed,
        kind: "point",
        tenant: Some(&point.tenant),
        subject: point.id.to_string(),
        payload: json!({ "replica": point.replica, "attempt": point.evidence.attempt, "taken": kept(point.taken) }),
    }
}
