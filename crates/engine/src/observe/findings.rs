//! Things that a person should look at and no attempt owns.

use crate::whose::entries;
use chrono::{DateTime, Utc};
use domain::binding::{BindingError, admits_anyone};
use domain::ids::{HostId, ReplicaId, TenantId};
use domain::observation::Observation;
use hyperv::host::{Checkpoint, Survey, UnreadableVm};
use std::collections::{BTreeMap, BTreeSet};
use store::records::{Finding, Replica};

/// The kinds that surveys find; others are the rescuer's.
const SURVEYED: [&str; 6] = [
    "any-primary",
    "no-trust-group",
    "unmapped-replica",
    "doubly-claimed",
    "foreign-checkpoint",
    "same-guid",
];
/// Entries that a finding names.
const NAMED_MAX: usize = 4;

/// The findings of one host, from survey to survey.
#[derive(Debug, Default)]
pub(super) struct Findings {
    now: BTreeMap<String, Finding>,
    before: BTreeSet<String>,
    looked: bool,
}

impl Findings {
    /// What stood open when this process began: it goes as well when it is not found again.
    pub fn recall(&mut self, host: &HostId, open: Vec<Finding>) {
        let ours = |it: &Finding| it.host.as_ref() == Some(host) && SURVEYED.contains(&it.kind.as_str());
        self.now
            .extend(open.into_iter().filter(ours).map(|it| (it.key.clone(), it)));
    }
    /// A new survey begins: what it does not find again is gone.
    pub fn begin(&mut self) {
        self.before = std::mem::take(&mut self.now).into_keys().collect();
        self.looked = true;
    }
    pub fn found(&self) -> Vec<Finding> {
        self.now.values().cloned().collect()
    }
    /// Keys that were found before and not this time; none after a failed survey.
    pub fn gone(&mut self) -> Vec<String> {
        if !std::mem::take(&mut self.looked) {
            return Vec::new();
        }
        self.before
            .iter()
            .filter(|key| !self.now.contains_key(*key))
            .cloned()
            .collect()
    }

    fn say(
        &mut self,
        key: String,
        kind: &str,
        host: &HostId,
        replica: Option<ReplicaId>,
        text: String,
        at: DateTime<Utc>,
    ) {
        let finding = Finding {
            key: key.clone(),
            kind: kind.to_owned(),
            host: Some(host.clone()),
            replica,
            text,
            since: at,
            last_seen: at,
        };
        self.now.insert(key, finding);
    }

    pub fn any_primary(&mut self, host: &HostId, survey: &Survey, at: DateTime<Utc>) {
        if entries(&survey.authorization).iter().any(admits_anyone) {
            let text = format!(
                "Host {host} accepts replication from any primary: nothing keeps one tenant from writing to another's replicas. \
                 Replace the entry `*` by one entry per tenant."
            );
            self.say(format!("any-primary:{host}"), "any-primary", host, None, text, at);
        }
    }

    /// Without a trust group an entry says nothing of whose it is: only names and paths tell tenants apart.
    pub fn no_trust_group(&mut self, host: &HostId, survey: &Survey, at: DateTime<Utc>) {
        let blank = survey
            .authorization
            .iter()
            .filter(|it| it.trust_group.trim().is_empty());
        let named: Vec<&str> = blank
            .map(|it| it.allowed_primary.as_str())
            .take(NAMED_MAX)
            .collect();
        if named.is_empty() {
            return;
        }
        let text = format!(
            "Host {host} has authorization entries without a trust group, such as for {}: they do not say whose a primary is.",
            named.join(", ")
        );
        self.say(
            format!("no-trust-group:{host}"),
            "no-trust-group",
            host,
            None,
            text,
            at,
        );
    }

    pub fn unmapped(&mut self, host: &HostId, seen: &Observation, error: &BindingError, at: DateTime<Utc>) {
        let text = format!(
            "Replica {} ({}) on host {host} is not backed up: {error}.",
            seen.name, seen.vm
        );
        let kind = match error {
            BindingError::Unmapped { .. } => "unmapped-replica",
            BindingError::Ambiguous { .. } => "doubly-claimed",
        };
        self.say(format!("{kind}:{host}:{}", seen.vm), kind, host, None, text, at);
    }

    pub fn unreadable(&mut self, host: &HostId, vm: &UnreadableVm, at: DateTime<Utc>) {
        let text = format!(
            "VM {} on host {host} cannot be read, so nobody knows whose it is: {}.",
            vm.vm, vm.reason
        );
        self.say(
            format!("unreadable-vm:{host}:{}", vm.vm),
            "unmapped-replica",
            host,
            None,
            text,
            at,
        );
    }

    pub fn foreign_checkpoint(
        &mut self,
        host: &HostId,
        replica: &Replica,
        checkpoint: &Checkpoint,
        at: DateTime<Utc>,
    ) {
        let text = format!(
            "Replica {} on host {host} has a recovery checkpoint that is not ours: `{}`. Another backup product runs or left it behind.",
            replica.name, checkpoint.name
        );
        let key = format!("foreign-checkpoint:{host}:{}", checkpoint.instance_id);
        self.say(key, "foreign-checkpoint", host, Some(replica.id), text, at);
    }

    pub fn two_hosts(&mut self, host: &HostId, mine: &Replica, at: DateTime<Utc>) {
        let text = format!(
            "The VM id {} of tenant {} is on host {} and on host {host} at once. It is backed up from {} only; remove the copy that is not wanted.",
            mine.vm, mine.tenant, mine.host, mine.host
        );
        let key = format!("same-guid:{}:{host}", mine.vm);
        self.say(key, "same-guid", host, Some(mine.id), text, at);
    }

    pub fn same_guid(&mut self, host: &HostId, other: &Replica, tenant: &TenantId, at: DateTime<Utc>) {
        let text = format!(
            "The VM id {} is replicated for tenant {tenant} and is known as a replica of tenant {}. They are kept apart as two replicas.",
            other.vm, other.tenant
        );
        self.say(
            format!("same-guid:{}:{tenant}", other.vm),
            "same-guid",
            host,
            Some(other.id),
            text,
            at,
        );
    }
}
