//! Time that moves only when nobody has anything left to do.

use crate::Ms;
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use engine::clock::{MachineClock, WorldClock};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::dice::Dice;

/// The world's and the machine's clock in one: nothing here is sped up.
#[derive(Debug)]
pub struct Clock {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    now: Ms,
    /// How far the wall's clock is set wrong.
    offset: Ms,
    /// Sleepers woken so far.
    steps: u64,
    tickets: u64,
    sleepers: BTreeMap<(Ms, u64), Waker>,
    dice: Dice,
}

/// The instant of a virtual time.
#[must_use]
pub fn instant(at: Ms) -> DateTime<Utc> {
    // A Friday; no zone changes its clocks in the weeks after it.
    DateTime::UNIX_EPOCH + TimeDelta::seconds(1_800_057_600) + TimeDelta::milliseconds(at)
}

impl Clock {
    #[must_use]
    pub fn new(dice: Dice, now: Ms) -> Self {
        Self {
            inner: Mutex::new(Inner {
                now,
                offset: 0,
                steps: 0,
                tickets: 0,
                sleepers: BTreeMap::new(),
                dice,
            }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Virtual now.
    #[must_use]
    pub fn ms(&self) -> Ms {
        self.lock().now
    }

    /// How many sleepers were woken so far.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.lock().steps
    }

    /// Lets time pass in which nobody runs.
    pub fn leap(&self, by: Ms) {
        self.lock().now += by;
    }

    /// Somebody sets the wall's clock: so far ahead, or behind.
    pub fn set_wrong(&self, by: Ms) {
        self.lock().offset = by;
    }

    /// What the process takes for now.
    #[must_use]
    pub fn wall(&self) -> DateTime<Utc> {
        let inner = self.lock();
        instant(inner.now + inner.offset)
    }

    /// Wakes one of those who sleep shortest and moves time to where it wakes. False when nobody sleeps.
    pub fn advance(&self) -> bool {
        let mut inner = self.lock();
        let Some((&(at, _), _)) = inner.sleepers.first_key_value() else {
            return false;
        };
        // Who comes first at the same instant is nobody's promise.
        let same = inner
            .sleepers
            .range((at, 0)..=(at, u64::MAX))
            .map(|(key, _)| *key)
            .take(8)
            .collect::<Vec<_>>();
        let chosen = same[inner.dice.index(same.len())];
        let waker = inner.sleepers.remove(&chosen);
        inner.now = inner.now.max(at);
        inner.steps += 1;
        drop(inner);
        if let Some(waker) = waker {
            waker.wake();
        }
        true
    }

    /// Until so much time has passed.
    pub fn after(&self, by: Ms) -> Sleep<'_> {
        Sleep {
            clock: self,
            at: self.ms() + by.max(0),
            ticket: None,
        }
    }
}

/// Ends when the clock wakes it.
#[derive(Debug)]
pub struct Sleep<'a> {
    clock: &'a Clock,
    at: Ms,
    ticket: Option<u64>,
}

impl Future for Sleep<'_> {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let clock = self.clock;
        let mut inner = clock.lock();
        let ticket = match self.ticket {
            Some(ticket) if !inner.sleepers.contains_key(&(self.at, ticket)) => {
                drop(inner);
                self.ticket = None;
                return Poll::Ready(());
            }
            Some(ticket) => ticket,
            None => {
                inner.tickets += 1;
                inner.tickets
            }
        };
        inner.sleepers.insert((self.at, ticket), context.waker().clone());
        drop(inner);
        self.ticket = Some(ticket);
        Poll::Pending
    }
}

impl Drop for Sleep<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            self.clock.lock().sleepers.remove(&(self.at, ticket));
        }
    }
}

fn ms(duration: Duration) -> Ms {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4)
}

#[async_trait]
impl WorldClock for Clock {
    fn now(&self) -> DateTime<Utc> {
        self.wall()
    }
    async fn sleep(&self, world: Duration, floor: Duration) {
        self.after(ms(world.max(floor))).await;
    }
}

#[async_trait]
impl MachineClock for Clock {
    fn unix_ms(&self) -> i64 {
        self.wall().timestamp_millis()
    }
    fn monotonic(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.ms()).unwrap_or(0))
    }
    async fn sleep(&self, real: Duration) {
        self.after(ms(real)).await;
    }
}
