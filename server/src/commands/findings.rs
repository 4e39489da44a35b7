//! `stillpoint findings`: what a person should look at and no attempt owns.

use super::Global;
use crate::console::StoreConsole;
use crate::document::finding;
use crate::looking;
use crate::telling::{Failure, exit, json};
use ::console::Console as _;
use engine::WorldClock as _;
use std::sync::Arc;

pub async fn run(global: &Global) -> Result<(), Failure> {
    let Some(opened) = looking::look(&global.data).await? else {
        return match global.json {
            true => json(&serde_json::json!([])),
            false => {
                println!("nothing has run here yet, so nothing was found");
                Ok(())
            }
        };
    };
    let world = opened.world();
    let console = StoreConsole::looking(
        Arc::new(opened.store.clone()),
        crate::console::Site::of(&opened.config, opened.data.root()),
        Arc::new(move || world.now()),
    );
    let view = console
        .findings()
        .await
        .map_err(|error| Failure::new(exit::FAILED, error.to_string()))?;
    if global.json {
        return json(&view.rows.iter().map(finding::document).collect::<Vec<_>>());
    }
    if view.rows.is_empty() {
        println!("no findings");
    }
    for row in &view.rows {
        let place = row.name.clone().or(row.host.as_ref().map(ToString::to_string));
        println!(
            "{}  {}  since {}\n    {}\n    {}",
            row.title,
            place.unwrap_or_default(),
            row.since.format("%Y-%m-%d %H:%MZ"),
            row.text,
            row.what_to_do,
        );
    }
    Ok(())
}
