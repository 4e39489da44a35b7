//! Seal: journal the withheld snapshot, seal in the store under the token, then let the vault write the snapshot file.

use super::{Run, Stop};
use crate::ports::apart;
use crate::shared::SITE;
use domain::attempt::{AttemptState, Failure};
use domain::evidence::{Evidence, FileDigest, PauseRecord};
use domain::ids::PointId;
use serde::{Deserialize, Serialize};
use store::records::Point;
use store::traits::StoreError;
use vault::contract::Withheld;

/// What the journal holds of a seal: enough for a rescuer to write the snapshot file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SealIntent {
    pub point: PointId,
    pub withheld: Withheld,
}

pub(super) async fn seal(run: &mut Run) -> Result<(), Stop> {
    let (Some(withheld), Some(point)) = (run.facts.withheld.clone(), run.facts.point) else {
        return Err(Failure::Vault {
            step: run.step,
            text: "nothing was taken in".to_owned(),
        }
        .into());
    };
    run.alive()?;
    let intent = SealIntent { point, withheld };
    run.journal("intent", serde_json::to_value(&intent).unwrap_or_default())
        .await?;
    run.failpoint("seal.intent")?;
    if !sealed_already(run, point).await? {
        let shared = run.shared.clone();
        let _in_order = shared.sealing.lock().await;
        store(run, &intent).await?;
    }
    run.failpoint("seal.stored")?;
    write_snapshot(run, intent).await?;
    run.failpoint("seal.written")?;
    run.journal("done", serde_json::json!({ "point": point })).await
}

/// A second run of the step, or of the whole store transaction, finds its own point there.
async fn sealed_already(run: &Run, point: PointId) -> Result<bool, Stop> {
    let attempt = run.shared.ports.store.attempt(&SITE, run.attempt.id).await?;
    Ok(matches!(attempt.state, AttemptState::Sealed { point: sealed, .. } if sealed == point))
}

async fn point_row(run: &Run, intent: &SealIntent) -> Result<Point, Stop> {
    let pause = run.pause_record().await?;
    let evidence = evidence(run, intent, pause).ok_or_else(|| {
        Stop::from(Failure::Unproven {
            breaks: vec![domain::evidence::ProofBreak::NotWatched],
        })
    })?;
    let failed = |text: String| Stop::from(Failure::Vault { step: run.step, text });
    let document = serde_json::to_value(&evidence).map_err(|e| failed(e.to_string()))?;
    let previous = run.shared.ports.store.seal_newest(&run.replica.tenant).await?;
    let tenant = run.replica.tenant.clone();
    let signed = apart(&run.shared.ports.vault, move |vault| {
        vault.sign(&tenant, previous.as_ref(), &document)
    })
    .await;
    let seal = signed
        .map_err(|e| failed(e.to_string()))?
        .map_err(|e| failed(e.to_string()))?;
    let taken = run.facts.taken.unwrap_or_else(|| run.shared.now());
    Ok(Point {
        id: intent.point,
        replica: run.replica.id,
        tenant: run.replica.tenant.clone(),
        name: run.replica.name.clone(),
        host: run.attempt.host.clone(),
        taken,
        sealed: run.shared.now(),
        snapshot: intent.withheld.snapshot.clone(),
        disks: serde_json::to_value(&intent.withheld.disks).map_err(|e| failed(e.to_string()))?,
        read_bytes: intent.withheld.read_bytes,
        added_bytes: intent.withheld.added_bytes,
        evidence,
        seal,
    })
}

/// Every piece has to be there: evidence with a gap is none.
fn evidence(run: &Run, intent: &SealIntent, pause: Option<PauseRecord>) -> Option<Evidence> {
    let facts = &run.facts;
    let (before, at, after) = (facts.before.as_ref()?, facts.at.as_ref()?, facts.after.as_ref()?);
    Some(Evidence {
        attempt: run.attempt.id,
        token: run.attempt.token,
        before: before.observation.clone(),
        verdict_before: before.verdict.clone(),
        at: at.observation.clone(),
        verdict_at: at.verdict.clone(),
        after: after.observation.clone(),
        hold: facts.hold.clone()?,
        pause,
        answers: facts.answers.clone(),
        basis: facts.trust.clone()?,
        held_secs: facts.held_secs?,
        snapshot: intent.withheld.snapshot.clone(),
        disks: intent
            .withheld
            .disks
            .iter()
            .map(|disk| FileDigest {
                name: disk.name.clone(),
                bytes: disk.size_bytes,
                blake3: disk.digest.clone(),
            })
            .collect(),
        files: intent.withheld.files.clone(),
    })
}

/// Seals in the store; signs again when another process sealed a point of the tenant in between.
async fn store(run: &Run, intent: &SealIntent) -> Result<(), Stop> {
    loop {
        let row = point_row(run, intent).await?;
        match run.shared.ports.store.seal(run.attempt.token, row).await {
            Err(StoreError::ChainMoved { .. }) => run.alive()?,
            other => return Ok(other?),
        }
    }
}

async fn write_snapshot(run: &Run, intent: SealIntent) -> Result<(), Stop> {
    let tenant = run.replica.tenant.clone();
    let written = apart(&run.shared.ports.vault, move |vault| {
        vault.seal(&tenant, &intent.withheld)
    })
    .await;
    // Sealed in the store: from here there is only forward, and the rescuer has the journal.
    match written {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(Stop::Abandoned {
            why: error.to_string(),
        }),
        Err(error) => Err(Stop::Abandoned {
            why: error.to_string(),
        }),
    }
}

/// The newest intent to seal in a journal.
pub(crate) fn seal_intent(journal: &[store::records::JournalEntry]) -> Option<SealIntent> {
    journal
        .iter()
        .rev()
        .find_map(|e| serde_json::from_value(e.payload.clone()).ok())
}
