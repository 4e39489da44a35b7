//! The doctor on every host of the demo that is not enrolled yet, side by side, until each is or was judged.

use crate::commands::doctor::{self, NotEnrolled};
use crate::telling::{Failure, exit};
use crate::wiring::Opened;
use domain::ids::HostId;
use domain::observation::HostTrust;
use engine::Engine;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use store::traits::{ReplicaStore, Scope};

/// World seconds that the doctor waits for each thing on a canary.
const PATIENCE_SECS: u32 = 3_600;
/// Real time between two tries on a host: doubled from the first to the last.
const PAUSE: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// The hosts that are to be enrolled.
pub struct Enrolling<'a> {
    opened: &'a Opened,
    engine: &'a Engine,
    /// Not enrolled yet, with what the last try came to.
    open: Mutex<BTreeMap<HostId, String>>,
}

impl<'a> Enrolling<'a> {
    pub async fn new(opened: &'a Opened, engine: &'a Engine) -> Result<Self, Failure> {
        let known = opened.store.hosts().await?;
        let enrolled = |id: &HostId| {
            known
                .iter()
                .any(|h| h.host == *id && matches!(h.trust, Some(HostTrust::Enrolled { .. })))
        };
        let ids = opened.config.hosts.iter().map(|h| h.id.clone());
        let untried = |id| (id, "the doctor has not come to an end there".to_owned());
        let open = ids.filter(|id| !enrolled(id)).map(untried).collect();
        Ok(Self {
            opened,
            engine,
            open: Mutex::new(open),
        })
    }

    fn hosts(&self) -> Vec<HostId> {
        self.locked().keys().cloned().collect()
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, BTreeMap<HostId, String>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends when all are enrolled, or with the first verdict against one.
    pub async fn all(&self) -> Result<(), Failure> {
        let hosts = self.hosts();
        futures::future::try_join_all(hosts.iter().map(|host| self.one(host))).await?;
        Ok(())
    }

    /// Ends when each is enrolled or judged; a verdict against one is told and does not end the others.
    pub async fn each(&self) {
        let hosts = self.hosts();
        let told = hosts.iter().map(|host| async move {
            if let Err(failure) = self.one(host).await {
                eprintln!("stillpoint: {failure}");
            }
        });
        futures::future::join_all(told).await;
    }

    /// Which are not enrolled, and why; nothing when all are.
    pub fn missing(&self) -> String {
        let mut text = String::new();
        for (host, reason) in self.locked().iter() {
            let _ = write!(text, "\n  not enrolled: {host} ({reason})");
        }
        text
    }

    /// Tries again and again until the host is enrolled or judged.
    async fn one(&self, host: &HostId) -> Result<(), Failure> {
        let mut pause = PAUSE;
        self.seen(host).await?;
        loop {
            match doctor::enrol(self.opened, self.engine, host, None, PATIENCE_SECS).await {
                Ok(_) => {
                    tracing::info!(%host, "enrolled");
                    self.locked().remove(host);
                    return Ok(());
                }
                Err(NotEnrolled::Judged(reason)) => {
                    self.locked().insert(host.clone(), reason.clone());
                    let text = format!("the doctor did not enrol {host}: {reason}");
                    return Err(Failure::new(exit::FAILED, text));
                }
                Err(NotEnrolled::NotYet(reason)) => {
                    tracing::warn!(%host, reason, again_secs = pause.as_secs(), "not enrolled yet; the doctor tries again");
                    self.locked().insert(host.clone(), reason);
                }
            }
            tokio::time::sleep(pause).await;
            pause = (2 * pause).min(PAUSE_MAX);
        }
    }

    /// Ends when an observer has shown a replica of the host.
    async fn seen(&self, host: &HostId) -> Result<(), Failure> {
        loop {
            let replicas = self
                .opened
                .store
                .replicas(&Scope::Site { reason: "demo" })
                .await?;
            if replicas.iter().any(|replica| replica.host == *host) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}
