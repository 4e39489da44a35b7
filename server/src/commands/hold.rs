//! `stillpoint hold`: nothing starts on a host, for a tenant or on a replica until a time, with a reason.

use super::Global;
use super::deed::{self, Ending, told};
use crate::deeds::NewHold;
use crate::telling::{Failure, Table, json};
use crate::{document, looking, wiring};
use clap::Subcommand;
use domain::ids::{HostId, ReplicaId, TenantId};
use engine::WorldClock as _;
use serde_json::Value;
use std::collections::BTreeMap;
use store::holds::{HoldStore as _, HoldTarget};
use store::traits::{ReplicaStore as _, Scope};

const SITE: Scope = Scope::Site {
    reason: "hold command",
};
/// The newest that `hold list --all` shows.
const LISTED_MAX: u32 = 1_000;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Hold a host: nothing starts on any of its replicas
    Host {
        #[arg(value_name = "HOST")]
        host: HostId,
        #[command(flatten)]
        terms: Terms,
    },
    /// Hold a tenant: nothing starts on any of its replicas
    Tenant {
        #[arg(value_name = "TENANT")]
        tenant: TenantId,
        #[command(flatten)]
        terms: Terms,
    },
    /// Hold one replica
    Replica {
        /// An id, or tenant/name
        #[arg(value_name = "REPLICA")]
        replica: String,
        #[command(flatten)]
        terms: Terms,
    },
    /// The holds that hold now
    List {
        /// Those that are over as well, the newest 1000
        #[arg(long)]
        all: bool,
    },
    /// End a hold before its time
    Lift {
        /// As `hold list` shows it
        #[arg(value_name = "ID")]
        id: i64,
    },
}

#[derive(Debug, clap::Args)]
struct Terms {
    #[command(flatten)]
    ending: Ending,
    /// Why, for whoever reads it later
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

pub async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    match args.command {
        Command::Host { host, terms } => hold(global, Named::Known(HoldTarget::Host { host }), terms).await,
        Command::Tenant { tenant, terms } => {
            hold(global, Named::Known(HoldTarget::Tenant { tenant }), terms).await
        }
        Command::Replica { replica, terms } => hold(global, Named::Words(replica), terms).await,
        Command::List { all } => list(global, all).await,
        Command::Lift { id } => lift(global, id).await,
    }
}

/// What was named on the command line.
enum Named {
    Known(HoldTarget),
    /// A replica, still to be found.
    Words(String),
}

async fn hold(global: &Global, named: Named, terms: Terms) -> Result<(), Failure> {
    let (opened, deeds) = deed::begin(global).await?;
    let target = match named {
        Named::Known(target) => target,
        Named::Words(words) => HoldTarget::Replica {
            replica: wiring::replica(&opened, &words).await?.id,
        },
    };
    let new = NewHold {
        target,
        until: terms.ending.until(),
        reason: terms.reason,
    };
    let hold = deed::done(&opened, &deeds, deeds.hold(new)).await?;
    if global.json {
        return json(&document::hold::document(&hold));
    }
    println!(
        "hold {}: {} until {}; what runs there goes on, nothing new starts",
        hold.id,
        target_words(&hold.target, &names(&opened).await?),
        told(hold.until)
    );
    Ok(())
}

async fn lift(global: &Global, id: i64) -> Result<(), Failure> {
    let (opened, deeds) = deed::begin(global).await?;
    let hold = deed::done(&opened, &deeds, deeds.lift(id)).await?;
    if global.json {
        return json(&document::hold::document(&hold));
    }
    println!(
        "hold {id} is lifted: {} may start again",
        target_words(&hold.target, &names(&opened).await?)
    );
    Ok(())
}

async fn list(global: &Global, all: bool) -> Result<(), Failure> {
    let opened = looking::existing(&global.data).await?;
    let now = opened.world().now();
    let holds = if all {
        opened.store.holds(&SITE, LISTED_MAX).await?
    } else {
        opened.store.holds_active(&SITE, now).await?
    };
    if global.json {
        let documents: Vec<Value> = holds.iter().map(document::hold::document).collect();
        return json(&documents);
    }
    let names = names(&opened).await?;
    let mut table = Table::new(["ID", "HELD", "UNTIL", "STATE", "BY", "REASON"]);
    for hold in &holds {
        let state = match &hold.lifted {
            Some((at, by)) => format!("lifted {} by {by}", told(*at)),
            None if hold.holds_at(now) => "holds".to_owned(),
            None => "over".to_owned(),
        };
        table.row([
            hold.id.to_string(),
            target_words(&hold.target, &names),
            told(hold.until),
            state,
            hold.author.clone(),
            hold.reason.clone(),
        ]);
    }
    table.print("nothing is held");
    Ok(())
}

/// What replicas are called.
type Names = BTreeMap<ReplicaId, String>;

async fn names(opened: &wiring::Opened) -> Result<Names, Failure> {
    let replicas = opened.store.replicas(&SITE).await?;
    Ok(replicas
        .into_iter()
        .map(|it| (it.id, format!("{}/{}", it.tenant, it.name)))
        .collect())
}

fn target_words(target: &HoldTarget, names: &Names) -> String {
    match target {
        HoldTarget::Host { host } => format!("host {host}"),
        HoldTarget::Tenant { tenant } => format!("tenant {tenant}"),
        HoldTarget::Replica { replica } => match names.get(replica) {
            Some(name) => format!("replica {name}"),
            None => format!("replica {replica}"),
        },
    }
}
