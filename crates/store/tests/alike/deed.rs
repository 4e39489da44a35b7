//! Everything that can be done to a store, over a world small enough that deeds meet.

use crate::night::{self, Night};
use domain::attempt::Step;
use proptest::prelude::*;
use proptest::sample::select;

const HOSTS: [&str; 2] = ["hv-r-01", "hv-r-02"];
const CODES: [&str; 3] = ["B1", "B4", "UN"];
const KEYS: [&str; 3] = ["b", "a", "B"];
pub const ATTEMPTS: u8 = 6;
/// The first so many are replicas; then one that changed its tenant, one with a known VM under a new id, and one that nobody polled.
pub const REPLICAS: usize = 4;
const REPLICAS_ODD: usize = REPLICAS + 3;

/// Nanoseconds after the world's beginning, not always whole microseconds.
pub type Nanos = i64;

#[derive(Debug, Clone)]
pub enum Deed {
    Poll(Poll),
    Resolve {
        key: &'static str,
        at: Nanos,
    },
    Trust {
        host: &'static str,
        trust: u8,
    },
    Claim {
        attempt: u8,
        replica: usize,
        owner: &'static str,
        at: Nanos,
        now_ms: i64,
    },
    Heartbeat {
        replica: usize,
        owner: &'static str,
        token: i8,
        now_ms: i64,
    },
    TakeOver {
        replica: usize,
        owner: &'static str,
        now_ms: i64,
    },
    Release {
        replica: usize,
        token: i8,
    },
    Journal {
        attempt: u8,
        token: i8,
        step: Step,
        phase: &'static str,
        at: Nanos,
    },
    Finish {
        attempt: u8,
        token: i8,
        state: u8,
        at: Nanos,
    },
    Seal {
        attempt: u8,
        token: i8,
        point: u8,
        snapshot: u8,
        place: Option<i64>,
        replica: Option<usize>,
        at: Nanos,
    },
    Secret {
        tenant: usize,
        name: &'static str,
        value: u8,
    },
    Night(Night),
}

/// A host, its trust, when it was surveyed, its error.
pub type HostSeen = (&'static str, Option<u8>, Option<Nanos>, Option<&'static str>);

#[derive(Debug, Clone)]
pub struct Poll {
    pub replicas: Vec<(usize, &'static str, &'static str, Nanos)>,
    pub statuses: Vec<(usize, u8, Nanos)>,
    pub open: Vec<(usize, &'static str, Nanos, Option<Nanos>, u16)>,
    pub close: Vec<(usize, &'static str, Nanos)>,
    pub findings: Vec<(&'static str, Option<usize>, &'static str, Nanos)>,
    pub host: Option<HostSeen>,
    pub at: Option<Nanos>,
}

pub fn nanos() -> impl Strategy<Value = Nanos> {
    // Few instants, so that many are the same.
    (0..8_i64, select(&[0, 400, 1_500][..])).prop_map(|(secs, more)| secs * 1_000_000_000 + more)
}

pub fn which() -> impl Strategy<Value = usize> {
    prop_oneof![30 => 0..REPLICAS, 1 => REPLICAS..REPLICAS_ODD]
}

fn owner() -> impl Strategy<Value = &'static str> {
    select(&["one", "two"][..])
}

/// How far the token is from the lease's.
fn token() -> impl Strategy<Value = i8> {
    prop_oneof![8 => Just(0_i8), 1 => Just(-1), 1 => Just(1)]
}

fn poll() -> impl Strategy<Value = Poll> {
    let few = 0..3;
    let replica = (
        which(),
        select(&["vm", "Vm", "\u{e4}"][..]),
        select(&HOSTS[..]),
        nanos(),
    );
    let open = (
        which(),
        select(&CODES[..]),
        nanos(),
        prop::option::weighted(0.3, nanos()),
        0..3_u16,
    );
    let finding = (
        select(&KEYS[..]),
        prop::option::of(which()),
        select(&["x", "y"][..]),
        nanos(),
    );
    let host = (
        select(&HOSTS[..]),
        prop::option::of(0..5_u8),
        prop::option::of(nanos()),
        prop::option::of(Just("no route")),
    );
    (
        prop::collection::vec(replica, few.clone()),
        prop::collection::vec((which(), 0..5_u8, nanos()), few.clone()),
        prop::collection::vec(open, few.clone()),
        prop::collection::vec((which(), select(&CODES[..]), nanos()), few.clone()),
        prop::collection::vec(finding, few),
        prop::option::of(host),
        prop::option::of(nanos()),
    )
        .prop_map(|(replicas, statuses, open, close, findings, host, at)| Poll {
            replicas,
            statuses,
            open,
            close,
            findings,
            host,
            at,
        })
}

/// Any deed. Leases last 10 ms of a machine's clock that runs from 0 to 40, so many expire.
pub fn any() -> impl Strategy<Value = Deed> {
    let attempt = || 0..ATTEMPTS;
    let ms = || 0..40_i64;
    let step = select(&[Step::Claim, Step::Checkpoint, Step::CleanUp][..]);
    let phase = select(&["intent", "done", "undone", "maybe"][..]);
    let seal = (
        (attempt(), token(), 0..8_u8, 0..8_u8),
        prop::option::of(1..4_i64),
        prop::option::weighted(0.1, which()),
        nanos(),
    );
    prop_oneof![
        6 => poll().prop_map(Deed::Poll),
        2 => (select(&KEYS[..]), nanos()).prop_map(|(key, at)| Deed::Resolve { key, at }),
        1 => (select(&HOSTS[..]), 0..5_u8).prop_map(|(host, trust)| Deed::Trust { host, trust }),
        6 => (attempt(), which(), owner(), nanos(), ms())
            .prop_map(|(attempt, replica, owner, at, now_ms)| Deed::Claim { attempt, replica, owner, at, now_ms }),
        2 => (which(), owner(), token(), ms())
            .prop_map(|(replica, owner, token, now_ms)| Deed::Heartbeat { replica, owner, token, now_ms }),
        2 => (which(), owner(), ms()).prop_map(|(replica, owner, now_ms)| Deed::TakeOver { replica, owner, now_ms }),
        5 => (which(), token()).prop_map(|(replica, token)| Deed::Release { replica, token }),
        4 => (attempt(), token(), step, phase, nanos())
            .prop_map(|(attempt, token, step, phase, at)| Deed::Journal { attempt, token, step, phase, at }),
        3 => (attempt(), token(), 0..5_u8, nanos())
            .prop_map(|(attempt, token, state, at)| Deed::Finish { attempt, token, state, at }),
        4 => seal.prop_map(|((attempt, token, point, snapshot), place, replica, at)| Deed::Seal {
            attempt, token, point, snapshot, place, replica, at,
        }),
        1 => (0..3_usize, select(&["key", "other"][..]), 0..2_u8)
            .prop_map(|(tenant, name, value)| Deed::Secret { tenant, name, value }),
        12 => night::any().prop_map(Deed::Night),
    ]
}
