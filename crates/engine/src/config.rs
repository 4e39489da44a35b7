//! What the engine is told. Seconds are world time unless a name says otherwise.

use domain::binding::TenantRule;
use domain::calendar::Zone;
use domain::ids::{HostId, TenantId};
use domain::planner::Limits;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

/// The staging directory by its two names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staging {
    /// The worker's mount.
    pub local: PathBuf,
    /// What hosts write to, without a trailing backslash: `\\stage\exports`.
    pub unc: String,
}

/// Settings of one engine.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// Name of this worker in leases. The same after a restart, so that it finds its own unfinished attempts at once; never the
    /// same in two processes that run at the same time.
    pub owner: String,
    pub staging: Staging,
    /// To begin with: `Engine::tenancy_set` exchanges them, and the zones.
    pub tenants: Vec<TenantRule>,
    /// Whether attempts are started by the plan. Off for one-off commands, which call `backup_now`.
    pub automatic: bool,
    /// Hosts that this process asks nothing and sees as the store last had them: for a command that only tells the plan. Empty in all
    /// that start anything.
    pub seen_by_store: BTreeSet<HostId>,
    /// The tenants' zones; UTC for those that have none here.
    pub zones: BTreeMap<TenantId, Zone>,
    /// Points beside the daily ones: a replica that owes nothing gets one this long after its last. `None`: only what is owed.
    pub backup_every_secs: Option<u32>,
    /// Longest time from checkpoint to end of export, where the policy allows more.
    pub hold_secs_max: u32,
    /// An observation older than this is `Unknown`, where the policy allows more.
    pub freshness_secs: u32,
    /// Between two surveys of a host; held to 60 at most, so that no finished job is missed.
    pub poll_secs: u32,
    /// Shortest real pause between two surveys of a host.
    pub poll_real_min: Duration,
    /// Between two looks while we hold applies back; held to 20 at most.
    pub hold_look_secs: u32,
    pub attempts_max: u32,
    pub attempts_per_host_max: u32,
    pub attempts_per_tenant_max: u32,
    /// Into one vault; there is one vault per installation.
    pub attempts_per_vault_max: u32,
    /// Replicas per host that are watched second by second for the end of an apply, by one enumeration of the host's jobs.
    pub close_watch_max: usize,
    /// Requests that one host is asked for polls and close looks per minute; what a hold needs is counted and never waits.
    pub requests_per_host_minute_max: u32,
    /// Room that must stay free in staging and vault beside what an attempt needs.
    pub free_bytes_min: u64,
    /// Machine time. Heartbeats come three times as often.
    pub lease_ms: i64,
    /// This installation's name in notices.
    pub site: String,
    /// Planner or a host's survey silent for longer is noticed.
    pub silence_secs: u32,
    /// Between two signs of life to the outside (machine time).
    pub heartbeat: Duration,
}

impl EngineConfig {
    /// Settings with the defaults of the product.
    #[must_use]
    pub fn new(owner: impl Into<String>, staging: Staging, tenants: Vec<TenantRule>) -> Self {
        Self {
            owner: owner.into(),
            staging,
            tenants,
            automatic: true,
            seen_by_store: BTreeSet::new(),
            zones: BTreeMap::new(),
            backup_every_secs: None,
            hold_secs_max: 86_400,
            freshness_secs: 3_600,
            poll_secs: 30,
            poll_real_min: Duration::from_millis(250),
            hold_look_secs: 10,
            attempts_max: 8,
            attempts_per_host_max: 2,
            attempts_per_tenant_max: 8,
            attempts_per_vault_max: 8,
            close_watch_max: 512,
            requests_per_host_minute_max: 1_200,
            free_bytes_min: 64 << 20,
            lease_ms: 30_000,
            site: "stillpoint".to_owned(),
            silence_secs: 300,
            heartbeat: Duration::from_secs(60),
        }
    }

    pub(crate) fn limits(&self) -> Limits {
        Limits {
            total_max: self.attempts_max,
            per_host_max: self.attempts_per_host_max,
            per_tenant_max: self.attempts_per_tenant_max,
            per_vault_max: self.attempts_per_vault_max,
            watch_per_host_max: u32::try_from(self.close_watch_max).unwrap_or(u32::MAX),
        }
    }
    pub(crate) fn poll(&self) -> Duration {
        Duration::from_secs(u64::from(self.poll_secs.clamp(1, 60)))
    }
    pub(crate) fn hold_look(&self) -> Duration {
        Duration::from_secs(u64::from(self.hold_look_secs.clamp(1, 20)))
    }
}
