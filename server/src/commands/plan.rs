//! `stillpoint plan`: what would be started now, what waits and why. Starts nothing.

use super::Global;
use super::deed::told;
use super::night;
use crate::document::stamp;
use crate::telling::{Failure, Table, json};
use crate::wiring::Opened;
use crate::{document, looking, wiring};
use domain::ids::ReplicaId;
use domain::planner::slack_secs;
use domain::words::{explain_move, explain_slack};
use engine::{Planned, WorldClock as _};
use serde_json::{Value, json as object};
use std::collections::BTreeMap;
use store::records::Replica;
use store::traits::{ReplicaStore as _, Scope};

const SITE: Scope = Scope::Site {
    reason: "plan command",
};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Everything about one replica: why it waits, what would start it, when it is looked at. An id, or tenant/name
    #[arg(long, value_name = "REPLICA")]
    explain: Option<String>,
    /// So many rows of the whole plan, in its order
    #[arg(long, value_name = "N", default_value_t = 50, conflicts_with = "explain")]
    limit: usize,
}

pub async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    let opened = looking::existing(&global.data).await?;
    let planned = night::plan(&opened).await?;
    match args.explain {
        Some(words) => {
            let replica = wiring::replica(&opened, &words).await?;
            explain(global, &opened, &planned, &replica).await
        }
        None => whole(global, &opened, &planned, args.limit).await,
    }
}

async fn whole(global: &Global, opened: &Opened, planned: &Planned, limit: usize) -> Result<(), Failure> {
    let entries = planned
        .decisions
        .iter()
        .take(limit)
        .filter_map(|it| planned.entry(it.key));
    let names: BTreeMap<ReplicaId, Replica> = opened
        .store
        .replicas(&SITE)
        .await?
        .into_iter()
        .map(|it| (it.id, it))
        .collect();
    let name = |id| names.get(&id).map_or(id.to_string(), full_name);
    if global.json {
        let rows: Vec<Value> = entries
            .map(|it| document::plan::entry(planned, &it, &name(it.owed.key.replica)))
            .collect();
        return json(&object!({ "at": stamp(planned.at), "total": planned.decisions.len(), "rows": rows }));
    }
    let mut table = Table::new(["TURN", "REPLICA", "WHAT", "SLACK", "NEXT LOOK"]);
    for entry in entries {
        let words = explain_move(&entry.decision.what);
        table.row([
            entry.turn.map_or_else(|| "-".to_owned(), |turn| turn.to_string()),
            name(entry.owed.key.replica),
            words.title,
            explain_slack(slack_secs(entry.owed, planned.at)),
            words.next.map(told).unwrap_or_default(),
        ]);
    }
    table.print("nothing is owed");
    let more = planned.decisions.len().saturating_sub(limit);
    if more > 0 {
        println!("and {more} more (--limit)");
    }
    Ok(())
}

async fn explain(
    global: &Global,
    opened: &Opened,
    planned: &Planned,
    replica: &Replica,
) -> Result<(), Failure> {
    let name = full_name(replica);
    let Some(entry) = planned.of_replica(replica.id) else {
        let (headline, sentences) =
            document::plan::owes_nothing(&opened.store, &SITE, replica.id, opened.world().now()).await?;
        if global.json {
            return json(&document::plan::nothing(
                replica.id, &name, planned.at, &headline, &sentences,
            ));
        }
        println!("{name}: nothing is planned. {headline}");
        for sentence in sentences {
            println!("  {sentence}");
        }
        return Ok(());
    };
    if global.json {
        return json(&document::plan::entry(planned, &entry, &name));
    }
    let words = explain_move(&entry.decision.what);
    println!("{name}, day {}: {}", entry.owed.key.day, words.title);
    println!("  {}", words.sentence);
    match entry.turn {
        Some(turn) => println!("  turn     {turn} of {} that could start", planned.in_line()),
        None => println!("  turn     none: it does not wait for room"),
    }
    println!("  due      {}", told(entry.owed.window.due));
    println!(
        "  slack    {}, an attempt takes {} s",
        explain_slack(slack_secs(entry.owed, planned.at)),
        entry.owed.expected_secs
    );
    for (label, at) in [
        ("since", words.since),
        ("until", words.until),
        ("looks", words.next),
    ] {
        if let Some(at) = at {
            println!("  {label:<8} {}", told(at));
        }
    }
    println!(
        "  so far   {} failed attempts, {} deferrals by log applies",
        entry.owed.failures, entry.owed.apply_deferrals
    );
    Ok(())
}

fn full_name(replica: &Replica) -> String {
    format!("{}/{}", replica.tenant, replica.name)
}
