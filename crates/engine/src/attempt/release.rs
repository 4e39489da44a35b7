//! Release: the checkpoint goes before the ingest begins, so applies are held back no longer than the export took.

use super::undo::destroy;
use super::{Run, Stop};
use domain::attempt::Failure;

pub(super) async fn release(run: &mut Run) -> Result<(), Stop> {
    if run.facts.held_secs.is_some() {
        return Ok(());
    }
    run.journal("intent", serde_json::Value::Null).await?;
    run.failpoint("release.intent")?;
    run.alive()?;
    let made = run.facts.checkpoint.iter().map(|c| c.instance_id.clone());
    let marks = run.marks(made);
    let destroyed = destroy(&run.shared, run.host.as_ref(), &marks).await;
    destroyed.map_err(|e| {
        let text = crate::ports::chain(&e);
        Stop::from(Failure::Host { step: run.step, text })
    })?;
    run.failpoint("release.destroyed")?;
    run.facts.held_secs = Some(run.held_secs());
    run.journal("done", serde_json::json!({ "held_secs": run.facts.held_secs }))
        .await
}
