//! How much one person, token or address may ask of the API. Kept in memory: a limit on load, not on guessing, which the throttle of
//! the doors counts in the database.

use crate::doors::{By, Visitor};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use uuid::Uuid;

/// Tokens a second and how many at once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rate {
    pub a_second: NonZeroU32,
    pub at_once: NonZeroU32,
}

const fn rate(a_second: u32, at_once: u32) -> Rate {
    // Never zero: written down below.
    let one = NonZeroU32::MIN;
    Rate {
        a_second: match NonZeroU32::new(a_second) {
            Some(rate) => rate,
            None => one,
        },
        at_once: match NonZeroU32::new(at_once) {
            Some(burst) => burst,
            None => one,
        },
    }
}

/// A program that pages through everything asks some ten times a second; a screen of a program that opens asks for dozens of things at once.
const READS: Rate = rate(20, 100);
/// A write is a transaction of the one writer and a line of the trail. Onboarding sends some dozens in a row.
const WRITES: Rate = rate(10, 50);
/// Without a log-in there is a document to read and doors to be refused at. Many may stand behind one address.
const STRANGERS: Rate = rate(5, 50);
/// Most that are remembered of one kind: some 100 bytes each. Beyond it newcomers share [`SHARES`] places until others are forgotten.
const KEYS_MAX: usize = 10_000;
const SHARES: u64 = 256;
/// Full means a look through all of them; not with every request.
const SWEEP_EVERY: u32 = 1_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    /// A person by session, or a token.
    Somebody(Uuid),
    V4([u8; 4]),
    /// The first half: whoever has one address of it has all.
    V6([u8; 8]),
    Share(u64),
}

struct Bucket<C: Clock> {
    limiter: RateLimiter<Key, HashMapStateStore<Key>, C, NoOpMiddleware<C::Instant>>,
    clock: C,
    keys_max: usize,
    since_sweep: AtomicU32,
    shares: RandomState,
}

impl<C: Clock + Clone> Bucket<C> {
    fn new(rate: Rate, keys_max: usize, clock: C) -> Self {
        let quota = Quota::per_second(rate.a_second).allow_burst(rate.at_once);
        Self {
            limiter: RateLimiter::new(quota, HashMapStateStore::default(), clock.clone()),
            clock,
            keys_max,
            since_sweep: AtomicU32::new(0),
            shares: RandomState::new(),
        }
    }

    /// Seconds to wait, when it is too much.
    fn check(&self, key: Key) -> Result<(), u32> {
        let key = if self.limiter.len() < self.keys_max || self.swept() {
            key
        } else {
            Key::Share(self.shares.hash_one(key) % SHARES)
        };
        self.limiter.check_key(&key).map_err(|until| {
            let wait = until.wait_time_from(self.clock.now());
            let secs = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            u32::try_from(secs.max(1)).unwrap_or(u32::MAX)
        })
    }

    /// Forgets whoever did not ask lately; whether there is room again.
    fn swept(&self) -> bool {
        if self
            .since_sweep
            .fetch_add(1, Ordering::Relaxed)
            .is_multiple_of(SWEEP_EVERY)
        {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
        self.limiter.len() < self.keys_max
    }
}

/// The API's limits.
pub struct Limits<C: Clock = DefaultClock> {
    reads: Bucket<C>,
    writes: Bucket<C>,
    strangers: Bucket<C>,
}

impl Default for Limits {
    fn default() -> Self {
        Self::of([READS, WRITES, STRANGERS], KEYS_MAX, DefaultClock::default())
    }
}

#[cfg(test)]
impl Limits {
    /// Two of each, and the next much later.
    pub(super) fn tight() -> Self {
        let slow = Quota::with_period(std::time::Duration::from_secs(3_600));
        let quota = slow.map(|quota| quota.allow_burst(rate(1, 2).at_once));
        let mut limits = Self::none();
        if let Some(quota) = quota {
            for bucket in [&mut limits.reads, &mut limits.writes, &mut limits.strangers] {
                bucket.limiter =
                    RateLimiter::new(quota, HashMapStateStore::default(), DefaultClock::default());
            }
        }
        limits
    }

    /// For tests that ask for everything at once.
    pub(super) fn none() -> Self {
        Self::of([rate(1_000_000, 1_000_000); 3], KEYS_MAX, DefaultClock::default())
    }
}

impl<C: Clock + Clone> Limits<C> {
    pub(super) fn of([reads, writes, strangers]: [Rate; 3], keys_max: usize, clock: C) -> Self {
        let bucket = |rate| Bucket::new(rate, keys_max, clock.clone());
        Self {
            reads: bucket(reads),
            writes: bucket(writes),
            strangers: bucket(strangers),
        }
    }

    /// A request of somebody.
    ///
    /// # Errors
    /// Seconds to wait.
    pub(super) fn visitor(&self, visitor: &Visitor, writes: bool) -> Result<(), u32> {
        let who = match visitor.by {
            By::Session(_) => visitor.person.id.0,
            By::Token(token) => token.0,
        };
        let bucket = if writes { &self.writes } else { &self.reads };
        bucket.check(Key::Somebody(who))
    }

    /// A request of nobody known.
    ///
    /// # Errors
    /// Seconds to wait.
    pub(super) fn stranger(&self, address: IpAddr) -> Result<(), u32> {
        self.strangers.check(match address.to_canonical() {
            IpAddr::V4(address) => Key::V4(address.octets()),
            IpAddr::V6(address) => {
                let mut half = [0; 8];
                half.copy_from_slice(&address.octets()[..8]);
                Key::V6(half)
            }
        })
    }
}

#[cfg(test)]
mod tests;
