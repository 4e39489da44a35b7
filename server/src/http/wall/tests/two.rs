//! A site with two tenants that have one of everything, on a real store and a real vault, behind the whole router, screens included.
//! Whatever is `theirs` is called zebra: where that word comes up in an answer to `ours`, the wall has a hole.

use super::planter::{Planter, in_as};
use crate::console::{NoEngine, Now, Site, StoreConsole};
use crate::deeds::Known;
use crate::doors::{DoorKey, Doors, Hasher};
use crate::http::guard::Guard;
use crate::http::limits::Limits;
use crate::http::{Desk, with_limits};
use crate::takehome::TakeHome;
use axum::Router;
use chrono::{DateTime, TimeDelta, Utc};
use domain::calendar::Zone;
use domain::ids::{ReplicaId, VmGuid};
use domain::verdict::Verdict;
use std::sync::Arc;
use store::SqliteStore;
use store::conformance::{Seed, status};
use store::records::Replica;
use store::traits::{PollWrite, ReplicaStore as _};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use vault::{Vault, local_stores};

/// One tenant's things, and who asks for it.
pub struct Things {
    pub seed: Seed,
    pub word: &'static str,
    /// Name in a request, and what stands for it.
    pub values: Vec<(&'static str, String)>,
    /// `Cookie` headers of its people.
    pub admin: String,
    pub viewer: String,
    /// `Authorization` header with all that the admin may give.
    pub bearer: String,
}

pub struct Two {
    pub app: Router,
    pub store: SqliteStore,
    pub ours: Things,
    pub theirs: Things,
    /// The site's owner, as a `Cookie` header.
    pub keeper: String,
    pub stop: CancellationToken,
    _dir: tempfile::TempDir,
}

pub fn drawn() -> Uuid {
    uuid::Builder::from_random_bytes(rand::random()).into_uuid()
}

/// Log-ins stand still: what two answers show of time is the same.
pub fn machine() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn replica(word: &str, tenant: &str, at: DateTime<Utc>) -> Replica {
    Replica {
        id: ReplicaId(drawn()),
        tenant: tenant.parse().unwrap(),
        vm: VmGuid(drawn()),
        name: format!("{word}-erp"),
        host: format!("{word}-hv-01").parse().unwrap(),
        primary_host: Some(format!("hv-p.{word}.example")),
        interval_secs: 30,
        disks: vec![format!("{word}-disk.vhdx")],
        first_seen: at,
        last_seen: at,
    }
}

impl Two {
    pub async fn plant() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(dir.path().join("stillpoint.db")).await.unwrap();
        let at = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(20_000);
        let (ours, theirs) = (replica("lion", "contoso", at), replica("zebra", "fabrikam", at));
        let statuses = [&ours, &theirs].map(|it| status(it, at, Verdict::Clear)).into();
        let write = PollWrite {
            replicas: vec![ours.clone(), theirs.clone()],
            statuses,
            at: Some(at),
            ..PollWrite::default()
        };
        store.poll_write(write).await.unwrap();
        let hasher = Hasher::quick().await.unwrap();
        let key = DoorKey::of(&[7; 32]).unwrap();
        let doors = Arc::new(Doors::new(
            Arc::new(store.clone()),
            hasher.clone(),
            key,
            Arc::new(machine),
        ));
        let names = [(&ours.tenant, "Lion Works"), (&theirs.tenant, "Zebra Works")];
        let tenants = names.map(|(tenant, name)| (tenant.clone(), name.to_owned(), Zone::UTC));
        doors.tenants(&tenants).await.unwrap();
        doors.seed(&ours.tenant).await.unwrap();
        let vault = Vault::open_with(
            &dir.path().join("vault"),
            &dir.path().join("secrets"),
            None,
            local_stores(),
        );
        let vault = Arc::new(vault.unwrap());
        let seed = |ours: &Replica, theirs: &Replica| Seed {
            at,
            ours: ours.clone(),
            theirs: theirs.clone(),
        };
        let planter = Planter {
            dir: dir.path(),
            store: &store,
            doors: &doors,
            hasher: &hasher,
            vault: &vault,
        };
        let now = at + TimeDelta::seconds(60);
        let clock: Now = Arc::new(move || now);
        let both = [
            planter.plant(seed(&ours, &theirs), "lion", 0x0001_1000).await,
            planter.plant(seed(&theirs, &ours), "zebra", 0x000E_B000).await,
        ];
        let site = Site {
            tenants: names
                .map(|(tenant, name)| (tenant.clone(), name.to_owned()))
                .into(),
            file: Vec::new(),
            zones: Default::default(),
            tells: false,
            hosts: Vec::new(),
            slots_per_host: 2,
            freshness: TimeDelta::seconds(180),
            backup_every: TimeDelta::hours(24),
            speed: 1,
            data: "/srv/data".into(),
            vault: "/vault".into(),
        };
        let console = StoreConsole::new(Arc::new(store.clone()), Arc::new(NoEngine), site, clock.clone());
        let desk = Desk {
            store: Arc::new(store.clone()),
            known: Known {
                tenants: [ours.tenant.clone(), theirs.tenant.clone()].into(),
                hosts: [ours.host.clone(), theirs.host.clone()].into(),
            },
            engine: Arc::new(NoEngine),
            snapshots: console.snapshots(),
            screens: console.clone(),
            home: Some(Arc::new(TakeHome::new(vault))),
            now: clock,
        };
        let keeper = in_as(&doors, "owner").await.0;
        let stop = CancellationToken::new();
        let guard = Guard::of("127.0.0.1:3000".parse().unwrap());
        let app = with_limits(
            Arc::new(console),
            desk,
            doors,
            store.clone(),
            dir.path(),
            guard,
            stop.clone(),
            Limits::none(),
        );
        let [ours, theirs] = both;
        Self {
            app,
            store,
            ours,
            theirs,
            keeper,
            stop,
            _dir: dir,
        }
    }
}
