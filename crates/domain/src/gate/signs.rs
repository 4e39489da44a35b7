//! How each blocker shows itself in one observation (spec section 4, in the order of evaluation).

use super::Ours;
use crate::blocker::{Blocker, NotReady, StateOrJob};
use crate::job::{Job, JobClass, JobState};
use crate::observation::{
    EnabledState, Observation, ReplicationHealth as Health, ReplicationMode as Mode,
    ReplicationState as State,
};

/// `OperationalStatus[0]`: a request is being processed.
const IN_SERVICE: u16 = 11;
const OK: u16 = 2;
/// Live and storage migration, planned VM, compatibility check.
const MIGRATION_STATUS: [u16; 5] = [32774, 32778, 32779, 32780, 32781];
/// Creating or deleting a checkpoint, merging disks, exporting, backing up.
const BUSY_STATUS: [u16; 5] = [32768, 32770, 32772, 32773, 32776];
/// Sending and receiving deltas, statistics, connection test: they leave the replica's disks alone.
const HARMLESS_JOBS: [u16; 5] = [105, 106, 111, 115, 119];

fn running(seen: &Observation) -> impl Iterator<Item = &Job> {
    seen.jobs.iter().filter(|j| j.state.is_running())
}

fn is_failover_job(job: &Job) -> bool {
    job.class == JobClass::Concrete && matches!(job.job_type, 97..=101 | 104 | 123 | 124)
}

fn is_initial_replication_job(job: &Job) -> bool {
    job.class == JobClass::Concrete && matches!(job.job_type, 94 | 95 | 109 | 116 | 118)
}

fn is_resync_job(job: &Job) -> bool {
    job.class == JobClass::Concrete && matches!(job.job_type, 107 | 110 | 112..=114 | 117 | 121)
}

/// B8: states 12, 5 and 13, a failed-over type, failover jobs, or a replica that runs.
pub(super) fn failover(seen: &Observation, out: &mut Vec<Blocker>) {
    for r in &seen.relationships {
        if matches!(
            r.state,
            State::FailoverInProgress | State::Recovered | State::FailbackInProgress
        ) {
            let seen = StateOrJob::State {
                relationship: r.index,
                state: r.state,
            };
            out.push(Blocker::FailoverInProgress { seen });
        } else if r.failed_over_type != 0 {
            let seen = StateOrJob::FailedOver {
                relationship: r.index,
                failed_over_type: r.failed_over_type,
            };
            out.push(Blocker::FailoverInProgress { seen });
        }
    }
    for job in running(seen).filter(|j| is_failover_job(j)) {
        out.push(Blocker::FailoverInProgress {
            seen: StateOrJob::Job { job: job.clone() },
        });
    }
    if seen.enabled == EnabledState::Running && matches!(seen.mode, Mode::Replica | Mode::ExtendedReplica) {
        let enabled_state = seen.enabled.into();
        out.push(Blocker::FailoverInProgress {
            seen: StateOrJob::Started { enabled_state },
        });
    }
}

/// B6: any running migration job, or an operational status that says so.
pub(super) fn migration(seen: &Observation, out: &mut Vec<Blocker>) {
    for job in running(seen).filter(|j| j.class == JobClass::Migration) {
        out.push(Blocker::Migrating {
            job: Some(job.clone()),
            operational_status: None,
        });
    }
    for status in seen
        .operational_status
        .iter()
        .filter(|s| MIGRATION_STATUS.contains(s))
    {
        out.push(Blocker::Migrating {
            job: None,
            operational_status: Some(*status),
        });
    }
}

/// B7: states 2 and 1, and the jobs of an initial replication.
pub(super) fn initial_replication(seen: &Observation, out: &mut Vec<Blocker>) {
    for r in &seen.relationships {
        if matches!(
            r.state,
            State::WaitingToCompleteInitialReplication | State::ReadyForReplication
        ) {
            let seen = StateOrJob::State {
                relationship: r.index,
                state: r.state,
            };
            out.push(Blocker::InitialReplication { seen });
        }
    }
    for job in running(seen).filter(|j| is_initial_replication_job(j)) {
        out.push(Blocker::InitialReplication {
            seen: StateOrJob::Job { job: job.clone() },
        });
    }
}

/// B5: states 9, 10 and 11 on any relationship, and the jobs of a resynchronization.
pub(super) fn resynchronization(seen: &Observation, out: &mut Vec<Blocker>) {
    for r in &seen.relationships {
        if matches!(
            r.state,
            State::WaitingToStartResynchronization
                | State::Resynchronizing
                | State::ResynchronizationSuspended
        ) {
            let seen = StateOrJob::State {
                relationship: r.index,
                state: r.state,
            };
            out.push(Blocker::Resynchronization { seen });
        }
    }
    for job in running(seen).filter(|j| is_resync_job(j)) {
        out.push(Blocker::Resynchronization {
            seen: StateOrJob::Job { job: job.clone() },
        });
    }
}

/// B4: health 3 or state 8, on any relationship.
pub(super) fn health_critical(seen: &Observation, out: &mut Vec<Blocker>) {
    for r in &seen.relationships {
        if r.health == Health::Critical || r.state == State::Critical {
            out.push(Blocker::HealthCritical {
                relationship: r.index,
                state: r.state,
                health: r.health,
            });
        }
    }
}

