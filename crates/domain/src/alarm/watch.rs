//! The dead man's notice: who should have looked and did not.

use super::{Notice, NoticeKind};
use crate::ids::HostId;
use crate::words::{count, list, span};
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;
use std::fmt;

/// Who looks at what.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum WatcherName {
    /// The planner's tick: without it nothing starts anywhere.
    Planner,
    /// The look at one host.
    Host(HostId),
}

impl fmt::Display for WatcherName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Planner => f.write_str("planner"),
            Self::Host(host) => write!(f, "host:{host}"),
        }
    }
}

/// A watcher and its newest sign of life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watcher {
    pub name: WatcherName,
    /// Its last completed look or tick; after a restart of the process the one before it. For one that never looked, when it was set up.
    pub last: DateTime<Utc>,
    /// Longer silence is a notice.
    pub silence_secs_max: u32,
}

impl Watcher {
    fn silent_secs(&self, now: DateTime<Utc>) -> Option<u64> {
        let silent = u64::try_from((now - self.last).num_seconds()).unwrap_or(0);
        (silent > u64::from(self.silence_secs_max)).then_some(silent)
    }
}

/// More silent hosts than this are told in one notice.
const APART_MAX: usize = 3;

/// One notice when Stillpoint as a whole is silent, else one per silent host, or one for all when they are many.
pub(super) fn not_watching(
    watchers: &[Watcher],
    noticed: &BTreeSet<String>,
    now: DateTime<Utc>,
) -> Vec<Notice> {
    let silent: Vec<(&Watcher, u64)> = watchers
        .iter()
        .filter_map(|w| Some((w, w.silent_secs(now)?)))
        .collect();
    if let Some((planner, secs)) = silent.iter().find(|(w, _)| w.name == WatcherName::Planner) {
        return vec![notice(
            &planner.name.to_string(),
            planner.last,
            "Stillpoint has stopped planning".to_owned(),
            format!(
                "The planner has not run for {}: no backup starts. Look at the process and its store.",
                span(*secs)
            ),
        )];
    }
    let hosts = watchers.iter().filter(|w| w.name != WatcherName::Planner).count();
    let open = open_outage(noticed);
    if !silent.is_empty()
        && (open.is_some() || silent.len() > APART_MAX || (silent.len() > 1 && silent.len() == hosts))
    {
        return outage(&silent, open).into_iter().collect();
    }
    silent
        .iter()
        .filter_map(|(watcher, secs)| {
            let host = host(watcher)?;
            Some(notice(
                &watcher.name.to_string(),
                watcher.last,
                format!("{host} is not watched"),
                format!(
                    "No look at {host} has succeeded for {}: its replicas are unknown and nothing can be backed up there. Look at the host, the network and the credentials.",
                    span(*secs)
                ),
            ))
        })
        .collect()
}

/// Many hosts at once. The key is that of the outage's beginning for as long as any host is silent; ten times as many are told again.
fn outage(silent: &[(&Watcher, u64)], open: Option<i64>) -> Option<Notice> {
    let (newest, secs) = silent.iter().max_by_key(|(w, _)| w.last)?;
    let mut names: Vec<String> = silent
        .iter()
        .take(APART_MAX)
        .filter_map(|(w, _)| host(w))
        .collect();
    if silent.len() > APART_MAX {
        names.push(format!("{} more", silent.len() - APART_MAX));
    }
    let began = open.unwrap_or_else(|| newest.last.timestamp());
    let told = notice(
        HOSTS,
        newest.last,
        format!("{} not watched", count(silent.len() as u64, "host", "hosts")),
        format!(
            "No look at {} has succeeded for {} or more: nothing can be backed up there. Look at the network and the credentials.",
            list(&names),
            span(*secs)
        ),
    );
    Some(Notice {
        key: super::sized(&format!("not-watching:{HOSTS}:{began}"), silent.len()),
        ..told
    })
}

/// The beginning of an outage of many hosts that was noticed and whose end was not.
fn open_outage(noticed: &BTreeSet<String>) -> Option<i64> {
    let prefix = format!("not-watching:{HOSTS}:");
    noticed
        .range(prefix.clone()..)
        .take_while(|key| key.starts_with(&prefix))
        .filter_map(|key| key[prefix.len()..].split_once('#')?.0.parse().ok())
        .filter(|began: &i64| !noticed.contains(&format!("watching-again:{HOSTS}:{began}")))
        .max()
}

const HOSTS: &str = "hosts";

fn host(watcher: &Watcher) -> Option<String> {
    match &watcher.name {
        WatcherName::Planner => None,
        WatcherName::Host(host) => Some(host.to_string()),
    }
}

fn notice(name: &str, last: DateTime<Utc>, subject: String, sentence: String) -> Notice {
    Notice {
        key: format!("not-watching:{name}:{}", last.timestamp()),
        kind: NoticeKind::NotWatching,
        subject,
        sentence,
        since: last,
        due: None,
        cause: None,
    }
}

/// For each silence that was noticed and is over.
pub(super) fn watching_again(
    watchers: &[Watcher],
    noticed: &BTreeSet<String>,
    now: DateTime<Utc>,
) -> Vec<Notice> {
    let awake = |w: &&Watcher| w.silent_secs(now).is_none();
    let mut all = Vec::new();
    for watcher in watchers.iter().filter(awake) {
        let prefix = format!("not-watching:{}:", watcher.name);
        let ended = noticed
            .range(prefix.clone()..)
            .take_while(|key| key.starts_with(&prefix))
            .filter_map(|key| key[prefix.len()..].parse::<i64>().ok())
            .filter(|last| *last < watcher.last.timestamp())
            .max();
        let Some(last) = ended.and_then(|secs| DateTime::from_timestamp(secs, 0)) else {
            continue;
        };
        let (subject, what) = match &watcher.name {
            WatcherName::Planner => (
                "Stillpoint is planning again".to_owned(),
                "The planner".to_owned(),
            ),
            WatcherName::Host(host) => (format!("{host} is watched again"), format!("The look at {host}")),
        };
        let silent = span(u64::try_from((watcher.last - last).num_seconds()).unwrap_or(0));
        all.push(Notice {
            key: format!("watching-again:{}:{}", watcher.name, last.timestamp()),
            kind: NoticeKind::WatchingAgain,
            subject,
            sentence: format!("{what} was silent for up to {silent} and works again."),
            since: last,
            due: None,
            cause: None,
        });
    }
    let mut hosts = watchers
        .iter()
        .filter(|w| w.name != WatcherName::Planner)
        .peekable();
    if let Some(began) = open_outage(noticed)
        // Each has looked since: one that is only not overdue yet says nothing.
        && hosts.peek().is_some()
        && hosts.all(|w| awake(&w) && w.last.timestamp() > began)
        && let Some(since) = DateTime::from_timestamp(began, 0)
    {
        all.push(Notice {
            key: format!("watching-again:{HOSTS}:{began}"),
            kind: NoticeKind::WatchingAgain,
            subject: "All hosts are watched again".to_owned(),
            sentence: "Every host answers again.".to_owned(),
            since,
            due: None,
            cause: None,
        });
    }
    all
}
