//! What clients ask to be changed. An order that is on its way arrives, whatever becomes of who sent it.

use super::{Happening, Site};
use crate::Ms;
use crate::drive::machine::{Standing, Task, Work};
use domain::ids::VmGuid;
use domain::job::JobState;
use hyperv::host::{HostError, Started};
use std::path::{Path, PathBuf};

/// Names the answer to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(pub(super) u64);

/// A change that a host is asked for.
#[derive(Debug, Clone)]
pub struct Order {
    pub host: usize,
    /// Which process asks.
    pub life: u32,
    pub vm: VmGuid,
    pub what: What,
}

/// See [`Order`].
#[derive(Debug, Clone)]
pub enum What {
    Create { tag: String },
    Destroy { checkpoint: String },
    Export { checkpoint: String, folder: PathBuf },
    Cancel { job: String },
}

/// "Invalid state for this operation": what a host says when it will not.
const REFUSED: u32 = 32_775;
const REFUSED_ANYHOW: f64 = 0.01;

impl Site {
    /// Sends an order that arrives at an instant.
    pub fn send(&mut self, at: Ms, order: Order) -> Ticket {
        // The answer's name is the place in the queue.
        let ticket = Ticket(self.tickets + 1);
        self.plan(at, Happening::Order(ticket, order))
    }

    /// The answer to an order that has arrived.
    pub fn answer(&mut self, ticket: Ticket) -> Option<Result<Started, HostError>> {
        self.answers.remove(&ticket)
    }

    pub(super) fn arrives(&mut self, ticket: Ticket, order: &Order) {
        let answer = self.carry_out(order);
        if order.life == self.life {
            self.answers.insert(ticket, answer);
        }
    }

    fn carry_out(&mut self, order: &Order) -> Result<Started, HostError> {
        let host = order.host;
        if self.is_silent(host) {
            return Err(self.unreachable(host, "an order"));
        }
        let Some(number) = self.machine_on(host, order.vm) else {
            return Err(self.not_found(host, "the VM"));
        };
        self.bring(number);
        match &order.what {
            What::Create { tag } => Ok(self.create(number, tag, order)),
            What::Destroy { checkpoint } => self.destroy(number, checkpoint),
            What::Export { checkpoint, folder } => self.export(number, checkpoint, folder),
            What::Cancel { job } => self.cancel(number, job),
        }
    }

    fn create(&mut self, number: usize, tag: &str, order: &Order) -> Started {
        self.alone(number, tag, order);
        let protected = self.hosts[order.host].manner.protected;
        let machine = &self.machines[number];
        if !self.hosts[order.host].enrolled {
            let text = format!(
                "{tag} asks for a checkpoint of {} on a host that nobody has enrolled",
                machine.name
            );
            self.breach(1, text);
        }
        let machine = &self.machines[number];
        let busy = machine.works.iter().any(Work::is_running);
        let refused = protected && (machine.refusal().is_some() || busy);
        if refused || (!self.calm && self.dice.chance(REFUSED_ANYHOW)) {
            return Started::Refused {
                return_value: REFUSED,
            };
        }
        let length = self.dice.between(1_500, 9_000);
        let task = Task::Snapshot { name: tag.to_owned() };
        self.begin(number, task, length)
    }

    /// Promise 4: whoever makes a checkpoint is alone with the machine.
    fn alone(&mut self, number: usize, tag: &str, order: &Order) {
        if order.life != self.life {
            return;
        }
        let machine = &self.machines[number];
        let foreign_to_us = |name: &str| engine::names::parse(name).is_some() && name != tag;
        let other = machine
            .checkpoints
            .iter()
            .find(|c| c.ours && foreign_to_us(&c.name))
            .map(|c| format!("checkpoint {}", c.name));
        let work = || {
            machine
                .works
                .iter()
                .filter(|w| w.is_running())
                .find_map(|w| match &w.task {
                    Task::Snapshot { name } if foreign_to_us(name) => {
                        Some(format!("a job that makes checkpoint {name}"))
                    }
                    Task::Export { folder, .. } if !folder.ends_with(tag) => {
                        Some(format!("an export to {}", folder.display()))
                    }
                    _ => None,
                })
        };
        if let Some(other) = other.or_else(work) {
            let text = format!(
                "{tag} asks for a checkpoint of {}, and there still is {other}",
                machine.name
            );
            self.breach(4, text);
        }
    }

