//! The night: what runs, what waits and why, hosts, findings.

use super::picture::{Class, Picture, Subject};
use super::{StoreConsole, open};
use ::console::{Cause, FindingRow, HostRow, Mark, NightCounts, NightView, RunningRow, UiError, Zone, words};
use domain::attempt::AttemptState;
use domain::blocker::Actor;
use domain::code::Code;
use domain::ids::HostId;
use domain::obligation::OutcomeKind;
use domain::observation::HostTrust;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use store::records::HostStatus;
use store::traits::Scope;

impl StoreConsole {
    pub(super) async fn night_view(&self) -> Result<NightView, UiError> {
        let picture = self.picture().await?;
        let night = picture.night;
        Ok(NightView {
            as_of: picture.as_of,
            zone: Zone::utc(),
            day: night.day,
            opens: night.opens,
            due: night.due,
            freshness_limit_secs: self.freshness_limit_secs(),
            counts: counts(&picture),
            open_over_time: open::over_time(&picture),
            running: running(&picture),
            causes: self.causes(&picture),
            hosts: self.host_rows(&picture),
            findings: picture
                .snapshot
                .findings_of(&self.scope)
                .map(|finding| FindingRow {
                    key: finding.key.clone(),
                    title: words::finding(&finding.kind).to_owned(),
                    text: finding.text.clone(),
                    host: finding.host.as_ref().map(ToString::to_string),
                    replica: finding.replica,
                    since: finding.since,
                })
                .collect(),
        })
    }

    fn causes(&self, picture: &Picture) -> Vec<Cause> {
        let mut groups: BTreeMap<&'static str, Vec<&Subject>> = BTreeMap::new();
        for subject in &picture.subjects {
            if let (Class::Waiting | Class::Unknown, Some(code)) = (subject.class, subject.verdict().code()) {
                groups.entry(code).or_default().push(subject);
            }
        }
        let mut causes: Vec<Cause> = groups
            .into_iter()
            .filter_map(|(code, subjects)| self.cause(picture, code, &subjects))
            .collect();
        causes.sort_by(|a, b| b.replicas.cmp(&a.replicas).then_with(|| a.code.cmp(&b.code)));
        causes
    }

    fn cause(&self, picture: &Picture, code: &str, subjects: &[&Subject]) -> Option<Cause> {
        let words = subjects.first()?.verdict().words().into_iter().next()?;
        let since = || subjects.iter().map(|it| it.since.unwrap_or(picture.now));
        let hosts: BTreeSet<&str> = subjects.iter().map(|it| it.row.replica.host.as_str()).collect();
        Some(Cause {
            code: code.to_owned(),
            title: words::title(code).to_owned(),
            mark: words::mark(code),
            replicas: subjects.len() as u64,
            hosts: hosts.into_iter().map(str::to_owned).collect(),
            since_oldest: since().min()?,
            since_newest: since().max()?,
            next_look: subjects
                .iter()
                .filter_map(|it| self.engine.next_look(it.row.replica.id))
                .min(),
            whose: words::actor(words.actor).to_owned(),
            releases: words.release,
            only: match subjects {
                [one] => Some((one.row.replica.id, one.row.replica.name.clone())),
                _ => None,
            },
        })
    }

    fn host_rows(&self, picture: &Picture) -> Vec<HostRow> {
        // Infrastructure is the hoster's: a tenant's view has no hosts.
        if matches!(self.scope, Scope::Tenant(_)) {
            return Vec::new();
        }
        let statuses = &picture.snapshot.hosts;
        let mut names: BTreeSet<_> = self.site.hosts.iter().cloned().collect();
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
                    slots_max: self.site.slots_per_host,
                    last_survey: status.and_then(|status| status.last_survey),
                    error: status.and_then(newest_error),
                    host: host.to_string(),
                }
            })
            .collect()
    }
}

fn counts(picture: &Picture) -> NightCounts {
    let mut counts = NightCounts {
        total: picture.subjects.len() as u64,
        ..NightCounts::default()
    };
    let tenants: BTreeSet<_> = picture.subjects.iter().map(|it| &it.row.replica.tenant).collect();
    counts.tenants = tenants.len() as u64;
    for subject in &picture.subjects {
        *match subject.class {
            Class::Met => &mut counts.met,
            Class::Running => &mut counts.running,
            Class::Waiting => &mut counts.waiting,
            Class::Ready => &mut counts.ready,
            Class::Failed => &mut counts.failed,
            Class::Unknown => &mut counts.unknown,
        } += 1;
        let actor = subject
            .verdict()
            .code()
            .and_then(|code| code.parse::<Code>().ok());
        if subject.class == Class::Waiting && actor.is_some_and(|code| code.actor() != Actor::Nobody) {
            counts.needs_person += 1;
        }
        if let Some(day) = subject.day().filter(|day| day.window.covers(picture.now)) {
            counts.attempts += u64::from(day.attempts.saturating_sub(day.deferrals));
            counts.deferrals += u64::from(day.deferrals);
            counts.excused += u64::from(day.kind == OutcomeKind::Excused);
        }
    }
    counts
}

fn running(picture: &Picture) -> Vec<RunningRow> {
    let mut rows: Vec<RunningRow> = picture
        .subjects
        .iter()
        .filter_map(|subject| {
            let attempt = subject.row.attempt.as_ref()?;
            let AttemptState::Running { step, since } = attempt.state else {
                return None;
            };
            Some(RunningRow {
                attempt: attempt.id,
                replica: subject.row.replica.id,
                name: subject.row.replica.name.clone(),
                tenant: subject.row.replica.tenant.to_string(),
                host: attempt.host.to_string(),
                step: words::step(step).to_owned(),
                since,
                started: attempt.started,
                percent: subject.percent(),
            })
        })
        .collect();
    rows.sort_by_key(|row| (row.started, row.attempt));
    rows
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
