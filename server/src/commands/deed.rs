//! What the commands that change something share: the operator's hands, and how a refusal is told.

use super::Global;
use crate::deeds::{DeedError, Deeds, Known, Until};
use crate::telling::{Failure, exit};
use crate::trail;
use crate::who;
use crate::wiring::{self, Opened};
use chrono::{DateTime, Utc};
use engine::WorldClock as _;
use std::sync::Arc;

/// Opens the data directory and takes the hands of whoever runs the command. Works beside a running server.
pub async fn begin(global: &Global) -> Result<(Opened, Deeds), Failure> {
    let opened = wiring::open(&global.data).await?;
    let now = opened.world().now();
    let known = Known::of(&opened.config);
    let deeds = Deeds::new(Arc::new(opened.store.clone()), known, &who::author(), now).map_err(refused)?;
    Ok((opened, deeds))
}

/// Does a deed, and writes into the trail what came of it.
pub async fn done<T>(
    opened: &Opened,
    deeds: &Deeds,
    work: impl Future<Output = Result<T, DeedError>>,
) -> Result<T, Failure> {
    let work = async { work.await.map_err(refused) };
    trail::told(&opened.store, opened.world().now(), deeds.object(), work).await
}

/// A refusal of the operator's own making is told as one.
pub fn refused(error: DeedError) -> Failure {
    match error {
        DeedError::Store(error) => error.into(),
        other => Failure::new(exit::USAGE, other.to_string()),
    }
}

/// When something ends: exactly one of the two.
#[derive(Debug, Clone, clap::Args)]
#[group(required = true, multiple = false)]
pub struct Ending {
    /// Until an instant, such as "2026-11-22 18:00" (UTC) or 2026-11-22T18:00:00+01:00
    #[arg(long, value_name = "TIME", value_parser = crate::deeds::instant)]
    until: Option<DateTime<Utc>>,
    /// For a length of time from now, such as 4h, 90m or 2d
    #[arg(long = "for", value_name = "LENGTH", value_parser = crate::deeds::length)]
    length: Option<u64>,
}

impl Ending {
    pub fn until(&self) -> Until {
        match (self.until, self.length) {
            (Some(at), _) => Until::At(at),
            (None, secs) => Until::For {
                secs: secs.unwrap_or(0),
            },
        }
    }
}

/// An instant for people.
pub fn told(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%MZ").to_string()
}
