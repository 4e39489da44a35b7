//! Things a person should look at.

use super::Tables;
use crate::records::Finding;
use crate::rules::{kept, missing, told};
use crate::traits::{Result, Scope};
use chrono::{DateTime, Utc};
use domain::ids::ReplicaId;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
pub(super) struct Findings {
    rows: BTreeMap<String, Row>,
    /// Unresolved ones, longest standing first.
    open: BTreeSet<(DateTime<Utc>, String)>,
}

struct Row {
    finding: Finding,
    resolved: Option<DateTime<Utc>>,
}

impl Tables {
    /// Open findings are few, also on a bad day, so a tenant's are picked out of all of them.
    pub(super) fn findings_open(&self, scope: &Scope) -> Vec<Finding> {
        let sees = |finding: &Finding| {
            scope.owner().is_none_or(|owner| {
                let tenant = finding.replica.and_then(|replica| self.replicas.tenant(replica));
                tenant == Some(owner)
            })
        };
        self.findings
            .open
            .iter()
            .filter_map(|(_, key)| self.findings.rows.get(key))
            .map(|row| &row.finding)
            .filter(|finding| sees(finding))
            .cloned()
            .collect()
    }

    /// Resolving a resolved one does nothing.
    pub(super) fn finding_close(&mut self, key: &str, at: DateTime<Utc>) -> Result<()> {
        let row = self
            .findings
            .rows
            .get_mut(key)
            .ok_or_else(|| missing("finding", key))?;
        if row.resolved.is_some() {
            return Ok(());
        }
        row.resolved = Some(kept(at));
        self.findings.open.remove(&(row.finding.since, key.to_owned()));
        let (kind, replica) = (row.finding.kind.clone(), row.finding.replica);
        self.finding_told(key, &kind, replica, true, at);
        Ok(())
    }

    /// Its replica is known: `poll` has asked.
    pub(super) fn finding(&mut self, finding: Finding, at: DateTime<Utc>) {
        let seen = kept(finding.last_seen);
        let (since, resolved, last_seen, news) = match self.findings.rows.get(&finding.key) {
            None => (kept(finding.since), None, seen, true),
            // A look from before the resolution does not bring it back.
            Some(row) => match row.resolved {
                Some(resolved) if seen > resolved => (seen, None, seen.max(row.finding.last_seen), true),
                resolved => (
                    row.finding.since,
                    resolved,
                    seen.max(row.finding.last_seen),
                    false,
                ),
            },
        };
        if news {
            self.findings.open.insert((since, finding.key.clone()));
            self.finding_told(&finding.key, &finding.kind, finding.replica, false, at);
        }
        let finding = Finding {
            since,
            last_seen,
            ..finding
        };
        self.findings
            .rows
            .insert(finding.key.clone(), Row { finding, resolved });
    }

    fn finding_told(
        &mut self,
        key: &str,
        kind: &str,
        replica: Option<ReplicaId>,
        resolved: bool,
        at: DateTime<Utc>,
    ) {
        let tenant = replica.and_then(|replica| self.replicas.tenant(replica));
        self.events.push(told::finding(key, kind, resolved, tenant, at));
    }
}
