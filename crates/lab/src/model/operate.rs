//! Carries out operations of a scenario or of `lab ctl`.

use super::{Event, LogEntry, Protection, Site, SiteError, later};
use crate::scenario::{Op, Operation};
use uuid::Uuid;

/// An operation that cannot be carried out.
#[derive(Debug, thiserror::Error)]
pub enum OperateError {
    #[error("`{op}` happens to a {needs}; name one")]
    NoTarget { op: &'static str, needs: &'static str },
    #[error("the lab has no replica `{0}`; name it by lab id, VM GUID or tenant/name")]
    NoReplica(String),
    #[error("`{name}` is {count} replicas; name one by its lab id: {ids}")]
    Ambiguous { name: String, count: usize, ids: String },
    #[error("the lab has no host `{name}`; it has {hosts}")]
    NoHost { name: String, hosts: String },
    #[error(transparent)]
    Site(#[from] SiteError),
}

/// How long a host is away when nothing is said.
const AWAY_SECS: u64 = 60;

impl Site {
    /// Carries out an operation now, whatever its `at_secs`.
    ///
    /// # Errors
    /// When it names nothing that the site has.
    pub fn operate(&mut self, operation: &Operation) -> Result<(), OperateError> {
        let needs = |needs| OperateError::NoTarget {
            op: operation.op.name(),
            needs,
        };
        if operation.op.on_host() {
            let name = operation.host.as_deref().ok_or_else(|| needs("host"))?;
            if let (Some(p), Op::HostUnreachable) = (self.primary_index(name), &operation.op) {
                let secs = operation.for_secs.unwrap_or(AWAY_SECS);
                self.primaries[p].cut_until = Some(self.after(secs.saturating_mul(1000)));
                return Ok(());
            }
            let host = self.find_host(name)?;
            let mut entry = self.entry("operation", host, "scenario");
            entry.name = Some(operation.op.name().to_owned());
            self.tell(entry);
            return Ok(self.operate_on_host(host, operation)?);
        }
        let name = operation.replica.as_deref().ok_or_else(|| needs("replica"))?;
        let r = self.find_replica(name)?;
        if let Op::Migrate { to: Some(to) } = &operation.op {
            self.find_host(to)?;
        }
        let entry = self.about(self.entry("operation", self.replicas[r].host, "scenario"), r);
        self.tell(LogEntry {
            name: Some(operation.op.name().to_owned()),
            ..entry
        });
        Ok(self.operate_on_replica(r, operation)?)
    }

    fn find_host(&self, name: &str) -> Result<usize, OperateError> {
        self.host_index(name).ok_or_else(|| {
            let hosts: Vec<&str> = self.hosts.iter().map(|host| host.spec.name.as_str()).collect();
            OperateError::NoHost {
                name: name.to_owned(),
                hosts: hosts.join(", "),
            }
        })
    }

    /// A replica by lab id, VM GUID or `tenant/name`.
    fn find_replica(&self, name: &str) -> Result<usize, OperateError> {
        let id = Uuid::try_parse(name).ok();
        let named = |r: &usize| {
            let spec = &self.replicas[*r].spec;
            id.is_some_and(|id| spec.id == id || spec.vm == id)
                || format!("{}/{}", spec.tenant, spec.name) == name
        };
        let found: Vec<usize> = (0..self.replicas.len()).filter(named).collect();
        match found[..] {
            [r] => Ok(r),
            [] => Err(OperateError::NoReplica(name.to_owned())),
            _ => {
                let ids: Vec<String> = found
                    .iter()
                    .map(|r| self.replicas[*r].spec.id.to_string())
                    .collect();
                Err(OperateError::Ambiguous {
                    name: name.to_owned(),
                    count: found.len(),
                    ids: ids.join(", "),
                })
            }
        }
    }

