//! People: they ask for backups, stop them, hold things, change policies, correct days, and move machines from one tenant to another.

use super::Stage;
use crate::MINUTE;
use crate::drive::dice::Dice;
use crate::drive::promises::{SITE, tenant_name};
use crate::drive::site::TENANTS;
use chrono::{Days, TimeDelta};
use domain::calendar::SlaDay;
use domain::ids::{ReplicaId, TenantId};
use domain::obligation::{Change, Correction, OutcomeKind, Owner};
use engine::Engine;
use std::sync::Arc;
use store::cancels::{CancelRequest, CancelStore as _};
use store::holds::{HoldStore as _, HoldTarget};
use store::obligations::ObligationStore as _;
use store::pauses::PauseStore as _;
use store::policies::{Assignee, PolicyStore as _};
use store::traits::{AttemptStore as _, ReplicaStore as _};

const AUTHOR: &str = "operator";

/// Something every few minutes, as long as the process lives. What the store does not take is not done: people see that.
pub(super) async fn hands(stage: Arc<Stage>, engine: Engine) {
    loop {
        let (pause, deed, mut dice) = {
            let mut state = stage.lock();
            let dice = &mut state.dice;
            // Some are there as soon as it has started.
            let longest = if dice.chance(0.3) { 5_000 } else { 15 * MINUTE };
            (
                dice.between(500, longest),
                dice.index(10),
                Dice::new(dice.bits(), 6),
            )
        };
        stage.clock.after(pause).await;
        // However it ends, it is in the store.
        let _done = match deed {
            0 => hold(&stage, &mut dice).await,
            1 => lift(&stage).await,
            2 => cancel(&stage, &mut dice).await,
            3 => correct(&stage, &mut dice).await,
            4 => change_policy(&stage, &mut dice).await,
            5 => rebind(&stage, &mut dice).await,
            _ => backup(&stage, &engine, &mut dice).await,
        };
    }
}

async fn some_replica(stage: &Stage, dice: &mut Dice) -> Option<ReplicaId> {
    let mut rows = stage.store.replicas(&SITE).await.ok()?;
    // By the machine, so that ids need not be in any order.
    rows.sort_by_key(|row| (row.vm, row.tenant.clone()));
    rows.get(dice.index(rows.len())).map(|row| row.id)
}

fn some_tenant(dice: &mut Dice) -> Option<TenantId> {
    tenant_name(dice.index(TENANTS)).parse().ok()
}

async fn backup(stage: &Arc<Stage>, engine: &Engine, dice: &mut Dice) -> Option<()> {
    let replica = some_replica(stage, dice).await?;
    let (engine, pausing) = (engine.clone(), dice.chance(0.6));
    tokio::spawn(async move {
        let _outcome = if pausing {
            engine.backup_pausing(replica).await
        } else {
            engine.backup_now(replica).await
        };
    });
    Some(())
}

async fn hold(stage: &Stage, dice: &mut Dice) -> Option<()> {
    let target = match dice.index(3) {
        0 => {
            let hosts: Vec<_> = stage.shared.site().hosts.iter().map(|it| it.id.clone()).collect();
            let host = hosts.get(dice.index(hosts.len()))?.clone();
            HoldTarget::Host { host }
        }
        1 => HoldTarget::Tenant {
            tenant: some_tenant(dice)?,
        },
        _ => HoldTarget::Replica {
            replica: some_replica(stage, dice).await?,
        },
    };
    let from = stage.clock.wall();
    let until = from + TimeDelta::milliseconds(dice.between(MINUTE, 60 * MINUTE));
    let begun = stage
        .store
        .hold_begin(&target, from, until, "works on it", AUTHOR);
    begun.await.ok().map(|_| ())
}

async fn lift(stage: &Stage) -> Option<()> {
    let now = stage.clock.wall();
    let held = stage.store.holds_active(&SITE, now).await.ok()?;
    let hold = held.first()?;
    stage.store.hold_lift(hold.id, now, AUTHOR).await.ok().map(|_| ())
}

async fn cancel(stage: &Stage, dice: &mut Dice) -> Option<()> {
    let mut running = stage.store.attempts_unfinished().await.ok()?;
    running.sort_by_key(|it| it.id);
    let attempt = running.get(dice.index(running.len()))?;
    let request = CancelRequest {
        at: stage.clock.wall(),
        author: AUTHOR.to_owned(),
        reason: "it is in the way".to_owned(),
    };
    stage.store.cancel_request(&SITE, attempt.id, &request).await.ok()
}

async fn correct(stage: &Stage, dice: &mut Dice) -> Option<()> {
    let now = stage.clock.wall();
    let today = now.date_naive();
    let from = SlaDay(today.checked_sub_days(Days::new(20))?);
    let heads = stage
        .store
        .day_heads(&SITE, None, from, SlaDay(today))
        .await
        .ok()?;
    let wrong =
        |it: &&store::obligations::DayHead| matches!(it.kind, OutcomeKind::Missed | OutcomeKind::MetLate);
    let wrong: Vec<_> = heads.iter().filter(wrong).collect();
    let head = wrong.get(dice.index(wrong.len()))?;
    let key = domain::obligation::ObligationKey {
        replica: head.replica,
        day: head.day,
    };
    let row = stage.store.obligation(&SITE, key).await.ok()?;
    let correction = Correction {
        key,
        seq: u32::try_from(row.corrections.len()).ok()? + 1,
        at: now,
        author: AUTHOR.to_owned(),
        reason: "their link was down".to_owned(),
        change: Change::Excuse { owner: Owner::Tenant },
    };
    stage.store.correction_append(&correction).await.ok()
}

async fn change_policy(stage: &Stage, dice: &mut Dice) -> Option<()> {
    let terms = stage.props.terms(dice);
    let id = format!("policy-{}", dice.index(3)).parse().ok()?;
    let now = stage.clock.wall();
    stage.store.policy_put(&id, &terms, AUTHOR, now).await.ok()?;
    let tenant = some_tenant(dice)?;
    let assignee = if dice.chance(0.5) {
        Assignee::Tenant { tenant }
    } else {
        Assignee::Replica {
            replica: some_replica(stage, dice).await?,
        }
    };
    let policy = dice.chance(0.7).then_some(&id);
    stage
        .store
        .policy_assign(&assignee, policy, AUTHOR, now)
        .await
        .ok()
}

/// A machine becomes another tenant's, while nobody works on it and no pause of it stands.
async fn rebind(stage: &Stage, dice: &mut Dice) -> Option<()> {
    let pauses = stage.store.pauses_unresumed().await.ok()?;
    let mut site = stage.shared.site();
    let number = dice.index(site.machines.len());
    let machine = site.bring(number);
    if machine.is_busy() || pauses.iter().any(|pause| pause.vm == machine.vm) || !dice.chance(0.3) {
        return None;
    }
    machine.tenant = (machine.tenant + 1) % TENANTS;
    machine.was_away = true;
    Some(())
}
