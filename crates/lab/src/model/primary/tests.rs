//! A tenant's own host, by what it and the replica's host show.

use super::*;
use crate::model::World;
use crate::scenario::Operation;

const CLIENT: &str = "stillpoint-pause";

fn start() -> DateTime<Utc> {
    "2026-03-01T20:00:00Z".parse().unwrap()
}

struct Bench {
    site: Site,
    primary: String,
    vm: Uuid,
    id: Uuid,
}

impl Bench {
    /// A site in memory, ten minutes after it began: every replica at 30 s, nothing blocked.
    fn new() -> Self {
        let world = World {
            hosts: 1,
            tenants: 1,
            interval_secs: Some(30),
            stays_blocked: 0,
            ..World::demo(11, start(), 2)
        };
        let mut site = Site::in_memory(world.generate(), start()).unwrap();
        site.step_to(start() + TimeDelta::minutes(10)).unwrap();
        let replica = site.spec().replicas[0].clone();
        let primary = site
            .primaries()
            .into_iter()
            .find(|p| p.fqdn == replica.primary_fqdn)
            .unwrap();
        Self {
            primary: primary.name,
            vm: replica.vm,
            id: replica.id,
            site,
        }
    }

    fn step(&mut self, secs: i64) {
        self.site
            .step_to(self.site.now() + TimeDelta::seconds(secs))
            .unwrap();
    }

    fn request(&mut self, state: u16) -> Result<Option<Uuid>, u32> {
        self.site
            .replication_request(&self.primary, self.vm, state, CLIENT)
    }

    /// State and health on the primary and on the replica's host.
    fn shown(&self) -> [(u16, u16); 2] {
        [self.primary.as_str(), "hv-r-01"].map(|host| {
            let vm = self.site.vm(host, self.vm).unwrap();
            (vm.relationships[0].state, vm.relationships[0].health)
        })
    }

    fn received(&self) -> u64 {
        let replica = self.site.replicas.iter().find(|r| r.spec.id == self.id).unwrap();
        replica.received
    }

    fn operate(&mut self, op: Op) {
        let operation = Operation::on_replica(self.id.to_string(), op);
        self.site.operate(&operation).unwrap();
    }
}

#[test]
fn a_primary_shows_its_running_vms_as_primaries() {
    let bench = Bench::new();
    let vm = bench.site.vm(&bench.primary, bench.vm).unwrap();
    assert_eq!((vm.mode, vm.enabled), (1, 2));
    assert_eq!(bench.shown(), [(3, 1), (3, 1)]);
    assert_eq!(
        bench.site.hosts().len(),
        1,
        "a tenant's host is none of the site's"
    );
}

#[test]
fn a_paused_primary_keeps_its_logs_back_and_sends_them_once_resumed() {
    let mut bench = Bench::new();
    let job = bench.request(7).unwrap().unwrap();
    // What was asked for shows at once; the job still runs, and a log may still come.
    assert_eq!(bench.shown(), [(7, 2), (3, 1)]);
    assert_eq!(
        bench.site.job(&bench.primary, job).unwrap().state,
        job_state::RUNNING
    );
    bench.step(1);
    assert_eq!(
        bench.site.job(&bench.primary, job).unwrap().state,
        job_state::COMPLETED
    );
    assert_eq!(bench.shown(), [(7, 2), (7, 2)]);
    // A log that was on its way when the job ended still arrives, and is applied.
    bench.step(60);
    let (received, kept_back) = (bench.received(), bench.site.backlog(bench.id).unwrap());
    assert!(kept_back > 0);
    assert_eq!(bench.site.generation(bench.id), Some((received, None)));
    bench.step(600);
    assert_eq!(bench.received(), received);
    assert_eq!(bench.site.backlog(bench.id), Some(kept_back + 20));
    assert!(!bench.site.left().is_empty());
    bench.request(3).unwrap();
    assert_eq!(bench.shown(), [(3, 1), (7, 2)]);
    bench.step(1);
    assert_eq!(bench.shown(), [(3, 1), (3, 1)]);
    bench.step(1);
    // All of it as one, and perhaps the log that was due meanwhile.
    let sent = bench.received() - received;
    assert!((kept_back + 20..=kept_back + 21).contains(&sent), "{sent}");
    assert_eq!(bench.site.backlog(bench.id), Some(0));
    assert!(bench.site.left().is_empty());
}

#[test]
fn a_primary_refuses_what_makes_no_sense_or_what_it_is_told_to() {
    let mut bench = Bench::new();
    assert_eq!(bench.request(3), Err(return_code::INVALID_STATE));
    assert_eq!(bench.request(2), Err(return_code::NOT_SUPPORTED));
    bench.operate(Op::PauseRefuse { return_value: 32769 });
    assert_eq!(bench.request(7), Err(32769));
    bench.operate(Op::Clear { what: None });
    bench.request(7).unwrap();
    assert_eq!(
        bench.request(7),
        Err(return_code::INVALID_STATE),
        "it is being done"
    );
    bench.step(1);
    bench.operate(Op::ResumeRefuse { return_value: 32768 });
    assert_eq!(bench.request(3), Err(32768));
    assert_eq!(bench.shown(), [(7, 2), (7, 2)]);
}

#[test]
fn a_tenants_own_pause_shows_on_both_sides_and_ends_when_anybody_resumes_it() {
    let mut bench = Bench::new();
    bench.operate(Op::PausedOnPrimary);
    assert_eq!(bench.shown(), [(7, 2), (7, 2)]);
    assert_eq!(bench.request(7), Err(return_code::INVALID_STATE));
    assert!(bench.site.left().is_empty(), "no client of the lab paused it");
    bench.step(120);
    let received = bench.received();
    assert_eq!(bench.request(3), Ok(None));
    bench.step(25);
    assert!(bench.received() >= received + 4, "what was kept back has come");
    assert_eq!(bench.shown(), [(3, 1), (3, 1)]);
}

#[test]
fn pausing_on_the_replicas_side_makes_its_health_critical_and_the_host_refuses() {
    let mut bench = Bench::new();
    let host = "hv-r-01";
    let request = |bench: &mut Bench, state| bench.site.replication_request(host, bench.vm, state, CLIENT);
    assert_eq!(request(&mut bench, 7), Ok(None));
    assert_eq!(bench.shown(), [(8, 3), (7, 3)]);
    assert_eq!(request(&mut bench, 7), Err(return_code::INVALID_STATE));
    assert_eq!(request(&mut bench, 3), Ok(None));
    assert_eq!(bench.shown(), [(3, 1), (3, 1)]);
}

#[test]
fn a_pause_outlives_the_lab() {
    let home = tempfile::tempdir().unwrap();
    let world = World {
        hosts: 1,
        tenants: 1,
        interval_secs: Some(30),
        stays_blocked: 0,
        disk_mib_max: 1,
        ..World::demo(12, start(), 1)
    };
    let open = |now| Site::open(world.generate(), home.path(), now, |_, _| {}).unwrap();
    let mut site = open(start());
    let replica = site.spec().replicas[0].clone();
    let primary = site.primaries()[0].name.clone();
    site.replication_request(&primary, replica.vm, 7, CLIENT).unwrap();
    site.step_to(start() + TimeDelta::minutes(3)).unwrap();
    let kept_back = site.backlog(replica.id).unwrap();
    assert!(kept_back >= 5);
    drop(site);
    let site = open(start() + TimeDelta::minutes(4));
    assert_eq!(site.left().pauses, [(primary, replica.vm)]);
    assert_eq!(site.backlog(replica.id), Some(kept_back));
}
