//! `stillpoint policy`: the hoster's catalogue of terms, and who has which. Everything applies from the next SLA day that opens.

use super::Global;
use super::deed::{self, told};
use crate::telling::{Failure, Table, json};
use crate::{document, looking, wiring};
use clap::Subcommand;
use domain::ids::{PolicyId, TenantId};
use domain::policy::{PauseTerms, Terms};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use store::policies::{Assignee, PolicyStore as _, PolicyVersion};
use store::traits::{Scope, StoreError};

const SITE: Scope = Scope::Site {
    reason: "policy command",
};

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The catalogue and who has which policy
    List,
    /// The versions of a policy, and the newest one's terms
    Show {
        #[arg(value_name = "POLICY")]
        id: PolicyId,
        /// Only the newest terms, as the file that `policy put` reads
        #[arg(long, conflicts_with = "json")]
        toml: bool,
    },
    /// Put a policy into the catalogue, or its next version
    Put {
        #[arg(value_name = "POLICY")]
        id: PolicyId,
        /// The terms (`policy show standard --toml` shows how they look); `-` reads stdin
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
    },
    /// Give a policy to a tenant, a replica, or everyone without one of their own
    Assign {
        #[arg(value_name = "POLICY")]
        id: PolicyId,
        #[command(flatten)]
        to: Assigned,
    },
    /// Take a tenant's or a replica's own policy away: the tenant's holds again, or the site's
    Unassign {
        #[command(flatten)]
        to: Own,
    },
}

/// Who gets a policy.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Assigned {
    #[arg(long, value_name = "TENANT")]
    tenant: Option<TenantId>,
    /// An id, or tenant/name
    #[arg(long, value_name = "REPLICA")]
    replica: Option<String>,
    /// Everyone without a policy of their own
    #[arg(long)]
    site: bool,
}

/// Who has a policy of their own; the site always has one.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Own {
    #[arg(long, value_name = "TENANT")]
    tenant: Option<TenantId>,
    /// An id, or tenant/name
    #[arg(long, value_name = "REPLICA")]
    replica: Option<String>,
}

pub async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    match args.command {
        Command::List => list(global).await,
        Command::Show { id, toml } => show(global, &id, toml).await,
        Command::Put { id, file } => put(global, &id, &file).await,
        Command::Assign { id, to } => assign(global, to.tenant, to.replica, Some(&id)).await,
        Command::Unassign { to } => assign(global, to.tenant, to.replica, None).await,
    }
}

async fn list(global: &Global) -> Result<(), Failure> {
    let opened = looking::existing(&global.data).await?;
    let (policies, assignments) = (
        opened.store.policies().await?,
        opened.store.assignments(&SITE).await?,
    );
    if global.json {
        return json(&document::policy::catalogue(&policies, &assignments));
    }
    let mut table = Table::new([
        "POLICY", "V", "NAME", "WINDOW", "TARGET", "PRIMARY", "SINCE", "BY",
    ]);
    for PolicyVersion { policy, author, at } in &policies {
        let terms = &policy.terms;
        let pause = match terms.pause {
            PauseTerms::Never => "never paused".to_owned(),
            PauseTerms::Allowed {
                secs_max,
                per_night_max,
            } => format!("{per_night_max} pauses of {secs_max} s"),
        };
        table.row([
            policy.id.to_string(),
            policy.version.to_string(),
            terms.name.clone(),
            terms.window.to_string(),
            format!("{} %", terms.target_bp),
            pause,
            told(*at),
            author.clone(),
        ]);
    }
    table.print("no policies");
    println!();
    let mut table = Table::new(["WHO", "POLICY", "SINCE", "BY"]);
    for one in &assignments {
        table.row([
            assignee_words(&opened, &one.assignee).await?,
            one.policy.to_string(),
            told(one.at),
            one.author.clone(),
        ]);
    }
    table.print("nobody has a policy");
    Ok(())
}

