//! What happens to replicas and hosts: single operations (`lab ctl`) and lists of them (a scenario file).
//!
//! A scenario file is TOML with `[[step]]` tables, or JSON: a list, or an object with a list named `step`.
//!
//! ```toml
//! [[step]]
//! at_secs = 120
//! replica = "contoso/sql-01"
//! op = "resyncing"
//! for_secs = 900
//! ```

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One thing that happens. Without `for_secs` a state lasts until `clear`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written")]
pub struct Operation {
    /// Seconds after the site began; 0 and now for `lab ctl`.
    #[serde(default)]
    pub at_secs: u64,
    /// The replica's lab id, its VM GUID, or `tenant/name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica: Option<String>,
    /// A host's name, for operations on a host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_secs: Option<u64>,
    #[serde(flatten)]
    pub op: Op,
}

/// An operation as it was written, its `op` not understood yet.
#[derive(Deserialize)]
struct Written {
    #[serde(default)]
    at_secs: u64,
    replica: Option<String>,
    host: Option<String>,
    for_secs: Option<u64>,
    #[serde(flatten)]
    op: Map<String, Value>,
}

impl TryFrom<Written> for Operation {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let op: Op = serde_json::from_value(Value::Object(written.op.clone())).map_err(|e| e.to_string())?;
        only_known(
            &written.op,
            &op,
            &["at_secs", "replica", "host", "for_secs"],
            op.name(),
        )?;
        Ok(Self {
            at_secs: written.at_secs,
            replica: written.replica,
            host: written.host,
            for_secs: written.for_secs,
            op,
        })
    }
}

/// Refuses a written key that was not understood: a misspelt one would quietly do something else. Serde cannot refuse it by
/// itself where one structure is flattened into another. `beside` are the keys of the structure around it.
pub(crate) fn only_known(
    written: &Map<String, Value>,
    understood: &impl Serialize,
    beside: &[&str],
    name: &str,
) -> Result<(), String> {
    let all = serde_json::to_value(understood).map_err(|e| e.to_string())?;
    let Some(unknown) = written.keys().find(|key| all.get(key.as_str()).is_none()) else {
        return Ok(());
    };
    let own = all
        .as_object()
        .into_iter()
        .flat_map(Map::keys)
        .map(String::as_str);
    let known: Vec<&str> = beside.iter().copied().chain(own).collect();
    Err(format!(
        "`{unknown}` is no key of `{name}`; it has {}",
        known.join(", ")
    ))
}

/// What happens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "kebab-case")]
pub enum Op {
    /// B1: a log arrives now and takes `secs` host seconds to apply. Once, or every log with `for_secs`.
    ApplyLong { secs: u64 },
    /// B2: a log arrives now and its apply is cut off half way, as every later one.
    ApplyAbort {
        /// 8 terminated or 9 killed.
        #[serde(default = "terminated")]
        state: u16,
    },
    /// B3: a log arrives now and its apply fails half way with this `ErrorCode`, as every later one.
    ApplyFail {
        #[serde(default = "failed")]
        code: u16,
    },
    /// B4: state 8, health 3; nothing is received.
    HealthCritical,
    /// B5: state 9, health 3. With `health_only` state 3 and health 3 with a resync health issue.
    ResyncRequired {
        #[serde(default)]
        health_only: bool,
    },
    /// B5: state 10, health 3, a job 107.
    Resyncing,
    /// B5: state 11, health 3.
    ResyncSuspended,
    /// B6: an `Msvm_MigrationJob` 306; when it ends the VM is on the other host, with the same GUID.
    Migrate {
        #[serde(default)]
        to: Option<String>,
    },
    /// B7: state 2, health 2; with a job 116 when it runs, without one while it is pending.
    InitialReplication {
        #[serde(default)]
        running: bool,
    },
    /// B8: state 12 and a job 97; `done` is state 5 with a failed-over type.
    Failover {
        #[serde(default)]
        done: bool,
    },
    /// The tenant himself pauses on his primary. State 7, health 2: no blocker, and nothing arrives until it ends.
    PausedOnPrimary,
    /// State 7, health 3: a blocker.
    PausedOnReplica,
    /// The primary answers a request to pause with this return value.
    PauseRefuse { return_value: u32 },
    /// The primary answers a request to resume with this return value.
    ResumeRefuse { return_value: u32 },
    /// The VM runs although it is a replica.
    VmStarted,
    /// Any number.
    Weird {
        #[serde(default)]
        state: Option<u16>,
        #[serde(default)]
        health: Option<u16>,
        #[serde(default)]
        enabled: Option<u16>,
        #[serde(default)]
        mode: Option<u16>,
        #[serde(default)]
        health_state: Option<u16>,
        #[serde(default)]
        operational: Option<Vec<u16>>,
    },
    /// A second, extended relationship with these numbers.
    Extended { state: u16, health: u16 },
    /// Another product is at work: a job of this type (170 backup, 50 merge) and its operational status.
    Busy {
        #[serde(default = "backup_job")]
        job_type: u16,
    },
    /// A recovery checkpoint that somebody else made.
    ForeignCheckpoint {
        #[serde(default = "foreign_name")]
        name: String,
    },
    /// A log arrives now.
    Receive,
    /// `CreateSnapshot` answers this return value.
    CheckpointRefuse { return_value: u32 },
    /// The job 70 is accepted and fails with this code.
    CheckpointFail { code: u16 },
    /// The export leaves this disk out and ends well.
    LeaveDiskOut { disk: u16 },
    /// Exports take this many times as long.
    ExportSlow { factor: u32 },
    /// The export fails half way with this code.
    ExportFail {
        #[serde(default = "failed")]
        code: u16,
    },
    /// Ends all states of the replica, or those of this name.
    Clear {
        #[serde(default)]
        what: Option<String>,
    },
    /// The management service restarts: the job list is empty, applies and exports are cut off. The host stays up.
    ServiceRestart,
    /// Power off now, back after `for_secs` (60 by default).
    HostRestart,
    /// The host, or a tenant's own, runs on and answers nobody, for `for_secs` (60 by default).
    HostUnreachable,
    /// The host begins or stops to guard its replicas.
    Protect { on: bool },
}

