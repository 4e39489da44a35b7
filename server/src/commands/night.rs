//! `stillpoint night`: the obligations whose window covers now, what they have come to, and what keeps the rest.

mod shown;

use super::Global;
use crate::document::night::Night;
use crate::telling::{Failure, json};
use crate::{looking, tonight, wiring};
use chrono::TimeDelta;
use domain::calendar::SlaDay;
use engine::{Engine, EngineConfig, Foreseen, Planned, WorldClock as _};
use store::holds::HoldStore as _;
use store::obligations::ObligationStore as _;
use store::pauses::PauseStore as _;
use store::traits::{ReplicaStore as _, Scope};

#[derive(Debug, clap::Args)]
pub struct Args {}

pub async fn run(global: &Global, Args {}: Args) -> Result<(), Failure> {
    let opened = looking::existing(&global.data).await?;
    let now = opened.world().now();
    let (planned, foreseen) = foresee(&opened).await?;
    let scope = Scope::Site {
        reason: "night command",
    };
    let day = |days| SlaDay((now + TimeDelta::days(days)).date_naive());
    let store = &opened.store;
    let days = store.day_heads(&scope, None, day(-2), day(1)).await?;
    let names = store.replicas(&scope).await?;
    let night = Night {
        now,
        tonight: tonight::tonight(Some(&planned), Some(&foreseen), &days, |_| true, now),
        names: names.into_iter().map(|it| (it.id, it)).collect(),
        planned: &planned,
        holds: store.holds_active(&scope, now).await?,
        acknowledged: store.acknowledgements(&scope, now).await?,
        pauses: store.pauses_unresumed().await?,
    };
    if global.json {
        return json(&night.document());
    }
    night.print();
    Ok(())
}

/// What the plan is, by what the store says: no host is asked, nothing is started.
pub async fn plan(opened: &wiring::Opened) -> Result<Planned, Failure> {
    Ok(engine(opened).await?.plan_now().await?)
}

/// What the plan is and what is foreseen of it.
async fn foresee(opened: &wiring::Opened) -> Result<(Planned, Foreseen), Failure> {
    let engine = engine(opened).await?;
    let planned = engine.plan_now().await?;
    let foreseen = engine.foresee(&planned).await?;
    Ok((planned, foreseen))
}

async fn engine(opened: &wiring::Opened) -> Result<Engine, Failure> {
    let owner = format!("plan-command-{:016x}", rand::random::<u64>());
    let config = EngineConfig {
        seen_by_store: opened.config.hosts.iter().map(|it| it.id.clone()).collect(),
        ..opened.engine_config(owner).await?
    };
    Ok(Engine::prepare(config, opened.ports_without_hosts().await?).await?)
}
