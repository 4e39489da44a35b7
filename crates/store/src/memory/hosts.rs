//! Hosts as last polled, and whether they are trusted.

use super::Tables;
use crate::records::HostStatus;
use crate::rules::{countable, kept, told, trust_after, trust_build, trust_given};
use chrono::{DateTime, Utc};
use domain::ids::HostId;
use domain::observation::HostTrust;
use std::collections::BTreeMap;

#[derive(Default)]
pub(super) struct Hosts {
    rows: BTreeMap<HostId, HostStatus>,
}

impl Hosts {
    pub(super) fn list(&self) -> Vec<HostStatus> {
        self.rows.values().cloned().collect()
    }
}

impl Tables {
    /// What the poll does not know stays as it was.
    pub(super) fn host(&mut self, host: HostStatus, at: DateTime<Utc>) {
        let before = self.hosts.rows.get(&host.host);
        let trust = trust_after(before.and_then(|before| before.trust.clone()), host.trust.clone());
        let changed = before.is_none_or(|before| {
            before.last_error != host.last_error
                || before.trust != trust
                || (host.build.is_some() && before.build != host.build)
        });
        if changed {
            self.events.push(told::host(&host, trust.as_ref(), at));
        }
        let after = HostStatus {
            build: host
                .build
                .or_else(|| before.and_then(|before| before.build.clone())),
            trust,
            last_survey: host
                .last_survey
                .map(kept)
                .or_else(|| before.and_then(|before| before.last_survey)),
            last_error: host.last_error,
            last_error_at: host.last_error_at.map(kept),
            requests: countable(host.requests).unsigned_abs(),
            host: host.host,
        };
        self.hosts.rows.insert(after.host.clone(), after);
    }

    pub(super) fn host_trust(&mut self, host: &HostId, trust: &HostTrust) {
        let before = self.hosts.rows.get(host);
        if before.and_then(|before| before.trust.as_ref()) != Some(trust) {
            let at = trust_given(trust, before.and_then(|before| before.last_survey));
            self.events.push(told::trust(host, trust, at));
        }
        let row = self.hosts.rows.entry(host.clone()).or_insert_with(|| HostStatus {
            host: host.clone(),
            build: Some(trust_build(trust).to_owned()),
            trust: None,
            last_survey: None,
            last_error: None,
            last_error_at: None,
            requests: 0,
        });
        row.trust = Some(trust.clone());
    }
}
