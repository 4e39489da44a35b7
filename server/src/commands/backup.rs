//! `stillpoint backup REPLICA`: one replica now, through the same gate, proof and lease as every night.

use super::Global;
use crate::telling::{Failure, exit, json, spinner};
use crate::trail::{self, Deed};
use crate::wiring;
use domain::attempt::{AttemptState, Deferral};
use domain::ids::ReplicaId;
use domain::words::{explain, explain_deferral, explain_failure};
use engine::{Engine, Outcome, WorldClock};
use std::time::{Duration, Instant};
use store::records::Attempt;
use store::traits::AttemptStore;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// An id, or tenant/name
    #[arg(value_name = "REPLICA")]
    replica: String,
    /// Wait this long (world's time) for a still point; 0 makes one attempt and tells what stands in the way
    #[arg(long, value_name = "SECS", default_value_t = 0)]
    wait: u32,
    /// Where log applies are in the way, pause the primary for the checkpoint: as far as the policy allows it, once
    #[arg(long)]
    pause_primary: bool,
}

pub async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    let opened = wiring::open(&global.data).await?;
    let owner = format!("backup-command-{:016x}", rand::random::<u64>());
    let engine = Engine::prepare(opened.engine_config(owner).await?, opened.ports().await?).await?;
    // Names are known once a host was surveyed; an empty state is filled first.
    if wiring::replica(&opened, &args.replica).await.is_err() {
        engine.survey().await?;
    }
    let replica = wiring::replica(&opened, &args.replica).await?;
    rescue(&opened, &engine, replica.id).await?;
    let bar = spinner(format!("backing up {}/{}", replica.tenant, replica.name));
    let deadline = opened.world().now() + chrono::TimeDelta::seconds(i64::from(args.wait));
    let tell = |outcome: &Outcome| bar.set_message(in_words(outcome));
    let deed = Deed {
        name: "backup.run",
        object: format!("replica {}", replica.name),
        tenant: Some(replica.tenant.clone()),
        ..Deed::default()
    };
    let work = async {
        if args.pause_primary {
            let first = engine.backup_pausing(replica.id).await?;
            tell(&first);
            if is_sealed(&first) || args.wait == 0 {
                return Ok(first);
            }
        }
        Ok(engine.backup_until(replica.id, deadline, tell).await?)
    };
    let outcome = trail::written(&opened.store, opened.world().now(), &deed, work).await;
    bar.finish_and_clear();
    let outcome = outcome?;
    let left = engine.rescue().await?;
    for waiting in left.waiting {
        eprintln!("{waiting}; `stillpoint serve`, or the next command, goes on with it");
    }
    engine.stop(Duration::from_secs(1)).await;
    let Outcome::Ended { attempt } = &outcome else {
        if global.json {
            // No attempt of this command: another worker's, or one that the next start undoes.
            json(&serde_json::json!({
                "attempt": null, "replica": replica.id, "tenant": replica.tenant, "host": replica.host,
                "outcome": { "state": "none", "reason": in_words(&outcome) }, "blocker": null,
            }))?;
        }
        return Err(Failure::new(exit::DEFERRED, in_words(&outcome)));
    };
    if global.json {
        json(&document(attempt))?;
    }
    match &attempt.state {
        AttemptState::Sealed { point, .. } => {
            if !global.json {
                println!("restore point {point}, crash-consistent");
            }
            Ok(())
        }
        AttemptState::Deferred { .. } => Err(Failure::new(exit::DEFERRED, in_words(&outcome))),
        AttemptState::Failed { .. } | AttemptState::Running { .. } => {
            Err(Failure::new(exit::FAILED, in_words(&outcome)))
        }
    }
}

/// How long a lease that nobody renews is waited for; leases last 30 s.
const LEASE_WAIT: Duration = Duration::from_secs(40);

/// Finishes or undoes what a killed worker left on the replica. A lease that is being renewed belongs to a living one: the attempt then
/// says whose it is.
async fn rescue(opened: &wiring::Opened, engine: &Engine, replica: ReplicaId) -> Result<(), Failure> {
    let began = Instant::now();
    let mut seen = None;
    loop {
        engine.rescue().await?;
        let Some(lease) = opened.store.lease(replica).await? else {
            return Ok(());
        };
        let renewed = seen.is_some_and(|before| before != (lease.token, lease.expires_unix_ms));
        if renewed || began.elapsed() > LEASE_WAIT {
            return Ok(());
        }
        seen = Some((lease.token, lease.expires_unix_ms));
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

fn is_sealed(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Ended { attempt } if matches!(attempt.state, AttemptState::Sealed { .. }))
}

fn document(attempt: &Attempt) -> serde_json::Value {
    let blocker = match &attempt.state {
        AttemptState::Deferred {
            reason:
                Deferral::Refused {
                    blocker: Some(blocker),
                    ..
                },
            ..
        } => Some(explain(blocker).code),
        AttemptState::Deferred { reason, .. } => Some(explain_deferral(reason).code),
        _ => None,
    };
    serde_json::json!({
        "attempt": attempt.id, "replica": attempt.replica, "tenant": attempt.tenant, "host": attempt.host,
        "started": attempt.started.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
        "outcome": attempt.state, "blocker": blocker,
    })
}

fn in_words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Ended { attempt } => match &attempt.state {
            AttemptState::Deferred { reason, .. } => {
                let words = explain_deferral(reason);
                format!(
                    "deferred: {} ({}). {} {}",
                    words.title, words.code, words.sentence, words.release
                )
            }
            AttemptState::Failed { failure, .. } => format!("failed: {}", explain_failure(failure)),
            AttemptState::Running { step, .. } => format!("still at step {step:?}"),
            AttemptState::Sealed { point, .. } => format!("sealed restore point {point}"),
        },
        Outcome::Busy { owner } => format!("the replica is being worked on by {owner}; look at its attempts"),
        Outcome::Full { limit } => format!("not begun: {limit}; --wait SECS waits for one of them to end"),
        Outcome::Abandoned { why } => format!("stopped: {why}; what it left is undone at the next start"),
        Outcome::LeaseLost => "another worker took the replica over".to_owned(),
    }
}
