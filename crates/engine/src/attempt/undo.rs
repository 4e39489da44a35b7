//! Undoing what an attempt made on a host and in staging. The same code for an attempt that unwinds and for the rescuer; running it
//! twice changes nothing. Only what carries our tag, or was made by a job that a host started for us, is touched.

use super::wait::{Waited, for_job};
use crate::clock::WorldClock;
use crate::config::Staging;
use crate::names;
use crate::shared::Shared;
use chrono::TimeDelta;
use domain::attempt::Step;
use domain::ids::{ReplicaId, VmGuid};
use domain::job::{JobClass, job_type};
use hyperv::host::{Checkpoint, HostError, ReplicaHost, Started, Tag};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use store::records::{Attempt, JournalEntry};

/// How long a cancelled job and a merge may take, world time.
const JOB_END: TimeDelta = TimeDelta::seconds(600);

/// Why something of ours is still there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UndoError {
    #[error("the host failed while our traces were removed")]
    Host(#[from] HostError),
    /// Wait and try again: what it makes can only be removed when it is done.
    #[error("job {id} of type {job_type} still runs on the VM")]
    StillRunning { id: String, job_type: u16 },
    #[error("the host refused to destroy checkpoint {checkpoint} with return value {return_value}")]
    Refused { checkpoint: String, return_value: u32 },
    #[error("checkpoint {checkpoint} is still there after it was destroyed")]
    StillThere { checkpoint: String },
    #[error("the export folder {} cannot be removed", path.display())]
    Folder {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
}

/// By what our checkpoint is known on a VM: by its name, or by its InstanceID where the host did not take the name.
#[derive(Debug, Clone)]
pub(crate) struct Marks {
    pub replica: ReplicaId,
    pub vm: VmGuid,
    pub tag: Tag,
    /// `InstanceID`s of checkpoints that were seen to be ours.
    pub made: BTreeSet<String>,
}

impl Marks {
    fn are_on(&self, checkpoint: &Checkpoint) -> bool {
        checkpoint.name == self.tag.0 || self.made.contains(&checkpoint.instance_id)
    }
}

/// What an attempt may have left behind, by its journal.
#[derive(Debug)]
pub(crate) struct Leftovers {
    pub marks: Marks,
    pub folder: PathBuf,
    /// Whether the host may have been asked for anything at all.
    pub asked: bool,
    /// Jobs that the host started for us: (class, id). Each was journaled as a further intent as soon as it was known.
    pub jobs: Vec<(String, String)>,
    /// Those that were to make a checkpoint, which nobody has looked up.
    unresolved: Vec<String>,
}

impl Leftovers {
    pub fn of(attempt: &Attempt, vm: VmGuid, journal: &[JournalEntry], staging: &Staging) -> Self {
        let tag = names::tag(attempt.id, attempt.token);
        let text =
            |e: &JournalEntry, key: &str| e.payload.get(key).and_then(|v| v.as_str()).map(str::to_owned);
        let intents = || journal.iter().filter(|e| e.phase == "intent");
        let known = journal.iter().filter(|e| e.step == Step::Checkpoint);
        let (mut made, mut resolved) = (BTreeSet::new(), BTreeSet::new());
        for entry in known {
            let checkpoint = entry.payload.get("checkpoint").and_then(|c| c.get("instance_id"));
            if let Some(id) = checkpoint.and_then(|id| id.as_str()) {
                made.insert(id.to_owned());
                resolved.extend(text(entry, "job"));
            }
        }
        let asked_for = intents().filter(|e| e.step == Step::Checkpoint);
        Self {
            unresolved: asked_for
                .filter_map(|e| text(e, "id"))
                .filter(|id| !resolved.contains(id))
                .collect(),
            jobs: intents()
                .filter_map(|e| Some((text(e, "class")?, text(e, "id")?)))
                .collect(),
            folder: staging.local.join(&tag.0),
            asked: asked(journal),
            marks: Marks {
                replica: attempt.replica,
                vm,
                tag,
                made,
            },
        }
    }

    /// What the host says of the jobs whose checkpoint we did not live to see. It forgets a job after five minutes; from then on only
    /// the name tells.
    async fn marks(&self, host: &dyn ReplicaHost) -> Result<Marks, HostError> {
        let mut marks = self.marks.clone();
        for job in &self.unresolved {
            match host.checkpoint_of_job(marks.vm, job, &marks.tag).await {
                Ok(Some(checkpoint)) => {
                    marks.made.insert(checkpoint.instance_id);
                }
                Ok(None) | Err(HostError::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(marks)
    }

    /// Leaves nothing behind, or says what still is.
    pub async fn undo(&self, shared: &Shared, host: &dyn ReplicaHost) -> Result<(), UndoError> {
        if self.asked {
            for (class, id) in &self.jobs {
                stop_job(host, shared.ports.world.as_ref(), class, id).await?;
            }
            quiet(host, self.marks.vm).await?;
            destroy(shared, host, &self.marks(host).await?).await?;
        }
        remove_folder(&self.folder)
    }
}

/// Whether anything may be on the host: something was asked of it since everything was last known to be gone.
fn asked(journal: &[JournalEntry]) -> bool {
    let released = journal
        .iter()
        .rposition(|e| e.step == Step::Release && e.phase == "done");
    let since = released.map_or(0, |at| at + 1);
    journal
        .iter()
        .skip(since)
        .any(|e| (Step::Checkpoint..=Step::Release).contains(&e.step) && e.phase == "intent")
}

/// Cancels a job if it still runs, and waits until it has ended.
pub(crate) async fn stop_job(
    host: &dyn ReplicaHost,
    clock: &dyn WorldClock,
    class: &str,
    id: &str,
) -> Result<(), UndoError> {
    match host.job(class, id).await {
        Ok(job) if job.state.is_running() => {}
        Ok(_) | Err(HostError::NotFound { .. }) => return Ok(()),
        Err(error) => return Err(error.into()),
    }
    match host.job_cancel(class, id).await {
        // It may have ended by itself, or not be cancellable: the wait below tells.
        Ok(()) | Err(HostError::NotFound { .. } | HostError::Fault { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    match for_job(host, clock, (class, id), clock.now() + JOB_END).await? {
        Waited::Finished(_) | Waited::Vanished => Ok(()),
        Waited::StillRunning => Err(UndoError::StillRunning {
            id: id.to_owned(),
            job_type: 0,
        }),
    }
}

/// No checkpoint, export or merge runs on the VM. Ours may have started without our having learnt its id.
async fn quiet(host: &dyn ReplicaHost, vm: VmGuid) -> Result<(), UndoError> {
    let jobs = host.jobs_of(vm).await?;
    let busy = jobs
        .iter()
        .find(|j| j.state.is_running() && j.class == JobClass::Concrete && may_be_ours(j.job_type));
    match busy {
        None => Ok(()),
        Some(job) => Err(UndoError::StillRunning {
            id: job.id.clone(),
            job_type: job.job_type,
        }),
    }
}

/// What our requests may show as: a checkpoint, its removal with the merge of its disks, an export, and the numbers that newer hosts
/// give to backup and export work (spec 2.11).
fn may_be_ours(kind: u16) -> bool {
    matches!(
        kind,
        job_type::SNAPSHOT | job_type::DELETE_SNAPSHOT | job_type::EXPORT | 50 | 170 | 200..=209
    )
}

/// Destroys the checkpoints that carry our marks and makes sure that none is left.
pub(crate) async fn destroy(shared: &Shared, host: &dyn ReplicaHost, marks: &Marks) -> Result<(), UndoError> {
    let (clock, replica) = (shared.ports.world.as_ref(), marks.replica);
    let there = host.checkpoints(marks.vm).await?;
    let ours: Vec<_> = there.into_iter().filter(|c| marks.are_on(c)).collect();
    if !ours.is_empty() {
        // The last instant at which it was there beyond doubt: what fails later did not fail because of it.
        shared.board.hold_end(replica, host.identity().await?.now);
    }
    for checkpoint in ours {
        match host.checkpoint_destroy(&checkpoint).await {
            Ok(Started::Done) | Err(HostError::NotFound { .. }) => {}
            Ok(Started::Job { class, id }) => {
                shared.board.own_job(replica, &id);
                for_job(host, clock, (&class, &id), clock.now() + JOB_END).await?;
            }
            Ok(Started::Refused { return_value }) => {
                return Err(UndoError::Refused {
                    checkpoint: checkpoint.instance_id,
                    return_value,
                });
            }
            Err(error) => return Err(error.into()),
        }
    }
    let there = host.checkpoints(marks.vm).await?;
    match there.into_iter().find(|c| marks.are_on(c)) {
        None => Ok(()),
        Some(left) => Err(UndoError::StillThere {
            checkpoint: left.instance_id,
        }),
    }
}

/// Removes an export folder; one that is not there is fine.
pub(crate) fn remove_folder(path: &Path) -> Result<(), UndoError> {
    match std::fs::remove_dir_all(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(UndoError::Folder {
            path: path.to_owned(),
            source,
        }),
    }
}
