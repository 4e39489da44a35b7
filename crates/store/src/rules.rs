//! What every database behind the traits does alike, written once: limits, roundings, names, and the events that changes leave.

pub(crate) mod doors;
pub(crate) mod night;
pub(crate) mod told;

use crate::traits::{PollWrite, Result, Scope, StoreError};
use chrono::{DateTime, Utc};
use domain::door::seat::Seat;
use domain::ids::{ReplicaId, TenantId};
use domain::observation::HostTrust;
use domain::verdict::Verdict;
use serde_json::Value;

/// The most attempts one page holds.
pub(crate) const ATTEMPTS_READ_MAX: u32 = 1_000;
/// The most point heads one page holds.
pub(crate) const HEADS_READ_MAX: u32 = 1_000;
/// The most lines that one list of pauses, holds or notices holds.
pub(crate) const LINES_READ_MAX: u32 = 1_000;
/// The most events one read returns.
pub(crate) const EVENTS_READ_MAX: u32 = 1_000;
/// Events kept. Readers that were away longer reload what they show; the objects themselves are all still there.
pub(crate) const EVENTS_KEPT_MAX: u32 = 100_000;
/// The phases a journal line can have.
const PHASES: [&str; 3] = ["intent", "done", "undone"];

/// An instant as every database keeps it: whole microseconds, the earlier one. What a caller gets back from a write is what it
/// will read. Instants inside documents stay as given.
pub(crate) fn kept(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(at.timestamp_micros()).unwrap_or(at)
}

/// A count as every database keeps it. Their integers end at 2^63 - 1: that many bytes or requests do not exist, so the end stands
/// for more.
pub(crate) fn countable(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

pub(crate) fn missing(what: &'static str, id: impl ToString) -> StoreError {
    StoreError::NotFound {
        what,
        id: id.to_string(),
    }
}

pub(crate) fn conflict(what: &'static str, id: impl ToString) -> StoreError {
    StoreError::Conflict {
        what,
        id: id.to_string(),
    }
}

/// The lease is not there, or under another token or owner.
pub(crate) fn lease_lost(replica: ReplicaId) -> StoreError {
    conflict("lease on replica", replica)
}

impl Scope {
    /// Whose things somebody in that seat sees; `reason` names what a hoster's person is there for.
    #[must_use]
    pub fn of(seat: &Seat, reason: &'static str) -> Self {
        match seat.tenant() {
            None => Self::Site { reason },
            Some(tenant) => Self::Tenant(tenant.clone()),
        }
    }

    /// The tenant whose things are asked for; `None` for the site, which sees all.
    pub(crate) fn owner(&self) -> Option<&TenantId> {
        match self {
            Self::Site { .. } => None,
            Self::Tenant(tenant) => Some(tenant),
        }
    }

    pub(crate) fn sees(&self, tenant: &TenantId) -> bool {
        self.owner().is_none_or(|owner| owner == tenant)
    }
}

/// Refuses a journal line in a phase that is none.
pub(crate) fn phase_known(phase: &str) -> Result<()> {
    if PHASES.contains(&phase) {
        return Ok(());
    }
    Err(StoreError::Database {
        action: "append to a journal",
        source: format!("phase `{phase}` is none of {}", PHASES.join(", ")).into(),
    })
}

/// The place that a seal claims in its tenant's chain. A seal without one is in no chain.
pub(crate) fn chain_place(seal: &Value) -> Option<i64> {
    seal.get("sequence").and_then(Value::as_i64)
}

/// A poll that read the trust before `doctor` enrolled the host must not undo it; a new build must.
pub(crate) fn trust_after(stored: Option<HostTrust>, polled: Option<HostTrust>) -> Option<HostTrust> {
    match (stored, polled) {
        (stored, None) => stored,
        (Some(stored @ HostTrust::Enrolled { .. }), Some(polled @ HostTrust::Unproven { .. }))
            if trust_build(&stored) == trust_build(&polled) =>
        {
            Some(stored)
        }
        (_, polled) => polled,
    }
}

pub(crate) fn trust_build(trust: &HostTrust) -> &str {
    match trust {
        HostTrust::Enrolled { build, .. } | HostTrust::Unproven { build } | HostTrust::TooOld { build } => {
            build
        }
    }
}

/// When a trust was given: told by the enrolment, else the last survey before it.
pub(crate) fn trust_given(trust: &HostTrust, last_survey: Option<DateTime<Utc>>) -> DateTime<Utc> {
    match trust {
        HostTrust::Enrolled { enrolled_at, .. } => *enrolled_at,
        HostTrust::Unproven { .. } | HostTrust::TooOld { .. } => {
            last_survey.unwrap_or(DateTime::<Utc>::UNIX_EPOCH)
        }
    }
}

/// The world's clock for the events of this poll: as given, else the newest instant in it.
pub(crate) fn poll_instant(poll: &PollWrite) -> DateTime<Utc> {
    let seen = poll.statuses.iter().map(|status| status.observation.seen_at);
    let replicas = poll.replicas.iter().map(|replica| replica.last_seen);
    let findings = poll.findings.iter().map(|finding| finding.last_seen);
    let host = poll
        .host
        .iter()
        .flat_map(|host| [host.last_survey, host.last_error_at])
        .flatten();
    poll.at
        .or_else(|| seen.chain(replicas).chain(findings).chain(host).max())
        .unwrap_or(DateTime::<Utc>::UNIX_EPOCH)
}

/// What the verdict names without its numbers: `clear`, `unknown:stale`, `blocked:migrating,health-critical`. Two looks that say
/// the same thing have the same key.
pub(crate) fn verdict_key(verdict: &Verdict) -> Result<String> {
    let tag = |value: &Value, field: &str| {
        value
            .get(field)
            .and_then(Value::as_str)
            .unwrap_or("unnamed")
            .to_owned()
    };
    let unserialisable = |source: serde_json::Error| StoreError::Database {
        action: "serialise a verdict",
        source: Box::new(source),
    };
    Ok(match verdict {
        Verdict::Clear => "clear".to_owned(),
        Verdict::Unknown { why } => {
            format!(
                "unknown:{}",
                tag(&serde_json::to_value(why).map_err(unserialisable)?, "unknown")
            )
        }
        Verdict::Blocked { blockers } => {
            let mut names = Vec::with_capacity(blockers.len());
            for blocker in blockers {
                let value = serde_json::to_value(blocker).map_err(unserialisable)?;
                let reason = value.get("reason").map(|reason| tag(reason, "reason"));
                names.push(reason.unwrap_or_else(|| tag(&value, "blocker")));
            }
            format!("blocked:{}", names.join(","))
        }
    })
}
