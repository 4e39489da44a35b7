//! The night in JSON and in words.

use crate::commands::deed::{stamp, told};
use crate::telling::Table;
use crate::tonight::{Standing, Tonight};
use chrono::{DateTime, Utc};
use domain::causes::Cause;
use domain::ids::ReplicaId;
use domain::planner::Move;
use domain::words::{count, explain_move, explain_slack, span};
use engine::Planned;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use store::holds::{Acknowledgement, OperatorHold};
use store::pauses::Pause;
use store::records::Replica;

/// Rows of those at risk that people are shown; JSON has all.
const AT_RISK_SHOWN_MAX: usize = 20;

pub(super) struct Night<'a> {
    pub now: DateTime<Utc>,
    pub tonight: Tonight<'a>,
    pub names: BTreeMap<ReplicaId, Replica>,
    pub planned: &'a Planned,
    pub holds: Vec<OperatorHold>,
    pub acknowledged: Vec<Acknowledgement>,
    pub pauses: Vec<Pause>,
}

impl Night<'_> {
    fn name(&self, id: ReplicaId) -> String {
        match self.names.get(&id) {
            Some(replica) => format!("{}/{}", replica.tenant, replica.name),
            None => id.to_string(),
        }
    }

    fn acknowledgement(&self, cause: &Cause) -> Option<&Acknowledgement> {
        self.acknowledged.iter().find(|it| it.cause == cause.key)
    }

    fn running(&self) -> Vec<ReplicaId> {
        let runs = self.planned.decisions.iter();
        runs.filter(|it| it.what == Move::Running)
            .map(|it| it.key.replica)
            .collect()
    }

    /// The contract's shape of a night.
    pub(super) fn document(&self) -> Value {
        let named = |id| json!({ "replica": id, "name": self.name(id) });
        json!({
            "as_of": stamp(self.now),
            "counts": self.tonight.counts,
            "causes": self.tonight.causes.iter().map(|it| self.cause(it)).collect::<Vec<_>>(),
            "at_risk": self.tonight.at_risk.iter().map(|it| self.at_risk(it)).collect::<Vec<_>>(),
            "running": self.running().into_iter().map(named).collect::<Vec<_>>(),
            "holds": self.holds.iter().map(|it| json!({
                "id": it.id, "target": it.target, "until": stamp(it.until), "reason": it.reason, "author": it.author,
            })).collect::<Vec<_>>(),
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
            "why": words.title, "code": words.code,
        })
    }

    pub(super) fn print(&self) {
        let counts = self.tonight.counts;
        println!("the night as of {}", told(self.now));
        println!(
            "{} owed: {} met, {} open ({} running, {} at risk); {} excluded, {} overdue from before",
            counts.owed,
            counts.met,
            counts.open,
            counts.running,
            counts.at_risk,
            counts.excluded,
            counts.overdue
        );
        println!();
        let mut table = Table::new(["CAUSE", "WHAT", "HOW MUCH", "SINCE", "NEXT DUE", "SLACK", "NOTED"]);
        for cause in &self.tonight.causes {
            let noted = match self.acknowledgement(cause) {
                Some(it) => format!("by {} until {}", it.author, told(it.until)),
                None => String::new(),
            };
            table.row([
                cause.key.clone(),
                cause.title(),
                cause.extent(),
                told(cause.since_oldest),
                told(cause.next_due),
                explain_slack(cause.least_slack_secs),
                noted,
            ]);
        }
        table.print("nothing keeps anybody");
        if !self.tonight.at_risk.is_empty() {
            println!("\nat risk:");
        }
        for standing in self.tonight.at_risk.iter().take(AT_RISK_SHOWN_MAX) {
            println!(
                "  {}  due {}  {}: {}",
                self.name(standing.owed.key.replica),
                told(standing.owed.window.due),
                explain_slack(standing.slack_secs),
                explain_move(&standing.decision.what).title
            );
        }
        let more = self.tonight.at_risk.len().saturating_sub(AT_RISK_SHOWN_MAX);
        if more > 0 {
            println!("  and {} (--json has all)", count(more as u64, "other", "others"));
        }
        self.print_laid();
    }

    fn print_laid(&self) {
        let running: Vec<String> = self.running().into_iter().map(|id| self.name(id)).collect();
        if !running.is_empty() {
            println!("\nrunning: {}", running.join(", "));
        }
        if !self.holds.is_empty() {
            println!(
                "\n{} (`stillpoint hold list`)",
                count(self.holds.len() as u64, "hold", "holds")
            );
        }
        for pause in &self.pauses {
            let left = (pause.until - self.now).num_seconds();
            println!(
                "\npaused primary: {} of {}, {}; resumed by the watchdog {}{}",
                pause.primary,
                self.name(pause.replica),
                pause.state.as_str(),
                match u64::try_from(left) {
                    Ok(left) => format!("in {}", span(left)),
                    Err(_) => "now".to_owned(),
                },
                pause
                    .trouble
                    .as_ref()
                    .map_or(String::new(), |it| format!("; {it}"))
            );
        }
    }
}
