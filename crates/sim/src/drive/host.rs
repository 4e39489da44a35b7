//! A host as the engine reaches it: requests take time, get lost, and find it silent.

use super::chaos::Chaos;
use super::clock::Clock;
use super::site::{Order, Site, Ticket, What};
use crate::Ms;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::evidence::JobLook;
use domain::ids::{HostId, VmGuid};
use domain::job::Job;
use engine::board::job_look_of;
use hyperv::host::*;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where exports go, as hosts name it.
pub const UNC: &str = r"\\stage\exports";

const TIME_OUT: Ms = 20_000;
const TIMES_OUT: f64 = 0.004;
const FAULTS: f64 = 0.002;
const UNREADABLE: f64 = 0.001;
const DENIED: f64 = 0.0005;

/// What all hosts of a seed share.
pub struct Shared {
    pub clock: Arc<Clock>,
    pub chaos: Arc<Chaos>,
    pub site: Mutex<Site>,
}

impl Shared {
    /// The site, brought up to now.
    pub fn site(&self) -> MutexGuard<'_, Site> {
        let mut site = self.site.lock().unwrap_or_else(PoisonError::into_inner);
        site.step_to(self.clock.ms());
        site
    }
}

/// One host.
pub struct ModelHost {
    shared: Arc<Shared>,
    id: HostId,
    number: usize,
    sent: AtomicU64,
}

/// How a request fares on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Good,
    /// It never arrives.
    Lost,
    /// It arrives, and the answer does not.
    Unanswered,
    Fault,
    Unreadable,
    Denied,
}

impl ModelHost {
    #[must_use]
    pub fn new(shared: Arc<Shared>, number: usize, id: HostId) -> Self {
        Self {
            shared,
            id,
            number,
            sent: AtomicU64::new(0),
        }
    }

    fn way(&self) -> Way {
        let chaos = &self.shared.chaos;
        chaos.call();
        let way = if chaos.happens(TIMES_OUT) {
            if chaos.happens(0.5) {
                Way::Lost
            } else {
                Way::Unanswered
            }
        } else if chaos.happens(FAULTS) {
            Way::Fault
        } else if chaos.happens(UNREADABLE) {
            Way::Unreadable
        } else if chaos.happens(DENIED) {
            Way::Denied
        } else {
            return Way::Good;
        };
        chaos.fault();
        let mut site = self.shared.site();
        let now = site.now;
        site.hosts[self.number].disturbed = now + TIME_OUT;
        way
    }

    fn failed(&self, way: Way, request: &str) -> HostError {
        let (host, request) = (self.id.clone(), request.to_owned());
        match way {
            Way::Fault => HostError::Fault {
                host,
                request,
                fault: "the provider is busy".to_owned(),
            },
            Way::Unreadable => HostError::Unreadable {
                host,
                request,
                reason: "the answer ends in the middle".to_owned(),
            },
            Way::Denied => HostError::Denied { host },
            Way::Good | Way::Lost | Way::Unanswered => HostError::Unreachable {
                host,
                request,
                reason: "it timed out".to_owned(),
            },
        }
    }

    /// The process dies here, or is dead: nothing ever comes back.
    async fn place(&self, name: &str) {
        if self.shared.chaos.dies_at(name) {
            std::future::pending::<()>().await;
        }
    }

    async fn trip(&self) {
        let by = self.shared.chaos.between(5, 250);
        self.shared.clock.after(by).await;
    }

    /// Asks and changes nothing.
    async fn ask<T>(
        &self,
        request: &'static str,
        cost: u64,
        read: impl FnOnce(&mut Site, usize) -> Result<T, HostError> + Send,
    ) -> Result<T, HostError> {
        self.sent.fetch_add(cost, Ordering::Relaxed);
        self.place(request).await;
        let way = self.way();
        match way {
            Way::Lost | Way::Unanswered => {
                self.shared.clock.after(TIME_OUT).await;
                return Err(self.failed(way, request));
            }
            Way::Fault | Way::Unreadable | Way::Denied => {
                self.trip().await;
                return Err(self.failed(way, request));
            }
            Way::Good => self.trip().await,
        }
        let (answer, silent) = {
            let mut site = self.shared.site();
            if site.is_silent(self.number) {
                self.shared.chaos.fault();
                (Err(site.unreachable(self.number, request)), true)
            } else {
                (read(&mut site, self.number), false)
            }
        };
        if silent {
            self.shared.clock.after(TIME_OUT).await;
        } else {
            self.trip().await;
        }
        self.place("an answer").await;
        answer
    }

