//! What a person should look at and no attempt owns: what the hosts' surveys found, and replicas that nothing is promised for.

use super::StoreConsole;
use ::console::{FindingView, FindingsView, ReplicaId, UiError, words};
use std::collections::BTreeMap;
use store::records::Finding;

impl StoreConsole {
    pub(super) async fn findings_view(&self) -> Result<FindingsView, UiError> {
        self.hosters_only()?;
        let snapshot = self.snapshots.current().await?;
        let names: BTreeMap<ReplicaId, String> = snapshot
            .rows_of(&self.scope)
            .map(|row| &row.replica)
            .map(|it| (it.id, format!("{}/{}", it.tenant, it.name)))
            .collect();
        let rows = snapshot.findings_of(&self.scope).cloned();
        Ok(FindingsView {
            as_of: snapshot.read_at,
            zone: self.zone(),
            rows: rows.map(|it| view(it, &names)).collect(),
        })
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
