//! `stillpoint verify`: reads restore points back and compares every byte with the digests in the sealed evidence.

use super::Global;
use crate::looking;
use crate::telling::{BarProgress, Failure, exit, json};
use crate::wiring::Opened;
use ::vault::{Seal, Vault, verify_seal};
use domain::ids::PointId;
use store::records::Point;
use store::traits::{AttemptStore, Scope, StoreError};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Restore points to verify; none means all
    #[arg(value_name = "ID")]
    points: Vec<String>,
}

pub async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    let opened = match looking::look(&global.data).await? {
        Some(opened) => opened,
        None if args.points.is_empty() => return tell(global, &[]),
        None => return Err(looking::nothing_yet(&global.data)),
    };
    let scope = Scope::Site {
        reason: "verify command",
    };
    let all = std::sync::Arc::new(opened.store.points(&scope, None).await?);
    let points = if args.points.is_empty() {
        all.to_vec()
    } else {
        named(&opened, &args).await?
    };
    let vault = opened.vault().await?;
    let mut results = Vec::new();
    for point in points {
        let (vault, all) = (vault.clone(), all.clone());
        let (point, outcome) = tokio::task::spawn_blocking(move || {
            let outcome = verify(&vault, &point, &all);
            (point, outcome)
        })
        .await?;
        if !global.json {
            match &outcome {
                Ok(bytes) => println!(
                    "{}  good  {}/{}  {} read",
                    point.id,
                    point.tenant,
                    point.name,
                    indicatif::BinaryBytes(*bytes)
                ),
                Err(reason) => println!("{}  BAD   {}/{}  {reason}", point.id, point.tenant, point.name),
            }
        }
        results.push((point.id, outcome));
    }
    tell(global, &results)
}

/// The sum of it, and the exit code.
fn tell(global: &Global, results: &[(PointId, Result<u64, String>)]) -> Result<(), Failure> {
    let bad = results.iter().filter(|(_, outcome)| outcome.is_err()).count();
    if global.json {
        let list: Vec<_> = results
            .iter()
            .map(|(id, o)| serde_json::json!({ "id": id, "good": o.is_ok(), "read_bytes": o.as_ref().ok(), "reason": o.as_ref().err() }))
            .collect();
        json(&serde_json::json!({ "verified": results.len() - bad, "bad": bad, "points": list }))?;
    }
    if bad == 0 {
        return Ok(());
    }
    Err(Failure::new(
        exit::FAILED,
        format!(
            "{bad} of {} restore points are not what was sealed; keep the vault as it is and look at its storage",
            results.len()
        ),
    ))
}

async fn named(opened: &Opened, args: &Args) -> Result<Vec<Point>, Failure> {
    let mut points = Vec::new();
    for words in &args.points {
        let id: PointId = words
            .parse()
            .map_err(|e| Failure::usage(format!("{e}; `stillpoint points` lists them")))?;
        let point = opened
            .store
            .point(
                &Scope::Site {
                    reason: "verify command",
                },
                id,
            )
            .await
            .map_err(|e| match e {
                StoreError::NotFound { .. } => Failure::usage(format!("there is no restore point {id}")),
                other => other.into(),
            })?;
        points.push(point);
    }
    Ok(points)
}

/// The seal of a point, or why it cannot be read.
fn seal_of(point: &Point) -> Result<Seal, String> {
    serde_json::from_value(point.seal.clone()).map_err(|e| format!("its seal cannot be read: {e}"))
}

/// Bytes read, or why the point is not good. `all` are the site's points: the seal before is one of them.
fn verify(vault: &Vault, point: &Point, all: &[Point]) -> Result<u64, String> {
    let seal = seal_of(point)?;
    let before = seal.sequence.checked_sub(1).filter(|n| *n > 0);
    let previous = before.and_then(|n| {
        all.iter()
            .filter(|p| p.tenant == point.tenant)
            .filter_map(|p| seal_of(p).ok())
            .find(|s| s.sequence == n)
    });
    verify_seal(&seal, previous.as_ref(), &point.evidence, &vault.site_key())
        .map_err(|broken| broken.to_string())?;
    let progress = BarProgress::new(format!("verifying {}/{}", point.tenant, point.name));
    let verified = vault
        .verify(&point.tenant, &point.snapshot, &progress)
        .map_err(|error| crate::telling::chain(&error))?;
    // The vault's own digests must be those of the sealed evidence: an exchanged snapshot would agree with itself.
    let disks = verified.disks.iter().map(|disk| (&disk.name, &disk.digest));
    let files = verified.files.iter().map(|file| (&file.name, &file.blake3));
    for (found, sealed) in [
        (disks.collect::<Vec<_>>(), &point.evidence.disks),
        (files.collect(), &point.evidence.files),
    ] {
        let sealed: Vec<_> = sealed
            .iter()
            .map(|digest| (&digest.name, &digest.blake3))
            .collect();
        if let Some((name, _)) = found.iter().find(|pair| !sealed.contains(pair)) {
            return Err(format!("`{name}` is not what was sealed"));
        }
        if found.len() != sealed.len() {
            return Err(format!(
                "{} disks or files were sealed, {} are there",
                sealed.len(),
                found.len()
            ));
        }
    }
    if point.snapshot != point.evidence.snapshot {
        return Err("it names another snapshot than its evidence".to_owned());
    }
    Ok(verified.read_bytes)
}
