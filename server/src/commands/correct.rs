//! `stillpoint correct`: excuse or attribute a closed day, or take that back. Corrections are appended; the original stays.

use super::Global;
use super::deed::{self, told};
use crate::deeds::NewCorrection;
use crate::telling::{Failure, Table, json};
use crate::{document, looking, wiring};
use clap::{Subcommand, ValueEnum};
use domain::calendar::SlaDay;
use domain::obligation::{Change, Owner, effective};
use serde_json::Value;
use store::obligations::ObligationStore as _;
use store::traits::{ReplicaStore as _, Scope};

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The day was lost through somebody other than the provider: it leaves the contractual figure, not the raw one
    Excuse {
        #[command(flatten)]
        day: Day,
        /// Whose it was
        #[arg(long, value_enum)]
        owner: Other,
    },
    /// The day stays lost, but it was somebody else's than the rule said
    Attribute {
        #[command(flatten)]
        day: Day,
        /// Whose it was
        #[arg(long, value_enum)]
        owner: Whose,
    },
    /// Take the newest excuse or attribution back: what the rule said holds again
    Restore {
        #[command(flatten)]
        day: Day,
    },
    /// The corrections of some days, oldest first
    List {
        /// The first day
        #[arg(long, value_name = "DAY")]
        from: SlaDay,
        /// The last day
        #[arg(long, value_name = "DAY")]
        to: SlaDay,
    },
}

#[derive(Debug, clap::Args)]
struct Day {
    /// An id, or tenant/name
    #[arg(value_name = "REPLICA")]
    replica: String,
    /// The SLA day in the tenant's zone, such as 2026-11-22
    #[arg(value_name = "DAY")]
    day: SlaDay,
    /// Why, for whoever reads the report
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Other {
    Tenant,
    External,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Whose {
    Provider,
    Tenant,
    External,
}

impl From<Other> for Owner {
    fn from(other: Other) -> Self {
        match other {
            Other::Tenant => Self::Tenant,
            Other::External => Self::External,
        }
    }
}

impl From<Whose> for Owner {
    fn from(whose: Whose) -> Self {
        match whose {
            Whose::Provider => Self::Provider,
            Whose::Tenant => Self::Tenant,
            Whose::External => Self::External,
        }
    }
}

pub async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    let (day, change) = match args.command {
        Command::List { from, to } => return list(global, from, to).await,
        Command::Excuse { day, owner } => (day, Change::Excuse { owner: owner.into() }),
        Command::Attribute { day, owner } => (day, Change::Attribute { owner: owner.into() }),
        Command::Restore { day } => (day, Change::Restore),
    };
    let (opened, deeds) = deed::begin(global).await?;
    let replica = wiring::replica(&opened, &day.replica).await?;
    let new = NewCorrection {
        replica: replica.id,
        day: day.day,
        change,
        reason: day.reason,
    };
    let row = deed::done(&opened, &deeds, deeds.correct(new)).await?;
    if global.json {
        return json(&document::correction::corrected(&row));
    }
    println!(
        "{}/{} on {} was {} and counts as {} now; the original stays",
        replica.tenant,
        replica.name,
        day.day,
        row.outcome.kind().as_str(),
        effective(&row.outcome, &row.corrections).kind().as_str()
    );
    Ok(())
}

async fn list(global: &Global, from: SlaDay, to: SlaDay) -> Result<(), Failure> {
    let opened = looking::existing(&global.data).await?;
    let scope = Scope::Site {
        reason: "correct command",
    };
    let all = opened.store.corrections(&scope, from, to).await?;
    if global.json {
        let documents: Vec<Value> = all.iter().map(document::correction::document).collect();
        return json(&documents);
    }
    let mut table = Table::new(["AT", "REPLICA", "DAY", "CHANGE", "BY", "REASON"]);
    for one in &all {
        let replica = opened.store.replica(&scope, one.key.replica).await?;
        table.row([
            told(one.at),
            format!("{}/{}", replica.tenant, replica.name),
            one.key.day.to_string(),
            change_words(&one.change),
            one.author.clone(),
            one.reason.clone(),
        ]);
    }
    table.print("nothing was corrected");
    Ok(())
}

fn change_words(change: &Change) -> String {
    let whose = |owner: &Owner| match owner {
        Owner::Provider => "the provider's",
        Owner::Tenant => "the tenant's",
        Owner::External => "nobody's here",
    };
    match change {
        Change::Excuse { owner } => format!("excused as {}", whose(owner)),
        Change::Attribute { owner } => format!("attributed as {}", whose(owner)),
        Change::Restore => "taken back".to_owned(),
    }
}
