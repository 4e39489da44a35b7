//! What a site is made of. A plain value: generated from a seed, written to `lab.json`, or made by a test.

use super::PrimarySpec;
use crate::scenario::Operation;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::PathBuf;
use uuid::Uuid;

/// A whole site.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SiteSpec {
    /// Decides everything that the site does by itself.
    pub seed: u64,
    /// The world instant at which the site begins; scenario times count from here.
    pub begins_at: DateTime<Utc>,
    pub hosts: Vec<HostSpec>,
    pub tenants: Vec<TenantSpec>,
    pub replicas: Vec<ReplicaSpec>,
    /// Tenants' own hosts that can be reached.
    #[serde(default)]
    pub primaries: Vec<PrimarySpec>,
    /// How UNC paths that hosts are given map to directories of this machine.
    #[serde(default)]
    pub staging: Vec<StagingMap>,
    #[serde(default)]
    pub settings: SiteSettings,
    #[serde(default)]
    pub scenario: Vec<Operation>,
    /// Replicas that the scenario keeps blocked for good.
    #[serde(default)]
    pub stays_blocked: Vec<StaysBlocked>,
}

/// Whether a host guards its replicas as Microsoft describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protection {
    /// Refuses checkpoints while a blocker is active and keeps logs back while a checkpoint exists.
    Protected,
    /// Accepts everything and applies at any time.
    Unprotected,
}

/// Version of Windows on a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Release {
    /// Has no reference-point classes.
    Server2012R2,
    Server2016,
    Server2019,
    Server2022,
}

impl Release {
    /// `Win32_OperatingSystem.Version`.
    #[must_use]
    pub fn build(self) -> &'static str {
        match self {
            Self::Server2012R2 => "6.3.9600",
            Self::Server2016 => "10.0.14393",
            Self::Server2019 => "10.0.17763",
            Self::Server2022 => "10.0.20348",
        }
    }
    #[must_use]
    pub fn has_reference_points(self) -> bool {
        self != Self::Server2012R2
    }
}

/// A Hyper-V host at the replica site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostSpec {
    /// Short name such as `hv-r-01`.
    pub name: String,
    pub fqdn: String,
    pub protection: Protection,
    pub release: Release,
    /// The host's clock minus the world's, in milliseconds.
    #[serde(default)]
    pub skew_ms: i64,
    /// How many logs it applies at once; others wait.
    pub apply_limit: usize,
    /// How fast an export copies, in MiB per second of host time.
    pub export_mib_per_sec: u32,
}

/// A customer, as the authorization table of each host knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantSpec {
    /// `contoso`; also the trust group.
    pub slug: String,
    pub trust_group: String,
    /// `*.contoso.example`
    pub allowed_primary: String,
    pub storage_location: String,
}

/// A virtual disk and how busy it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiskSpec {
    /// Virtual size in bytes, a multiple of 1 MiB.
    pub bytes: u64,
    /// Share of the blocks that the initial replication filled, in 1/1000.
    pub fill_permille: u16,
    /// A log writes 4 to 4 + `burst` blocks of 4 KiB.
    pub burst: u16,
}

/// A replica VM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicaSpec {
    /// The lab's own id: unlike the VM's GUID never shared by two replicas. Written into every block.
    pub id: Uuid,
    /// The VM's GUID, chosen on the tenant's side.
    pub vm: Uuid,
    /// Display name; collides between tenants.
    pub name: String,
    /// A tenant's slug.
    pub tenant: String,
    /// A host's name.
    pub host: String,
    pub primary_fqdn: String,
    /// 30, 300 or 900.
    pub interval_secs: u32,
    /// Offset of the logs within the interval.
    pub phase_secs: u32,
    pub disks: Vec<DiskSpec>,
    /// Belongs to the hoster and serves to prove its host.
    #[serde(default)]
    pub canary: bool,
}

/// `\\stage\exports` is `/srv/stillpoint/staging` here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StagingMap {
    pub unc: String,
    pub local: PathBuf,
    /// Room in bytes for all that exports write there; `None` for what the file system gives.
    #[serde(default)]
    pub room_bytes: Option<u64>,
}

/// How long applying a log takes, in milliseconds of host time: `base + 0..spread`, and now and then up to `tail` more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplyTiming {
    pub base_ms: u64,
    pub spread_ms: u64,
    pub tail_permille: u16,
    pub tail_ms: u64,
}