    fn begin(&mut self, number: usize, task: Task, length: Ms) -> Started {
        let at = self.now;
        let machine = &mut self.machines[number];
        let id = machine.id("job");
        machine.works.push(Work {
            id: id.clone(),
            task,
            from: at,
            to: at + length,
            state: JobState::Running,
            code: 0,
        });
        let job = id.clone();
        self.plan(at + length, Happening::JobEnds { machine: number, job });
        Started::Job {
            class: "Msvm_ConcreteJob".to_owned(),
            id,
        }
    }

    fn destroy(&mut self, number: usize, checkpoint: &str) -> Result<Started, HostError> {
        let machine = &self.machines[number];
        let Some(found) = machine.checkpoints.iter().find(|c| c.id == checkpoint) else {
            return Err(self.not_found(machine.home, "the checkpoint"));
        };
        if !found.ours {
            let text = format!(
                "checkpoint {} of {} was not made by us and is destroyed",
                found.name, machine.name
            );
            self.breach(8, text);
        }
        let length = self.dice.between(500, 4_000);
        let checkpoint = checkpoint.to_owned();
        Ok(self.begin(number, Task::Destroy { checkpoint }, length))
    }

    fn export(&mut self, number: usize, checkpoint: &str, folder: &Path) -> Result<Started, HostError> {
        let machine = &self.machines[number];
        if !machine.checkpoints.iter().any(|c| c.id == checkpoint) {
            return Err(self.not_found(machine.home, "the checkpoint"));
        }
        self.exports += 1;
        let length = if self.dice.chance(0.1) {
            self.dice.between(300_000, 1_500_000)
        } else {
            self.dice.between(10_000, 180_000)
        };
        let task = Task::Export {
            folder: folder.to_owned(),
            checkpoint: checkpoint.to_owned(),
        };
        Ok(self.begin(number, task, length))
    }

    fn cancel(&mut self, number: usize, job: &str) -> Result<Started, HostError> {
        let at = self.now;
        let home = self.machines[number].home;
        let machine = &mut self.machines[number];
        let Some(work) = machine.works.iter_mut().find(|w| w.id == job) else {
            return Err(self.not_found(home, "the job"));
        };
        if !self.hosts[home].cancels || matches!(work.task, Task::Destroy { .. }) {
            return Err(HostError::Fault {
                host: self.hosts[home].id.clone(),
                request: "RequestStateChange".to_owned(),
                fault: "the job cannot be terminated".to_owned(),
            });
        }
        if work.is_running() {
            work.state = JobState::Terminated;
            work.to = at;
        }
        Ok(Started::Done)
    }

    /// Somebody else's product makes a checkpoint, with a name that hosts give to ours too.
    pub(super) fn foreign(&mut self, number: usize, stands: Ms) {
        let at = self.now;
        let machine = self.bring(number);
        if machine.refusal().is_some()
            || machine.is_locked()
            || machine.off_until > at
            || machine.gone_until > at
        {
            return;
        }
        let (id, tenant) = (format!("Microsoft:{}", machine.id("foreign")), machine.tenant);
        machine.checkpoints.push(Standing {
            id: id.clone(),
            name: "Backup checkpoint".to_owned(),
            made: at,
            locked: at,
            ours: false,
            tenant,
            torn: None,
        });
        self.plan(at + stands, Happening::ForeignGone { machine: number, id });
    }
}
