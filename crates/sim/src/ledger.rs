//! What was started and what became of it, and the check that no limit was broken and nobody succeeded while blocked.

use crate::world::{Applies, Ending};
use crate::{Ms, Span, World};

/// One attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    pub obligation: usize,
    pub from: Ms,
    /// When the slot was free again.
    pub to: Ms,
    pub ending: Ending,
}

/// A rule that a log of starts breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Foul {
    #[error("host {host} ran {running} attempts at {at} ms and has {slots} slots")]
    HostLimit {
        host: usize,
        at: Ms,
        running: u32,
        slots: u32,
    },
    #[error("{running} attempts ran at {at} ms and the site has {slots} slots")]
    TotalLimit { at: Ms, running: u32, slots: u32 },
    #[error("obligation {obligation} was started at {at} ms, outside its day")]
    OutsideItsDay { obligation: usize, at: Ms },
    #[error("obligation {obligation} was started at {at} ms while the product was down")]
    WhileDown { obligation: usize, at: Ms },
    #[error("replica {replica} had two attempts at once at {at} ms")]
    TwoAtOnce { replica: usize, at: Ms },
    #[error("obligation {obligation} was started again at {at} ms after its point was sealed")]
    AfterTheSeal { obligation: usize, at: Ms },
    #[error("obligation {obligation} was sealed from a start at {at} ms although it was blocked")]
    SealedWhileBlocked { obligation: usize, at: Ms },
}

/// Checks a log of starts against the world, knowing nothing of how it was made.
///
/// # Errors
/// The first rule that is broken.
pub fn check(world: &World, starts: &[Start]) -> Result<(), Foul> {
    limits(world, starts)?;
    let mut applies = Applies::new(world);
    let mut sealed = vec![false; world.obligation_count()];
    let mut busy_until = vec![Ms::MIN; world.replicas.len()];
    let mut by_start: Vec<&Start> = starts.iter().collect();
    by_start.sort_by_key(|start| start.from);
    for start in by_start {
        let owed = world.obligation(start.obligation);
        let (obligation, at) = (start.obligation, start.from);
        if at < owed.open || at >= owed.closes {
            return Err(Foul::OutsideItsDay { obligation, at });
        }
        if world.service_outages.iter().any(|span| span.contains(at)) {
            return Err(Foul::WhileDown { obligation, at });
        }
        if std::mem::replace(&mut busy_until[owed.replica], start.to) > at {
            return Err(Foul::TwoAtOnce {
                replica: owed.replica,
                at,
            });
        }
        if sealed[obligation] {
            return Err(Foul::AfterTheSeal { obligation, at });
        }
        if start.ending == Ending::Sealed {
            sealed[obligation] = true;
            let r = &world.replicas[owed.replica];
            let exposed = Span {
                from: at,
                to: at + r.exposed(),
            };
            let shut = r
                .spells
                .iter()
                .map(|spell| spell.span)
                .chain(world.hosts[r.host].outages.iter().copied());
            let applying = applies
                .ending_after(owed.replica, at)
                .is_some_and(|a| a.from < at + r.checkpoint);
            if applying || start.to != at + r.length() || shut.into_iter().any(|span| span.overlaps(exposed))
            {
                return Err(Foul::SealedWhileBlocked { obligation, at });
            }
        }
    }
    Ok(())
}

fn limits(world: &World, starts: &[Start]) -> Result<(), Foul> {
    let mut edges: Vec<(Ms, i32, usize)> = Vec::with_capacity(starts.len() * 2);
    for start in starts {
        let host = world.replicas[world.obligation(start.obligation).replica].host;
        edges.push((start.from, 1, host));
        edges.push((start.to, -1, host));
    }
    // Ends come before starts at the same instant.
    edges.sort_unstable();
    let mut on = vec![0_u32; world.hosts.len()];
    let mut running = 0_u32;
    for (at, step, host) in edges {
        running = running.saturating_add_signed(step);
        on[host] = on[host].saturating_add_signed(step);
        if on[host] > world.hosts[host].slots {
            let slots = world.hosts[host].slots;
            return Err(Foul::HostLimit {
                host,
                at,
                running: on[host],
                slots,
            });
        }
        if running > world.slots_total {
            return Err(Foul::TotalLimit {
                at,
                running,
                slots: world.slots_total,
            });
        }
    }
    Ok(())
}
