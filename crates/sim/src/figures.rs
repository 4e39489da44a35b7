//! What is counted: the object that `stillpoint sim --json` prints.

use crate::ledger::{self, Foul, Start};
use crate::play::{NotStartable, play};
use crate::policy::PolicyName;
use crate::world::{Applies, Ending, REFUSAL};
use crate::{InvalidSpec, World, WorldSpec};
use serde::{Deserialize, Serialize};

/// One world and how the policies fared in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    pub world: WorldFigures,
    pub policies: Vec<Figures>,
}

/// What the world was made from and came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorldFigures {
    pub seed: u64,
    pub replicas: u32,
    pub days: u32,
    pub duty: f64,
    pub hosts: usize,
    /// Tenants with at least one replica.
    pub tenants: usize,
    /// Replicas of the largest tenant.
    pub tenant_replicas_max: u32,
    pub slots_hosts: u32,
    pub slots_total: u32,
    /// What the busiest stretch of a night asks of the slots of a host, in the mean over the hosts; 1 is all of them.
    pub load_hosts: f64,
    /// What it asks of the total.
    pub load_total: f64,
}

/// How one policy fared. Every obligation is one of met, met late, missed, excused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    pub policy: PolicyName,
    pub obligations: u64,
    /// Obligations with any usable gap in the window, limits apart. The same for every policy.
    pub possible: u64,
    /// Sealed by the due time.
    pub met: u64,
    /// Sealed after it and before the next open.
    pub met_late: u64,
    pub missed: u64,
    /// Not met, no usable gap, and one had the tenant's own blockers not been.
    pub excused: u64,
    /// How often the host was asked to begin.
    pub attempts: u64,
    /// How often a start was put off because of a blocker or an apply: by the host, or by the product's own look before it asked.
    pub deferrals: u64,
    /// Met over what the clairvoyant met, to five decimals.
    pub vs_clairvoyant: f64,
}

/// A simulation that cannot be trusted or made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SimError {
    #[error(transparent)]
    Spec(#[from] InvalidSpec),
    /// The policy's mistake.
    #[error("policy {policy} broke a rule of the world with seed {seed}")]
    NotStartable {
        policy: PolicyName,
        seed: u64,
        #[source]
        source: NotStartable,
    },
    /// The simulator's mistake, found by the checker.
    #[error("the log of policy {policy} in the world with seed {seed} breaks a rule")]
    Foul {
        policy: PolicyName,
        seed: u64,
        #[source]
        source: Foul,
    },
}

/// Obligations that had a chance, and those that only the tenant took it from. Independent of policies.
#[derive(Debug, Clone)]
pub struct Chances {
    possible: Vec<bool>,
    excused: Vec<bool>,
}

impl Chances {
    /// Looks at every obligation of the world.
    #[must_use]
    pub fn of(world: &World) -> Self {
        let mut applies = Applies::new(world);
        let count = world.obligation_count();
        let (mut possible, mut excused) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for number in 0..count {
            let owed = world.obligation(number);
            let chance = world.is_possible(&mut applies, owed);
            possible.push(chance);
            excused.push(!chance && world.is_excused(&mut applies, owed));
        }
        Self { possible, excused }
    }

    /// How many obligations had any usable gap.
    #[must_use]
    pub fn possible(&self) -> u64 {
        self.possible.iter().filter(|p| **p).count() as u64
    }

    /// Whether this one had.
    #[must_use]
    pub fn is_possible(&self, obligation: usize) -> bool {
        self.possible[obligation]
    }
}

/// Plays one policy and checks its log.
///
/// # Errors
/// When the policy or the simulator broke a rule; the error names the seed.
pub fn played(world: &World, policy: PolicyName) -> Result<Vec<Start>, SimError> {
    played_telling(world, policy, &mut |_| {})
}

fn played_telling(
    world: &World,
    policy: PolicyName,
    told: &mut dyn FnMut(f64),
) -> Result<Vec<Start>, SimError> {
    let seed = world.spec.seed;
    let mut scheduler = policy.policy(world);
    let log = play(world, scheduler.as_mut(), told).map_err(|source| SimError::NotStartable {
        policy,
        seed,
        source,
    })?;
    ledger::check(world, &log).map_err(|source| SimError::Foul { policy, seed, source })?;
    Ok(log)
}

