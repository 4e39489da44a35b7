//! Worlds from a seed: the demo's, the soak's and small ones for tests.

use super::{
    DiskSpec, HostSpec, PrimarySpec, Protection, Release, ReplicaSpec, SiteSettings, SiteSpec, StagingMap,
    StaysBlocked, TenantSpec,
};
use crate::oracle::{derived_uuid, mix};
use crate::scenario::{Op, Operation};
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// What a world should be like; [`World::generate`] makes the same site for the same answers.
#[derive(Debug, Clone, PartialEq)]
pub struct World {
    pub seed: u64,
    pub begins_at: DateTime<Utc>,
    pub hosts: usize,
    /// At most [`TENANTS`], without the hoster's own that owns the canaries.
    pub tenants: usize,
    /// Without the canaries: each host has one more.
    pub replicas: usize,
    /// This many tenants, the first ones, let their own hosts be reached.
    pub primaries: usize,
    /// This many hosts, the last ones, do not guard their replicas.
    pub unprotected: usize,
    /// All replicas replicate at this interval; `None` for a mixture of 30, 300 and 900 s.
    pub interval_secs: Option<u32>,
    /// Replicas that are scripted to stay blocked, each by another blocker; never more than a quarter.
    pub stays_blocked: usize,
    /// Every third host runs another release of Windows, so it has to be proven apart.
    pub mixed_releases: bool,
    /// Two replicas of two tenants share their VM GUID.
    pub shared_guid: bool,
    /// The largest disk in MiB; sizes are halves of it.
    pub disk_mib_max: u64,
    pub export_mib_per_sec: u32,
    pub settings: SiteSettings,
    /// UNC path and directory of the staging share.
    pub staging: Option<(String, PathBuf)>,
}

/// Names of tenants, in the order they are used.
pub const TENANTS: [&str; 8] = [
    "contoso",
    "fabrikam",
    "northwind",
    "tailspin",
    "adatum",
    "litware",
    "proseware",
    "wingtip",
];
const NAMES: [&str; 14] = [
    "sql-01",
    "files",
    "erp-db",
    "dc-01",
    "web-01",
    "mail",
    "app-01",
    "crm",
    "sql-02",
    "print",
    "backup-gw",
    "wiki",
    "ts-01",
    "pos",
];
const CANARY: &str = "canary";

impl World {
    /// The demo: 3 hosts, 4 tenants, mixed intervals, disks up to 64 MiB, a fifth of the replicas blocked for good.
    #[must_use]
    pub fn demo(seed: u64, begins_at: DateTime<Utc>, replicas: usize) -> Self {
        Self {
            seed,
            begins_at,
            hosts: 3,
            tenants: 4,
            replicas,
            primaries: 2,
            unprotected: 0,
            interval_secs: None,
            stays_blocked: replicas / 5,
            mixed_releases: true,
            shared_guid: false,
            disk_mib_max: 64,
            export_mib_per_sec: 8,
            settings: SiteSettings::default(),
            staging: None,
        }
    }

    /// The soak: every replica at 30 s, applies busy half of the time. All hosts begin protected, so that they can be enrolled;
    /// [`Op::Protect`] makes them unprotected later, as an update would that keeps the build number.
    #[must_use]
    pub fn soak(seed: u64, begins_at: DateTime<Utc>, replicas: usize) -> Self {
        let apply = super::ApplyTiming {
            base_ms: 8_000,
            spread_ms: 13_000,
            tail_permille: 50,
            tail_ms: 20_000,
        };
        Self {
            unprotected: 0,
            mixed_releases: false,
            interval_secs: Some(30),
            stays_blocked: 0,
            disk_mib_max: 32,
            export_mib_per_sec: 4,
            settings: SiteSettings {
                apply,
                record_applies: true,
                ..SiteSettings::default()
            },
            ..Self::demo(seed, begins_at, replicas)
        }
    }

