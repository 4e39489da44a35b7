//! The night: what runs, what waits and why, hosts, findings.

use super::holds::held;
use super::owed::pause_row;
use super::picture::{Class, Picture, Subject};
use super::{StoreConsole, fault, open, outlook};
use crate::tonight::{Standing, tonight};
use ::console::{
    Acknowledged, Cause, FindingRow, Held, HoldRow, HostRow, Mark, NightCounts, NightView, OwedCounts,
    PauseRow, RunningRow, UiError, words,
};
use chrono::{DateTime, Utc};
use domain::attempt::AttemptState;
use domain::blocker::Actor;
use domain::code::Code;
use domain::ids::{HostId, ReplicaId};
use domain::obligation::OutcomeKind;
use domain::observation::HostTrust;
use domain::planner::{Breaker, Move, breaker};
use domain::words::span;
use engine::{Foreseen, Planned};
use std::collections::{BTreeSet, HashMap};
use store::obligations::DayHead;
use store::pauses::Pause;
use store::records::HostStatus;
use store::traits::Scope;

impl StoreConsole {
    pub(super) async fn night_view(&self) -> Result<NightView, UiError> {
        let picture = self.picture().await?;
        let night = picture.night;
        let planned = self.engine.planned();
        let foreseen = self.engine.foreseen();
        let (owed, causes) = self.causes(&picture, planned.as_deref(), foreseen.as_deref());
        let holds = self.holds_in_force(&picture).await?;
        let causes = match causes {
            Some(causes) => Some(self.acknowledged(causes, picture.now).await?),
            None => None,
        };
        let hosts = self.host_rows(&picture, planned.as_deref(), &holds);
        Ok(NightView {
            as_of: picture.as_of,
            zone: self.zone(),
            day: night.day,
            opens: night.opens,
            due: night.due,
            freshness_limit_secs: self.freshness_limit_secs(),
            oldest_observation: picture.subjects.iter().filter_map(Subject::observed).min(),
            counts: counts(&picture),
            owed,
            ended: outlook::ended(&picture),
            open_over_time: open::over_time(&picture),
            pace: outlook::pace(&picture),
            forecast: self.forecast(&picture, planned.as_deref(), foreseen.as_deref()),
            running: running(&picture),
            causes,
            hosts,
            pauses: self.pauses(&picture).await?,
            holds,
            notices: None,
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

    /// From the plan; `None` before the first one.
    fn causes(
        &self,
        picture: &Picture,
        planned: Option<&Planned>,
        foreseen: Option<&Foreseen>,
    ) -> (OwedCounts, Option<Vec<Cause>>) {
        let days: Vec<DayHead> = picture
            .subjects
            .iter()
            .flat_map(|it| it.row.days.iter().cloned())
            .collect();
        let names: HashMap<ReplicaId, &str> = picture
            .subjects
            .iter()
            .map(|it| (it.row.replica.id, it.row.replica.name.as_str()))
            .collect();
        let tonight = tonight(
            planned,
            foreseen,
            &days,
            |id| names.contains_key(&id),
            picture.now,
        );
        let covering = || days.iter().filter(|day| day.window.covers(picture.now));
        let tenants: BTreeSet<_> = covering().map(|day| &day.tenant).collect();
        let zones: BTreeSet<_> = tenants.iter().map(|tenant| self.zone_of(tenant).name()).collect();
        let counts = OwedCounts {
            total: tonight.counts.owed,
            tenants: tenants.len() as u64,
            zones: zones.len() as u64,
            met: tonight.counts.met,
            open: tonight.counts.open,
            running: tonight.counts.running,
            at_risk: tonight.counts.at_risk,
            too_late: tonight.at_risk.iter().filter(|it| is_too_late(it)).count() as u64,
            stuck: tonight
                .causes
                .iter()
                .filter(|it| it.actor != Actor::Nobody)
                .map(|it| it.replicas as u64)
                .sum(),
            excluded: tonight.counts.excluded,
        };
        let cause = |it: &domain::causes::Cause| Cause {
            key: it.key.clone(),
            code: it.kind.code().map(|code| code.to_string()),
            title: it.kind.title().to_owned(),
            mark: it
                .kind
                .code()
                .map_or(Mark::Late, |code| words::mark(code.as_str())),
            queue: it.kind.is_queue(),
            host: it.host.as_ref().map(ToString::to_string),
            replicas: it.replicas as u64,
            tenants: it.tenants as u64,
            at_risk: it.at_risk as u64,
            too_late: it.too_late as u64,
            since: it.since_oldest,
            next_look: self.engine.next_look(it.first.replica),
            next_due: it.next_due,
            least_slack_secs: it.least_slack_secs,
            whose: words::actor(it.actor).to_owned(),
            needs_person: it.actor != Actor::Nobody,
            releases: it
                .kind
                .code()
                .map_or_else(String::new, |code| code.release().to_owned()),
            first: (
                it.first.replica,
                names
                    .get(&it.first.replica)
                    .copied()
                    .unwrap_or_default()
                    .to_owned(),
            ),
            acknowledged: None,
            held: it.held.as_ref().map(held),
        };
        let causes = planned.map(|_| tonight.causes.iter().map(cause).collect());
        (counts, causes)
    }

    /// Who took note of which; those that wait for a slot are nobody's to acknowledge.
    async fn acknowledged(&self, mut causes: Vec<Cause>, now: DateTime<Utc>) -> Result<Vec<Cause>, UiError> {
        let noted = self.store.acknowledgements(now).await.map_err(fault::ui)?;
        for cause in &mut causes {
            let one = noted.iter().find(|one| one.cause == cause.key);
            cause.acknowledged = one.map(|one| Acknowledged {
                by: one.author.clone(),
                at: one.at,
                until: one.until,
                note: one.note.clone(),
            });
        }
        Ok(causes)
    }

    async fn pauses(&self, picture: &Picture) -> Result<Vec<PauseRow>, UiError> {
        let pauses = self.store.pauses_unresumed().await.map_err(fault::ui)?;
        let row = |pause: &Pause| {
            let subject = picture
                .subjects
                .iter()
                .find(|it| it.row.replica.id == pause.replica)?;
            Some(pause_row(pause, &subject.row.replica.name))
        };
        Ok(pauses.iter().filter_map(row).collect())
    }

    fn host_rows(&self, picture: &Picture, planned: Option<&Planned>, holds: &[HoldRow]) -> Vec<HostRow> {
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
                    requests: None,
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

/// Expected to be too late already, or given up.
fn is_too_late(it: &Standing<'_>) -> bool {
    it.slack_secs < 0 || matches!(it.decision.what, Move::GiveUp { .. })
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
