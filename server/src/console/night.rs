//! The night: what runs, what waits and why, hosts, findings.

use super::picture::{Class, Picture, Subject};
use super::{StoreConsole, open, outlook};
use ::console::{FindingRow, NightCounts, NightView, RunningRow, UiError, words};
use domain::attempt::AttemptState;
use domain::blocker::Actor;
use domain::code::Code;
use domain::obligation::OutcomeKind;
use std::collections::BTreeSet;

impl StoreConsole {
    pub(super) async fn night_view(&self) -> Result<NightView, UiError> {
        let picture = self.picture().await?;
        let night = picture.night;
        let planned = self.engine.planned();
        let ahead = self.ahead(&picture);
        let holds = self.holds_in_force(&picture).await?;
        let causes = match &ahead.causes {
            Some(causes) => Some(self.acknowledged(causes.clone(), picture.now).await?),
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
            owed: ahead.owed,
            ended: outlook::ended(&picture),
            open_over_time: open::over_time(&picture),
            pace: outlook::pace(&picture),
            forecast: ahead.forecast.clone(),
            running: running(&picture),
            causes,
            hosts,
            pauses: self.pauses(&picture).await?,
            holds,
            notices: self.notices(picture.now).await?,
            tells: self.site().tells,
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
