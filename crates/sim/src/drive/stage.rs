//! One seed's world, and the processes that live in it one after the other.

mod come_to;
mod hands;
mod props;

use super::chaos::Chaos;
use super::clock::{Clock, instant};
use super::depot::Depot;
use super::dice::Dice;
use super::host::Shared;
use super::promises::{Promises, Scene};
use super::site::Breach;
use super::{Broken, DriveError};
use crate::{HOUR, MINUTE, Ms};
use engine::judge::Judge;
use engine::{Engine, EngineConfig, Ports};
use props::Props;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use store::MemoryStore;

/// In calm, until everything should be tidy.
const CALM: Ms = 50 * MINUTE;
/// Each time that the clock moves.
const JUMP: f64 = 0.000_05;
/// The wall's clock goes back by no more.
pub const SET_BACK: Ms = 120_000;

pub(super) struct Stage {
    pub shared: Arc<Shared>,
    pub clock: Arc<Clock>,
    pub chaos: Arc<Chaos>,
    pub store: MemoryStore,
    pub depot: Arc<Depot>,
    props: Props,
    judge: Arc<dyn Judge>,
    state: Mutex<State>,
    start: Ms,
}

struct State {
    promises: Promises,
    engine: Option<Engine>,
    over: bool,
    root: Option<Waker>,
    /// The process ends at this step or instant, if nothing kills it before.
    steps_max: u64,
    until: Ms,
    up_since: Ms,
    quiet_since: Ms,
    mishaps: u64,
    lives: u32,
    kills: u32,
    trace: u64,
    broken: Option<Broken>,
    dice: Dice,
}

