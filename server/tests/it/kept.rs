//! A data directory with days that are closed, without any host: what commands that read and correct it work on.

use chrono::{DateTime, TimeDelta, Utc};
use domain::attribution::Attribution;
use domain::calendar::{DayWindow, SlaDay};
use domain::ids::{PointId, ReplicaId, TenantId, VmGuid};
use domain::obligation::{Exclusion, Obligation, ObligationKey, Outcome, Owner};
use domain::policy::Terms;
use std::path::Path;
use store::obligations::ObligationStore as _;
use store::records::Replica;
use store::sqlite::SqliteStore;
use store::traits::{PollWrite, ReplicaStore as _};
use tempfile::TempDir;
use uuid::Uuid;

/// The data directory and its state.
pub struct Kept {
    folder: TempDir,
    pub store: SqliteStore,
}

/// How a day of the fixture ended.
#[derive(Debug, Clone, Copy)]
pub enum Day {
    Met,
    Late,
    Missed,
    Excused,
    Excluded,
    Open,
}

/// The world's instant at which the commands run.
pub fn now() -> DateTime<Utc> {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

impl Kept {
    /// Tenants contoso and fabrikam and host hv-r-01, nothing else.
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Real time is the machine's; a world that hardly moves stays near its beginning while the test runs.
        let real = std::fs::metadata(folder.path()).unwrap().modified().unwrap();
        let real: DateTime<Utc> = real.into();
        let config = format!(
            "[staging]\npath = \"staging\"\nunc = '\\\\stage\\exports'\n\
             [world]\nepoch_world = \"{}\"\nepoch_real = \"{}\"\nspeed = 0.1\n\
             [[host]]\nid = \"hv-r-01\"\naddress = \"hv-r-01\"\nca_file = \"ca.pem\"\nuser = \"u\"\npassword_file = \"p\"\n\
             [[tenant]]\nid = \"contoso\"\nname = \"Contoso\"\n[[tenant]]\nid = \"fabrikam\"\nname = \"Fabrikam\"\n",
            now().to_rfc3339(),
            real.to_rfc3339(),
        );
        std::fs::write(folder.path().join("config.toml"), config).unwrap();
        std::fs::create_dir_all(folder.path().join("state")).unwrap();
        let store = SqliteStore::open(folder.path().join("state/stillpoint.db"))
            .await
            .unwrap();
        Self { folder, store }
    }

    pub fn data(&self) -> &Path {
        self.folder.path()
    }

    /// A replica that was seen since the first of October.
    pub async fn replica(&self, number: u128, tenant: &str, name: &str) -> Replica {
        let replica = Replica {
            id: ReplicaId(Uuid::from_u128(number)),
            tenant: tenant.parse::<TenantId>().unwrap(),
            vm: VmGuid(Uuid::from_u128(number | 1 << 64)),
            name: name.to_owned(),
            host: "hv-r-01".parse().unwrap(),
            primary_host: None,
            interval_secs: 300,
            disks: vec!["disk-0.vhdx".to_owned()],
            first_seen: "2026-10-01T00:00:00Z".parse().unwrap(),
            last_seen: now(),
        };
        let write = PollWrite {
            replicas: vec![replica.clone()],
            at: Some(now()),
            ..PollWrite::default()
        };
        self.store.poll_write(write).await.unwrap();
        replica
    }

    /// An open day of which `now` is in the middle: from 06:00 to 18:00.
    pub async fn owes_now(&self, replica: &Replica, day: &str) {
        let mut owed = owed(replica, day.parse().unwrap());
        owed.window = DayWindow {
            open: now() - TimeDelta::hours(6),
            due: now() + TimeDelta::hours(6),
            next_open: now() + TimeDelta::hours(18),
        };
        self.store
            .obligations_open(std::slice::from_ref(&owed))
            .await
            .unwrap();
    }

    /// One day after the other from `first` on, in UTC from 20:00 to 08:00: opened and, where it is not open, closed.
    pub async fn days(&self, replica: &Replica, first: &str, days: &[Day]) {
        let mut day: SlaDay = first.parse().unwrap();
        for what in days {
            let mut owed = owed(replica, day);
            let excluded = Exclusion::Agreed {
                reason: "moving house".to_owned(),
                author: "ann".to_owned(),
            };
            if matches!(what, Day::Excluded) {
                owed.excluded = Some(excluded.clone());
            }
            self.store
                .obligations_open(std::slice::from_ref(&owed))
                .await
                .unwrap();
            let taken = |hours| owed.window.open + TimeDelta::hours(hours);
            let point = PointId(Uuid::from_u128(replica.id.0.as_u128() << 32));
            let outcome = match what {
                Day::Met => Outcome::Met {
                    point,
                    taken: taken(1),
                    sealed: taken(2),
                },
                Day::Late => Outcome::MetLate {
                    point,
                    taken: taken(13),
                    sealed: taken(14),
                    attribution: whose(Owner::Provider),
                },
                Day::Missed => Outcome::Missed {
                    attribution: whose(Owner::Provider),
                },
                Day::Excused => Outcome::Excused {
                    owner: Owner::Tenant,
                    why: "resynchronization".to_owned(),
                    attribution: whose(Owner::Tenant),
                },
                Day::Excluded => Outcome::Excluded { exclusion: excluded },
                Day::Open => Outcome::Open,
            };
            if outcome != Outcome::Open {
                let end = owed.window.next_open;
                self.store
                    .obligation_close(owed.key, &outcome, end)
                    .await
                    .unwrap();
            }
            day = day.succ().unwrap();
        }
    }
}

fn owed(replica: &Replica, day: SlaDay) -> Obligation {
    let open = day.0.and_hms_opt(20, 0, 0).unwrap().and_utc();
    Obligation {
        key: ObligationKey {
            replica: replica.id,
            day,
        },
        tenant: replica.tenant.clone(),
        zone: "UTC".parse().unwrap(),
        policy: "standard".parse().unwrap(),
        policy_version: 1,
        terms: Terms::standard(),
        window: DayWindow {
            open,
            due: open + TimeDelta::hours(12),
            next_open: open + TimeDelta::days(1),
        },
        opened_at: open,
        excluded: None,
    }
}

fn whose(owner: Owner) -> Attribution {
    Attribution {
        owner,
        cause: None,
        shares: Vec::new(),
        window_secs: 43_200,
        gap_secs: 43_200,
        usable_secs: 600,
    }
}
