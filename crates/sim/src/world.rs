//! The site: hosts, tenants, replicas, what befalls them and what is owed.

mod applies;
mod fate;
mod load;
mod sight;
mod spells;

pub use applies::{Applies, BLOCK_CYCLES, Log};
pub use fate::{Ending, Fate, REFUSAL};
pub use spells::{Owner, Spell, SpellKind};

use crate::draw::{Draw, Topic};
use crate::{DAY, HOUR, InvalidSpec, MINUTE, Ms, Span, WorldSpec, joined};
use applies::Pace;
use load::{Work, busiest};

/// Replicas per host, about.
const REPLICAS_PER_HOST: u32 = 50;
/// Attempts that a host may run at once: what the product allows where nothing else is configured.
const SLOTS_PER_HOST: u32 = 2;
/// Replicas per tenant in the mean; most have far fewer.
const REPLICAS_PER_TENANT: u32 = 25;
/// How much of the total limit the busiest stretch asks for.
const LOAD_TOTAL: f64 = 0.85;
/// Longest attempt over its window.
const LENGTH_SHARE_MAX: f64 = 0.3;

/// A Hyper-V server.
#[derive(Debug)]
pub struct Host {
    /// Attempts that it may run at once.
    pub slots: u32,
    /// When it does not answer.
    pub outages: Vec<Span>,
    /// What the busiest stretch of a night asks of its slots, with one good attempt per replica.
    pub load: f64,
}

/// A customer.
#[derive(Debug)]
pub struct Tenant {
    /// When the window opens, after midnight.
    pub open: Ms,
    /// How long it stays open.
    pub length: Ms,
    pub replicas: u32,
}

/// A replica VM.
#[derive(Debug)]
pub struct Replica {
    pub host: usize,
    pub tenant: usize,
    /// The configured replication interval: 30, 300 or 900 s.
    pub period_secs: u32,
    /// How long a checkpoint takes to stand: no apply may run in this time.
    pub checkpoint: Ms,
    /// From the checkpoint to the end of the export: applies are held back.
    pub export: Ms,
    /// From the end of the export to the sealed point.
    pub ingest: Ms,
    /// B2 to B8, by their beginning; they may overlap.
    pub spells: Vec<Spell>,
    /// Spells and outages of the host, joined.
    pub shut: Vec<Span>,
    /// What a cycle really takes, a little more than the interval.
    cycle: Ms,
    phase: Ms,
    tilt: f64,
    swing: Ms,
    swing_phase: Ms,
}

impl Replica {
    /// From the start to the sealed point.
    #[must_use]
    pub fn length(&self) -> Ms {
        self.checkpoint + self.export + self.ingest
    }

    /// From the start to the end of the export: the stretch that a spell or an outage of the host destroys.
    #[must_use]
    pub fn exposed(&self) -> Ms {
        self.checkpoint + self.export
    }
}

/// One replica x one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Obligation {
    pub replica: usize,
    pub day: u32,
    pub open: Ms,
    pub due: Ms,
    /// The next open: later is missed.
    pub closes: Ms,
}

/// A site for some days. Immutable: whatever a policy does, the same things befall the same replicas.
#[derive(Debug)]
pub struct World {
    pub spec: WorldSpec,
    pub hosts: Vec<Host>,
    pub tenants: Vec<Tenant>,
    pub replicas: Vec<Replica>,
    /// Attempts that may run at once on the whole site.
    pub slots_total: u32,
    /// What the busiest stretch of a night asks of `slots_total`.
    pub load_total: f64,
    /// When the backup product itself is down.
    pub service_outages: Vec<Span>,
    draw: Draw,
    pace: Pace,
}

impl World {
    /// Makes the world of these numbers.
    ///
    /// # Errors
    /// When a number is out of its bounds.
    pub fn new(spec: WorldSpec) -> Result<Self, InvalidSpec> {
        spec.check()?;
        let draw = Draw::new(spec.seed);
        let mut hosts = hosts(draw, &spec);
        let mut tenants = tenants(draw, &spec);
        let shares = tenant_shares(draw, tenants.len());
        let mut replicas: Vec<Replica> = (0..spec.replicas as usize)
            .map(|n| replica(draw, &spec, n, &shares, &hosts))
            .collect();
        for r in &replicas {
            tenants[r.tenant].replicas += 1;
        }
        size(draw, &mut hosts, &tenants, &mut replicas);
        let works: Vec<Work> = replicas.iter().map(|r| work(&tenants[r.tenant], r)).collect();
        let slots_total = ((busiest(&works, 1) / LOAD_TOTAL).ceil() as u32).max(1);
        Ok(Self {
            spec,
            load_total: busiest(&works, slots_total),
            hosts,
            tenants,
            replicas,
            slots_total,
            service_outages: spells::service_outages(draw, spec.days),
            draw,
            pace: Pace::new(spec.duty),
        })
    }

    /// How many obligations there are; they are numbered by day, then by replica.
    #[must_use]
    pub fn obligation_count(&self) -> usize {
        self.replicas.len() * self.spec.days as usize
    }

    /// The obligation with this number.
    #[must_use]
    pub fn obligation(&self, number: usize) -> Obligation {
        let replica = number % self.replicas.len();
        let day = (number / self.replicas.len()) as u32;
        let tenant = &self.tenants[self.replicas[replica].tenant];
        let open = Ms::from(day) * DAY + tenant.open;
        Obligation {
            replica,
            day,
            open,
            due: open + tenant.length,
            closes: open + DAY,
        }
    }

