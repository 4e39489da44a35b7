//! The night in JSON.

use super::stamp;
use crate::tonight::{Standing, Tonight};
use chrono::{DateTime, Utc};
use domain::causes::Cause;
use domain::forecast::Estimate;
use domain::ids::ReplicaId;
use domain::planner::Move;
use domain::words::explain_move;
use engine::Planned;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use store::holds::{Acknowledgement, OperatorHold};
use store::pauses::Pause;
use store::records::Replica;

/// The night with what was laid on it by hand.
pub struct Night<'a> {
    pub now: DateTime<Utc>,
    pub tonight: Tonight<'a>,
    pub names: BTreeMap<ReplicaId, Replica>,
    pub planned: &'a Planned,
    pub holds: Vec<OperatorHold>,
    pub acknowledged: Vec<Acknowledgement>,
    pub pauses: Vec<Pause>,
}

impl Night<'_> {
    /// `tenant/name`.
    pub fn name(&self, id: ReplicaId) -> String {
        match self.names.get(&id) {
            Some(replica) => format!("{}/{}", replica.tenant, replica.name),
            None => id.to_string(),
        }
    }

    /// Who has taken note of a cause.
    pub fn acknowledgement(&self, cause: &Cause) -> Option<&Acknowledgement> {
        self.acknowledged.iter().find(|it| it.cause == cause.key)
    }

    /// Replicas with an attempt that runs.
    pub fn running(&self) -> Vec<ReplicaId> {
        let runs = self.planned.decisions.iter();
        runs.filter(|it| it.what == Move::Running)
            .map(|it| it.key.replica)
            .collect()
    }

    /// The contract's shape of a night.
    pub fn document(&self) -> Value {
        let named = |id| json!({ "replica": id, "name": self.name(id) });
        json!({
            "as_of": stamp(self.now),
            "counts": self.tonight.counts,
            "causes": self.tonight.causes.iter().map(|it| self.cause(it)).collect::<Vec<_>>(),
            "at_risk": self.tonight.at_risk.iter().map(|it| self.at_risk(it)).collect::<Vec<_>>(),
            "running": self.running().into_iter().map(named).collect::<Vec<_>>(),
            "holds": self.holds.iter().map(super::hold::document).collect::<Vec<_>>(),
            "pauses": self.pauses.iter().map(|it| json!({
                "replica": it.replica, "name": self.name(it.replica), "primary": it.primary, "state": it.state,
                "until": stamp(it.until), "trouble": it.trouble,
            })).collect::<Vec<_>>(),
        })
    }

    fn cause(&self, cause: &Cause) -> Value {
        let acknowledged = self
            .acknowledgement(cause)
            .map(|it| json!({ "until": stamp(it.until), "note": it.note, "author": it.author }));
        json!({
            "key": cause.key, "title": cause.title(), "code": cause.kind.code(), "host": cause.host,
            "replicas": cause.replicas, "tenants": cause.tenants, "at_risk": cause.at_risk, "too_late": cause.too_late,
            "since": stamp(cause.since_oldest), "next_due": stamp(cause.next_due),
            "least_slack_secs": cause.least_slack_secs, "whose": cause.actor,
            "first": { "replica": cause.first.replica, "name": self.name(cause.first.replica) },
            "acknowledged": acknowledged,
        })
    }

    fn at_risk(&self, standing: &Standing<'_>) -> Value {
        let words = explain_move(&standing.decision.what);
        json!({
            "replica": standing.owed.key.replica, "name": self.name(standing.owed.key.replica),
            "day": standing.owed.key.day, "due": stamp(standing.owed.window.due), "slack_secs": standing.slack_secs,
            "why": words.title, "code": words.code, "risk": risk(standing),
        })
    }
}

/// `null` where there is not enough history for an estimate.
fn risk(standing: &Standing<'_>) -> Value {
    match standing.foresight.map(|it| it.estimate) {
        Some(Estimate::Risk {
            probability_bp,
            reason,
        }) => json!({ "percent": f64::from(probability_bp.get()) / 100.0, "reason": reason.sentence() }),
        Some(Estimate::None { .. }) | None => Value::Null,
    }
}