    /// Asks for a change. Once sent it arrives, whether or not anybody still waits for the answer.
    async fn order(&self, request: &'static str, vm: VmGuid, what: What) -> Result<Started, HostError> {
        self.sent.fetch_add(1, Ordering::Relaxed);
        self.place(request).await;
        let way = self.way();
        match way {
            Way::Lost => {
                self.shared.clock.after(TIME_OUT).await;
                return Err(self.failed(way, request));
            }
            Way::Fault | Way::Unreadable | Way::Denied => {
                self.trip().await;
                return Err(self.failed(way, request));
            }
            Way::Good | Way::Unanswered => {}
        }
        let by = self.shared.chaos.between(5, 400);
        let ticket = {
            let mut site = self.shared.site();
            let at = site.now + by;
            let order = Order {
                host: self.number,
                life: site.life,
                vm,
                what,
            };
            site.send(at, order)
        };
        self.place("an order on its way").await;
        self.shared.clock.after(by).await;
        let answer = self.answer(ticket, request);
        if way == Way::Unanswered {
            self.shared.clock.after(TIME_OUT).await;
            return Err(self.failed(way, request));
        }
        self.trip().await;
        self.place("the answer to an order").await;
        answer
    }

    fn answer(&self, ticket: Ticket, request: &str) -> Result<Started, HostError> {
        let answer = self.shared.site().answer(ticket);
        answer.unwrap_or_else(|| Err(self.failed(Way::Lost, request)))
    }
}

fn here(site: &Site, host: usize, vm: VmGuid) -> Result<usize, HostError> {
    site.machine_on(host, vm)
        .ok_or_else(|| site.not_found(host, "the VM"))
}

#[async_trait]
impl ReplicaHost for ModelHost {
    fn id(&self) -> &HostId {
        &self.id
    }