/// Behaviour common to all hosts. Every field has a default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SiteSettings {
    pub apply: ApplyTiming,
    /// Length of a job 106.
    pub receive_ms: u64,
    /// Lengths of the jobs 70 and 72: base, and up to as much again.
    pub snapshot_ms: u64,
    pub destroy_ms: u64,
    /// Length of a job 96 on a primary: the replication is paused or resumed when it ends.
    pub replication_change_ms: u64,
    /// `ElementName` of `SnapshotSettings` names the checkpoint; hosts that ignore it give a name of their own.
    pub honour_checkpoint_name: bool,
    /// An apply that meets our checkpoint shows as a 108 in `JobState` 10, refused before writing a block.
    pub show_refused_applies: bool,
    /// `ErrorCode` of such a job; the text says 0x80004004.
    pub refused_apply_code: u16,
    /// More logs than this in waiting are applied by one job 120.
    pub deltas_from: u64,
    /// Writes when each apply began and how it ended into `applies.log`, for those who check what was said about them.
    pub record_applies: bool,
}

impl Default for SiteSettings {
    fn default() -> Self {
        Self {
            apply: ApplyTiming {
                base_ms: 2_000,
                spread_ms: 4_000,
                tail_permille: 40,
                tail_ms: 25_000,
            },
            receive_ms: 700,
            snapshot_ms: 300,
            destroy_ms: 400,
            replication_change_ms: 600,
            honour_checkpoint_name: true,
            show_refused_applies: false,
            refused_apply_code: 32775,
            deltas_from: 6,
            record_applies: false,
        }
    }
}

/// A replica that no retry can protect, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaysBlocked {
    /// The replica's lab id.
    pub id: Uuid,
    pub vm: Uuid,
    /// `tenant/name`
    pub replica: String,
    /// `B1` to `B8`.
    pub code: String,
    /// The blocker's name, such as `resynchronization`.
    pub blocker: String,
}

/// A site that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    #[error("{0} is listed twice; give each its own name and id")]
    Twice(String),
    #[error("{thing} names {named}, which the site does not have")]
    Missing { thing: String, named: String },
    #[error("{thing}: {what}")]
    Wrong { thing: String, what: String },
}

impl SiteSpec {
    /// Checks that everything that is named exists and that sizes are usable.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn validate(&self) -> Result<(), SpecError> {
        let mut seen = BTreeSet::new();
        for name in self
            .hosts
            .iter()
            .map(|h| &h.name)
            .chain(self.primaries.iter().map(|p| &p.name))
            .chain(self.tenants.iter().map(|t| &t.slug))
        {
            if !seen.insert(name.clone()) {
                return Err(SpecError::Twice(name.clone()));
            }
        }
        for host in &self.hosts {
            if host.apply_limit == 0 || host.export_mib_per_sec == 0 {
                let what = "apply_limit and export_mib_per_sec must be at least 1".to_owned();
                return Err(SpecError::Wrong {
                    thing: host.name.clone(),
                    what,
                });
            }
        }
        for primary in &self.primaries {
            if !self.tenants.iter().any(|t| t.slug == primary.tenant) {
                return Err(SpecError::Missing {
                    thing: format!("primary {}", primary.name),
                    named: primary.tenant.clone(),
                });
            }
        }
        self.replicas
            .iter()
            .try_for_each(|replica| self.validate_replica(replica, &mut seen))
    }

    fn validate_replica(&self, replica: &ReplicaSpec, seen: &mut BTreeSet<String>) -> Result<(), SpecError> {
        let thing = format!("replica {}/{}", replica.tenant, replica.name);
        let wrong = |what: &str| {
            Err(SpecError::Wrong {
                thing: thing.clone(),
                what: what.to_owned(),
            })
        };
        if !seen.insert(replica.id.to_string()) || !seen.insert(format!("{} {}", replica.host, replica.vm)) {
            return Err(SpecError::Twice(thing));
        }
        if !self.hosts.iter().any(|h| h.name == replica.host) {
            return Err(SpecError::Missing {
                thing,
                named: replica.host.clone(),
            });
        }
        if !self.tenants.iter().any(|t| t.slug == replica.tenant) {
            return Err(SpecError::Missing {
                thing,
                named: replica.tenant.clone(),
            });
        }
        if replica.interval_secs == 0 {
            return wrong("interval_secs must be 30, 300 or 900");
        }
        if replica.disks.is_empty() || replica.disks.len() > 64 {
            return wrong("a replica has 1 to 64 disks");
        }
        if replica
            .disks
            .iter()
            .any(|d| d.bytes == 0 || !d.bytes.is_multiple_of(1 << 20) || d.bytes > 64 << 30)
        {
            return wrong("a disk's size is a multiple of 1 MiB, up to 64 GiB");
        }
        if replica
            .disks
            .iter()
            .any(|d| d.fill_permille == 0 || d.fill_permille > 1000)
        {
            return wrong("fill_permille is 1 to 1000");
        }
        Ok(())
    }
}