    /// An even draw in 0..1 for a policy that throws dice.
    pub(crate) fn dice(&self, topic: Topic, a: usize, b: u64) -> f64 {
        self.draw.unit(topic, a as u64, b)
    }
}

fn hosts(draw: Draw, spec: &WorldSpec) -> Vec<Host> {
    let count = spec.replicas.div_ceil(REPLICAS_PER_HOST) as usize;
    (0..count)
        .map(|n| Host {
            slots: SLOTS_PER_HOST,
            outages: spells::host_outages(draw, n, spec.days),
            load: 0.0,
        })
        .collect()
}

/// Windows open between 18:00 and 24:00 on the quarter of an hour and stay open for 4 to 8 hours.
fn tenants(draw: Draw, spec: &WorldSpec) -> Vec<Tenant> {
    let count = spec.replicas.div_ceil(REPLICAS_PER_TENANT).max(2);
    (0..u64::from(count))
        .map(|n| Tenant {
            open: 18 * HOUR + 15 * MINUTE * (draw.unit(Topic::TenantOpen, n, 0) * 25.0) as Ms,
            length: 4 * HOUR + 15 * MINUTE * (draw.unit(Topic::TenantLength, n, 0) * 17.0) as Ms,
            replicas: 0,
        })
        .collect()
}

/// Running sums of the tenants' shares: the n-th largest has 1/n of the largest, in drawn order.
fn tenant_shares(draw: Draw, count: usize) -> Vec<f64> {
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by_key(|n| draw.bits(Topic::TenantOrder, *n as u64, 0));
    let total: f64 = (1..=count).map(|n| 1.0 / n as f64).sum();
    order
        .iter()
        .scan(0.0, |sum, rank| {
            *sum += 1.0 / (*rank + 1) as f64 / total;
            Some(*sum)
        })
        .collect()
}

fn replica(draw: Draw, spec: &WorldSpec, n: usize, shares: &[f64], hosts: &[Host]) -> Replica {
    let who = n as u64;
    let host = n % hosts.len();
    let tenant = shares
        .partition_point(|sum| *sum < draw.unit(Topic::Tenant, who, 0))
        .min(shares.len() - 1);
    let period_secs = match draw.bits(Topic::Period, who, 0) % 10 {
        0..=2 => 30,
        3..=7 => 300,
        _ => 900,
    };
    let cycle = (f64::from(period_secs) * 1000.0 * draw.between(Topic::Drift, who, 0, 1.0, 1.03)) as Ms;
    let swing = (draw.between(Topic::SwingLength, who, 0, 3.0, 11.0) * HOUR as f64) as Ms;
    let outages = &hosts[host].outages;
    let spells = spells::spells(draw, n, tenant, outages, spec.days);
    let shut = joined(
        spells
            .iter()
            .map(|spell| spell.span)
            .chain(outages.iter().copied())
            .collect(),
    );
    Replica {
        host,
        tenant,
        period_secs,
        checkpoint: (draw.between_log(Topic::Clean, who, 0, 3.0, 8.0) * 1000.0) as Ms,
        export: 0,
        ingest: 0,
        spells,
        shut,
        cycle,
        phase: (draw.unit(Topic::Phase, who, 0) * cycle as f64) as Ms,
        tilt: applies::tilt(draw.unit(Topic::Tilt, who, 0)),
        swing,
        swing_phase: (draw.unit(Topic::SwingPhase, who, 0) * swing as f64) as Ms,
    }
}

/// Gives every replica a heavy-tailed size, and every host the speed at which its busiest stretch asks for 70 to 90 % of its slots.
fn size(draw: Draw, hosts: &mut [Host], tenants: &[Tenant], replicas: &mut [Replica]) {
    let sizes: Vec<f64> = (0..replicas.len() as u64)
        .map(|who| {
            let u = draw.unit(Topic::Size, who, 0).clamp(0.001, 0.999);
            (u / (1.0 - u)).powf(1.0 / 2.5)
        })
        .collect();
    for (n, host) in hosts.iter_mut().enumerate() {
        let target = draw.between(Topic::HostLoad, n as u64, 0, 0.7, 0.9);
        // Minutes per unit of size; the bounds on lengths make it a search.
        let mut pace = 10.0;
        for _ in 0..6 {
            let mut works = Vec::new();
            for (r, size) in replicas.iter_mut().zip(&sizes).filter(|(r, _)| r.host == n) {
                let tenant = &tenants[r.tenant];
                let longest = LENGTH_SHARE_MAX * tenant.length as f64;
                let length = (pace * size * MINUTE as f64).clamp(MINUTE as f64, longest);
                r.export = (length * 0.7) as Ms;
                r.ingest = (length * 0.3) as Ms;
                works.push(work(tenant, r));
            }
            host.load = busiest(&works, host.slots);
            pace *= target / host.load.max(0.01);
        }
    }
}

fn work(tenant: &Tenant, replica: &Replica) -> Work {
    Work {
        window: Span {
            from: tenant.open,
            to: tenant.open + tenant.length,
        },
        length: replica.length(),
    }
}
