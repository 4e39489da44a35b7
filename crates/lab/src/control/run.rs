//! A whole lab in this process.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::model::{Site, SiteError, World};
use crate::scenario::Operation;
use crate::site::{Clock, Lab, Runner, describe};
use crate::wire::backend::SiteHost;
use crate::wire::server::{Account, HostServer};
use crate::wire::tls::{self, TlsError};

use super::client::ControlClient;
use super::files::{Files, Running, RunningHost, RunningPrimary};
use super::server::Control;

/// The account that all hosts of a lab accept; its password is in `secrets/lab-password`.
pub const USER: &str = "stillpoint";

/// The account that tenants' own hosts accept; each tenant has a password of its own.
pub const PRIMARY_USER: &str = "stillpoint-pause";

/// A lab on this machine answers much sooner; whoever else has its port may never.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// Which ports the hosts and the control endpoint get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ports {
    /// Any that are free.
    Free,
    /// Those of the last start of this data directory, any where there was none. A killed lab comes back where it was, unless
    /// somebody took its place meanwhile: then it gets another.
    Remembered,
    /// This one for the control endpoint and the following ones for the hosts.
    From(u16),
}

/// What a lab is started with.
#[derive(Clone)]
pub struct LabConfig {
    /// The data directory; the lab uses `lab/` and `secrets/` below it, and what `world.staging` maps to.
    pub data: PathBuf,
    /// The site to make; an existing one in the data directory must match its seed and sizes.
    pub world: World,
    /// Operations of a scenario file, carried out in addition to the world's own; their `at_secs` count from the site's beginning.
    pub scenario: Vec<Operation>,
    /// The world's time: the same clock as the server's, so that both agree.
    pub clock: Clock,
    pub ports: Ports,
    /// Address of all listeners; loopback unless there is a reason.
    pub address: IpAddr,
    /// Hears how many of all replicas have their disks; making them takes a moment the first time.
    pub on_disk: Option<Arc<dyn Fn(usize, usize) + Send + Sync>>,
}

impl LabConfig {
    /// On loopback, at the ports of the last start.
    #[must_use]
    pub fn new(data: impl Into<PathBuf>, world: World, clock: Clock) -> Self {
        Self {
            data: data.into(),
            world,
            scenario: Vec::new(),
            clock,
            ports: Ports::Remembered,
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            on_disk: None,
        }
    }
}