async fn show(global: &Global, id: &PolicyId, as_toml: bool) -> Result<(), Failure> {
    let opened = looking::existing(&global.data).await?;
    let versions = opened
        .store
        .policy_versions(id)
        .await
        .map_err(|error| match error {
            StoreError::NotFound { .. } => Failure::usage(format!(
                "there is no policy `{id}`; `stillpoint policy list` shows them"
            )),
            other => other.into(),
        })?;
    let Some(newest) = versions.last() else {
        return Err(Failure::usage(format!("policy `{id}` has no version")));
    };
    if global.json {
        return json(&versions.iter().map(document::policy::version).collect::<Vec<_>>());
    }
    let terms = toml::to_string(&newest.policy.terms)?;
    if as_toml {
        print!("{terms}");
        return Ok(());
    }
    let mut table = Table::new(["V", "SINCE", "BY", "NAME", "WINDOW", "TARGET"]);
    for version in &versions {
        let terms = &version.policy.terms;
        table.row([
            version.policy.version.to_string(),
            told(version.at),
            version.author.clone(),
            terms.name.clone(),
            terms.window.to_string(),
            format!("{} %", terms.target_bp),
        ]);
    }
    table.print("no versions");
    println!("\nVersion {}:\n\n{terms}", newest.policy.version);
    Ok(())
}

async fn put(global: &Global, id: &PolicyId, file: &Path) -> Result<(), Failure> {
    let terms = read(file)?;
    let (opened, deeds) = deed::begin(global).await?;
    let before = opened.store.policies().await?;
    let policy = deed::done(&opened, &deeds, deeds.put_policy(id, &terms)).await?;
    let newest = opened.store.policy_versions(id).await?;
    if global.json {
        return json(&newest.last().map(document::policy::version));
    }
    let known = before
        .iter()
        .any(|it| it.policy.id == *id && it.policy.version == policy.version);
    if known {
        println!(
            "policy {id}: these are the terms of version {} already",
            policy.version
        );
    } else {
        println!(
            "policy {id}: version {} applies to every SLA day that opens from now on; days that are open keep theirs",
            policy.version
        );
    }
    Ok(())
}

/// Largest file of terms that is read.
const FILE_BYTES_MAX: u64 = 64 * 1024;

fn read(file: &Path) -> Result<Terms, Failure> {
    let told = |error: std::io::Error| {
        Failure::usage(format!("--file {}: it cannot be read: {error}", file.display()))
    };
    let mut text = String::new();
    if file == Path::new("-") {
        std::io::stdin()
            .take(FILE_BYTES_MAX)
            .read_to_string(&mut text)
            .map_err(told)?;
    } else {
        std::fs::File::open(file)
            .and_then(|open| open.take(FILE_BYTES_MAX).read_to_string(&mut text))
            .map_err(told)?;
    }
    toml::from_str(&text).map_err(|error| {
        Failure::usage(format!(
            "--file {}: these are no terms of a policy: {}",
            file.display(),
            error.to_string().trim_end()
        ))
    })
}

/// Of a tenant, of a replica, else of the site.
async fn assign(
    global: &Global,
    tenant: Option<TenantId>,
    replica: Option<String>,
    policy: Option<&PolicyId>,
) -> Result<(), Failure> {
    let (opened, deeds) = deed::begin(global).await?;
    let assignee = match (tenant, replica) {
        (Some(tenant), _) => Assignee::Tenant { tenant },
        (None, Some(words)) => Assignee::Replica {
            replica: wiring::replica(&opened, &words).await?.id,
        },
        (None, None) => Assignee::Site,
    };
    deed::done(&opened, &deeds, deeds.assign(&assignee, policy)).await?;
    if global.json {
        return json(&serde_json::json!({ "assignee": assignee, "policy": policy }));
    }
    let who = assignee_words(&opened, &assignee).await?;
    match policy {
        Some(policy) => println!("{who}: policy {policy} from the next SLA day that opens"),
        None => println!("{who}: no policy of its own from the next SLA day that opens"),
    }
    Ok(())
}

async fn assignee_words(opened: &wiring::Opened, assignee: &Assignee) -> Result<String, Failure> {
    Ok(match assignee {
        Assignee::Site => "everyone else".to_owned(),
        Assignee::Tenant { tenant } => format!("tenant {tenant}"),
        Assignee::Replica { replica } => {
            let named = wiring::replica(opened, &replica.to_string()).await?;
            format!("replica {}/{}", named.tenant, named.name)
        }
    })
}
