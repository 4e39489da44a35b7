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

/// The site described in `<home>/lab.json`; made from `world` and written there the first time. Only where staging
/// is comes from `world` on every start, since paths may move; the scenario, and a share's room, may be edited in the file.
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
            let mut staging = fresh.staging;
            for share in &mut staging {
                let before = kept.staging.iter().find(|it| it.unc == share.unc);
                share.room_bytes = before.and_then(|it| it.room_bytes);
            }
            SiteSpec { staging, ..kept }
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

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    fn start() -> DateTime<Utc> {
        "2026-03-01T20:00:00Z".parse().unwrap()
    }

    #[test]
    fn asking_a_lab_steps_it_to_the_clock() {
        let now = Arc::new(Mutex::new(start()));
        let clock = Arc::clone(&now);
        let site = Site::in_memory(World::demo(3, start(), 4).generate(), start()).unwrap();
        let lab = Lab::new(site, Arc::new(move || *lock(&clock)));
        assert_eq!(lab.with(|site| site.now()), start());
        *lock(&now) += TimeDelta::minutes(20);
        assert_eq!(lab.with(|site| site.now()), start() + TimeDelta::minutes(20));
        let received = lab.with(|site| site.jobs("hv-r-01").iter().any(|job| job.job_type == 106));
        assert!(received);
        assert_eq!(lab.failure(), None);
    }

    #[test]
    fn a_second_start_finds_the_same_site_and_another_world_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let staging = |path: &str| World::demo(3, start(), 4).staged("\\\\stage\\exports", path);
        let first = describe(home.path(), &staging("/a")).unwrap();
        let later = World {
            begins_at: start() + TimeDelta::days(1),
            ..staging("/b")
        };
        let second = describe(home.path(), &later).unwrap();
        assert_eq!(second.begins_at, start());
        assert_eq!(second.staging[0].local, Path::new("/b"));
        assert_eq!(
            SiteSpec {
                staging: first.staging.clone(),
                ..second
            },
            first
        );
        let error = describe(
            home.path(),
            &World {
                seed: 4,
                ..staging("/a")
            },
        )
        .unwrap_err();
        assert!(
            chain(&error).contains("seed 3 and 4 replicas on 3 hosts"),
            "{}",
            chain(&error)
        );
        std::fs::write(home.path().join("lab.json"), "{").unwrap();
        assert!(chain(&describe(home.path(), &staging("/a")).unwrap_err()).contains("lab.json"));
    }
}