    /// The staging share of all hosts.
    #[must_use]
    pub fn staged(self, unc: impl Into<String>, local: impl Into<PathBuf>) -> Self {
        Self {
            staging: Some((unc.into(), local.into())),
            ..self
        }
    }

    /// Makes the site.
    #[must_use]
    pub fn generate(&self) -> SiteSpec {
        let hosts: Vec<HostSpec> = (0..self.hosts.max(1)).map(|n| self.host(n)).collect();
        let tenant_names = TENANTS.iter().take(self.tenants.clamp(1, TENANTS.len())).copied();
        let tenants: Vec<TenantSpec> = tenant_names.chain([CANARY]).map(tenant).collect();
        let mut replicas: Vec<ReplicaSpec> = (0..self.replicas)
            .map(|n| self.replica(n, &tenants, &hosts))
            .collect();
        if let ([first, .., last], true) = (&mut replicas[..], self.shared_guid)
            && first.host != last.host
            && first.tenant != last.tenant
        {
            last.vm = first.vm;
        }
        let (stays_blocked, scenario) = self.blocked(&replicas);
        let primaries = self.primaries(&replicas);
        replicas.extend(hosts.iter().enumerate().map(|(n, host)| self.canary(n, host)));
        let staging = self.staging.iter();
        SiteSpec {
            seed: self.seed,
            begins_at: self.begins_at,
            staging: staging
                .map(|(unc, local)| StagingMap {
                    unc: unc.clone(),
                    local: local.clone(),
                    room_bytes: None,
                })
                .collect(),
            hosts,
            tenants,
            replicas,
            primaries,
            settings: self.settings,
            scenario,
            stays_blocked,
        }
    }

    fn chance(&self, n: usize, salt: u64) -> u64 {
        mix(self.seed, &[n as u64, salt])
    }

    fn host(&self, n: usize) -> HostSpec {
        let name = format!("hv-r-{:02}", n + 1);
        let protected = n + self.unprotected < self.hosts.max(1);
        HostSpec {
            fqdn: format!("{name}.replica.example"),
            name,
            protection: if protected {
                Protection::Protected
            } else {
                Protection::Unprotected
            },
            release: if self.mixed_releases && n % 3 == 2 {
                Release::Server2019
            } else {
                Release::Server2022
            },
            skew_ms: i64::try_from(self.chance(n, 1) % 90_000).unwrap_or(0) - 45_000,
            apply_limit: 16,
            export_mib_per_sec: self.export_mib_per_sec,
        }
    }

    fn replica(&self, n: usize, tenants: &[TenantSpec], hosts: &[HostSpec]) -> ReplicaSpec {
        let customers = tenants.len().saturating_sub(1).max(1);
        let tenant = &tenants[n % customers].slug;
        let round = n / customers;
        let name = match round / NAMES.len() {
            0 => NAMES[round % NAMES.len()].to_owned(),
            again => format!("{}-{}", NAMES[round % NAMES.len()], again + 1),
        };
        let interval_secs = self
            .interval_secs
            .unwrap_or([30, 300, 300, 900][(self.chance(n, 2) % 4) as usize]);
        let disks = if n % 4 == 1 { 2 + self.chance(n, 3) % 2 } else { 1 };
        ReplicaSpec {
            id: derived_uuid(self.seed, &[n as u64, 0x1d]),
            vm: derived_uuid(self.seed, &[n as u64, 0x6d]),
            name,
            tenant: tenant.clone(),
            host: hosts[(n + round) % hosts.len()].name.clone(),
            primary_fqdn: format!("hv{}.{tenant}.example", 1 + round % 2),
            interval_secs,
            phase_secs: (self.chance(n, 4) % u64::from(interval_secs.max(1))) as u32,
            disks: (0..disks).map(|disk| self.disk(n, disk)).collect(),
            canary: false,
        }
    }

