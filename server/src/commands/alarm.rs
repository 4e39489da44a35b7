//! `stillpoint alarm`: try the webhook, and see what was told to whom.

use super::Global;
use crate::document::{self, stamp};
use crate::looking;
use crate::telling::{Failure, Table, exit, json};
use crate::webhook::Webhook;
use crate::wiring;
use clap::Subcommand;
use engine::WorldClock as _;
use serde_json::json;
use store::notices::{Notice, NoticeStore as _};

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Send a test notice and say what came back
    Test,
    /// What was told, what waits and why
    List {
        /// Only so many, the newest first
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
}

pub async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    match args.command {
        Command::Test => test(global).await,
        Command::List { limit } => list(global, limit).await,
    }
}

async fn test(global: &Global) -> Result<(), Failure> {
    let config = looking::config(&global.data)?;
    let missing = || Failure::usage("no webhook is configured: give [alarm] webhook_url and secret_file");
    let alarm = config.alarm.as_ref().ok_or_else(missing)?;
    let webhook = Webhook::of(alarm).map_err(Failure::usage)?.ok_or_else(missing)?;
    let now = wiring::world(&config).now();
    let document = json!({
        "kind": "test",
        "key": format!("test:{}", now.timestamp()),
        "subject": "A test of the alarm",
        "sentence": "Somebody has asked whether notices arrive. Nothing is wrong.",
        "since": stamp(now), "due": null, "cause": null,
        "site": alarm.site, "as_of": stamp(now),
    });
    let failed = |text: String| Failure::new(exit::FAILED, text);
    let answer = webhook
        .send(&document)
        .await
        .map_err(|why| failed(why.to_string()))?;
    let taken = answer.taken();
    if global.json {
        json(&json!({ "delivered": taken.is_ok(), "status": answer.status, "answer": answer.text }))?;
    } else if taken.is_ok() {
        println!(
            "delivered: the receiver answered {} {}",
            answer.status, answer.text
        );
    }
    taken.map_err(|why| failed(why.to_string()))
}

async fn list(global: &Global, limit: u32) -> Result<(), Failure> {
    let notices = match looking::look(&global.data).await? {
        Some(opened) => opened.store.notices(limit).await?,
        None => Vec::new(),
    };
    if global.json {
        return json(&notices.iter().map(document::notice::document).collect::<Vec<_>>());
    }
    let mut table = Table::new(["made", "kind", "state", "subject"]);
    for notice in &notices {
        let subject = notice.body["subject"].as_str().unwrap_or(&notice.key);
        table.row([
            stamp(notice.at),
            notice.kind.clone(),
            state(notice),
            subject.to_owned(),
        ]);
    }
    table.print("nothing was told yet");
    Ok(())
}

fn state(notice: &Notice) -> String {
    let tries = match notice.tries {
        1 => "1 try".to_owned(),
        n => format!("{n} tries"),
    };
    let error = notice.last_error.as_deref().unwrap_or("unknown");
    match (notice.delivered, notice.next) {
        (Some(at), _) => format!("delivered {}", stamp(at)),
        (None, Some(_)) if notice.tries == 0 => "waits".to_owned(),
        (None, Some(next)) => format!("again at {} ({tries}: {error})", stamp(next)),
        (None, None) => format!("given up ({tries}: {error})"),
    }
}