/// Why a lab does not start.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    #[error("the lab's file or folder {path} could not be used")]
    File {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("the lab could not listen on {address}; another lab may run on it - choose other ports")]
    Listen {
        address: SocketAddr,
        #[source]
        source: io::Error,
    },
    #[error("the lab has no port left for its listeners above {0}; choose a lower first port")]
    NoPort(u16),
    #[error("the site could not be opened")]
    Site(#[from] SiteError),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("the lab's runner could not be started")]
    Runner(#[source] io::Error),
}

/// A running lab. Stops when dropped; [`LabHandle::stop`] also waits for it.
pub struct LabHandle {
    /// Where it listens.
    pub running: Running,
    /// Its files.
    pub files: Files,
    /// The account of its hosts, [`USER`].
    pub user: &'static str,
    lab: Arc<Lab>,
    hosts: Vec<(String, HostServer)>,
    stop: CancellationToken,
    tasks: TaskTracker,
    runner: Option<Runner>,
}

/// Opens the site, makes certificates and credentials where there are none, and starts to listen and to step.
///
/// # Errors
/// When the data directory cannot be used, holds another site, or a port is taken.
pub async fn start(config: LabConfig) -> Result<LabHandle, LabError> {
    let files = Files::of(&config.data);
    let at = |path: &PathBuf| {
        let path = path.clone();
        move |source| LabError::File { path, source }
    };
    files.make_folders().map_err(at(&files.home))?;
    let token = Files::secret(&files.token).map_err(at(&files.token))?;
    let password = Files::secret(&files.password).map_err(at(&files.password))?;
    let identity = tls::identity(&files.home)?;
    let remembered = match config.ports {
        Ports::Remembered => files.last_running().map_err(at(&files.running))?,
        _ => None,
    };
    let lab = open(&config, &files).await?;
    let stop = CancellationToken::new();
    let tasks = TaskTracker::new();
    let specs = lab.with(|site| site.hosts());
    let account = Account {
        user: USER.to_owned(),
        password,
    };
    let mut hosts = Vec::new();
    let mut running_hosts = Vec::new();
    for (n, host) in specs.into_iter().enumerate() {
        let last = remembered
            .as_ref()
            .and_then(|r| r.hosts.iter().find(|h| h.name == host.name))
            .map(|h| h.address.port());
        let backend = Arc::new(SiteHost::new(Arc::clone(&lab), host.name.clone()));
        let server = listening(&config, n + 1, last, |address| {
            HostServer::start(
                address,
                Arc::clone(&identity.server),
                account.clone(),
                Arc::clone(&backend) as _,
                &tasks,
                stop.clone(),
            )
        })
        .await?;
        running_hosts.push(RunningHost {
            name: host.name.clone(),
            fqdn: host.fqdn,
            address: server.address,
        });
        hosts.push((host.name, server));
    }
    let mut running_primaries = Vec::new();
    for primary in lab.with(|site| site.primaries()) {
        let password = files.primary_password(&primary.tenant);
        let account = Account {
            user: PRIMARY_USER.to_owned(),
            password: Files::secret(&password).map_err(at(&password))?,
        };
        let last = remembered
            .as_ref()
            .and_then(|r| r.primaries.iter().find(|p| p.name == primary.name))
            .map(|p| p.address.port());
        let backend = Arc::new(SiteHost::new(Arc::clone(&lab), primary.name.clone()));
        let server = listening(&config, hosts.len() + 1, last, |address| {
            HostServer::start(
                address,
                Arc::clone(&identity.server),
                account.clone(),
                Arc::clone(&backend) as _,
                &tasks,
                stop.clone(),
            )
        })
        .await?;
        running_primaries.push(RunningPrimary {
            name: primary.name.clone(),
            fqdn: primary.fqdn,
            tenant: primary.tenant,
            address: server.address,
        });
        hosts.push((primary.name, server));
    }
    let last = remembered.as_ref().map(|r| r.control.port());
    let control = Control::new(token, Arc::clone(&lab), hosts.clone(), files.clone());
    let control = listening(&config, 0, last, |address| {
        control.clone().listen(address, &tasks, stop.clone())
    })
    .await?;
    let running = Running {
        control,
        hosts: running_hosts,
        primaries: running_primaries,
    };
    files.keep_running(&running).map_err(at(&files.running))?;
    let runner = lab.run().map_err(LabError::Runner)?;
    Ok(LabHandle {
        running,
        files,
        user: USER,
        lab,
        hosts,
        stop,
        tasks,
        runner: Some(runner),
    })
}

/// Listens where it is to be; where a remembered port was taken by somebody else, on any.
async fn listening<T, F>(
    config: &LabConfig,
    n: usize,
    last: Option<u16>,
    mut listen: impl FnMut(SocketAddr) -> F,
) -> Result<T, LabError>
where
    F: Future<Output = io::Result<T>>,
{
    let address = SocketAddr::new(config.address, port(config.ports, n, last)?);
    let taken = |error: &io::Error| error.kind() == io::ErrorKind::AddrInUse;
    let listened = match listen(address).await {
        Err(error)
            if config.ports == Ports::Remembered
                && address.port() != 0
                && taken(&error)
                && !still_runs(&config.data).await =>
        {
            tracing::info!(%address, "the lab's last port is taken; another one is chosen");
            listen(SocketAddr::new(config.address, 0)).await
        }
        listened => listened,
    };
    listened.map_err(|source| LabError::Listen { address, source })
}

/// Whether the lab that was started last on a data directory answers with its token: then it is no stranger who has the ports.
async fn still_runs(data: &Path) -> bool {
    let Ok(last) = ControlClient::of(data) else {
        return false;
    };
    matches!(
        tokio::time::timeout(ANSWERS_WITHIN, last.requests()).await,
        Ok(Ok(_))
    )
}

fn port(ports: Ports, n: usize, last: Option<u16>) -> Result<u16, LabError> {
    match ports {
        Ports::Free => Ok(0),
        Ports::Remembered => Ok(last.unwrap_or(0)),
        Ports::From(first) => {
            let n = u16::try_from(n).ok().and_then(|n| first.checked_add(n));
            n.ok_or(LabError::NoPort(first))
        }
    }
}

async fn open(config: &LabConfig, files: &Files) -> Result<Arc<Lab>, LabError> {
    let (config, home) = (config.clone(), files.home.clone());
    let opened = tokio::task::spawn_blocking(move || {
        let mut spec = describe(&home, &config.world)?;
        spec.scenario.extend(config.scenario);
        let on_disk = |done: usize, all: usize| {
            if let Some(hears) = &config.on_disk {
                hears(done, all);
            }
        };
        let site = Site::open(spec, &home, (config.clock)(), on_disk)?;
        Ok::<_, SiteError>(Lab::new(site, Arc::clone(&config.clock)))
    });
    match opened.await {
        Ok(lab) => Ok(lab?),
        Err(error) => Err(LabError::Runner(io::Error::other(error))),
    }
}

impl LabHandle {
    /// The site itself, for tests that live in the same process.
    #[must_use]
    pub fn lab(&self) -> &Arc<Lab> {
        &self.lab
    }

    /// One host's listener by name, a tenant's included.
    #[must_use]
    pub fn host(&self, name: &str) -> Option<&HostServer> {
        self.hosts
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, server)| server)
    }

    /// Stops listening and stepping, and waits until both have ended. Requests that are being answered are answered.
    pub async fn stop(mut self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        let runner = self.runner.take();
        // Dropping the runner joins a thread: not on an async one. A panic in there was reported already.
        let _ = tokio::task::spawn_blocking(move || drop(runner)).await;
    }
}

impl Drop for LabHandle {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