    fn operate_on_host(&mut self, host: usize, operation: &Operation) -> Result<(), SiteError> {
        let secs = operation.for_secs.unwrap_or(AWAY_SECS);
        match operation.op {
            Op::ServiceRestart => self.service_restart(host),
            Op::HostRestart => self.host_down(host, secs),
            Op::HostUnreachable => {
                self.hosts[host].cut_until = Some(self.after(secs.saturating_mul(1000)));
                Ok(())
            }
            Op::Protect { on } => {
                let protection = if on {
                    Protection::Protected
                } else {
                    Protection::Unprotected
                };
                self.hosts[host].spec.protection = protection;
                (0..self.replicas.len()).try_for_each(|r| self.apply_try(r))
            }
            _ => Ok(()),
        }
    }

    fn operate_on_replica(&mut self, r: usize, operation: &Operation) -> Result<(), SiteError> {
        match &operation.op {
            Op::Receive => self.receive_start(r),
            Op::Clear { what } => return self.clear(r, what.as_deref()),
            Op::ForeignCheckpoint { name } => {
                self.foreign_checkpoint(r, name)?;
                // Kept as a state too, so that `clear` and the time limit take the checkpoint away.
                self.condition_begins(r, operation.op.clone(), operation.for_secs);
            }
            Op::ApplyLong { .. } | Op::ApplyAbort { .. } | Op::ApplyFail { .. } => {
                self.spoil_apply(r, operation)
            }
            op => self.condition_begins(r, op.clone(), operation.for_secs),
        }
        Ok(())
    }

    /// Changes the running apply, or has a log arrive at once.
    fn spoil_apply(&mut self, r: usize, operation: &Operation) {
        let now = self.now;
        let lasting = operation.for_secs.is_some() || !matches!(operation.op, Op::ApplyLong { .. });
        let running = self.replicas[r].applying.as_mut();
        let was_running = running.is_some();
        if let Some(apply) = running {
            match operation.op {
                Op::ApplyLong { secs } => apply.stretch(now, secs.saturating_mul(1000)),
                Op::ApplyAbort { state } => apply.ending = super::apply::Ending::Cut(state),
                Op::ApplyFail { code } => apply.ending = super::apply::Ending::Failed(code),
                _ => {}
            }
        }
        if lasting || !was_running {
            self.condition_begins(r, operation.op.clone(), operation.for_secs);
        }
        if !was_running {
            self.receive_start(r);
        }
    }

    pub(super) fn clear(&mut self, r: usize, what: Option<&str>) -> Result<(), SiteError> {
        let named = |op: &Op| what.is_none_or(|what| op.name() == what);
        let ids: Vec<u64> = self.replicas[r]
            .conditions
            .iter()
            .filter(|c| named(&c.op))
            .map(|c| c.id)
            .collect();
        ids.into_iter().try_for_each(|id| self.condition_ends(r, id))?;
        if what.is_none_or(|what| what.starts_with("apply-")) {
            self.apply_mend(r);
        }
        Ok(())
    }

    /// Plans the scenario's operations; those of the past count as far as they still last.
    pub(super) fn scenario_plan(&mut self) {
        let begins_at = self.spec.begins_at;
        for (index, operation) in self.spec.scenario.iter().enumerate() {
            let at = later(begins_at, operation.at_secs.saturating_mul(1000));
            let over = operation
                .for_secs
                .is_some_and(|secs| later(at, secs.saturating_mul(1000)) <= self.now)
                || operation.op.is_momentary() && at < self.now
                || operation.op.on_host() && !matches!(operation.op, Op::Protect { .. }) && at < self.now;
            if !over {
                self.queue.plan(at.max(self.now), Event::Scenario(index));
            }
        }
    }

    pub(super) fn scenario_due(&mut self, index: usize) {
        let Some(mut operation) = self.spec.scenario.get(index).cloned() else {
            return;
        };
        let late = (self.now - self.spec.begins_at)
            .num_seconds()
            .saturating_sub(i64::try_from(operation.at_secs).unwrap_or(i64::MAX));
        operation.for_secs = operation
            .for_secs
            .map(|secs| secs.saturating_sub(u64::try_from(late).unwrap_or(0)));
        if let Err(error) = self.operate(&operation) {
            tracing::warn!(%error, step = index, "a step of the scenario was left out");
        }
    }
}