    /// Small disks are common, the largest rare.
    fn disk(&self, n: usize, disk: u64) -> DiskSpec {
        let halvings = [3, 3, 3, 3, 2, 2, 2, 1, 1, 0][(self.chance(n, 10 + disk) % 10) as usize];
        let mib = (self.disk_mib_max >> halvings).max(1);
        let fill_permille = 150 + (self.chance(n, 20 + disk) % 200) as u16;
        DiskSpec {
            bytes: mib << 20,
            fill_permille,
            burst: 12,
        }
    }

    /// The hosts of those tenants who let theirs be reached.
    fn primaries(&self, replicas: &[ReplicaSpec]) -> Vec<PrimarySpec> {
        let willing = TENANTS.iter().take(self.primaries.min(self.tenants));
        let of = |tenant: &&str| {
            let theirs = replicas.iter().filter(|replica| replica.tenant == **tenant);
            let fqdns: BTreeSet<&String> = theirs.map(|replica| &replica.primary_fqdn).collect();
            let one = |fqdn: &String| PrimarySpec {
                name: format!("{tenant}-{}", fqdn.split('.').next().unwrap_or_default()),
                fqdn: fqdn.clone(),
                tenant: (*tenant).to_owned(),
            };
            fqdns.into_iter().map(one).collect::<Vec<_>>()
        };
        willing.flat_map(of).collect()
    }

    fn canary(&self, n: usize, host: &HostSpec) -> ReplicaSpec {
        ReplicaSpec {
            id: derived_uuid(self.seed, &[n as u64, 0xca1d]),
            vm: derived_uuid(self.seed, &[n as u64, 0xca6d]),
            name: format!("canary-{:02}", n + 1),
            tenant: CANARY.to_owned(),
            host: host.name.clone(),
            primary_fqdn: "hv1.canary.example".to_owned(),
            interval_secs: 30,
            phase_secs: (self.chance(n, 0xca) % 30) as u32,
            disks: vec![DiskSpec {
                bytes: self.disk_mib_max.clamp(1, 8) << 20,
                fill_permille: 500,
                burst: 24,
            }],
            canary: true,
        }
    }

    fn blocked(&self, replicas: &[ReplicaSpec]) -> (Vec<StaysBlocked>, Vec<Operation>) {
        const YEARS: u64 = 20 * 365 * 86_400;
        let kinds: [(&str, &str, Op); 8] = [
            ("B5", "resynchronization", Op::Resyncing),
            ("B4", "health-critical", Op::HealthCritical),
            (
                "B7",
                "initial-replication",
                Op::InitialReplication { running: false },
            ),
            ("B3", "apply-failed", Op::ApplyFail { code: 32768 }),
            ("B8", "failover-in-progress", Op::Failover { done: false }),
            ("B6", "migrating", Op::Migrate { to: None }),
            ("B2", "apply-interrupted", Op::ApplyAbort { state: 8 }),
            ("B1", "log-being-applied", Op::ApplyLong { secs: YEARS }),
        ];
        let count = self.stays_blocked.min(replicas.len() / 4);
        // Spread over the list, so that no host or tenant has them all.
        let step = replicas.len().checked_div(count).unwrap_or(1).max(1);
        let chosen = replicas
            .iter()
            .skip(step - 1)
            .step_by(step)
            .take(count)
            .zip(kinds.iter().cycle());
        let one = |(replica, (code, blocker, op)): (&ReplicaSpec, &(&str, &str, Op))| {
            let stays = StaysBlocked {
                id: replica.id,
                vm: replica.vm,
                replica: format!("{}/{}", replica.tenant, replica.name),
                code: (*code).to_owned(),
                blocker: (*blocker).to_owned(),
            };
            (stays, Operation::on_replica(replica.id.to_string(), op.clone()))
        };
        chosen.map(one).unzip()
    }
}

fn tenant(slug: &str) -> TenantSpec {
    TenantSpec {
        slug: slug.to_owned(),
        trust_group: slug.to_owned(),
        allowed_primary: format!("*.{slug}.example"),
        storage_location: format!("C:\\ClusterStorage\\Volume1\\{slug}"),
    }
}
