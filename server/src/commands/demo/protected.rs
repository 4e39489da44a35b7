//! `--until-protected`: when is every replica that can be protected protected?

use super::super::Global;
use crate::telling::{Failure, json};
use crate::wiring::Opened;
use domain::ids::ReplicaId;
use lab::site::Lab;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;
use store::records::Replica;
use store::traits::{AttemptStore, ReplicaStore, Scope};

const SITE: Scope = Scope::Site { reason: "demo" };
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// How it stands.
pub struct Standing {
    points: usize,
    /// Scripted to stay blocked, with the code that the script is for.
    blocked: Vec<(ReplicaId, String)>,
    missing: Vec<Replica>,
    /// Replicas of the site that no survey has shown yet.
    unseen: usize,
}

/// Ends when nothing is missing.
pub async fn wait(opened: &Opened, lab: &Arc<Lab>) -> Result<Standing, Failure> {
    loop {
        let standing = standing(opened, lab).await?;
        if standing.missing.is_empty() && standing.unseen == 0 {
            return Ok(standing);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// The contract's last line.
pub fn tell(global: &Global, standing: &Standing) -> Result<(), Failure> {
    if global.json {
        let blocked: Vec<_> = standing
            .blocked
            .iter()
            .map(|(replica, code)| serde_json::json!({ "replica": replica, "blocker": code }))
            .collect();
        return json(
            &serde_json::json!({ "event": "protected", "points": standing.points, "blocked": blocked }),
        );
    }
    println!(
        "protected: {} restore points, {} replicas stay blocked as scripted",
        standing.points,
        standing.blocked.len()
    );
    Ok(())
}

/// What to say when time ran out.
pub async fn missing(opened: &Opened, lab: &Arc<Lab>, timeout_secs: u64) -> String {
    let mut text = format!("not everything was protected within {timeout_secs} s");
    match standing(opened, lab).await {
        Err(failure) => {
            let _ = write!(text, ", and the state cannot be read: {failure}");
        }
        Ok(standing) => {
            if standing.unseen > 0 {
                let _ = write!(text, "; {} replicas were never seen", standing.unseen);
            }
            for replica in &standing.missing {
                let status = opened.store.status(&SITE, replica.id).await.ok().flatten();
                let code = status.and_then(|s| s.verdict.code()).unwrap_or("clear");
                let _ = write!(
                    text,
                    "\n  missing: {}/{} on {} (now: {code})",
                    replica.tenant, replica.name, replica.host
                );
            }
        }
    }
    text
}

async fn standing(opened: &Opened, lab: &Arc<Lab>) -> Result<Standing, Failure> {
    let spec = lab.with(|site| site.spec().clone());
    let replicas = opened.store.replicas(&SITE).await?;
    let points = opened.store.points(&SITE, None).await?;
    let protected: BTreeSet<ReplicaId> = points.iter().map(|p| p.replica).collect();
    let stays = |r: &Replica| {
        spec.stays_blocked.iter().find(|s| {
            s.vm == r.vm.0
                && spec
                    .replicas
                    .iter()
                    .any(|it| it.id == s.id && it.tenant == r.tenant.as_str())
        })
    };
    let mut blocked = Vec::new();
    let mut missing = Vec::new();
    for replica in &replicas {
        match stays(replica) {
            Some(scripted) => blocked.push((replica.id, scripted.code.clone())),
            None if protected.contains(&replica.id) => {}
            None => missing.push(replica.clone()),
        }
    }
    Ok(Standing {
        points: points.len(),
        blocked,
        missing,
        unseen: spec.replicas.len().saturating_sub(replicas.len()),
    })
}
