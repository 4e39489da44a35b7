//! What goes wrong on our side: the process dies at any place, a write is lost, an answer is lost, a step runs twice.

use super::dice::Dice;
use engine::failpoint::{FailAction, Failpoints};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use store::memory::{Mishap, Mishaps};

/// Decides at every place where the process touches something outside of itself.
#[derive(Debug)]
pub struct Chaos {
    inner: Mutex<Inner>,
    calm: AtomicBool,
    dead: AtomicBool,
    mishaps: AtomicU64,
    calls: AtomicU64,
    faults: AtomicU64,
}

#[derive(Debug)]
struct Inner {
    dice: Dice,
    /// So many places further on the process dies.
    left: Option<u64>,
    /// Where it died.
    place: String,
}

const WRITE_LOST: f64 = 0.001;
const WRITE_UNANSWERED: f64 = 0.001;
const STEP_ABANDONED: f64 = 0.002;
const STEP_TWICE: f64 = 0.03;

impl Chaos {
    #[must_use]
    pub fn new(dice: Dice) -> Self {
        Self {
            inner: Mutex::new(Inner {
                dice,
                left: None,
                place: String::new(),
            }),
            calm: AtomicBool::new(true),
            dead: AtomicBool::new(true),
            mishaps: AtomicU64::new(0),
            calls: AtomicU64::new(0),
            faults: AtomicU64::new(0),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new process. It dies after so many places, if given; in calm nothing goes wrong.
    pub fn revive(&self, calm: bool, places: Option<u64>) {
        self.lock().left = places;
        self.calm.store(calm, Ordering::Relaxed);
        self.dead.store(false, Ordering::Relaxed);
    }

    /// The process is gone: nothing that its code still does has any effect.
    pub fn kill(&self, place: &str) {
        if !self.dead.swap(true, Ordering::Relaxed) {
            self.lock().place = place.to_owned();
        }
    }

    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.dead.load(Ordering::Relaxed)
    }

    #[must_use]
    pub fn is_calm(&self) -> bool {
        self.calm.load(Ordering::Relaxed)
    }

    /// The engine uses a port at which something may go wrong: one step.
    pub fn call(&self) {
        if !self.is_dead() {
            self.calls.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many steps there were.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Something went wrong that the engine has to live with.
    pub fn fault(&self) {
        self.faults.fetch_add(1, Ordering::Relaxed);
    }

    /// How often.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.faults.load(Ordering::Relaxed)
    }

    /// Writes and answers that were lost so far, steps abandoned included.
    #[must_use]
    pub fn mishaps(&self) -> u64 {
        self.mishaps.load(Ordering::Relaxed)
    }

    /// Where the process died last.
    #[must_use]
    pub fn place(&self) -> String {
        self.lock().place.clone()
    }

    /// Passes a place; true when the process dies here, or is dead.
    pub fn dies_at(&self, place: &str) -> bool {
        if self.is_dead() {
            return true;
        }
        let mut inner = self.lock();
        let Some(left) = inner.left else { return false };
        inner.left = left.checked_sub(1);
        if left > 0 {
            return false;
        }
        drop(inner);
        self.kill(place);
        true
    }

    /// Whether something with this share happens; never in calm.
    pub fn happens(&self, share: f64) -> bool {
        !self.is_calm() && self.lock().dice.chance(share)
    }

    /// Even in `from..=to`.
    pub fn between(&self, from: i64, to: i64) -> i64 {
        self.lock().dice.between(from, to)
    }

    /// The process itself has trouble: what is late since then is not its fault.
    pub fn mishap(&self) {
        self.fault();
        self.mishaps.fetch_add(1, Ordering::Relaxed);
    }
}

impl Mishaps for Chaos {
    fn next(&self) -> Mishap {
        self.call();
        if self.dies_at("before a write") {
            return Mishap::Lost;
        }
        if self.dies_at("after a write") {
            return Mishap::Unanswered;
        }
        if self.happens(WRITE_LOST) {
            self.mishap();
            return Mishap::Lost;
        }
        if self.happens(WRITE_UNANSWERED) {
            self.mishap();
            return Mishap::Unanswered;
        }
        Mishap::None
    }
}

impl Failpoints for Chaos {
    fn at(&self, name: &str) -> FailAction {
        self.call();
        if self.dies_at(name) {
            return FailAction::Abort;
        }
        if name.starts_with("twice:") {
            return if self.happens(STEP_TWICE) {
                self.fault();
                FailAction::Twice
            } else {
                FailAction::Go
            };
        }
        if self.happens(STEP_ABANDONED) {
            self.mishap();
            return FailAction::Abort;
        }
        FailAction::Go
    }
}
