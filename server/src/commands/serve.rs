//! `stillpoint serve`: watches the hosts, makes the backups, serves console and API.

use super::Global;
use crate::config::{Config, ListenConfig};
use crate::console::{Begin, EngineDoor, NotBegun, Now, Site, StoreConsole};
use crate::data::RoleLock;
use crate::deeds::Known;
use crate::doors::Doors;
use crate::http::listen::{self, Wire};
use crate::http::tls::Certified;
use crate::http::{Desk, Guard};
use crate::looking;
use crate::takehome::TakeHome;
use crate::telling::{Failure, chain, exit};
use crate::tenancy;
use crate::wiring::{self, Opened};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::ids::{HostId, ReplicaId};
use engine::{Engine, Foreseen, Planned, Sighted, WorldClock};
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Where nothing says otherwise.
const USUAL_ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 3000);
/// Running attempts get this long to end before they are cancelled and undone.
const GRACE: Duration = Duration::from_secs(20);

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where the console is served [default: `[listen] address`, or 127.0.0.1:3000]; elsewhere than on loopback only over TLS
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// The built web UI; by default `site` beside the binary's folder, or target/site
    #[arg(long, value_name = "DIR", env = "STILLPOINT_SITE")]
    pub site: Option<PathBuf>,
}

pub async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    // Before anything is made.
    admitted(&looking::config(&global.data)?, &args)?;
    let opened = wiring::open(&global.data).await?;
    let running = start(opened, &args, Taken::Refuse).await?;
    let first = running.first_owner().await?;
    if global.json {
        let ready = serde_json::json!({ "event": "ready", "url": running.url, "first_owner": first });
        crate::telling::json(&ready)?;
    } else {
        println!("{}", running.url);
        if let Some(link) = first {
            println!(
                "Nobody owns this site yet. Whoever opens this link first will; it is good for a day:\n{link}"
            );
        }
    }
    told_to_stop().await;
    running.stop().await;
    Ok(())
}

/// A server and its engine.
pub struct Running {
    pub url: String,
    pub engine: Engine,
    pub doors: Arc<Doors>,
    http: tokio::task::JoinHandle<()>,
    keeping: tokio::task::JoinHandle<()>,
    following: tokio::task::JoinHandle<()>,
    sweeping: tokio::task::JoinHandle<()>,
    stop: CancellationToken,
    _lock: RoleLock,
}

impl Running {
    /// The link that makes the site's first owner, while there is none. What stands behind `#` is sent to no server.
    pub async fn first_owner(&self) -> Result<Option<String>, Failure> {
        let code = self.doors.first_owner().await.map_err(|fault| {
            Failure::new(
                exit::FAILED,
                format!("the first owner's link could not be made: {fault}"),
            )
        })?;
        Ok(code.map(|code| format!("{}join#{}", self.url, code.reveal())))
    }

    /// Soft first, then hard.
    pub async fn stop(self) {
        self.engine.stop(GRACE).await;
        self.stop.cancel();
        if let Err(error) = self.http.await {
            tracing::warn!(%error, "the console's listener ended badly");
        }
        if let Err(error) = self.keeping.await {
            tracing::warn!(%error, "keeping the screens' data ended badly");
        }
        if let Err(error) = self.following.await {
            tracing::warn!(%error, "following the tenants' rules ended badly");
        }
        if let Err(error) = self.sweeping.await {
            tracing::warn!(%error, "sweeping the doors ended badly");
        }
    }
}

/// What to do when somebody else listens on the port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    Refuse,
    /// Listen on any free port, and say so.
    ChooseAnother,
}

/// Where to listen, if that may be.
fn admitted(config: &Config, args: &Args) -> Result<SocketAddr, Failure> {
    let address = args.listen.or(config.listen.address).unwrap_or(USUAL_ADDRESS);
    let admitted = config.listen.admit(address);
    admitted.map_err(|reason| Failure::usage(format!("--listen {reason}")))?;
    Ok(address)
}

/// For an emulated site, whose log-ins everybody knows.
pub fn loopback_only(listen: SocketAddr) -> Result<(), Failure> {
    if listen.ip().is_loopback() {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "--listen {listen}: everybody knows the demo's log-ins, so it is served on loopback only (127.0.0.1 or [::1]); reach it from elsewhere through an SSH tunnel"
    )))
}

async fn bound(listen: SocketAddr, taken: Taken) -> Result<TcpListener, Failure> {
    let bound = match TcpListener::bind(listen).await {
        Err(error) if error.kind() == ErrorKind::AddrInUse && taken == Taken::ChooseAnother => {
            let other = TcpListener::bind(SocketAddr::new(listen.ip(), 0)).await;
            if other.is_ok() {
                eprintln!("stillpoint: something else is served on {listen}; the console gets another port");
            }
            other
        }
        bound => bound,
    };
    bound.map_err(|e| Failure::usage(format!("--listen {listen}: {e}; is something else served there?")))
}

