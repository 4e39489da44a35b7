//! Hosts with their load, their trust, and what keeps anything from starting there.

use super::StoreConsole;
use super::picture::{Class, Picture};
use ::console::{Held, HoldRow, HostRow, Mark};
use chrono::{DateTime, Utc};
use domain::ids::HostId;
use domain::observation::HostTrust;
use domain::planner::{Breaker, breaker};
use domain::words::span;
use engine::Planned;
use std::collections::{BTreeSet, HashMap};
use store::records::HostStatus;
use store::traits::Scope;

impl StoreConsole {
    pub(super) fn host_rows(
        &self,
        picture: &Picture,
        planned: Option<&Planned>,
        holds: &[HoldRow],
    ) -> Vec<HostRow> {
        // Infrastructure is the hoster's: a tenant's view has no hosts.
        if matches!(self.scope, Scope::Tenant(_)) {
            return Vec::new();
        }
        let statuses = &picture.snapshot.hosts;
        let mut names: BTreeSet<_> = self.site().hosts.iter().cloned().collect();
        names.extend(statuses.iter().map(|status| status.host.clone()));
        // One walk for all hosts: sites have dozens of them and thousands of replicas.
        let mut on: HashMap<&HostId, (u64, u32)> = HashMap::new();
        for subject in &picture.subjects {
            let (replicas, running) = on.entry(&subject.row.replica.host).or_default();
            *replicas += 1;
            *running += u32::from(subject.class == Class::Running);
        }
        names
            .into_iter()
            .map(|host| {
                let status = statuses.iter().find(|status| status.host == host);
                let (trust, trust_mark) = trust(status);
                let (replicas, slots_used) = on.get(&host).copied().unwrap_or_default();
                HostRow {
                    build: status.and_then(|status| status.build.clone()),
                    trust: trust.to_owned(),
                    trust_mark,
                    replicas,
                    slots_used,
                    slots_max: self.site().slots_per_host,
                    requests: self.engine.requests(&host),
                    breaker: planned.and_then(|planned| told_breaker(planned, &host, picture.now)),
                    held: holds
                        .iter()
                        .find(|hold| hold.on == "host" && hold.name == host.as_str())
                        .map(|hold| Held {
                            by: hold.author.clone(),
                            until: hold.until,
                            reason: hold.reason.clone(),
                        }),
                    last_survey: status.and_then(|status| status.last_survey),
                    error: status.and_then(newest_error),
                    host: host.to_string(),
                }
            })
            .collect()
    }
}

/// Why nothing starts on a host after failures in a row.
fn told_breaker(planned: &Planned, host: &HostId, now: DateTime<Utc>) -> Option<String> {
    let failed = |n: u32| format!("{n} attempts in a row failed through this host");
    match breaker(planned.world.hosts.get(host)?, now) {
        Breaker::Closed => None,
        Breaker::Open { until, failures } => {
            let wait = span(u64::try_from((until - now).num_seconds()).unwrap_or(0));
            Some(format!("{}; the next one tries it in {wait}.", failed(failures)))
        }
        Breaker::Trial { failures } => Some(format!("{}; one at a time tries it.", failed(failures))),
    }
}

fn trust(status: Option<&HostStatus>) -> (&'static str, Mark) {
    match status.and_then(|status| status.trust.as_ref()) {
        Some(HostTrust::Enrolled { .. }) => ("enrolled", Mark::Met),
        Some(HostTrust::Unproven { .. }) => ("not proven yet", Mark::Late),
        Some(HostTrust::TooOld { .. }) => ("too old", Mark::Missed),
        None => ("not seen yet", Mark::Unknown),
    }
}

fn newest_error(status: &HostStatus) -> Option<String> {
    let newer = match (status.last_error_at, status.last_survey) {
        (Some(error), Some(survey)) => error > survey,
        _ => true,
    };
    status.last_error.clone().filter(|_| newer)
}
