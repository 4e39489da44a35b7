//! The tenants' own hosts: a primary is paused and resumed there, and its logs come no more and come again.

use super::{Happening, Site, Ticket};
use crate::Ms;
use hyperv::host::Started;

/// A tenant's host.
#[derive(Debug, Clone, Copy)]
pub struct Primary {
    pub silent_until: Ms,
    /// When it last was silent, or lost a request.
    pub disturbed: Ms,
    /// Requests to pause that arrived.
    pub pauses: u64,
}

impl Default for Primary {
    fn default() -> Self {
        Self {
            silent_until: Ms::MIN,
            disturbed: Ms::MIN,
            pauses: 0,
        }
    }
}

const REFUSED: u32 = 32_775;
const REFUSED_ANYHOW: f64 = 0.03;

impl Site {
    #[must_use]
    pub fn is_primary_silent(&self, tenant: usize) -> bool {
        self.primaries[tenant].silent_until > self.now
    }

    pub(super) fn primary_silent(&mut self, tenant: usize, to: Ms) {
        if !self.calm {
            self.primaries[tenant].silent_until = to;
            self.primaries[tenant].disturbed = to;
        }
    }

    /// Sends a request to change a primary; it arrives whatever becomes of who sent it.
    pub fn send_primary(&mut self, at: Ms, machine: usize, paused: bool) -> Ticket {
        let ticket = Ticket(self.tickets + 1);
        self.plan(
            at,
            Happening::PrimaryOrder {
                ticket,
                machine,
                paused,
            },
        )
    }

    pub(super) fn primary_asked(&mut self, ticket: Ticket, machine: usize, paused: bool) {
        let tenant = self.machines[machine].tenant;
        if self.is_primary_silent(tenant) {
            return;
        }
        if !self.calm && self.dice.chance(REFUSED_ANYHOW) {
            let refused = Started::Refused {
                return_value: REFUSED,
            };
            self.answers.insert(ticket, Ok(refused));
            return;
        }
        self.primaries[tenant].pauses += u64::from(paused);
        self.machines[machine].changing = Some(paused);
        let by = self.dice.between(300, 5_000);
        self.plan(self.now + by, Happening::PrimaryChanged { machine, paused });
        let id = self.machines[machine].id("change");
        let class = "Msvm_ConcreteJob".to_owned();
        self.answers.insert(ticket, Ok(Started::Job { class, id }));
    }

    pub(super) fn primary_changed(&mut self, machine: usize, paused: bool) {
        let now = self.now;
        let machine = self.bring(machine);
        machine.changing = None;
        machine.paused = paused.then_some(machine.paused.unwrap_or(now));
    }
}