/// Starts engine and console on an opened data directory.
pub async fn start(opened: Opened, args: &Args, taken: Taken) -> Result<Running, Failure> {
    let listen_at = admitted(&opened.config, args)?;
    let listening = &opened.config.listen;
    let tls = match &listening.tls {
        Some(files) => Some(Arc::new(
            Certified::load(files).map_err(|e| Failure::usage(format!("listen.tls: {e}")))?,
        )),
        None => None,
    };
    let lock = wiring::role(&opened.data, "serve")?;
    let listener = bound(listen_at, taken).await?;
    // One `serve` per data directory, by the lock: leases under this name are of a process that has ended.
    tenancy::write_down(&opened.config, &opened.store, opened.world().now()).await?;
    let engine = Engine::start(
        opened.engine_config("serve").await?,
        opened.ports_with_alarm().await?,
    )
    .await?;
    let address = listener.local_addr()?;
    let world = opened.world();
    let door: Arc<dyn EngineDoor> = Arc::new(Door(engine.clone(), tokio::runtime::Handle::current()));
    let now: Now = Arc::new(move || world.now());
    let facts = Site::of(&opened.config, opened.data.root()).with_tenants(&opened.tenants().await?);
    let console = StoreConsole::new(
        Arc::new(opened.store.clone()),
        door.clone(),
        facts.clone(),
        now.clone(),
    );
    let desk = Desk {
        store: Arc::new(opened.store.clone()),
        known: Known::of(&opened.config),
        engine: door,
        snapshots: console.snapshots(),
        screens: console.clone(),
        home: Some(Arc::new(TakeHome::new(opened.vault().await?))),
        now,
    };
    let site = site_folder(args.site.clone());
    if !site.join("pkg/stillpoint.js").is_file() {
        tracing::warn!(site = %site.display(), "the web UI was not built (`cargo xtask web`): pages are served without style and live updates");
    }
    let stop = CancellationToken::new();
    let keeping = console
        .snapshots()
        .keep(opened.store.event_watch(), stop.clone())
        .await?;
    let following = tokio::spawn(tenancy::follow(
        facts,
        opened.store.clone(),
        engine.clone(),
        console.clone(),
        stop.clone(),
    ));
    let doors = Arc::new(opened.doors().await?);
    let sweeping = tokio::spawn(Arc::clone(&doors).keep_swept(stop.clone()));
    let router = crate::http::router(
        Arc::new(console),
        desk,
        Arc::clone(&doors),
        opened.store.clone(),
        &site,
        Guard::of(address).with_names(&listening.names),
        stop.clone(),
    );
    if let Some(tls) = &tls {
        tokio::spawn(Arc::clone(tls).keep_fresh(stop.clone()));
    }
    let wire = Wire::of(listening, tls);
    let url = url(listening, address);
    let http = tokio::spawn(listen::serve(listener, router, stop.clone(), wire));
    Ok(Running {
        url,
        engine,
        doors,
        http,
        keeping,
        following,
        sweeping,
        stop,
        _lock: lock,
    })
}

/// As people reach it: by the first configured name, behind a proxy at its port.
fn url(listening: &ListenConfig, address: SocketAddr) -> String {
    let scheme = match (&listening.tls, address.ip().is_loopback()) {
        (None, true) => "http",
        _ => "https",
    };
    match listening.names.first() {
        Some(name) if !address.ip().is_loopback() => {
            let whole = listening.tls.is_none() || address.port() == 443 || name.contains(':');
            let port = if whole {
                String::new()
            } else {
                format!(":{}", address.port())
            };
            format!("{scheme}://{name}{port}/")
        }
        _ => format!("{scheme}://{address}/"),
    }
}

/// The running engine, for the screens.
pub(super) struct Door(pub(super) Engine, pub(super) tokio::runtime::Handle);

#[async_trait]
impl EngineDoor for Door {
    async fn reserve(&self, replica: ReplicaId) -> Result<Begin, NotBegun> {
        let reserved = self.0.reserve(replica).await.map_err(|error| {
            tracing::error!(%replica, error = %chain(&error), "a backup could not be asked for");
            NotBegun::Failed
        })?;
        let begun = reserved.map_err(|why| match why {
            engine::NotBegun::Busy { owner } => NotBegun::Busy { owner },
            engine::NotBegun::Full { limit } => NotBegun::Full(limit),
        })?;
        let runtime = self.1.clone();
        Ok(Box::new(move || {
            runtime.spawn(async move {
                if let Err(error) = begun.run().await {
                    tracing::error!(%replica, error = %chain(&error), "a requested backup could not be tried");
                }
            });
        }))
    }
    fn next_look(&self, replica: ReplicaId) -> Option<DateTime<Utc>> {
        self.0.next_look(replica)
    }
    fn requests(&self, host: &HostId) -> Option<(u32, u32)> {
        self.0.requests(host)
    }
    fn planned(&self) -> Option<Arc<Planned>> {
        self.0.planned()
    }
    fn foreseen(&self) -> Option<Arc<Foreseen>> {
        self.0.foreseen()
    }
    fn sighted(&self) -> Option<Vec<Sighted>> {
        Some(self.0.sighted())
    }
}

fn site_folder(given: Option<PathBuf>) -> PathBuf {
    if let Some(given) = given {
        return given;
    }
    let beside = std::env::current_exe().ok().and_then(|exe| {
        exe.parent()
            .and_then(|profile| profile.parent())
            .map(|target| target.join("site"))
    });
    beside
        .filter(|path| path.is_dir())
        .unwrap_or_else(|| PathBuf::from("target/site"))
}

/// Ends on Ctrl-C or SIGTERM.
pub async fn told_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        Err(error) => {
            tracing::warn!(%error, "SIGTERM cannot be listened for");
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}
