//! The checkers: one for each promise that can be seen from outside. They read store, vault and model, and know nothing of how the engine
//! came to what is there. Promises 4, 7, 8 and 13 are watched by the model too, where it sees what is asked of it.

mod counted;
mod days;
mod evidence;
mod leftovers;
mod looks;

use super::clock::instant;
use super::depot::Depot;
use super::host::Shared;
use super::site::{Breach, Site};
use crate::Ms;
use chrono::{DateTime, Utc};
use days::Days;
use engine::Engine;
use evidence::Papers;
use futures::FutureExt as _;
use leftovers::Leftovers;
use std::collections::BTreeSet;
use std::path::Path;
use store::MemoryStore;
use store::traits::{AttemptStore as _, Scope, StoreError};

pub(crate) const SITE: Scope = Scope::Site { reason: "checker" };

/// What a checker may look at.
pub struct Scene<'a> {
    pub store: &'a MemoryStore,
    pub engine: Option<&'a Engine>,
    pub shared: &'a Shared,
    pub depot: &'a Depot,
    pub staging: &'a Path,
    /// Since when the process runs.
    pub up_since: Ms,
    /// Since when it has had no trouble of its own.
    pub quiet_since: Ms,
    pub freshness_secs: i64,
    pub pause_secs_max: i64,
    pub hold_secs_max: i64,
}

impl Scene<'_> {
    fn now(&self) -> Ms {
        self.shared.clock.ms()
    }

    /// What the process takes for now.
    fn wall(&self) -> DateTime<Utc> {
        self.shared.clock.wall()
    }
}

/// Checks what is cheap always, and the rest when something has changed.
#[derive(Debug, Default)]
pub struct Promises {
    days: Days,
    leftovers: Leftovers,
    papers: Papers,
    events: i64,
    steps: u64,
}

const EVERY: u64 = 25;

impl Promises {
    /// How many days were seen closed.
    #[must_use]
    pub fn days_closed(&self) -> usize {
        self.days.closed()
    }

    /// The first promise that does not hold.
    pub fn check(&mut self, scene: &Scene<'_>) -> Option<Breach> {
        if let Some(breach) = scene.shared.site().breaches.pop() {
            return Some(breach);
        }
        self.steps += 1;
        let newest = *scene.store.event_watch().borrow();
        if newest == self.events && !self.steps.is_multiple_of(EVERY) {
            return None;
        }
        self.events = newest;
        self.all(scene)
    }

    /// All of them, whatever has changed.
    pub fn all(&mut self, scene: &Scene<'_>) -> Option<Breach> {
        self.papers
            .check(scene)
            .or_else(|| scene.depot.breach())
            .or_else(|| one_seal(scene))
            .or_else(|| looks::unknown_never_green(scene))
            .or_else(|| looks::nothing_waits_silently(scene))
            .or_else(|| looks::holds_hold(scene))
            .or_else(|| counted::nothing_forgotten(scene))
            .or_else(|| self.days.check(scene))
            .or_else(|| self.leftovers.check(scene))
            .or_else(|| paused(scene))
    }
}

/// What the store answers at once.
pub(crate) fn read<T>(answer: impl Future<Output = Result<T, StoreError>>) -> Result<T, Breach> {
    let broken = |text: String| Breach { promise: 0, text };
    match answer.now_or_never() {
        Some(Ok(value)) => Ok(value),
        Some(Err(error)) => Err(broken(format!("the store does not answer a checker: {error}"))),
        None => Err(broken("the store makes a checker wait".to_owned())),
    }
}

pub(crate) fn breach(promise: u8, text: String) -> Option<Breach> {
    Some(Breach { promise, text })
}

/// Promise 4: what can be restored was sealed in the store, once per attempt.
fn one_seal(scene: &Scene<'_>) -> Option<Breach> {
    let points = match read(scene.store.points(&SITE, None)) {
        Ok(points) => points,
        Err(breach) => return Some(breach),
    };
    let mut attempts = BTreeSet::new();
    for point in &points {
        if !attempts.insert(point.evidence.attempt) {
            return breach(
                4,
                format!("attempt {} has sealed two points", point.evidence.attempt),
            );
        }
    }
    let sealed: BTreeSet<&str> = points.iter().map(|point| point.snapshot.as_str()).collect();
    let visible = scene.depot.visible();
    let (id, taken) = visible.iter().find(|(id, _)| !sealed.contains(id.as_str()))?;
    breach(
        4,
        format!(
            "snapshot {id} of attempt {} can be restored, and no point was sealed for it",
            taken.attempt
        ),
    )
}

/// Promise 7: what is paused is resumed.
fn paused(scene: &Scene<'_>) -> Option<Breach> {
    let now = scene.now();
    let site = scene.shared.site();
    let slack = 60_000 + scene.pause_secs_max * 1000;
    site.machines.iter().find_map(|machine| {
        let since = machine.paused?;
        let disturbed = site.primaries[machine.tenant].disturbed;
        // The watchdog's own pauses between two tries grow to five minutes while a primary is silent.
        let from = since.max(scene.quiet_since).max(disturbed + 300_000);
        (now - from > slack).then(|| Breach {
            promise: 7,
            text: format!(
                "the primary of {} is paused since {} and nobody resumes it",
                machine.name,
                instant(since)
            ),
        })
    })
}

/// The tenants by their numbers.
pub(crate) fn tenant_name(number: usize) -> String {
    format!("tenant-{number}")
}

/// When a host was last in the way.
pub(crate) fn disturbed(site: &Site) -> Ms {
    site.hosts
        .iter()
        .map(|host| host.disturbed)
        .max()
        .unwrap_or(Ms::MIN)
}
