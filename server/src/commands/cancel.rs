//! `stillpoint cancel`: stop a running attempt. What it began is undone; the obligation stays open.

use super::Global;
use super::deed;
use crate::telling::{Failure, json};
use crate::wiring;
use domain::ids::AttemptId;
use store::traits::{AttemptStore as _, Scope, StoreError};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// An attempt's id, or the replica it runs on: an id or tenant/name
    #[arg(value_name = "ATTEMPT|REPLICA")]
    what: String,
    /// Why, for whoever reads it later
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

pub async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    let (opened, deeds) = deed::begin(global).await?;
    let attempt = match attempt(&opened, &args.what).await? {
        Some(attempt) => attempt,
        None => {
            let replica = wiring::replica(&opened, &args.what).await?;
            deeds.running_on(replica.id).await.map_err(deed::refused)?
        }
    };
    let attempt = deed::done(&opened, &deeds, deeds.cancel(attempt, &args.reason)).await?;
    if global.json {
        return json(&crate::document::attempt::cancel_requested(&attempt));
    }
    println!(
        "requested: attempt {} is stopped and undone by whoever runs it; if it has sealed by then, its point stays",
        attempt.id
    );
    Ok(())
}

/// The attempt with this id, if it is one's.
async fn attempt(opened: &wiring::Opened, words: &str) -> Result<Option<AttemptId>, Failure> {
    let Ok(id) = words.parse::<AttemptId>() else {
        return Ok(None);
    };
    let scope = Scope::Site {
        reason: "cancel command",
    };
    match opened.store.attempt(&scope, id).await {
        Ok(attempt) => Ok(Some(attempt.id)),
        Err(StoreError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