    fn requests(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    async fn identity(&self) -> Result<HostIdentity, HostError> {
        self.ask("identity", 2, |site, host| Ok(site.identity(host)))
            .await
    }

    async fn survey(&self, seen_at: DateTime<Utc>) -> Result<Survey, HostError> {
        self.ask("survey", 12, move |site, host| {
            let here: Vec<usize> = (0..site.machines.len())
                .filter(|n| site.is_on(host, *n))
                .collect();
            Ok(Survey {
                identity: site.identity(host),
                replicas: here.into_iter().map(|n| site.sighting(n, seen_at)).collect(),
                unreadable: Vec::new(),
                authorization: Vec::new(),
            })
        })
        .await
    }

    async fn look(&self, vm: VmGuid, seen_at: DateTime<Utc>) -> Result<Look, HostError> {
        self.ask("look", 10, move |site, host| {
            let number = here(site, host, vm)?;
            Ok(Look {
                identity: site.identity(host),
                sighting: site.sighting(number, seen_at),
                authorization: Vec::new(),
            })
        })
        .await
    }

    async fn glance(&self, vm: VmGuid, seen_at: DateTime<Utc>) -> Result<Glance, HostError> {
        self.ask("glance", 8, move |site, host| {
            let number = here(site, host, vm)?;
            Ok(Glance {
                identity: site.identity(host),
                observation: site.observation(number, seen_at),
            })
        })
        .await
    }

    async fn applying(&self, vms: &[VmGuid]) -> Result<BTreeSet<VmGuid>, HostError> {
        let vms = vms.to_vec();
        self.ask("jobs", 2, move |site, host| {
            let seen_at = super::clock::instant(site.now);
            let mut applying = BTreeSet::new();
            for vm in vms {
                // One that is not here has no job here.
                let Ok(number) = here(site, host, vm) else {
                    continue;
                };
                let jobs = site.observation(number, seen_at).jobs;
                if jobs.iter().any(|job| job.is_apply() && job.state.is_running()) {
                    applying.insert(vm);
                }
            }
            Ok(applying)
        })
        .await
    }

    async fn job_look(&self, vm: VmGuid) -> Result<JobLook, HostError> {
        self.ask("job look", 5, move |site, host| {
            let number = here(site, host, vm)?;
            let seen_at = super::clock::instant(site.now);
            Ok(job_look_of(&site.observation(number, seen_at)))
        })
        .await
    }

    async fn checkpoint_create(&self, vm: VmGuid, tag: &Tag) -> Result<Started, HostError> {
        let tag = tag.0.clone();
        self.order("CreateSnapshot", vm, What::Create { tag }).await
    }

    async fn checkpoint_of_job(
        &self,
        vm: VmGuid,
        job_id: &str,
        tag: &Tag,
    ) -> Result<Option<Checkpoint>, HostError> {
        let (job, tag) = (job_id.to_owned(), tag.0.clone());
        self.ask("AffectedJobElement", 2, move |site, host| {
            let number = here(site, host, vm)?;
            site.bring(number);
            if !site.machines[number].works.iter().any(|w| w.id == job) {
                return Ok(None);
            }
            let renames = site.hosts[host].renames;
            let id = format!("Microsoft:{job}");
            let found = site.machines[number].checkpoints.iter_mut().find(|c| c.id == id);
            let Some(found) = found else { return Ok(None) };
            if renames {
                found.name = tag;
            }
            Ok(site.checkpoints(number).into_iter().find(|c| c.instance_id == id))
        })
        .await
    }

    async fn checkpoints(&self, vm: VmGuid) -> Result<Vec<Checkpoint>, HostError> {
        self.ask("checkpoints", 1, move |site, host| {
            let number = here(site, host, vm)?;
            Ok(site.checkpoints(number))
        })
        .await
    }

    async fn checkpoint_destroy(&self, checkpoint: &Checkpoint) -> Result<Started, HostError> {
        let what = What::Destroy {
            checkpoint: checkpoint.instance_id.clone(),
        };
        self.order("DestroySnapshot", checkpoint.vm, what).await
    }

    async fn export(
        &self,
        vm: VmGuid,
        checkpoint: &Checkpoint,
        directory: &str,
    ) -> Result<Started, HostError> {
        let below = directory.strip_prefix(UNC).unwrap_or(directory);
        let below: PathBuf = below.split('\\').filter(|part| !part.is_empty()).collect();
        let folder = self.shared.site().staging.join(below);
        let what = What::Export {
            checkpoint: checkpoint.instance_id.clone(),
            folder,
        };
        self.order("ExportSystemDefinition", vm, what).await
    }

    async fn job(&self, _class: &str, id: &str) -> Result<Job, HostError> {
        let id = id.to_owned();
        self.ask("job", 1, move |site, host| match site.job_on(host, &id) {
            Some((_, job)) => Ok(job),
            None => Err(site.not_found(host, "the job")),
        })
        .await
    }

    async fn jobs_of(&self, vm: VmGuid) -> Result<Vec<Job>, HostError> {
        self.ask("jobs", 3, move |site, host| {
            let number = here(site, host, vm)?;
            site.bring(number);
            Ok(site.jobs_of(number))
        })
        .await
    }

    async fn job_cancel(&self, _class: &str, id: &str) -> Result<(), HostError> {
        let found = self.shared.site().job_on(self.number, id);
        let Some((number, _)) = found else {
            return Err(self.shared.site().not_found(self.number, "the job"));
        };
        let vm = self.shared.site().machines[number].vm;
        let job = id.to_owned();
        self.order("RequestStateChange", vm, What::Cancel { job })
            .await
            .map(|_| ())
    }
}
