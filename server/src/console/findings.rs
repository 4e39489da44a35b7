//! What a person should look at and no attempt owns: what the hosts' surveys found, and replicas that nothing is promised for.

use super::policies::Assigned;
use super::{StoreConsole, fault};
use ::console::{FindingView, FindingsView, ReplicaId, UiError, words};
use std::collections::BTreeMap;
use store::records::{Finding, Replica};

/// A replica that no policy reaches. The store is never without the site's, so this is seen only where somebody took it out by hand.
const NO_POLICY: &str = "no-policy";

impl StoreConsole {
    pub(super) async fn findings_view(&self) -> Result<FindingsView, UiError> {
        self.hosters_only()?;
        let as_of = (self.now)();
        let (found, replicas, assignments) = futures::try_join!(
            self.store.findings(&self.scope),
            self.store.replicas(&self.scope),
            self.store.assignments(),
        )
        .map_err(fault::ui)?;
        let assigned = Assigned::new(&assignments);
        let unpromised = replicas
            .iter()
            .filter(|it| assigned.of(it).is_none())
            .map(|it| no_policy(it, as_of));
        let mut rows: Vec<Finding> = found.into_iter().chain(unpromised).collect();
        rows.sort_by(|a, b| (a.since, &a.key).cmp(&(b.since, &b.key)));
        let names: BTreeMap<ReplicaId, String> = replicas
            .iter()
            .map(|it| (it.id, format!("{}/{}", it.tenant, it.name)))
            .collect();
        Ok(FindingsView {
            as_of,
            zone: self.zone(),
            rows: rows.into_iter().map(|it| view(it, &names)).collect(),
        })
    }
}

fn no_policy(replica: &Replica, at: chrono::DateTime<chrono::Utc>) -> Finding {
    Finding {
        key: format!("{NO_POLICY}:{}", replica.id),
        kind: NO_POLICY.to_owned(),
        host: Some(replica.host.clone()),
        replica: Some(replica.id),
        text: format!(
            "Replica {} of tenant {} has no policy: nothing is owed for it, and no day of it is counted.",
            replica.name, replica.tenant
        ),
        since: replica.first_seen.min(at),
        last_seen: at,
    }
}

fn view(finding: Finding, names: &BTreeMap<ReplicaId, String>) -> FindingView {
    FindingView {
        title: words::finding(&finding.kind).to_owned(),
        what_to_do: words::finding_remedy(&finding.kind).to_owned(),
        name: finding.replica.and_then(|it| names.get(&it).cloned()),
        key: finding.key,
        kind: finding.kind,
        host: finding.host,
        replica: finding.replica,
        text: finding.text,
        since: finding.since,
        last_seen: finding.last_seen,
    }
}
