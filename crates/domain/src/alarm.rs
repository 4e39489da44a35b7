//! The alarm: which notices to make now. A pure decision: the same thing is noticed once, one cause makes one notice however many replicas
//! it concerns, and an acknowledged cause is silent until it changes.
//!
//! Keys are what makes a notice that notice: whoever sends it stores the key and gives it back the next time. A key ends in the size of
//! what it tells (1, 10, 100, ... replicas), so that ten times as many are told again and fewer are not.

mod watch;

pub use watch::{Watcher, WatcherName};

use crate::calendar::SlaDay;
use crate::causes::{Cause, CauseKind};
use crate::ids::{AttemptId, HostId, ReplicaId, TenantId};
use crate::obligation::ObligationKey;
use crate::words::{count, explain_slack, span};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoticeKind {
    /// May not be met by due.
    AtRisk,
    /// Was not met by due.
    Breached,
    /// Will not move without a person.
    Stuck,
    /// Stillpoint does not look at what it should look at.
    NotWatching,
    WatchingAgain,
}

impl NoticeKind {
    /// As it stands in keys and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AtRisk => "at-risk",
            Self::Breached => "breached",
            Self::Stuck => "stuck",
            Self::NotWatching => "not-watching",
            Self::WatchingAgain => "watching-again",
        }
    }
}

/// One thing to tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    pub key: String,
    pub kind: NoticeKind,
    /// A line.
    pub subject: String,
    pub sentence: String,
    /// Since when what is told has held.
    pub since: DateTime<Utc>,
    /// When the first obligation concerned is or was due.
    pub due: Option<DateTime<Utc>>,
    /// The key of the cause, where there is one: what a person acknowledges.
    pub cause: Option<String>,
}

/// An obligation whose due time has passed unmet.
#[derive(Debug, Clone, Copy)]
pub struct Breach<'a> {
    pub key: ObligationKey,
    pub tenant: &'a TenantId,
    pub due: DateTime<Utc>,
    /// What kept it when it became due.
    pub cause: Option<(&'a str, CauseKind)>,
}

/// Something that waits for a person.
#[derive(Debug, Clone, Copy)]
pub enum Stuck<'a> {
    /// A primary that was paused and has not been observed resumed (promise 7).
    Pause {
        attempt: AttemptId,
        replica: ReplicaId,
        tenant: &'a TenantId,
        since: DateTime<Utc>,
        /// The policy's longest pause.
        secs_max: u32,
    },
    /// An attempt without progress, or something that it left on a host and that cannot be removed.
    Attempt {
        attempt: AttemptId,
        replica: ReplicaId,
        host: &'a HostId,
        since: DateTime<Utc>,
        secs_max: u32,
    },
}

/// A person's word that a cause is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledged {
    /// [`Cause::key`].
    pub cause: String,
    pub at: DateTime<Utc>,
    /// How many were at risk at that moment.
    pub at_risk: usize,
    pub author: String,
}

/// All that the alarm looks at.
#[derive(Debug, Default)]
pub struct Scene<'a> {
    pub causes: &'a [Cause],
    /// Those of the last day or two; what was noticed is not noticed again.
    pub breaches: &'a [Breach<'a>],
    pub stuck: &'a [Stuck<'a>],
    pub watchers: &'a [Watcher],
    pub acknowledged: &'a [Acknowledged],
    /// Keys of notices that were made.
    pub noticed: Option<&'a BTreeSet<String>>,
}

/// The notices to make at `now`, the worst kinds first: not watching, breached, stuck, at risk, watching again.
#[must_use]
pub fn notices(scene: &Scene<'_>, now: DateTime<Utc>) -> Vec<Notice> {
    let nothing = BTreeSet::new();
    let noticed = scene.noticed.unwrap_or(&nothing);
    let mut all = watch::not_watching(scene.watchers, noticed, now);
    all.extend(breached(scene));
    all.extend(scene.stuck.iter().filter_map(|stuck| explain_stuck(stuck, now)));
    all.extend(at_risk(scene));
    all.extend(watch::watching_again(scene.watchers, noticed, now));
    all.retain(|notice| !is_noticed(noticed, &notice.key));
    all
}

/// The order of magnitude: 0 for 1 to 9, 1 for 10 to 99, ...
fn size(replicas: usize) -> u32 {
    replicas.checked_ilog10().unwrap_or(0)
}

/// Sizes that are told: beyond a million replicas nothing is news.
const SIZE_MAX: u32 = 6;

fn sized(base: &str, replicas: usize) -> String {
    format!("{base}#{}", size(replicas).min(SIZE_MAX))
}

/// Whether this or the same with a greater size was noticed.
fn is_noticed(noticed: &BTreeSet<String>, key: &str) -> bool {
    let Some((base, own)) = key.rsplit_once('#') else {
        return noticed.contains(key);
    };
    let own: u32 = own.parse().unwrap_or(0);
    (own..=SIZE_MAX).any(|size| noticed.contains(&format!("{base}#{size}")))
}