/// B1: a 108/120 job in JobState 2-6, or `OperationalStatus[0]` 11 that nothing else explains. Received and not yet applied is no blocker.
pub(super) fn applying(seen: &Observation, ours: Ours<'_>, out: &mut Vec<Blocker>) {
    let before = out.len();
    for job in running(seen).filter(|j| j.is_apply()) {
        out.push(Blocker::LogBeingApplied {
            job: Some(job.clone()),
            operational_status: None,
        });
    }
    // While a job of ours runs, "in service" says nothing new: the host is serving us.
    if out.len() == before && in_service(seen) && !running(seen).any(|j| ours.has_job(&j.id)) {
        out.push(Blocker::LogBeingApplied {
            job: None,
            operational_status: Some(IN_SERVICE),
        });
    }
}

/// In service, and not said for what. Where it is said (a backup, an export, a move), that is the blocker: see [`busy`], [`migration`].
fn in_service(seen: &Observation) -> bool {
    let explained = |s: &u16| BUSY_STATUS.contains(s) || MIGRATION_STATUS.contains(s);
    match seen.operational_status.split_first() {
        Some((first, rest)) => *first == IN_SERVICE && !rest.iter().any(explained),
        None => false,
    }
}

/// Another export, backup, merge, checkpoint or any other work on the VM that is not known to be harmless.
pub(super) fn busy(seen: &Observation, ours: Ours<'_>, out: &mut Vec<Blocker>) {
    for job in running(seen).filter(|j| !ours.has_job(&j.id) && !is_named_elsewhere(j)) {
        out.push(Blocker::BusyElsewhere {
            job: Some(job.clone()),
            operational_status: None,
            checkpoint: None,
        });
    }
    if !running(seen).any(|j| ours.has_job(&j.id)) {
        for status in seen.operational_status.iter().filter(|s| BUSY_STATUS.contains(s)) {
            out.push(Blocker::BusyElsewhere {
                job: None,
                operational_status: Some(*status),
                checkpoint: None,
            });
        }
    }
    for id in seen
        .recovery_checkpoints
        .iter()
        .filter(|id| !ours.has_checkpoint(id))
    {
        out.push(Blocker::BusyElsewhere {
            job: None,
            operational_status: None,
            checkpoint: Some(id.clone()),
        });
    }
}

fn is_named_elsewhere(job: &Job) -> bool {
    job.is_apply()
        || job.class == JobClass::Migration
        || is_failover_job(job)
        || is_initial_replication_job(job)
        || is_resync_job(job)
        || (job.class == JobClass::Concrete && HARMLESS_JOBS.contains(&job.job_type))
}

/// Everything that is neither a named blocker nor plainly fine; numbers that no source documents included.
pub(super) fn not_ready(seen: &Observation, ours: Ours<'_>, out: &mut Vec<Blocker>) {
    let mut say = |reason| out.push(Blocker::NotReady { reason });
    if !matches!(seen.mode, Mode::Replica | Mode::ExtendedReplica) {
        say(NotReady::Mode {
            mode: seen.mode.into(),
        });
    }
    let inbound_listed = seen.relationships.iter().any(|r| r.index == 0);
    if seen.relationships.is_empty() || (seen.mode == Mode::Replica && !inbound_listed) {
        say(NotReady::NoRelationship);
    }
    for r in &seen.relationships {
        if !is_state_fine_or_named(r.state, r.health) {
            say(NotReady::State {
                relationship: r.index,
                state: r.state.into(),
            });
        }
        if matches!(r.health, Health::NotApplicable | Health::Other(_)) {
            say(NotReady::Health {
                relationship: r.index,
                health: r.health.into(),
            });
        }
    }
    let is_replica = matches!(seen.mode, Mode::Replica | Mode::ExtendedReplica);
    if seen.enabled != EnabledState::Off && !(seen.enabled == EnabledState::Running && is_replica) {
        say(NotReady::Enabled {
            enabled_state: seen.enabled.into(),
        });
    }
    if seen.health_state != 5 {
        say(NotReady::VmHealth {
            health_state: seen.health_state,
        });
    }
    if !is_operational_fine_or_named(seen) {
        say(NotReady::Operational {
            status: seen.operational_status.clone(),
        });
    }
    for job in &seen.jobs {
        if matches!(job.state, JobState::Other(_) | JobState::Service) && !ours.has_job(&job.id) {
            say(NotReady::JobState { job: job.clone() });
        }
    }
}

fn is_state_fine_or_named(state: State, health: Health) -> bool {
    match state {
        State::Replicating => true,
        // Paused on the primary shows as a warning; paused here would be Critical, which B4 names.
        State::Suspended => matches!(health, Health::Warning | Health::Critical),
        State::FailoverInProgress
        | State::Recovered
        | State::FailbackInProgress
        | State::WaitingToCompleteInitialReplication
        | State::ReadyForReplication
        | State::WaitingToStartResynchronization
        | State::Resynchronizing
        | State::ResynchronizationSuspended
        | State::Critical => true,
        State::Disabled
        | State::SyncedReplicationComplete
        | State::Committed
        | State::FailbackComplete
        | State::DiskUpdateInProgress
        | State::DiskUpdateCritical
        | State::Unknown
        | State::RepurposeInProgress
        | State::PreparedForSyncReplication
        | State::PreparedForGroupReverseReplication
        | State::FiredrillInProgress
        | State::Other(_) => false,
    }
}

fn is_operational_fine_or_named(seen: &Observation) -> bool {
    let Some((first, rest)) = seen.operational_status.split_first() else {
        return false;
    };
    matches!(*first, OK | IN_SERVICE)
        && rest
            .iter()
            .all(|s| *s == OK || BUSY_STATUS.contains(s) || MIGRATION_STATUS.contains(s))
}
