//! A site that runs: shared between the wire server, `lab ctl` and a thread that steps it from the world's clock.

use crate::model::{Site, SiteError, SiteSpec, SpecError, World};
use chrono::{DateTime, Utc};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often the runner steps, in real time: often enough that a block of a sped-up apply is written near its moment.
pub const STEP_EVERY: Duration = Duration::from_millis(50);

/// Tells the world's time.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// A shared site with its clock.
pub struct Lab {
    site: Mutex<Site>,
    clock: Clock,
    failure: Mutex<Option<String>>,
}

impl Lab {
    #[must_use]
    pub fn new(site: Site, clock: Clock) -> Arc<Self> {
        Arc::new(Self {
            site: Mutex::new(site),
            clock,
            failure: Mutex::new(None),
        })
    }

    /// Steps the site to now and lets `f` ask or change it.
    pub fn with<T>(&self, f: impl FnOnce(&mut Site) -> T) -> T {
        let mut site = lock(&self.site);
        self.step(&mut site);
        f(&mut site)
    }

    /// Why the site stopped moving, if it did.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        lock(&self.failure).clone()
    }

    fn step(&self, site: &mut Site) {
        if let Err(error) = site.step_to((self.clock)()) {
            let text = chain(&error);
            let mut failure = lock(&self.failure);
            if failure.as_ref() != Some(&text) {
                tracing::error!(error = %text, "the lab's site cannot go on");
                *failure = Some(text);
            }
        }
    }

    /// Steps by itself until the runner is dropped.
    ///
    /// # Errors
    /// When no thread can be had.
    pub fn run(self: &Arc<Self>) -> std::io::Result<Runner> {
        let stop = Arc::new(AtomicBool::new(false));
        let (lab, stopping) = (Arc::clone(self), Arc::clone(&stop));
        let thread = std::thread::Builder::new().name("lab".into()).spawn(move || {
            while !stopping.load(Ordering::Relaxed) {
                lab.with(|_| ());
                std::thread::sleep(STEP_EVERY);
            }
        })?;
        Ok(Runner {
            stop,
            thread: Some(thread),
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic elsewhere leaves the site as it was between two events.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// Keeps a lab stepping; stops it when dropped.
pub struct Runner {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic in there was reported by the panic hook already.
            let _ = thread.join();
        }
    }
}

/// The site described in `<home>/lab.json`; made from `world` and written there the first time. Staging and scenario are taken
/// from `world` on every start, since paths may move.
///
/// # Errors
/// When the file cannot be used, or holds another seed or number of replicas than asked for.
pub fn describe(home: &Path, world: &World) -> Result<SiteSpec, SiteError> {
    let path = home.join("lab.json");
    let trouble = |source: std::io::Error| SiteError::State {
        path: path.display().to_string(),
        source,
    };
    let fresh = world.generate();
    let spec = match std::fs::read_to_string(&path) {
        Ok(text) => {
            let kept: SiteSpec = serde_json::from_str(&text).map_err(|error| trouble(error.into()))?;
            if kept.seed != fresh.seed
                || kept.replicas.len() != fresh.replicas.len()
                || kept.hosts.len() != fresh.hosts.len()
            {
                let what = format!(
                    "was made with seed {} and {} replicas on {} hosts; ask for the same or use another data directory",
                    kept.seed,
                    kept.replicas.iter().filter(|replica| !replica.canary).count(),
                    kept.hosts.len(),
                );
                return Err(SpecError::Wrong {
                    thing: path.display().to_string(),
                    what,
                }
                .into());
            }
            SiteSpec {
                staging: fresh.staging,
                ..kept
            }
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => fresh,
        Err(error) => return Err(trouble(error)),
    };
    let text = serde_json::to_string_pretty(&spec).map_err(|error| trouble(error.into()))?;
    std::fs::create_dir_all(home)
        .and_then(|()| std::fs::write(&path, text))
        .map_err(trouble)?;
    Ok(spec)
}