fn at_risk<'a>(scene: &'a Scene<'_>) -> impl Iterator<Item = Notice> + 'a {
    let known = move |cause: &Cause| {
        scene.acknowledged.iter().any(|ack| {
            // A cause that went away and came back, or that grew tenfold, is not what was acknowledged.
            ack.cause == cause.key && cause.since_oldest <= ack.at && size(cause.at_risk) <= size(ack.at_risk)
        })
    };
    scene
        .causes
        .iter()
        // Not looked at yet is a matter of seconds after a start; if it lasts, it has another name.
        .filter(|cause| cause.at_risk > 0 && cause.kind != CauseKind::NotSeen)
        .filter(move |cause| !known(cause))
        .map(|cause| {
            let day = cause.first.day;
            let slack = if cause.too_late == cause.replicas {
                "All of them are expected to be too late".to_owned()
            } else {
                format!("The first of them has {}", explain_slack(cause.least_slack_secs))
            };
            Notice {
                key: sized(&format!("at-risk:{}:{day}", cause.key), cause.at_risk),
                kind: NoticeKind::AtRisk,
                subject: format!(
                    "{} at risk: {}",
                    count(cause.at_risk as u64, "replica", "replicas"),
                    cause.title()
                ),
                sentence: format!(
                    "{}. {slack}. Whose move it is: {}.",
                    cause.extent(),
                    cause.actor.words()
                ),
                since: cause.since_oldest,
                due: Some(cause.next_due),
                cause: Some(cause.key.clone()),
            }
        })
}

/// Breaches by cause and day; those without a cause by tenant and day.
fn breached(scene: &Scene<'_>) -> Vec<Notice> {
    #[derive(PartialEq, Eq, PartialOrd, Ord)]
    enum By<'a> {
        Cause(&'a str, CauseKind),
        Tenant(&'a TenantId),
    }
    let mut groups: BTreeMap<(By<'_>, SlaDay), Vec<&Breach<'_>>> = BTreeMap::new();
    for breach in scene.breaches {
        // What was acknowledged after it became due is known.
        let known = breach.cause.is_some_and(|(key, _)| {
            let mut acks = scene.acknowledged.iter();
            acks.any(|ack| ack.cause == key && breach.due <= ack.at)
        });
        if known {
            continue;
        }
        let by = match breach.cause {
            Some((key, kind)) => By::Cause(key, kind),
            None => By::Tenant(breach.tenant),
        };
        groups.entry((by, breach.key.day)).or_default().push(breach);
    }
    groups
        .into_iter()
        .filter_map(|((by, day), breaches)| {
            let due = breaches.iter().map(|b| b.due).min()?;
            let tenants: BTreeSet<_> = breaches.iter().map(|b| b.tenant).collect();
            let replicas = count(breaches.len() as u64, "replica", "replicas");
            let of = match tenants.first() {
                Some(only) if tenants.len() == 1 => format!("of {only}"),
                _ => format!("of {}", count(tenants.len() as u64, "tenant", "tenants")),
            };
            let was = if breaches.len() == 1 { "was" } else { "were" };
            let (base, why) = match by {
                By::Cause(key, kind) => {
                    let place = host_of(key).map_or_else(String::new, |host| format!(" on {host}"));
                    let title = format!("{}{place}", kind.title());
                    (key.to_owned(), (format!("What kept them: {title}"), title))
                }
                By::Tenant(tenant) => {
                    let why = "Nothing is known to have kept them".to_owned();
                    (format!("tenant:{tenant}"), (why, "no cause known".to_owned()))
                }
            };
            let (why, title) = why;
            let why = if breaches.len() == 1 {
                why.replace(" them", " it")
            } else {
                why
            };
            Some(Notice {
                key: sized(&format!("breached:{base}:{day}"), breaches.len()),
                kind: NoticeKind::Breached,
                subject: format!("{replicas} {of} not met by due: {title}"),
                sentence: format!(
                    "{replicas} {of} {was} not backed up by the due time of {day}. {why}. A backup before the next day opens counts as late, a later one not for this day."
                ),
                since: due,
                due: Some(due),
                cause: breaches[0].cause.map(|(key, _)| key.to_owned()),
            })
        })
        .collect()
}

/// The host in a cause's key, where it has one.
fn host_of(key: &str) -> Option<&str> {
    key.strip_prefix("host:")?.split(':').next()
}

fn explain_stuck(stuck: &Stuck<'_>, now: DateTime<Utc>) -> Option<Notice> {
    let (attempt, since, secs_max) = match stuck {
        Stuck::Pause {
            attempt,
            since,
            secs_max,
            ..
        }
        | Stuck::Attempt {
            attempt,
            since,
            secs_max,
            ..
        } => (attempt, *since, *secs_max),
    };
    let lasted = u64::try_from((now - since).num_seconds()).unwrap_or(0);
    if lasted <= u64::from(secs_max) {
        return None;
    }
    let (what, subject, sentence) = match stuck {
        Stuck::Pause { replica, tenant, .. } => (
            "pause",
            format!("A primary of {tenant} is still paused"),
            format!(
                "The primary of replica {replica} was paused {} ago and has not been seen resumed; the policy allows {}. Stillpoint goes on trying; look at the primary's host.",
                span(lasted),
                span(u64::from(secs_max))
            ),
        ),
        Stuck::Attempt { replica, host, .. } => (
            "attempt",
            format!("An attempt on {host} does not end"),
            format!(
                "The attempt on replica {replica} has stood still for {}; {} is normal. Look at the host's jobs and checkpoints.",
                span(lasted),
                span(u64::from(secs_max))
            ),
        ),
    };
    Some(Notice {
        key: format!("stuck:{what}:{attempt}"),
        kind: NoticeKind::Stuck,
        subject,
        sentence,
        since,
        due: None,
        cause: None,
    })
}

#[cfg(test)]
mod tests;
