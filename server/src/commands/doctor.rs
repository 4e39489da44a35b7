//! `stillpoint doctor`: enrols hosts. Until it has passed, no replica of a host is backed up.

use super::Global;
use crate::telling::{Failure, chain, exit, json, spinner};
use crate::trail::{self, Deed};
use crate::wiring::{self, Opened};
use domain::ids::{HostId, ReplicaId};
use domain::observation::HostTrust;
use engine::{DoctorReport, DoctorRequest, Engine, WorldClock as _};
use std::time::Duration;
use store::records::Replica;
use store::traits::{ReplicaStore, Scope};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The host to enrol; none means all of the configuration
    #[arg(value_name = "HOST")]
    host: Option<String>,
    /// The replica to try on: an id or tenant/name; by default the one that replicates most often
    #[arg(long, value_name = "REPLICA", requires = "host")]
    canary: Option<String>,
    /// How long to wait for each thing that must happen by itself (world's time)
    #[arg(long, value_name = "SECS", default_value_t = 3_600)]
    patience: u32,
}

pub async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    let opened = wiring::open(&global.data).await?;
    let hosts = chosen(&opened, args.host.as_deref())?;
    let owner = format!("doctor-{:016x}", rand::random::<u64>());
    let mut config = opened.engine_config(owner).await?;
    config.automatic = false;
    let bar = spinner("looking at the hosts");
    // One look first, then the observers: the doctor needs the applies that they see.
    Engine::prepare(config.clone(), opened.ports().await?)
        .await?
        .survey()
        .await?;
    let engine = Engine::start(config, opened.ports().await?).await?;
    let mut results = Vec::new();
    for host in hosts {
        bar.set_message(format!("trying host {host}"));
        let canary = match &args.canary {
            Some(words) => Some(wiring::replica(&opened, words).await?.id),
            None => None,
        };
        // Whether its backups may be trusted hangs on it.
        let deed = Deed {
            name: "host.examine",
            object: format!("host {host}"),
            ..Deed::default()
        };
        let mut result = None;
        let work = async {
            let enrolled = enrol(&opened, &engine, &host, canary, args.patience).await;
            let done = match &enrolled {
                Ok(_) => Ok(()),
                Err(why) => Err(Failure::new(exit::FAILED, why.to_string())),
            };
            result = Some(enrolled);
            done
        };
        let told = trail::written(&opened.store, opened.world().now(), &deed, work).await;
        match result {
            Some(result) => results.push((host, result)),
            // Not written down, so not done.
            None => told?,
        }
    }
    bar.finish_and_clear();
    engine.stop(Duration::from_secs(1)).await;
    tell(global, &results)
}

fn chosen(opened: &Opened, words: Option<&str>) -> Result<Vec<HostId>, Failure> {
    let all: Vec<HostId> = opened.config.hosts.iter().map(|h| h.id.clone()).collect();
    match words {
        None => Ok(all),
        Some(words) => all
            .iter()
            .find(|h| h.as_str() == words)
            .map(|h| vec![h.clone()])
            .ok_or_else(|| {
                let known: Vec<&str> = all.iter().map(HostId::as_str).collect();
                Failure::usage(format!(
                    "the configuration has no host `{words}`; its hosts: {}",
                    if known.is_empty() {
                        "none".to_owned()
                    } else {
                        known.join(", ")
                    }
                ))
            }),
    }
}

/// Why a host is not enrolled.
#[derive(Debug, thiserror::Error)]
pub enum NotEnrolled {
    /// What was seen speaks against the host: trying again changes nothing.
    #[error("{0}")]
    Judged(String),
    /// Nothing was said of the host. Trying again, or another canary, may do.
    #[error("{0}")]
    NotYet(String),
}

/// Runs the doctor on a host with the canary given, or on one candidate after the other until one says something.
pub async fn enrol(
    opened: &Opened,
    engine: &Engine,
    host: &HostId,
    canary: Option<ReplicaId>,
    patience_secs: u32,
) -> Result<DoctorReport, NotEnrolled> {
    let candidates = match canary {
        Some(id) => vec![id],
        None => canaries(opened, host)
            .await
            .map_err(|e| NotEnrolled::NotYet(e.to_string()))?,
    };
    let mut last = format!("host {host} shows no replica to try on; enrol it when it has one");
    for canary in candidates.into_iter().take(CANDIDATES_MAX) {
        match engine
            .doctor(DoctorRequest {
                host: host.clone(),
                canary,
                patience_secs,
            })
            .await
        {
            Ok(report) => return Ok(report),
            Err(failure) if failure.is_final() => return Err(NotEnrolled::Judged(chain(&failure))),
            Err(failure) => last = chain(&failure),
        }
    }
    Err(NotEnrolled::NotYet(last))
}

/// How many canaries are tried before giving up.
const CANDIDATES_MAX: usize = 4;

/// Candidates, best first: replicas of a tenant called `canary`, then those that replicate most often on fewest disks.
async fn canaries(opened: &Opened, host: &HostId) -> Result<Vec<ReplicaId>, Failure> {
    let mut replicas: Vec<Replica> = opened
        .store
        .replicas(&Scope::Site { reason: "doctor" })
        .await?
        .into_iter()
        .filter(|r| r.host == *host)
        .collect();
    replicas.sort_by_key(|r| {
        (
            r.tenant.as_str() != "canary",
            r.interval_secs,
            r.disks.len(),
            r.id,
        )
    });
    Ok(replicas.into_iter().map(|r| r.id).collect())
}

fn tell(global: &Global, results: &[(HostId, Result<DoctorReport, NotEnrolled>)]) -> Result<(), Failure> {
    if global.json {
        let list: Vec<_> = results
            .iter()
            .map(|(host, result)| match result {
                Ok(report) => serde_json::json!({
                    "host": host, "enrolled": true, "trust": report.trust, "logs_held_back": report.logs_held_back,
                    "known_refusals": report.known_refusals, "mid_apply": format!("{:?}", report.mid_apply),
                }),
                Err(reason) => serde_json::json!({ "host": host, "enrolled": false, "reason": reason.to_string() }),
            })
            .collect();
        json(&list)?;
    } else {
        for (host, result) in results {
            match result {
                Ok(report) => println!(
                    "{host}: enrolled, build {}; {} logs were held back",
                    build(&report.trust),
                    report.logs_held_back
                ),
                Err(reason) => println!("{host}: NOT enrolled: {reason}"),
            }
        }
    }
    let refused = results.iter().filter(|(_, r)| r.is_err()).count();
    if refused == 0 {
        Ok(())
    } else {
        Err(Failure::new(
            exit::FAILED,
            format!("{refused} of {} hosts are not enrolled", results.len()),
        ))
    }
}

fn build(trust: &HostTrust) -> &str {
    match trust {
        HostTrust::Enrolled { build, .. } | HostTrust::Unproven { build } | HostTrust::TooOld { build } => {
            build
        }
    }
}
