//! When logs are applied: computed on demand, a block of cycles at a time.
//!
//! The log of cycle k arrives at `phase + k * cycle + jitter`. Logs are applied one after the other. At the end of a block the replica has
//! caught up: what still runs ends there, and what has not begun is part of it. So a block needs nothing from the one before.

use super::{Replica, World};
use crate::draw::{Topic, unit};
use crate::{Ms, Span};
use std::sync::Arc;

/// Cycles in a block.
pub const BLOCK_CYCLES: usize = 64;

/// Entries of the table of lengths.
const LENGTHS: usize = 4096;
/// Shape of the log-logistic lengths: at 2.2 one apply in a thousand is twenty times the median.
const SHAPE: f64 = 2.2;
/// Shortest apply.
const LENGTH_MIN: Ms = 200;
/// A log arrives up to this share of a cycle late.
const LATE_SHARE: f64 = 0.15;

/// How much replicas differ from each other, and a replica from itself over the hours, on the logistic scale.
const TILT: f64 = 0.55;
const SWING: f64 = 0.8;

/// Lengths and shares that all replicas have in common.
#[derive(Debug)]
pub struct Pace {
    /// Quantiles of the length over its mean; their mean is 1.
    lengths: Vec<f64>,
    /// Moves the logistic scale so that the mean share is the duty.
    offset: f64,
    /// No applies at all.
    idle: bool,
}

impl Pace {
    pub fn new(duty: f64) -> Self {
        let odds = |i: usize| {
            let u = (i as f64 + 0.5) / LENGTHS as f64;
            (u / (1.0 - u)).powf(1.0 / SHAPE)
        };
        let mean = (0..LENGTHS).map(odds).sum::<f64>() / LENGTHS as f64;
        Self {
            lengths: (0..LENGTHS).map(|i| odds(i) / mean).collect(),
            offset: offset_for(duty),
            idle: duty <= 0.0,
        }
    }

    /// The share of time that the replica's applies ask for around `at`.
    fn share(&self, replica: &Replica, at: Ms) -> f64 {
        let turn = (at + replica.swing_phase).rem_euclid(replica.swing) as f64 / replica.swing as f64;
        logistic(self.offset + replica.tilt + SWING * triangle(turn))
    }
}

/// The tilt of a replica from an even draw.
pub fn tilt(u: f64) -> f64 {
    let u = u.clamp(0.002, 0.998);
    TILT * (u / (1.0 - u)).ln()
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// -1 to 1 and back in one turn.
fn triangle(turn: f64) -> f64 {
    1.0 - 4.0 * (turn - 0.5).abs()
}

fn offset_for(duty: f64) -> f64 {
    const STEPS: usize = 64;
    let step = |i: usize| (i as f64 + 0.5) / STEPS as f64;
    let mean = |offset: f64| {
        let sum: f64 = (0..STEPS)
            .flat_map(|i| (0..STEPS).map(move |j| (i, j)))
            .map(|(i, j)| logistic(offset + tilt(step(i)) + SWING * triangle(step(j))))
            .sum();
        sum / (STEPS * STEPS) as f64
    };
    let (mut low, mut high) = (-12.0, 12.0);
    for _ in 0..50 {
        let middle = f64::midpoint(low, high);
        if mean(middle) < duty {
            low = middle
        } else {
            high = middle
        }
    }
    f64::midpoint(low, high)
}

/// The applies of one block, in order. The last ones may be empty and lie at the block's end.
#[derive(Debug, Clone)]
struct Block {
    index: i64,
    base: Ms,
    /// Start and end, in milliseconds after `base`.
    runs: [(u32, u32); BLOCK_CYCLES],
}

/// What a log asks for: when it arrives and how long its apply takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Log {
    pub arrives: Ms,
    pub length: Ms,
}

impl World {
    /// When the log of one cycle is due to arrive; it may be late.
    #[must_use]
    pub fn log_due(&self, replica: usize, cycle: i64) -> Ms {
        let r = &self.replicas[replica];
        r.phase + cycle * r.cycle
    }

