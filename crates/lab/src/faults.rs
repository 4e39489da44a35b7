//! Random trouble from a seed: short blockers on replicas and short absences of hosts, for soaks.

use crate::model::SiteSpec;
use crate::oracle::mix;
use crate::scenario::{Op, Operation};

/// How much trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trouble {
    pub seed: u64,
    /// For this long after the site began.
    pub until_secs: u64,
    /// Seconds between two blockers of one replica, on average.
    pub every_secs: u64,
    /// The longest blocker.
    pub longest_secs: u64,
    /// Also restart management services and hosts now and then.
    pub hosts: bool,
}

/// Draws the operations, in order of time. Canaries are spared, and so is what is scripted to stay blocked.
#[must_use]
pub fn draw(trouble: &Trouble, site: &SiteSpec) -> Vec<Operation> {
    let mut drawn = Vec::new();
    let every = trouble.every_secs.max(1);
    for (n, replica) in site.replicas.iter().enumerate() {
        if replica.canary || site.stays_blocked.iter().any(|stays| stays.id == replica.id) {
            continue;
        }
        let chance = |turn: u64, salt: u64| mix(trouble.seed, &[n as u64, turn, salt]);
        let mut at = chance(0, 1) % every;
        for turn in 1.. {
            if at >= trouble.until_secs {
                break;
            }
            let lasting = 1 + chance(turn, 2) % trouble.longest_secs.max(1);
            let op = some_op(chance(turn, 3), lasting);
            drawn.push(
                Operation::on_replica(replica.id.to_string(), op)
                    .at(at)
                    .lasting(lasting),
            );
            at += lasting + every / 2 + chance(turn, 4) % every;
        }
    }
    if trouble.hosts {
        for (n, host) in site.hosts.iter().enumerate() {
            let chance = |salt| mix(trouble.seed, &[n as u64, salt, 0x4057]);
            let op = if chance(1).is_multiple_of(3) {
                Op::HostRestart
            } else {
                Op::ServiceRestart
            };
            let at = chance(2) % trouble.until_secs.max(1);
            drawn.push(
                Operation::on_host(host.name.clone(), op)
                    .at(at)
                    .lasting(20 + chance(3) % 60),
            );
        }
    }
    drawn.sort_by_key(|operation| operation.at_secs);
    drawn
}

fn some_op(chance: u64, lasting: u64) -> Op {
    match chance % 14 {
        0 | 1 => Op::ApplyLong { secs: lasting },
        2 | 3 => Op::ApplyAbort {
            state: 8 + u16::from(chance & 256 > 0),
        },
        4 | 5 => Op::ApplyFail { code: 32768 },
        6 => Op::HealthCritical,
        7 => Op::ResyncRequired {
            health_only: chance & 256 > 0,
        },
        8 => Op::Resyncing,
        9 => Op::Migrate { to: None },
        10 => Op::InitialReplication {
            running: chance & 256 > 0,
        },
        11 => Op::Failover {
            done: chance & 256 > 0,
        },
        12 => Op::PausedOnReplica,
        _ => Op::Busy { job_type: 170 },
    }
}
