//! `stillpoint tenant`: who the tenants are, and what claims replicas for them.

mod own;
mod shown;

use super::Global;
use super::deed::{begin, done, refused};
use super::serve::Door;
use crate::console::{Now, Site, StoreConsole};
use crate::deeds::NewTenant;
use crate::telling::{Failure, exit, json, spinner};
use crate::wiring::Opened;
use crate::{document, tenancy};
use ::console::{Console as _, RuleQuery, TenantsView};
use clap::Subcommand;
use engine::{Engine, WorldClock as _};
use std::sync::Arc;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// All tenants with their rules, those of config.toml and those made here
    List,
    /// Create a tenant; replicas are its own as soon as a rule claims them
    Create {
        /// Also the folder of its repository; never changes
        #[arg(value_name = "TENANT")]
        tenant: String,
        /// For people
        #[arg(long, value_name = "TEXT")]
        name: String,
        /// What its days are counted in, such as Europe/Berlin
        #[arg(long, value_name = "ZONE", default_value = "UTC")]
        zone: String,
    },
    /// Add a rule that claims replicas, or take one away; a running server follows within seconds
    Map {
        #[command(flatten)]
        rule: Rule,
        /// Take it away
        #[arg(long)]
        remove: bool,
    },
    /// Say where a tenant may move its window itself, or take that away
    Frame(own::Frame),
    /// Say what a tenant's pages look like: name, accent colour, logo
    Brand(own::Brand),
    /// Ask the hosts which replicas a rule would claim; changes nothing
    Preview {
        #[command(flatten)]
        rule: Rule,
    },
}

#[derive(Debug, clap::Args)]
struct Rule {
    #[arg(value_name = "TENANT")]
    tenant: String,
    #[command(flatten)]
    claims: Claims,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Claims {
    /// A TrustGroup of the hosts' authorization entries
    #[arg(long, value_name = "GROUP")]
    trust_group: Option<String>,
    /// FQDNs of primaries: a name, or a wildcard first label such as *.contoso.example
    #[arg(long, value_name = "PATTERN")]
    primary: Option<String>,
    /// A folder that holds every disk of the replica, as hosts name it, such as D:\Replica\Contoso
    #[arg(long, value_name = "PATH")]
    storage_path: Option<String>,
}

impl Claims {
    fn kind_and_text(&self) -> (&'static str, &str) {
        match (&self.trust_group, &self.primary, &self.storage_path) {
            (Some(text), ..) => ("trust-group", text),
            (_, Some(text), _) => ("primary", text),
            (.., text) => ("storage-path", text.as_deref().unwrap_or_default()),
        }
    }
}

pub async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    match args.command {
        Command::List => list(global).await,
        Command::Create { tenant, name, zone } => {
            let new = NewTenant {
                id: tenant,
                name,
                zone,
            };
            create(global, new).await
        }
        Command::Map { rule, remove } => map(global, &rule, remove).await,
        Command::Frame(args) => own::frame(global, args).await,
        Command::Brand(args) => own::brand(global, args).await,
        Command::Preview { rule } => preview(global, &rule).await,
    }
}

/// The screens' door, over an engine where hosts are to be asked.
fn console(opened: &Opened, engine: Option<Engine>) -> StoreConsole {
    let world = opened.world();
    let now: Now = Arc::new(move || world.now());
    let store = Arc::new(opened.store.clone());
    let site = Site::of(&opened.config, opened.data.root());
    match engine {
        None => StoreConsole::looking(store, site, now),
        Some(engine) => {
            let door = Door(engine, tokio::runtime::Handle::current());
            StoreConsole::new(store, Arc::new(door), site, now)
        }
    }
}

async fn view(console: &StoreConsole, rule: Option<RuleQuery>) -> Result<TenantsView, Failure> {
    let view = console.tenants(rule).await;
    view.map_err(|error| Failure::new(exit::FAILED, error.to_string()))
}

async fn list(global: &Global) -> Result<(), Failure> {
    let (opened, _) = begin(global).await?;
    shown::list(global, &view(&console(&opened, None), None).await?.tenants)
}

async fn create(global: &Global, new: NewTenant) -> Result<(), Failure> {
    let (opened, deeds) = begin(global).await?;
    let made = done(&opened, &deeds, deeds.create_tenant(new)).await?;
    one(global, &opened, made.id.as_str()).await
}

async fn map(global: &Global, rule: &Rule, remove: bool) -> Result<(), Failure> {
    let (opened, deeds) = begin(global).await?;
    let now = opened.world().now();
    tenancy::write_down(&opened.config, &opened.store, now).await?;
    let (kind, text) = rule.claims.kind_and_text();
    let mapping = deeds.mapping(&rule.tenant, kind, text).await.map_err(refused)?;
    if remove {
        done(&opened, &deeds, deeds.unmap_tenant(&mapping)).await?;
    } else {
        done(&opened, &deeds, deeds.map_tenant(&mapping)).await?;
    }
    one(global, &opened, mapping.tenant.as_str()).await
}

async fn preview(global: &Global, rule: &Rule) -> Result<(), Failure> {
    let (opened, deeds) = begin(global).await?;
    let (kind, text) = rule.claims.kind_and_text();
    deeds.mapping(&rule.tenant, kind, text).await.map_err(refused)?;
    let bar = spinner("looking at the hosts");
    let owner = format!("preview-{:016x}", rand::random::<u64>());
    let mut config = opened.engine_config(owner).await?;
    config.automatic = false;
    let engine = Engine::prepare(config, opened.ports().await?).await?;
    engine.survey().await?;
    bar.finish_and_clear();
    let query = RuleQuery {
        tenant: rule.tenant.clone(),
        kind: kind.to_owned(),
        text: text.to_owned(),
    };
    let view = view(&console(&opened, Some(engine)), Some(query)).await?;
    let tried = view.preview.ok_or_else(|| Failure::usage("no rule was tried"))?;
    shown::preview(global, &tried)
}

async fn one(global: &Global, opened: &Opened, id: &str) -> Result<(), Failure> {
    let all = view(&console(opened, None), None).await?.tenants;
    let own: Vec<_> = all.into_iter().filter(|it| it.id.as_str() == id).collect();
    match own.first() {
        Some(tenant) if global.json => json(&document::tenant::document(tenant)),
        _ => shown::list(global, &own),
    }
}