fn terminated() -> u16 {
    8
}
fn failed() -> u16 {
    32768
}
fn backup_job() -> u16 {
    170
}
fn foreign_name() -> String {
    "Backup 2026 - other product".to_owned()
}

impl Op {
    /// The operation's name in scenario files.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::ApplyLong { .. } => "apply-long",
            Self::ApplyAbort { .. } => "apply-abort",
            Self::ApplyFail { .. } => "apply-fail",
            Self::HealthCritical => "health-critical",
            Self::ResyncRequired { .. } => "resync-required",
            Self::Resyncing => "resyncing",
            Self::ResyncSuspended => "resync-suspended",
            Self::Migrate { .. } => "migrate",
            Self::InitialReplication { .. } => "initial-replication",
            Self::Failover { .. } => "failover",
            Self::PausedOnPrimary => "paused-on-primary",
            Self::PausedOnReplica => "paused-on-replica",
            Self::PauseRefuse { .. } => "pause-refuse",
            Self::ResumeRefuse { .. } => "resume-refuse",
            Self::VmStarted => "vm-started",
            Self::Weird { .. } => "weird",
            Self::Extended { .. } => "extended",
            Self::Busy { .. } => "busy",
            Self::ForeignCheckpoint { .. } => "foreign-checkpoint",
            Self::Receive => "receive",
            Self::CheckpointRefuse { .. } => "checkpoint-refuse",
            Self::CheckpointFail { .. } => "checkpoint-fail",
            Self::LeaveDiskOut { .. } => "leave-disk-out",
            Self::ExportSlow { .. } => "export-slow",
            Self::ExportFail { .. } => "export-fail",
            Self::Clear { .. } => "clear",
            Self::ServiceRestart => "service-restart",
            Self::HostRestart => "host-restart",
            Self::HostUnreachable => "host-unreachable",
            Self::Protect { .. } => "protect",
        }
    }

    /// True for what happens to a host, false for what happens to a replica.
    #[must_use]
    pub fn on_host(&self) -> bool {
        matches!(
            self,
            Self::ServiceRestart | Self::HostRestart | Self::HostUnreachable | Self::Protect { .. }
        )
    }

    /// True for what is over at once and leaves no state behind that `clear` could end.
    #[must_use]
    pub fn is_momentary(&self) -> bool {
        matches!(self, Self::Receive | Self::Clear { .. } | Self::ServiceRestart)
    }
}

impl Operation {
    /// `op` on a replica, until cleared.
    #[must_use]
    pub fn on_replica(replica: impl Into<String>, op: Op) -> Self {
        Self {
            at_secs: 0,
            replica: Some(replica.into()),
            host: None,
            for_secs: None,
            op,
        }
    }
    /// `op` on a host.
    #[must_use]
    pub fn on_host(host: impl Into<String>, op: Op) -> Self {
        Self {
            at_secs: 0,
            replica: None,
            host: Some(host.into()),
            for_secs: None,
            op,
        }
    }
    /// The same, later.
    #[must_use]
    pub fn at(self, at_secs: u64) -> Self {
        Self { at_secs, ..self }
    }
    /// The same, for a while.
    #[must_use]
    pub fn lasting(self, for_secs: u64) -> Self {
        Self {
            for_secs: Some(for_secs),
            ..self
        }
    }
}

/// A scenario file that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    #[error("the scenario is not valid TOML: {0}")]
    Toml(#[from] toml::de::Error),
    #[error("the scenario is not valid JSON: {0}")]
    Json(#[from] serde_json::Error),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Steps {
    #[serde(default)]
    step: Vec<Operation>,
}

/// Reads a scenario: JSON if it begins with `[` or `{`, else TOML. A TOML table name also begins with `[`, so that
/// a text which is no JSON but TOML is taken as TOML.
///
/// # Errors
/// Where and what is wrong.
pub fn parse(text: &str) -> Result<Vec<Operation>, ScenarioError> {
    let start = text.trim_start();
    if start.starts_with('{') {
        return Ok(serde_json::from_str::<Steps>(text)?.step);
    }
    if start.starts_with('[') && !start.starts_with("[[") {
        return Ok(serde_json::from_str(text)?);
    }
    Ok(toml::from_str::<Steps>(text)?.step)
}

#[cfg(test)]
mod tests;
