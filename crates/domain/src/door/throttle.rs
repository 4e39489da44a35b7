//! How often somebody may try to log in.
//!
//! * A try is counted *before* the password is looked at and forgiven when it was right, so that a thousand tries at once are a
//!   thousand tries.
//! * Counted per address and per account. The account is the name that was typed: one that does not exist is counted the same way, so
//!   neither answer nor timing tells.
//! * A stranger who keeps failing under a person's name must not lock that person out. Waits of an account are short and a try during
//!   a wait counts nothing; one address soon waits longer than an account remembers; and a browser that the person was logged in with
//!   before is counted on its own instead of with the account.

use super::hash::SecretHash;
use super::login::LoginName;
use chrono::{DateTime, TimeDelta, Utc};
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// What tries are counted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ThrottleKey {
    Account(LoginName),
    Address(Prefix),
    /// A browser that this account was logged in with before.
    Device(SecretHash),
}

impl ThrottleKey {
    /// As stored.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Account(_) => "account",
            Self::Address(_) => "address",
            Self::Device(_) => "device",
        }
    }
    /// The limits that it is judged by.
    #[must_use]
    pub const fn limit(&self) -> Limit {
        match self {
            Self::Account(_) => Limit {
                free: 10,
                wait_secs_first: 1,
                wait_secs_max: 30,
                forget_secs: 15 * 60,
            },
            Self::Address(_) => Limit {
                free: 20,
                wait_secs_first: 2,
                wait_secs_max: 3_600,
                forget_secs: 24 * 3_600,
            },
            Self::Device(_) => Limit {
                free: 5,
                wait_secs_first: 1,
                wait_secs_max: 60,
                forget_secs: 15 * 60,
            },
        }
    }
}

/// The value beside [`ThrottleKey::kind`].
impl fmt::Display for ThrottleKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(login) => login.fmt(f),
            Self::Address(prefix) => prefix.fmt(f),
            Self::Device(hash) => hash.fmt(f),
        }
    }
}

/// An IPv4 address, or the /64 of an IPv6 address: whoever has one of its addresses has all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix(IpAddr);

impl Prefix {
    /// Of an address; IPv4 in IPv6 is IPv4.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(four) => IpAddr::V4(four),
            IpAddr::V6(six) => IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() & !0_u128 << 64)),
        })
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// From when on tries have to wait, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// So many failures cost nothing.
    pub free: u32,
    /// The wait after the first failure beyond; doubles with each.
    pub wait_secs_first: i64,
    pub wait_secs_max: i64,
    /// After so long without a failure nothing is remembered. Longer than the longest wait.
    pub forget_secs: i64,
}

/// The failures of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    pub failures: u32,
    pub last: DateTime<Utc>,
}

/// Whether a try may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    Open,
    /// No try before this instant; one before it is refused unlooked at, and counts nothing.
    WaitUntil(DateTime<Utc>),
}

impl Limit {
    /// What is remembered at `now`. A failure from the future (the clock went back) is of now, so that nobody waits for the past.
    fn remembered(self, tally: Option<Tally>, now: DateTime<Utc>) -> Option<Tally> {
        let tally = tally.filter(|tally| now - tally.last < TimeDelta::seconds(self.forget_secs))?;
        Some(Tally {
            last: tally.last.min(now),
            ..tally
        })
    }

    /// Whether a try may be made at `now`.
    #[must_use]
    pub fn judge(self, tally: Option<Tally>, now: DateTime<Utc>) -> Gate {
        let Some(tally) = self.remembered(tally, now) else {
            return Gate::Open;
        };
        let beyond = tally.failures.saturating_sub(self.free);
        if beyond == 0 {
            return Gate::Open;
        }
        let doubled = self.wait_secs_first << (beyond - 1).min(20);
        let until = tally.last + TimeDelta::seconds(doubled.min(self.wait_secs_max));
        if now < until {
            Gate::WaitUntil(until)
        } else {
            Gate::Open
        }
    }

    /// The tally with one more failure.
    #[must_use]
    pub fn counted(self, tally: Option<Tally>, now: DateTime<Utc>) -> Tally {
        let before = self.remembered(tally, now).map_or(0, |tally| tally.failures);
        Tally {
            failures: before.saturating_add(1),
            last: now,
        }
    }
}

/// Who tries, from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogInTry {
    /// The name as typed, whether or not there is such an account.
    pub account: LoginName,
    pub address: IpAddr,
    /// The browser's device cookie, if the account was logged in with it before; looked up for every try.
    pub device: Option<SecretHash>,
}

impl LogInTry {
    /// What it is counted by. Always two keys, so every try reads and writes alike.
    #[must_use]
    pub fn keys(&self) -> [ThrottleKey; 2] {
        let who = match self.device {
            Some(device) => ThrottleKey::Device(device),
            None => ThrottleKey::Account(self.account.clone()),
        };
        [ThrottleKey::Address(Prefix::of(self.address)), who]
    }
}

/// The longest of the waits.
#[must_use]
pub fn strictest(gates: impl IntoIterator<Item = Gate>) -> Gate {
    let open = |gate: &Gate| match gate {
        Gate::Open => None,
        Gate::WaitUntil(until) => Some(*until),
    };
    gates
        .into_iter()
        .filter_map(|gate| open(&gate))
        .max()
        .map_or(Gate::Open, Gate::WaitUntil)
}

/// What is left of a tally when the counted try turned out right. An address only loses that one: whoever has one good account there
/// could otherwise try out all others.
#[must_use]
pub fn forgiven(key: &ThrottleKey, tally: Tally) -> Option<Tally> {
    match key {
        ThrottleKey::Account(_) | ThrottleKey::Device(_) => None,
        ThrottleKey::Address(_) => Some(Tally {
            failures: tally.failures.saturating_sub(1),
            ..tally
        })
        .filter(|tally| tally.failures > 0),
    }
}

/// Tallies older than this at any kind of key are forgotten by all: they may be removed.
pub const FORGET_SECS_MAX: i64 = 24 * 3_600;

#[cfg(test)]
mod tests;