impl Stage {
    pub fn set(seed: u64, judge: Arc<dyn Judge>) -> Result<Self, DriveError> {
        let mut dice = Dice::new(seed, 1);
        let start = dice.between(0, 24 * HOUR);
        let chaos = Arc::new(Chaos::new(Dice::new(seed, 2)));
        let clock = Arc::new(Clock::new(Dice::new(seed, 3), start));
        let store = MemoryStore::with_mishaps(chaos.clone());
        let depot = Arc::new(Depot::new(chaos.clone()));
        let (props, site) = Props::of(seed, start, &mut dice)?;
        let shared = Arc::new(Shared {
            clock: clock.clone(),
            chaos: chaos.clone(),
            site: Mutex::new(site),
        });
        let state = State {
            promises: Promises::default(),
            engine: None,
            over: false,
            root: None,
            steps_max: 0,
            until: Ms::MAX,
            up_since: start,
            quiet_since: start,
            mishaps: 0,
            lives: 0,
            kills: 0,
            trace: 0xcbf2_9ce4_8422_2325,
            broken: None,
            dice,
        };
        Ok(Self {
            shared,
            clock,
            chaos,
            store,
            depot,
            props,
            judge,
            state: Mutex::new(state),
            start,
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn scene<'a>(&'a self, state: &State, engine: Option<&'a Engine>) -> Scene<'a> {
        Scene {
            store: &self.store,
            engine,
            shared: &self.shared,
            depot: &self.depot,
            staging: self.props.staging(),
            up_since: state.up_since,
            quiet_since: state.quiet_since,
            freshness_secs: i64::from(self.props.freshness_secs),
            pause_secs_max: i64::from(self.props.pause_secs_max),
            hold_secs_max: i64::from(self.props.hold_secs_max),
        }
    }

    /// Nobody has anything to do: the promises are checked, and then time moves.
    fn idle(&self) {
        let mut state = self.lock();
        if state.over {
            return;
        }
        self.jump(&mut state);
        let mishaps = self.chaos.mishaps();
        if mishaps != state.mishaps {
            state.mishaps = mishaps;
            state.quiet_since = self.clock.ms();
            self.shared.site().quiet_since = state.quiet_since;
        }
        let mut promises = std::mem::take(&mut state.promises);
        let engine = state.engine.clone();
        let found = promises.check(&self.scene(&state, engine.as_ref()));
        state.promises = promises;
        if let Some(breach) = found {
            self.broke(&mut state, breach);
        }
        let ended = state.broken.is_some()
            || self.chaos.is_dead()
            || self.chaos.calls() >= state.steps_max
            || self.clock.ms() >= state.until;
        if !ended && self.clock.advance() {
            let now = self.clock.ms();
            state.trace = (state.trace ^ now.cast_unsigned()).wrapping_mul(0x0100_0000_01b3);
            return;
        }
        if !ended {
            let text = "nothing is ever going to happen again".to_owned();
            self.broke(&mut state, Breach { promise: 0, text });
        }
        state.over = true;
        if let Some(root) = state.root.take() {
            root.wake();
        }
    }

    /// The machine sleeps for a while, or somebody sets its clock.
    fn jump(&self, state: &mut State) {
        if self.chaos.is_calm() || !state.dice.chance(JUMP) {
            return;
        }
        if state.dice.chance(0.5) {
            self.clock.leap(state.dice.between(5_000, 30 * MINUTE));
        } else {
            self.clock
                .set_wrong(state.dice.between(-SET_BACK / 2, SET_BACK / 2));
        }
        self.chaos.mishap();
    }

    fn broke(&self, state: &mut State, breach: Breach) {
        if state.broken.is_none() {
            state.broken = Some(Broken {
                promise: breach.promise,
                step: self.chaos.calls(),
                at: instant(self.clock.ms()).to_rfc3339(),
                died: self.chaos.place(),
                text: breach.text,
            });
        }
    }

    async fn over(&self) {
        poll_fn(|context| {
            let mut state = self.lock();
            if state.over {
                return Poll::Ready(());
            }
            state.root = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

/// How one process lives.
struct Life {
    calm: bool,
    automatic: bool,
    steps: u64,
    /// Dies after so many places.
    places: Option<u64>,
    lasts: Ms,
}

/// Lets processes live and die until the steps are used up, then tidies up in calm.
pub(super) fn play(stage: &Arc<Stage>, steps: u64) {
    stage.props.begin(stage);
    while stage.chaos.calls() < steps && stage.lock().broken.is_none() {
        let life = {
            let mut state = stage.lock();
            let left = steps.saturating_sub(stage.chaos.calls());
            let dice = &mut state.dice;
            // Short ones meet the restart again and again, long ones the night.
            let long = dice.chance(0.4);
            let places = dice.between(1, if long { 20_000 } else { 1_500 });
            Life {
                calm: false,
                automatic: true,
                steps: left,
                places: Some(places.unsigned_abs()),
                lasts: Ms::MAX / 4,
            }
        };
        live(stage, &life);
        let down = {
            let mut state = stage.lock();
            let dice = &mut state.dice;
            match dice.index(20) {
                0 => dice.between(2 * HOUR, 30 * HOUR),
                1 => dice.between(30 * HOUR, 80 * HOUR),
                2..=5 => dice.between(MINUTE, 40 * MINUTE),
                _ => dice.between(500, MINUTE),
            }
        };
        stage.clock.leap(down);
        stage.props.between(stage);
    }
    if stage.lock().broken.is_some() {
        return;
    }
    {
        let mut site = stage.shared.site();
        site.calm = true;
        let now = site.now;
        for host in &mut site.hosts {
            host.silent_until = host.silent_until.min(now);
        }
        for machine in &mut site.machines {
            machine.gone_until = machine.gone_until.min(now);
        }
        for primary in &mut site.primaries {
            primary.silent_until = primary.silent_until.min(now);
        }
    }
    live(
        stage,
        &Life {
            calm: true,
            automatic: false,
            steps: u64::MAX / 2,
            places: None,
            lasts: CALM,
        },
    );
    if let Some(breach) = stage.props.untidy(stage) {
        stage.broke(&mut stage.lock(), breach);
    }
}

fn live(stage: &Arc<Stage>, life: &Life) {
    {
        let mut state = stage.lock();
        let now = stage.clock.ms();
        state.over = false;
        state.lives += 1;
        state.steps_max = stage.chaos.calls().saturating_add(life.steps);
        state.until = now.saturating_add(life.lasts);
        (state.up_since, state.quiet_since) = (now, now);
        let mut site = stage.shared.site();
        site.life = state.lives;
        site.quiet_since = now;
    }
    stage.chaos.revive(life.calm, life.places);
    let parked = stage.clone();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .on_thread_park(move || parked.idle())
        .build();
    let Ok(runtime) = runtime else {
        let text = "no runtime can be made".to_owned();
        stage.broke(&mut stage.lock(), Breach { promise: 0, text });
        return;
    };
    let owner = if stage.lock().dice.chance(0.8) {
        "worker-1"
    } else {
        "worker-2"
    };
    let config = stage.props.config(owner, life.automatic);
    let ports = stage.props.ports(stage);
    runtime.block_on(run(stage, config, ports, life));
    // What was not finished never is: every task ends where it waits.
    drop(runtime);
    let died = stage.chaos.is_dead();
    let mut state = stage.lock();
    state.engine = None;
    state.kills += u32::from(died);
}

async fn run(stage: &Arc<Stage>, config: EngineConfig, ports: Ports, life: &Life) {
    match Engine::start(config, ports).await {
        Ok(engine) => {
            if life.automatic {
                stage.lock().engine = Some(engine.clone());
                tokio::spawn(hands::hands(stage.clone(), engine));
            }
        }
        // It could not read or write what it needed: as if it had died at once.
        Err(_) => stage.chaos.kill("the start"),
    }
    stage.over().await;
}
