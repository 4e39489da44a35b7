//! Waiting for jobs on a host.

use crate::clock::WorldClock;
use chrono::{DateTime, Utc};
use domain::job::Job;
use hyperv::host::{HostError, ReplicaHost};
use std::time::Duration;

/// World time between two looks at a job, and the least real time.
const JOB_LOOK: Duration = Duration::from_secs(1);
pub(crate) const REAL_MIN: Duration = Duration::from_millis(50);

/// How waiting for a job ended.
#[derive(Debug)]
pub(crate) enum Waited {
    Finished(Job),
    /// No longer listed: it finished, and how is not known.
    Vanished,
    /// Still running at the deadline.
    StillRunning,
}

/// Waits until a job leaves the running states. Short failures to reach the host are waited through until the deadline.
pub(crate) async fn for_job(
    host: &dyn ReplicaHost,
    clock: &dyn WorldClock,
    (class, id): (&str, &str),
    until: DateTime<Utc>,
) -> Result<Waited, HostError> {
    loop {
        match host.job(class, id).await {
            Ok(job) if !job.state.is_running() => return Ok(Waited::Finished(job)),
            Ok(_) => {}
            Err(HostError::NotFound { .. }) => return Ok(Waited::Vanished),
            Err(HostError::Unreachable { .. }) if clock.now() < until => {}
            Err(error) => return Err(error),
        }
        if clock.now() >= until {
            return Ok(Waited::StillRunning);
        }
        clock.sleep(JOB_LOOK, REAL_MIN).await;
    }
}