/// Runs the policies in one world, in the order given. The clairvoyant always runs: everything is measured against it.
///
/// # Errors
/// When the numbers make no world, or a rule was broken.
pub fn report(spec: WorldSpec, policies: &[PolicyName]) -> Result<Report, SimError> {
    report_telling(spec, policies, &mut |_, _| {})
}

/// As [`report`]; `told` hears which policy is played and what share of all the work is done.
///
/// # Errors
/// As [`report`].
pub fn report_telling(
    spec: WorldSpec,
    policies: &[PolicyName],
    told: &mut dyn FnMut(PolicyName, f64),
) -> Result<Report, SimError> {
    let clairvoyant = PolicyName::Clairvoyant;
    told(clairvoyant, 0.0);
    let world = World::new(spec)?;
    let chances = Chances::of(&world);
    let others = policies.iter().filter(|policy| **policy != clairvoyant);
    let plays = (others.count() + 1) as f64;
    let mut done = 0.0;
    let mut of = |policy: PolicyName| {
        let log = played_telling(&world, policy, &mut |share| told(policy, (done + share) / plays))?;
        done += 1.0;
        Ok::<_, SimError>(count(&world, &chances, policy, &log))
    };
    let best = of(clairvoyant)?;
    let mut all = Vec::with_capacity(policies.len());
    for &policy in policies {
        let mut figures = if policy == clairvoyant {
            best.clone()
        } else {
            of(policy)?
        };
        figures.vs_clairvoyant = match best.met {
            0 => 1.0,
            met => (figures.met as f64 / met as f64 * 1e5).round() / 1e5,
        };
        all.push(figures);
    }
    Ok(Report {
        world: world.figures(),
        policies: all,
    })
}

impl World {
    /// What the world came to.
    #[must_use]
    pub fn figures(&self) -> WorldFigures {
        let load = self.hosts.iter().map(|host| host.load).sum::<f64>() / self.hosts.len() as f64;
        let thousandths = |x: f64| (x * 1e3).round() / 1e3;
        WorldFigures {
            seed: self.spec.seed,
            replicas: self.spec.replicas,
            days: self.spec.days,
            duty: self.spec.duty,
            hosts: self.hosts.len(),
            tenants: self.tenants.iter().filter(|t| t.replicas > 0).count(),
            tenant_replicas_max: self.tenants.iter().map(|t| t.replicas).max().unwrap_or(0),
            slots_hosts: self.hosts.iter().map(|host| host.slots).sum(),
            slots_total: self.slots_total,
            load_hosts: thousandths(load),
            load_total: thousandths(self.load_total),
        }
    }
}

fn count(world: &World, chances: &Chances, policy: PolicyName, log: &[Start]) -> Figures {
    let mut figures = Figures {
        policy,
        obligations: world.obligation_count() as u64,
        possible: chances.possible(),
        met: 0,
        met_late: 0,
        missed: 0,
        excused: 0,
        attempts: 0,
        deferrals: 0,
        vs_clairvoyant: 0.0,
    };
    let mut sealed = vec![false; world.obligation_count()];
    figures.attempts = log.len() as u64;
    for start in log {
        // Blocked already when it was started: a product that looks first did not ask the host.
        let at_once = start.ending == Ending::Refused && start.to - start.from == REFUSAL;
        if policy.has_gate() && at_once {
            figures.attempts -= 1;
        }
        match start.ending {
            Ending::Refused => figures.deferrals += 1,
            Ending::Failed | Ending::Killed => {}
            Ending::Sealed => {
                let owed = world.obligation(start.obligation);
                let on_time = start.to <= owed.due;
                let late = start.to < owed.closes;
                sealed[start.obligation] = on_time || late;
                figures.met += u64::from(on_time);
                figures.met_late += u64::from(!on_time && late);
            }
        }
    }
    for (sealed, excused) in sealed.into_iter().zip(&chances.excused) {
        figures.excused += u64::from(!sealed && *excused);
        figures.missed += u64::from(!sealed && !excused);
    }
    figures
}
