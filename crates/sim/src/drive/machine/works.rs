//! What is done to a machine by request: jobs, and the checkpoints that they leave.

use crate::Ms;
use domain::job::JobState;

/// What was asked of the host for this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    Snapshot {
        name: String,
    },
    Export {
        folder: std::path::PathBuf,
        checkpoint: String,
    },
    Destroy {
        checkpoint: String,
    },
}

/// A job that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    pub id: String,
    pub task: Task,
    pub from: Ms,
    pub to: Ms,
    pub state: JobState,
    pub code: u32,
}

impl Work {
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.state.is_running()
    }
}

/// A recovery checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub id: String,
    pub name: String,
    pub made: Ms,
    /// The lock was taken when its job began.
    pub locked: Ms,
    /// Made by us.
    pub ours: bool,
    /// Whose the machine was then.
    pub tenant: usize,
    /// What tore the disks when it was taken; nothing when they were whole.
    pub torn: Option<&'static str>,
}
