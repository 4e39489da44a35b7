//! How jobs end, and what they leave: checkpoints, exports, locks.

use super::Site;
use crate::drive::machine::{Standing, Task, Work};
use crate::{Ms, Span};
use domain::job::JobState;
use serde::{Deserialize, Serialize};
use std::path::Path;

const SNAPSHOT_FAILS: f64 = 0.02;
const EXPORT_FAILS: f64 = 0.02;
const DISK_LEFT_OUT: f64 = 0.02;
/// What a hold may take beyond the longest one: a look, a job that is cancelled, a merge.
const HOLD_SLACK: Ms = 60_000;

/// What an exported disk holds: whose it is, and whether it is of one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    pub vm: String,
    /// Whose it was when the checkpoint was made.
    pub tenant: String,
    pub disk: usize,
    /// Disks of the machine.
    pub of: usize,
    /// What tore it.
    pub torn: Option<String>,
}

impl Site {
    pub(super) fn job_ends(&mut self, number: usize, job: &str) {
        self.bring(number);
        let works = &self.machines[number].works;
        let Some(work) = works.iter().find(|w| w.id == job && w.is_running()).cloned() else {
            // Cancelled, or forgotten in a restart.
            return;
        };
        let good = match &work.task {
            Task::Snapshot { name } => self.snapshot_made(number, &work, name),
            Task::Export { folder, checkpoint } => self.exported(number, checkpoint, folder),
            Task::Destroy { checkpoint } => {
                self.destroyed(number, checkpoint);
                true
            }
        };
        let now = self.now;
        if let Some(work) = self.machines[number].works.iter_mut().find(|w| w.id == job) {
            work.to = now;
            (work.state, work.code) = if good {
                (JobState::Completed, 0)
            } else {
                (JobState::Exception, 0x8007_0005)
            };
        }
    }

    fn snapshot_made(&mut self, number: usize, work: &Work, name: &str) -> bool {
        if !self.calm && self.dice.chance(SNAPSHOT_FAILS) {
            return false;
        }
        let now = self.now;
        let machine = &self.machines[number];
        let making = Span {
            from: work.from,
            to: now,
        };
        let written = || machine.was_written(making).then_some("it was written to");
        let torn = machine.torn().or_else(written);
        let name = if self.hosts[machine.home].takes_names {
            name
        } else {
            "Backup checkpoint"
        };
        let standing = Standing {
            id: format!("Microsoft:{}", work.id),
            name: name.to_owned(),
            made: now,
            locked: work.from,
            ours: true,
            tenant: machine.tenant,
            torn,
        };
        self.machines[number].checkpoints.push(standing);
        true
    }

    fn exported(&mut self, number: usize, checkpoint: &str, folder: &Path) -> bool {
        let now = self.now;
        let machine = &self.machines[number];
        let Some(standing) = machine.checkpoints.iter().find(|c| c.id == checkpoint) else {
            return false;
        };
        let span = Span {
            from: standing.locked,
            to: now,
        };
        let written = || {
            machine
                .was_written(span)
                .then_some("it was written to while it was copied")
        };
        let torn = standing.torn.or_else(written);
        let (vm, of) = (machine.vm.to_string(), machine.disks);
        let tenant = crate::drive::promises::tenant_name(standing.tenant);
        if !self.calm && self.dice.chance(EXPORT_FAILS) {
            return false;
        }
        let leaves_out = !self.calm && self.dice.chance(DISK_LEFT_OUT);
        let left_out = leaves_out.then(|| self.dice.index(of));
        let contents = (0..of)
            .filter(|disk| Some(*disk) != left_out)
            .map(|disk| Content {
                vm: vm.clone(),
                tenant: tenant.clone(),
                disk,
                of,
                torn: torn.map(str::to_owned),
            });
        write(folder, &vm, contents).is_ok()
    }

    fn destroyed(&mut self, number: usize, checkpoint: &str) {
        let now = self.now;
        let machine = &mut self.machines[number];
        let Some(at) = machine.checkpoints.iter().position(|c| c.id == checkpoint) else {
            return;
        };
        let gone = machine.checkpoints.remove(at);
        let held = now - gone.locked;
        // Promise 13, where nothing came between.
        let undisturbed = self.hosts[machine.home].disturbed < gone.locked && self.quiet_since <= gone.locked;
        if !undisturbed || !gone.ours {
            return;
        }
        self.held_max = self.held_max.max(held);
        // Where the host stops no export, nobody can let go before it ends.
        let exports = machine.works.iter().filter(|work| {
            let of = |to: &str| to == checkpoint;
            !self.hosts[machine.home].cancels
                && matches!(&work.task, Task::Export { checkpoint, .. } if of(checkpoint))
        });
        let stuck = exports.map(|work| work.to - gone.locked).max().unwrap_or(0);
        if held > self.hold_max.max(stuck) + HOLD_SLACK {
            let text = format!(
                "applies of {} were held back for {} s by {}; {} s are allowed",
                machine.name,
                held / 1000,
                gone.name,
                self.hold_max / 1000
            );
            self.breach(13, text);
        }
    }
}

/// The name of a disk's file on the host and in an export.
#[must_use]
pub fn disk_name(vm: &str, disk: usize) -> String {
    format!("{}-{disk}.vhdx", &vm[vm.len().saturating_sub(6)..])
}

fn write(folder: &Path, vm: &str, contents: impl Iterator<Item = Content>) -> std::io::Result<()> {
    if !folder.is_dir() {
        return Err(std::io::ErrorKind::NotFound.into());
    }
    for content in contents {
        let text = serde_json::to_vec(&content)?;
        std::fs::write(folder.join(disk_name(vm, content.disk)), text)?;
    }
    std::fs::write(folder.join(format!("{vm}.vmcx")), "configuration")
}
