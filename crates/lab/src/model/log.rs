//! What clients did, kept in memory and appended to `lab.log` (JSON lines), and how often they asked.

use super::job::SYSTEM;
use super::{CheckpointView, JobView, Site};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use uuid::Uuid;

/// One line of the lab's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// World time.
    pub at: DateTime<Utc>,
    /// `checkpoint-asked`, `checkpoint-refused`, `checkpoint-created`, `checkpoint-destroyed`, `export-started`, `export-ended`,
    /// `export-failed`, `export-cancelled`, `job-lost`, `operation`,
    /// `primary-pause-asked`, `primary-paused`, `primary-resume-asked`, `primary-resumed`, `tenants-pause-ended`, `replica-pause-asked`.
    pub event: String,
    pub host: String,
    pub client: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vm: Option<Uuid>,
    /// `tenant/name`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lab_id: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<Uuid>,
    /// `Microsoft:<GUID>`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<String>,
    /// The checkpoint's name, or the export's directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What the disks held in full at that moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<u64>,
    /// The generation that was being written at that moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applying: Option<u64>,
    /// `ErrorCode` or return value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Another client job or checkpoint was on this replica already: two attempts at once.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub overlap: bool,
}

impl LogEntry {
    pub(super) fn new(at: DateTime<Utc>, event: &str, host: &str, client: &str) -> Self {
        Self {
            at,
            event: event.to_owned(),
            host: host.to_owned(),
            client: client.to_owned(),
            vm: None,
            replica: None,
            lab_id: None,
            job: None,
            checkpoint: None,
            name: None,
            generation: None,
            applying: None,
            code: None,
            why: None,
            overlap: false,
        }
    }
}

/// Requests to one host.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RequestCount {
    pub total: u64,
    /// The most within one minute of world time.
    pub busiest_minute: u64,
    pub by_action: BTreeMap<String, u64>,
    #[serde(skip)]
    minute: (i64, u64),
}

impl RequestCount {
    pub(super) fn count(&mut self, at: DateTime<Utc>, action: &str) {
        self.total += 1;
        *self.by_action.entry(action.to_owned()).or_default() += 1;
        let minute = at.timestamp().div_euclid(60);
        if self.minute.0 != minute {
            self.minute = (minute, 0);
        }
        self.minute.1 += 1;
        self.busiest_minute = self.busiest_minute.max(self.minute.1);
    }
}

/// What clients have left on the hosts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Left {
    /// Checkpoints that a client made and nobody destroyed, with their host.
    pub checkpoints: Vec<(String, CheckpointView)>,
    /// Client jobs that still run.
    pub jobs: Vec<(String, JobView)>,
    /// Primaries that a client paused and nobody resumed, with the VM.
    pub pauses: Vec<(String, Uuid)>,
}

impl Left {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.checkpoints.is_empty() && self.jobs.is_empty() && self.pauses.is_empty()
    }
}

/// Entries kept in memory; the file has them all.
const KEPT_MAX: usize = 200_000;

#[derive(Debug, Default)]
pub(super) struct Journal {
    pub(super) entries: Vec<LogEntry>,
    pub(super) file: Option<File>,
    /// `applies.log`, where it is asked for.
    pub(super) applies: Option<File>,
}

impl Journal {
    pub(super) fn append(&mut self, entry: LogEntry) {
        if let (Some(file), Ok(mut line)) = (&mut self.file, serde_json::to_string(&entry)) {
            line.push('\n');
            if let Err(error) = file.write_all(line.as_bytes()) {
                tracing::warn!(%error, "cannot write lab.log; the entry is kept in memory only");
            }
        }
        if self.entries.len() >= KEPT_MAX {
            self.entries.drain(..KEPT_MAX / 2);
        }
        self.entries.push(entry);
    }
}

impl Site {
    /// One line in `applies.log`: `apply-began` with the generation it writes, `apply-ended` with how in `why`.
    pub(super) fn record_apply(&mut self, r: usize, event: &str, why: Option<&str>) {
        if self.journal.applies.is_none() {
            return;
        }
        let mut entry = self.about(self.entry(event, self.replicas[r].host, SYSTEM), r);
        entry.why = why.map(str::to_owned);
        if let (Some(file), Ok(line)) = (&mut self.journal.applies, serde_json::to_string(&entry))
            && let Err(error) = file.write_all(format!("{line}\n").as_bytes())
        {
            tracing::warn!(%error, "cannot write applies.log");
        }
    }
}
