//! `stillpoint points`: the sealed restore points.

use super::Global;
use crate::looking;
use crate::telling::{Failure, json};
use crate::wiring::{self, Opened};
use store::records::Point;
use store::traits::{AttemptStore, Scope};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only those of one replica: an id or tenant/name
    #[arg(long, value_name = "REPLICA")]
    replica: Option<String>,
}

pub async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    let opened = match looking::look(&global.data).await? {
        Some(opened) => opened,
        None if args.replica.is_some() => return Err(looking::nothing_yet(&global.data)),
        None if global.json => return json(&serde_json::json!([])),
        None => {
            list(&[]);
            return Ok(());
        }
    };
    let scope = Scope::Site {
        reason: "points command",
    };
    let replica = match &args.replica {
        Some(words) => Some(wiring::replica(&opened, words).await?.id),
        None => None,
    };
    let points = opened.store.points(&scope, replica).await?;
    if global.json {
        let documents: Vec<_> = points.iter().map(|p| document(&opened, p)).collect();
        return json(&documents);
    }
    list(&points);
    Ok(())
}

fn list(points: &[Point]) {
    if points.is_empty() {
        println!("no restore points yet");
    }
    for point in points {
        println!(
            "{}  {}  {:<28}  {:>9} read  crash-consistent",
            point.id,
            point.taken.format("%Y-%m-%d %H:%M:%SZ"),
            format!("{}/{}", point.tenant, point.name),
            indicatif::BinaryBytes(point.read_bytes).to_string(),
        );
    }
}

/// The contract's shape of a point; times RFC 3339 UTC.
pub fn document(opened: &Opened, point: &Point) -> serde_json::Value {
    serde_json::json!({
        "id": point.id,
        "tenant": point.tenant,
        "replica": point.replica,
        "name": point.name,
        "host": point.host,
        "taken": point.taken.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
        "sealed": point.sealed.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
        "consistency": "crash-consistent",
        "disks": point.disks,
        "repository": opened.config.vault_path.join(point.tenant.as_str()),
        "snapshot": point.snapshot,
        "evidence": point.evidence,
        "seal": point.seal,
    })
}
