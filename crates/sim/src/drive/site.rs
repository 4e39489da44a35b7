//! All hosts and machines of one seed, and the queue of what is going to happen to them.

mod jobs;
mod orders;
mod primaries;
mod scene;
mod sights;

pub use jobs::Content;
pub use orders::{Order, Ticket, What};
pub use primaries::Primary;
pub use scene::{LOCKED, Scene, TENANTS};
pub use sights::BUILD;

use super::dice::Dice;
use super::machine::{Machine, Manner};
use crate::Ms;
use crate::world::Applies;
use domain::ids::{HostId, VmGuid};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A host and its habits.
#[derive(Debug, Clone)]
pub struct Host {
    pub id: HostId,
    pub manner: Manner,
    /// Its clock runs ahead by so much.
    pub skew: Ms,
    /// Job starts are told in whole seconds.
    pub cuts_seconds: bool,
    /// A doctor has passed on it.
    pub enrolled: bool,
    /// A new checkpoint has the name that was asked for.
    pub takes_names: bool,
    /// A checkpoint can be renamed.
    pub renames: bool,
    /// A job can be cancelled.
    pub cancels: bool,
    pub booted: Ms,
    pub service_started: Ms,
    /// Does not answer until then.
    pub silent_until: Ms,
    /// When it last was silent, restarted, or lost a request: what is late since then is not our fault.
    pub disturbed: Ms,
}

/// A promise that the model itself has seen broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// Its number in the design.
    pub promise: u8,
    pub text: String,
}

/// What is going to happen.
#[derive(Debug, Clone)]
enum Happening {
    Order(Ticket, Order),
    JobEnds {
        machine: usize,
        job: String,
    },
    Silence {
        host: usize,
        to: Ms,
    },
    Reboot {
        host: usize,
        to: Ms,
    },
    ServiceRestart {
        host: usize,
    },
    PrimarySilence {
        tenant: usize,
        to: Ms,
    },
    PrimaryOrder {
        ticket: Ticket,
        machine: usize,
        paused: bool,
    },
    PrimaryChanged {
        machine: usize,
        paused: bool,
    },
    Moves {
        machine: usize,
        to: usize,
    },
    ForeignCheckpoint {
        machine: usize,
        stands: Ms,
    },
    ForeignGone {
        machine: usize,
        id: String,
    },
    /// On no host until then.
    Vanishes {
        machine: usize,
        to: Ms,
    },
}

/// See the module.
pub struct Site {
    applies: Applies<'static>,
    pub now: Ms,
    pub hosts: Vec<Host>,
    pub machines: Vec<Machine>,
    /// One per tenant.
    pub primaries: Vec<Primary>,
    pub staging: PathBuf,
    queue: BTreeMap<(Ms, u64), Happening>,
    tickets: u64,
    answers: BTreeMap<Ticket, Result<hyperv::host::Started, hyperv::host::HostError>>,
    pub breaches: Vec<Breach>,
    /// Which process the orders come from that arrive undelayed; orders of an earlier one were on their way when it died.
    pub life: u32,
    /// No host fails any more.
    pub calm: bool,
    /// Since when the process that runs has had no trouble of its own.
    pub quiet_since: Ms,
    /// Longest hold that any policy allows.
    pub hold_max: Ms,
    /// What was true of a machine at the instants at which it was looked at, newest last: (host's clock in ms, why it is not clear).
    pub truths: Vec<Vec<(Ms, Option<&'static str>)>>,
    pub exports: u64,
    /// Longest time that applies were held back without anything having come between, in ms.
    pub held_max: Ms,
    dice: Dice,
}

impl Site {
    /// Lets everything happen up to an instant.
    pub fn step_to(&mut self, to: Ms) {
        while let Some(entry) = self.queue.first_entry().filter(|e| e.key().0 <= to) {
            let (at, _) = *entry.key();
            let happening = entry.remove();
            self.now = self.now.max(at);
            self.happen(happening);
        }
        self.now = self.now.max(to);
    }

    fn plan(&mut self, at: Ms, happening: Happening) -> Ticket {
        self.tickets += 1;
        self.queue.insert((at, self.tickets), happening);
        Ticket(self.tickets)
    }

    /// Brings a machine up to now.
    pub fn bring(&mut self, machine: usize) -> &mut Machine {
        let manner = self.hosts[self.machines[machine].home].manner;
        self.machines[machine].advance(self.now, &mut self.applies, manner);
        &mut self.machines[machine]
    }

    /// The machine with this GUID, if it is on the host.
    pub fn machine_on(&self, host: usize, vm: VmGuid) -> Option<usize> {
        let found = self.machines.iter().position(|m| m.vm == vm)?;
        self.is_on(host, found).then_some(found)
    }

    /// Whether the machine is on the host.
    #[must_use]
    pub fn is_on(&self, host: usize, machine: usize) -> bool {
        let machine = &self.machines[machine];
        machine.home == host && machine.gone_until <= self.now
    }

    pub fn is_silent(&self, host: usize) -> bool {
        self.hosts[host].silent_until > self.now
    }

    pub fn breach(&mut self, promise: u8, text: String) {
        self.breaches.push(Breach { promise, text });
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Order(ticket, order) => self.arrives(ticket, &order),
            Happening::JobEnds { machine, job } => self.job_ends(machine, &job),
            Happening::Silence { host, to } => {
                if !self.calm {
                    self.hosts[host].silent_until = to;
                    self.hosts[host].disturbed = to;
                }
            }
            Happening::Reboot { host, to } => self.restarts(host, Some(to)),
            Happening::ServiceRestart { host } => self.restarts(host, None),
            Happening::Moves { machine, to } => self.moves(machine, to),
            Happening::PrimarySilence { tenant, to } => self.primary_silent(tenant, to),
            Happening::PrimaryOrder {
                ticket,
                machine,
                paused,
            } => self.primary_asked(ticket, machine, paused),
            Happening::PrimaryChanged { machine, paused } => self.primary_changed(machine, paused),
            Happening::ForeignCheckpoint { machine, stands } => self.foreign(machine, stands),
            Happening::Vanishes { machine, to } => {
                if !self.calm && !self.bring(machine).is_busy() {
                    self.machines[machine].gone_until = to;
                    self.machines[machine].was_away = true;
                }
            }
            Happening::ForeignGone { machine, id } => {
                self.machines[machine].checkpoints.retain(|c| c.id != id);
            }
        }
    }

    /// The management service, or with `until` the whole host: applies break off, jobs are forgotten.
    fn restarts(&mut self, host: usize, until: Option<Ms>) {
        if self.calm {
            return;
        }
        let up = until.unwrap_or(self.now);
        for number in 0..self.machines.len() {
            if self.machines[number].home != host {
                continue;
            }
            let machine = self.bring(number);
            machine.break_off(domain::job::JobState::Killed);
            machine.ended.clear();
            machine.works.clear();
            machine.off_until = up;
        }
        let host = &mut self.hosts[host];
        host.service_started = up;
        host.disturbed = up;
        if until.is_some() {
            host.booted = up;
            host.silent_until = up;
        }
    }

    fn moves(&mut self, machine: usize, to: usize) {
        if self.calm
            || to == self.machines[machine].home
            || self.is_silent(to)
            || self.is_silent(self.machines[machine].home)
        {
            return;
        }
        let moved = self.bring(machine);
        // A machine that somebody works on stays where it is.
        if moved.is_locked() || moved.works.iter().any(super::machine::Work::is_running) {
            return;
        }
        moved.break_off(domain::job::JobState::Killed);
        // The jobs stay behind.
        moved.works.clear();
        moved.ended.clear();
        moved.home = to;
    }
}