    /// The log of one cycle.
    #[must_use]
    pub fn log(&self, replica: usize, cycle: i64) -> Log {
        let r = &self.replicas[replica];
        let due = self.log_due(replica, cycle);
        let key = cycle.cast_unsigned();
        let late = unit(self.draw.bits(Topic::Arrival, replica as u64, key)) * LATE_SHARE * r.cycle as f64;
        let quantile = self.draw.bits(Topic::Length, replica as u64, key) as usize % LENGTHS;
        let length = self.pace.lengths[quantile] * self.pace.share(r, due) * r.cycle as f64;
        Log {
            arrives: due + late as Ms,
            length: (length as Ms).max(LENGTH_MIN),
        }
    }

    fn block(&self, replica: usize, index: i64) -> Block {
        let r = &self.replicas[replica];
        let cycles = BLOCK_CYCLES as i64;
        let base = r.phase + index * cycles * r.cycle;
        let end = base + cycles * r.cycle;
        let mut runs = [(0, 0); BLOCK_CYCLES];
        let mut free = base;
        for (cycle, run) in (index * cycles..).zip(&mut runs) {
            let log = self.log(replica, cycle);
            let from = log.arrives.max(free).min(end);
            let to = (from + log.length).min(end);
            free = to;
            *run = ((from - base) as u32, (to - base) as u32);
        }
        Block { index, base, runs }
    }
}

#[derive(Debug)]
enum Lent<'w> {
    Borrowed(&'w World),
    Shared(Arc<World>),
}

impl std::ops::Deref for Lent<'_> {
    type Target = World;
    fn deref(&self) -> &World {
        match self {
            Self::Borrowed(world) => world,
            Self::Shared(world) => world,
        }
    }
}

impl Applies<'static> {
    /// For whoever has to outlive the borrow of a world.
    #[must_use]
    pub fn shared(world: Arc<World>) -> Self {
        let count = world.replicas.len();
        Self::with(Lent::Shared(world), count)
    }
}

/// The block last asked for, per replica: most questions are about the same hour.
#[derive(Debug)]
pub struct Applies<'w> {
    world: Lent<'w>,
    blocks: Vec<Option<Box<Block>>>,
}

impl<'w> Applies<'w> {
    #[must_use]
    pub fn new(world: &'w World) -> Self {
        Self::with(Lent::Borrowed(world), world.replicas.len())
    }

    fn with(world: Lent<'w>, count: usize) -> Self {
        let mut blocks = Vec::new();
        blocks.resize_with(count, || None);
        Self { world, blocks }
    }

    /// The first apply that ends after `at`: it runs at `at` when it began no later. `None` in a world without applies.
    pub fn ending_after(&mut self, replica: usize, at: Ms) -> Option<Span> {
        if self.world.pace.idle {
            return None;
        }
        let r = &self.world.replicas[replica];
        let mut index = (at - r.phase).div_euclid(BLOCK_CYCLES as i64 * r.cycle);
        loop {
            let block = self.block(replica, index);
            let after = (at - block.base).clamp(-1, i64::from(u32::MAX));
            let found = block.runs.partition_point(|run| i64::from(run.1) <= after);
            if let Some(&(from, to)) = block.runs.get(found).filter(|run| run.0 < run.1) {
                return Some(Span {
                    from: block.base + i64::from(from),
                    to: block.base + i64::from(to),
                });
            }
            index += 1;
        }
    }

    fn block(&mut self, replica: usize, index: i64) -> &Block {
        let world: &World = &self.world;
        let kept = &mut self.blocks[replica];
        match kept {
            Some(block) if block.index == index => {}
            _ => *kept = Some(Box::new(world.block(replica, index))),
        }
        // Just filled where it was missing; the closure never runs.
        kept.get_or_insert_with(|| Box::new(world.block(replica, index)))
    }

    /// The apply that runs at `at`.
    pub fn running(&mut self, replica: usize, at: Ms) -> Option<Span> {
        self.ending_after(replica, at).filter(|apply| apply.from <= at)
    }

    /// The first stretch of at least `need` without an apply that begins at `at` or later, looking no further than `until`.
    pub fn gap(&mut self, replica: usize, at: Ms, need: Ms, until: Ms) -> Option<Span> {
        let mut from = at;
        while from < until {
            let Some(apply) = self.ending_after(replica, from) else {
                return Some(Span { from, to: Ms::MAX });
            };
            if apply.from - from >= need {
                return Some(Span { from, to: apply.from });
            }
            from = apply.to;
        }
        None
    }
}
