//! What pages cost over HTTP with 10,000 replicas and 90 days of history: fills a store, serves the screens on it and asks.
//!
//! `cargo bench -p stillpoint --bench pages -- [REPLICAS] [DAYS] [REQUESTS]`. 40 tenants, one night that covers now and of which a tenth
//! is still open. No engine runs; in its place every host's look is written every 30 s, which is what a quiet site writes.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement that cannot go on fails, and prints"
)]

use chrono::{DateTime, TimeDelta, Utc};
use domain::attribution::Attribution;
use domain::calendar::{DayWindow, SlaDay, Zone};
use domain::ids::{ReplicaId, TenantId, VmGuid};
use domain::obligation::{Obligation, ObligationKey, Outcome, Owner};
use domain::policy::Terms;
use domain::verdict::Verdict;
use engine::{MachineClock as _, SystemMachineClock};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use stillpoint::config::Config;
use stillpoint::console::{NoEngine, Now, Site, StoreConsole};
use stillpoint::deeds::Known;
use stillpoint::doors::{Comer, DEMO_PASSWORD, DoorKey, Doors, Hasher};
use stillpoint::http::{Desk, listen};
use store::SqliteStore;
use store::conformance::{Seed, status};
use store::obligations::ObligationStore as _;
use store::records::Replica;
use store::traits::{PollWrite, ReplicaStore as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const TENANTS: usize = 40;
const HOSTS: usize = 50;
/// What is asked, and how long 99 of 100 answers may take.
const PAGES: [&str; 6] = [
    "/",
    "/replicas",
    "/replicas?filter=waiting&sort=name&dir=desc",
    "/replicas?q=vm-77",
    "/api/v1/replicas?limit=50",
    "/api/v1/replicas?limit=500&sort=last-point",
];

fn main() {
    let numbers: Vec<usize> = std::env::args()
        .skip(1)
        .filter_map(|it| it.parse().ok())
        .collect();
    let number = |place, default| numbers.get(place).copied().unwrap_or(default);
    let (replicas, days, requests) = (number(0, 10_000), number(1, 90), number(2, 300));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(measure(replicas, u32::try_from(days).unwrap(), requests));
}

/// The world's instant at which everything is asked: in the middle of the night's window.
fn now() -> DateTime<Utc> {
    "2026-11-22T23:00:00Z".parse().unwrap()
}

async fn measure(replicas: usize, days: u32, requests: usize) {
    let folder = tempfile::tempdir().unwrap();
    let began = Instant::now();
    fill(folder.path(), replicas, days).await;
    let bytes = std::fs::metadata(folder.path().join("state/stillpoint.db"))
        .unwrap()
        .len();
    println!(
        "{replicas} replicas, {days} days: filled in {:.1?}, {} MiB",
        began.elapsed(),
        bytes >> 20
    );
    let began = Instant::now();
    let server = Server::start(folder.path()).await;
    println!("serves after {:.1?}", began.elapsed());
    println!(
        "{:<50} {:>6} {:>9} {:>9} {:>9}",
        "page", "KiB", "p50 ms", "p99 ms", "max ms"
    );
    for page in PAGES {
        let mut times = Vec::with_capacity(requests);
        let mut bytes = 0;
        for _ in 0..requests {
            let began = Instant::now();
            bytes = server.get(page).await;
            times.push(began.elapsed());
        }
        times.sort_unstable();
        let at = |share: usize| millis(times[(times.len() * share / 100).min(times.len() - 1)]);
        println!(
            "{page:<50} {:>6} {:>9.1} {:>9.1} {:>9.1}",
            bytes >> 10,
            at(50),
            at(99),
            at(100)
        );
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

async fn fill(data: &Path, replicas: usize, days: u32) {
    std::fs::create_dir_all(data.join("state")).unwrap();
    let mut config = "[staging]\npath = \"staging\"\nunc = '\\\\stage\\exports'\n".to_owned();
    for tenant in 0..TENANTS {
        config += &format!("[[tenant]]\nid = \"t-{tenant:02}\"\nname = \"Tenant {tenant}\"\n");
    }
    std::fs::write(data.join("config.toml"), config).unwrap();
    let store = SqliteStore::open(data.join("state/stillpoint.db")).await.unwrap();
    let rows: Vec<Replica> = (0..replicas).map(replica).collect();
    let write = PollWrite {
        statuses: rows
            .iter()
            .map(|row| status(row, now(), Verdict::Clear))
            .collect(),
        replicas: rows.clone(),
        at: Some(now()),
        ..PollWrite::default()
    };
    store.poll_write(write).await.unwrap();
    let owed: Vec<Obligation> = rows.iter().map(owed).collect();
    store.obligations_open(&owed).await.unwrap();
    let missed = Outcome::Missed {
        attribution: Attribution {
            owner: Owner::Provider,
            cause: None,
            shares: Vec::new(),
            window_secs: 43_200,
            gap_secs: 43_200,
            usable_secs: 600,
        },
    };
    let evidence = serde_json::to_value(Seed::evidence_of(&rows[0], now())).unwrap();
    store.history_fill(days, &missed, &evidence, now()).await.unwrap();
    // Nine of ten are met by now.
    for (number, owed) in owed.iter().enumerate().filter(|(number, _)| number % 10 != 0) {
        let taken = owed.window.open + TimeDelta::seconds(i64::try_from(number % 10_000).unwrap());
        let met = Outcome::Met {
            point: domain::ids::PointId(Uuid::nil()),
            taken,
            sealed: taken,
        };
        store.obligation_close(owed.key, &met, now()).await.unwrap();
    }
    store.close().await;
}

fn replica(number: usize) -> Replica {
    let id = number as u128;
    Replica {
        id: ReplicaId(Uuid::from_u128(0x5000_0000_0000_0000 | id)),
        tenant: format!("t-{:02}", number % TENANTS).parse().unwrap(),
        vm: VmGuid(Uuid::from_u128(0x6000_0000_0000_0000 | id)),
        name: format!("vm-{number:05}"),
        host: format!("hv-r-{:02}", number % HOSTS).parse().unwrap(),
        primary_host: None,
        interval_secs: 300,
        disks: vec!["disk-0.vhdx".to_owned()],
        first_seen: now() - TimeDelta::days(200),
        last_seen: now(),
    }
}

fn owed(replica: &Replica) -> Obligation {
    let open = now() - TimeDelta::hours(3);
    Obligation {
        key: ObligationKey {
            replica: replica.id,
            day: SlaDay(now().date_naive()),
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

/// The screens over the store, and the hosts' looks beside them.
struct Server {
    address: SocketAddr,
    cookie: String,
    stop: CancellationToken,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Server {
    async fn start(data: &Path) -> Self {
        let store = SqliteStore::open(data.join("state/stillpoint.db")).await.unwrap();
        let config = Config::load(&data.join("config.toml")).unwrap();
        let clock: Now = Arc::new(now);
        let console = StoreConsole::new(
            Arc::new(store.clone()),
            Arc::new(NoEngine),
            Site::of(&config, data),
            clock.clone(),
        );
        let desk = Desk {
            store: Arc::new(store.clone()),
            known: Known::of(&config),
            engine: Arc::new(NoEngine),
            snapshots: console.snapshots(),
            screens: console.clone(),
            home: None,
            now: clock,
        };
        let stop = CancellationToken::new();
        let _keeping = console
            .snapshots()
            .keep(store.event_watch(), stop.clone())
            .await
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let doors = doors(&store).await;
        let cookie = cookie(&doors).await;
        let router = stillpoint::http::router(
            Arc::new(console),
            desk,
            doors,
            store.clone(),
            &data.join("site"),
            stillpoint::http::Guard::of(address),
            stop.clone(),
        );
        tokio::spawn(listen::serve(
            listener,
            router,
            stop.clone(),
            listen::Wire::default(),
        ));
        tokio::spawn(look(store, stop.clone()));
        Self {
            address,
            cookie,
            stop,
        }
    }

    /// Asks for a page and returns how long it is.
    async fn get(&self, path: &str) -> usize {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = format!(
            "GET {path} HTTP/1.0\r\nHost: {}\r\nCookie: stillpoint={}\r\n\r\n",
            self.address, self.cookie
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let head = String::from_utf8_lossy(&answer[..200.min(answer.len())]);
        assert!(head.starts_with("HTTP/1.0 200"), "{path}: {head}");
        answer.len()
    }
}

/// The doors, with the log-ins of the demo.
async fn doors(store: &SqliteStore) -> Arc<Doors> {
    let key = DoorKey::of(&[7; 32]).unwrap();
    let hasher = Hasher::quick().await.unwrap();
    let machine = Arc::new(|| DateTime::from_timestamp_millis(SystemMachineClock.unix_ms()).unwrap());
    let doors = Doors::new(Arc::new(store.clone()), hasher, key, machine);
    let tenant: TenantId = "tenant-000".parse().unwrap();
    doors
        .tenants(&[(tenant.clone(), "Tenant".to_owned(), Zone::UTC)])
        .await
        .unwrap();
    doors.seed(&tenant).await.unwrap();
    Arc::new(doors)
}

/// The operator's session.
async fn cookie(doors: &Doors) -> String {
    let comer = Comer {
        address: [127, 0, 0, 1].into(),
        agent: "bench".to_owned(),
        device: None,
    };
    let given = doors
        .log_in(&comer, "operator", DEMO_PASSWORD.to_owned().into())
        .await
        .unwrap();
    given.session.reveal().to_owned()
}

/// Writes one host's look after the other, each host's every 30 s; of every look one replica's verdict is another.
async fn look(store: SqliteStore, stop: CancellationToken) {
    let site = store::traits::Scope::Site { reason: "bench" };
    let rows = store.replicas(&site).await.unwrap();
    let pause = Duration::from_secs(30) / u32::try_from(HOSTS).unwrap();
    for turn in 0.. {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        let host = format!("hv-r-{:02}", turn % HOSTS);
        let on_host = rows.iter().filter(|row| row.host.as_str() == host);
        let statuses = on_host
            .enumerate()
            .map(|(place, row)| {
                let changed = place == turn / HOSTS;
                status(row, now(), if changed { unseen() } else { Verdict::Clear })
            })
            .collect();
        let write = PollWrite {
            statuses,
            at: Some(now()),
            ..PollWrite::default()
        };
        store.poll_write(write).await.unwrap();
    }
}

fn unseen() -> Verdict {
    Verdict::Unknown {
        why: domain::blocker::Unknown::NeverObserved,
    }
}
