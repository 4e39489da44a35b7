//! The site as a client sees it, and its disks as the oracle does. Time is stepped by hand.

use super::*;
use crate::oracle::check;
use crate::scenario::{Op, Operation};
use std::path::Path;

const HOST: &str = "hv-r-01";
const CLIENT: &str = "LAB\\stillpoint";

fn start() -> DateTime<Utc> {
    "2026-03-01T20:00:00Z".parse().unwrap()
}

fn secs(n: i64) -> TimeDelta {
    TimeDelta::seconds(n)
}

/// One replica of two disks, replicated every 30 s, applied in 5 s, alone on the first of two hosts.
fn spec(seed: u64, protected: bool, staging: &Path) -> SiteSpec {
    let apply = ApplyTiming {
        base_ms: 5_000,
        spread_ms: 1,
        tail_permille: 0,
        tail_ms: 0,
    };
    let world = World {
        hosts: 2,
        tenants: 1,
        replicas: 1,
        stays_blocked: 0,
        interval_secs: Some(30),
        unprotected: if protected { 0 } else { 2 },
        disk_mib_max: 2,
        export_mib_per_sec: 1,
        settings: SiteSettings {
            apply,
            ..SiteSettings::default()
        },
        ..World::demo(seed, start(), 1)
    };
    let mut spec = world.staged("\\\\stage\\exports", staging).generate();
    spec.replicas.truncate(1);
    spec.replicas[0].disks = vec![
        DiskSpec {
            bytes: 2 << 20,
            fill_permille: 600,
            burst: 12
        };
        2
    ];
    spec
}

struct Bench {
    site: Site,
    folder: tempfile::TempDir,
    vm: Uuid,
    id: Uuid,
}

impl Bench {
    fn new(seed: u64, protected: bool) -> Self {
        Self::with(|staging| spec(seed, protected, staging))
    }

    fn with(spec: impl FnOnce(&Path) -> SiteSpec) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("staging")).unwrap();
        let spec = spec(&folder.path().join("staging"));
        let (vm, id) = (spec.replicas[0].vm, spec.replicas[0].id);
        let site = Site::open(spec, &folder.path().join("lab"), start(), |_, _| ()).unwrap();
        Self { site, folder, vm, id }
    }

    fn step(&mut self, by: TimeDelta) {
        let to = self.site.now() + by;
        self.site.step_to(to).unwrap();
    }

    /// Steps until `found`, a tenth of a second at a time, at most five minutes.
    fn until(&mut self, what: &str, mut found: impl FnMut(&Site) -> bool) {
        for _ in 0..3_000 {
            if found(&self.site) {
                return;
            }
            self.step(TimeDelta::milliseconds(100));
        }
        panic!("never: {what}");
    }

    fn applying(&mut self) {
        let id = self.id;
        self.until("an apply", |site| site.generation(id).unwrap().1.is_some());
    }

    fn quiet(&mut self) {
        let id = self.id;
        self.until("an apply", |site| site.generation(id).unwrap().1.is_some());
        self.until("the end of the apply", |site| {
            site.generation(id).unwrap().1.is_none()
        });
    }

    fn job_done(&mut self, job: Uuid) -> JobView {
        self.until("the end of the job", |site| {
            site.job(HOST, job).unwrap().state > 6
        });
        self.site.job(HOST, job).unwrap()
    }

    fn checkpoint(&mut self) -> (JobView, Option<CheckpointView>) {
        let settings = CheckpointSettings::crash_consistent("stillpoint-1-1");
        let job = self
            .site
            .checkpoint_create(HOST, self.vm, &settings, CLIENT)
            .unwrap();
        let job = self.job_done(job);
        (job, self.site.checkpoints(HOST).pop())
    }

    fn export(&mut self, checkpoint: &CheckpointView, folder: &str) -> Uuid {
        let settings =
            ExportSettings::of_checkpoint(format!("\\\\STAGE\\exports\\{folder}"), &checkpoint.instance_id);
        self.site.export(HOST, self.vm, &settings, CLIENT).unwrap()
    }

    fn exported(&self, folder: &str) -> Vec<std::path::PathBuf> {
        let disks = self
            .folder
            .path()
            .join("staging")
            .join(folder)
            .join("Virtual Hard Disks");
        let mut files: Vec<_> = std::fs::read_dir(disks)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        files
    }

    fn operate(&mut self, op: Op) {
        let id = self.id.to_string();
        self.site.operate(&Operation::on_replica(id, op)).unwrap();
    }

    fn view(&self) -> VmView {
        self.site.vm(HOST, self.vm).unwrap()
    }

    /// The type and state of the newest apply.
    fn last_apply_job(&self) -> JobView {
        let mut jobs = self.site.jobs(HOST).into_iter();
        jobs.rfind(|job| matches!(job.job_type, job_type::APPLY_LOG | job_type::APPLY_DELTAS))
            .unwrap()
    }
}

#[test]
fn a_log_is_received_then_applied_and_times_move_at_the_ends() {
    let mut bench = Bench::new(1, true);
    let before = bench.view().relationships[0].clone();
    bench.applying();
    let during = bench.view();
    assert_eq!(during.operational_status, [11]);
    assert_eq!(bench.last_apply_job().state, job_state::RUNNING);
    assert!(during.relationships[0].last_replication > before.last_replication);
    assert_eq!(during.relationships[0].last_apply, before.last_apply);
    bench.quiet();
    let after = bench.view();
    assert_eq!(after.operational_status, [2]);
    assert!(after.relationships[0].last_apply > before.last_apply);
    let job = bench.last_apply_job();
    assert_eq!(
        (job.job_type, job.state, job.elapsed_ms),
        (job_type::APPLY_LOG, job_state::COMPLETED, 5_000)
    );
    assert_eq!(bench.site.generation(bench.id), Some((1, None)));
}

#[test]
fn a_look_at_the_disks_during_an_apply_is_torn_and_after_it_whole() {
    for seed in 0..6 {
        let mut bench = Bench::new(seed, true);
        let files = bench.site.disk_files(bench.id);
        assert!(check(&files).unwrap().consistent);
        bench.applying();
        bench.step(secs(2));
        let report = check(&files).unwrap();
        assert!(
            !report.consistent && report.generation == 1,
            "seed {seed}: {report:?}"
        );
        bench.quiet();
        let report = check(&files).unwrap();
        assert!(report.consistent, "seed {seed}: {report:?}");
    }
}

#[test]
fn a_protected_export_holds_logs_back_and_is_the_generation_of_the_checkpoint() {
    for seed in 0..4 {
        let mut bench = Bench::new(seed, true);
        bench.quiet();
        let (job, checkpoint) = bench.checkpoint();
        let checkpoint = checkpoint.unwrap();
        assert_eq!(
            job.affected[1],
            Affected {
                target: Target::Snapshot(checkpoint.instance_id.clone()),
                effect: 5
            }
        );
        assert_eq!(checkpoint.name, "stillpoint-1-1");
        bench.operate(Op::ExportSlow { factor: 20 });
        let export = bench.export(&checkpoint, "one");
        bench.step(secs(1));
        assert_eq!(bench.view().operational_status, [11, 32773]);
        let job = bench.job_done(export);
        assert_eq!(job.state, job_state::COMPLETED);
        assert!(job.elapsed_ms > 35_000, "a log must have come meanwhile");
        let report = check(&bench.exported("one")).unwrap();
        assert!(report.consistent, "{report:?}");
        assert_eq!(report.generation, checkpoint.generation);

        // The release lets the logs through, and nothing is left.
        assert!(!bench.site.left().is_empty());
        let held = bench.site.generation(bench.id).unwrap().0;
        bench
            .site
            .checkpoint_destroy(HOST, &checkpoint.instance_id, CLIENT)
            .unwrap();
        bench.quiet();
        assert!(bench.site.generation(bench.id).unwrap().0 > held);
        assert!(bench.site.left().is_empty());
        let ended = bench
            .site
            .log()
            .iter()
            .find(|entry| entry.event == "export-ended")
            .unwrap();
        assert_eq!(ended.generation, Some(report.generation));
    }
}

#[test]
fn an_unprotected_export_across_applies_is_torn() {
    let torn = (0..6).filter(|seed| {
        let mut bench = Bench::new(*seed, false);
        bench.applying();
        let (job, checkpoint) = bench.checkpoint();
        assert_eq!(
            job.state,
            job_state::COMPLETED,
            "an unprotected host accepts everything"
        );
        bench.operate(Op::ExportSlow { factor: 20 });
        let export = bench.export(&checkpoint.unwrap(), "one");
        assert_eq!(bench.job_done(export).state, job_state::COMPLETED);
        !check(&bench.exported("one")).unwrap().consistent
    });
    assert_eq!(torn.count(), 6);
}

#[test]
fn a_host_that_loses_its_protection_goes_on_applying_and_one_that_regains_it_holds_again() {
    let mut bench = Bench::new(5, true);
    bench.quiet();
    let (_, checkpoint) = bench.checkpoint();
    assert!(checkpoint.is_some());
    bench.step(TimeDelta::seconds(90));
    let (held, applying) = bench.site.generation(bench.id).unwrap();
    assert_eq!(applying, None, "held back while the checkpoint is there");
    let build = bench.site.host(HOST).unwrap().release;
    let protect = |on| Operation::on_host(HOST, Op::Protect { on });
    bench.site.operate(&protect(false)).unwrap();
    let host = bench.site.host(HOST).unwrap();
    assert_eq!(
        (host.protection, host.release),
        (Protection::Unprotected, build),
        "the build says nothing of it"
    );
    bench.step(TimeDelta::seconds(90));
    assert!(
        bench.site.generation(bench.id).unwrap().0 > held,
        "applied under the checkpoint"
    );
    let (job, _) = bench.checkpoint();
    assert_eq!(job.state, job_state::COMPLETED, "and accepts everything");
    bench.site.operate(&protect(true)).unwrap();
    let id = bench.id;
    bench.until("the end of the apply", |site| {
        site.generation(id).unwrap().1.is_none()
    });
    let held = bench.site.generation(bench.id).unwrap();
    bench.step(TimeDelta::seconds(90));
    assert_eq!(bench.site.generation(bench.id).unwrap(), held);
}

#[test]
fn a_site_that_is_asked_to_records_when_each_apply_began_and_how_it_ended() {
    let mut bench = Bench::with(|staging| {
        let mut spec = spec(9, true, staging);
        spec.settings.record_applies = true;
        spec
    });
    bench.quiet();
    bench.operate(Op::ApplyAbort { state: 8 });
    bench.step(TimeDelta::seconds(60));
    let log = std::fs::read_to_string(bench.folder.path().join("lab/applies.log")).unwrap();
    let lines: Vec<LogEntry> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(
        lines
            .iter()
            .any(|line| line.event == "apply-began" && line.applying == Some(1))
    );
    let ended: Vec<&str> = lines.iter().filter_map(|line| line.why.as_deref()).collect();
    assert!(
        ended.first() == Some(&"whole") && ended.contains(&"cut"),
        "{ended:?}"
    );
}

#[test]
fn a_protected_host_refuses_a_checkpoint_while_a_log_is_applied() {
    let mut bench = Bench::new(3, true);
    bench.applying();
    let (job, checkpoint) = bench.checkpoint();
    assert_eq!((job.state, job.error_code), (job_state::EXCEPTION, 32774));
    assert_eq!(checkpoint, None);
    let refused = bench
        .site
        .log()
        .iter()
        .find(|entry| entry.event == "checkpoint-refused")
        .unwrap();
    assert_eq!(refused.why.as_deref(), Some("a replication log is being applied"));
    assert!(bench.site.left().is_empty());
}

/// Each blocker: what the wire shows, and that a protecting host refuses.
#[test]
fn every_blocker_shows_its_numbers_and_is_refused() {
    let table = [
        (Op::HealthCritical, (8, 3, 3), None),
        (Op::ResyncRequired { health_only: false }, (9, 3, 3), None),
        (Op::ResyncRequired { health_only: true }, (3, 3, 3), None),
        (Op::Resyncing, (10, 3, 3), Some(107)),
        (Op::ResyncSuspended, (11, 3, 3), None),
        (Op::InitialReplication { running: false }, (2, 2, 3), None),
        (Op::InitialReplication { running: true }, (2, 2, 3), Some(116)),
        (Op::Failover { done: false }, (12, 2, 3), Some(97)),
        (Op::Failover { done: true }, (5, 2, 3), None),
        (Op::PausedOnReplica, (7, 3, 3), None),
        (Op::VmStarted, (3, 1, 2), None),
        (Op::Migrate { to: None }, (3, 1, 3), Some(306)),
        (Op::Busy { job_type: 170 }, (3, 1, 3), Some(170)),
    ];
    for (op, numbers, job) in table {
        let mut bench = Bench::new(4, true);
        bench.quiet();
        bench.operate(op.clone());
        let view = bench.view();
        let shown = &view.relationships[0];
        assert_eq!((shown.state, shown.health, view.enabled), numbers, "{op:?}");
        let running = bench
            .site
            .jobs(HOST)
            .into_iter()
            .find(|job| job.state == job_state::RUNNING);
        assert_eq!(running.map(|job| job.job_type), job, "{op:?}");
        let (refused, _) = bench.checkpoint();
        assert_eq!(refused.state, job_state::EXCEPTION, "{op:?}");
        assert!(matches!(refused.error_code, 32774 | 32775), "{op:?}");
        bench.operate(Op::Clear { what: None });
        if !matches!(op, Op::Migrate { .. }) {
            bench.quiet();
            assert_eq!(bench.checkpoint().0.state, job_state::COMPLETED, "{op:?} cleared");
        }
    }
}

#[test]
fn pausing_on_the_primary_blocks_nothing() {
    let mut bench = Bench::new(4, true);
    bench.quiet();
    bench.operate(Op::PausedOnPrimary);
    let shown = bench.view().relationships[0].clone();
    assert_eq!((shown.state, shown.health), (7, 2));
    bench.step(secs(120));
    assert_eq!(
        bench.view().relationships[0].last_replication,
        shown.last_replication
    );
    assert_eq!(bench.checkpoint().0.state, job_state::COMPLETED);
}

#[test]
fn a_cut_off_and_a_failed_apply_leave_torn_disks_until_a_later_one_completes() {
    for (op, state, code) in [
        (Op::ApplyAbort { state: 8 }, job_state::TERMINATED, 0),
        (Op::ApplyAbort { state: 9 }, job_state::KILLED, 0),
        (Op::ApplyFail { code: 32768 }, job_state::EXCEPTION, 32768),
    ] {
        let mut bench = Bench::new(5, true);
        bench.quiet();
        let before = bench.view().relationships[0].last_apply;
        bench.operate(op.clone());
        bench.quiet();
        let job = bench.last_apply_job();
        assert_eq!((job.state, job.error_code), (state, code), "{op:?}");
        assert_eq!(bench.view().relationships[0].last_apply, before);
        assert!(!check(&bench.site.disk_files(bench.id)).unwrap().consistent);
        assert_eq!(bench.checkpoint().0.error_code, 32775);
        // The job vanishes and the host still knows.
        bench
            .site
            .operate(&Operation::on_replica(bench.id.to_string(), Op::PausedOnPrimary))
            .unwrap();
        bench.step(secs(400));
        assert_eq!(bench.site.jobs(HOST), []);
        assert_eq!(bench.checkpoint().0.error_code, 32775);
        bench.operate(Op::Clear { what: None });
        bench.quiet();
        assert!(check(&bench.site.disk_files(bench.id)).unwrap().consistent);
    }
}

#[test]
fn a_long_apply_lasts_as_long_as_told() {
    let mut bench = Bench::new(6, true);
    bench.operate(Op::ApplyLong { secs: 200 });
    bench.applying();
    bench.step(secs(190));
    assert_eq!(bench.last_apply_job().state, job_state::RUNNING);
    bench.step(secs(15));
    assert_eq!(
        bench.view().relationships[0]
            .last_apply
            .map(|at| at > start() + secs(150)),
        Some(true)
    );
}

#[test]
fn finished_jobs_vanish_after_five_minutes() {
    let mut bench = Bench::new(7, true);
    bench.quiet();
    let job = bench.last_apply_job().id;
    bench.step(secs(298));
    assert!(bench.site.job(HOST, job).is_some());
    bench.step(secs(4));
    assert_eq!(bench.site.job(HOST, job), None);
}

#[test]
fn a_service_restart_empties_the_job_list_and_cuts_the_apply_off() {
    let mut bench = Bench::new(8, true);
    bench.applying();
    bench.step(secs(2));
    let boot = bench.site.host(HOST).unwrap();
    bench
        .site
        .operate(&Operation::on_host(HOST, Op::ServiceRestart))
        .unwrap();
    let after = bench.site.host(HOST).unwrap();
    assert_eq!(bench.site.jobs(HOST), []);
    assert_eq!(after.booted_at, boot.booted_at);
    assert!(after.service_started_at > boot.service_started_at && after.reachable);
    assert!(!check(&bench.site.disk_files(bench.id)).unwrap().consistent);
    bench.quiet();
    assert!(check(&bench.site.disk_files(bench.id)).unwrap().consistent);
}

#[test]
fn a_host_that_is_down_answers_nobody_and_comes_back_with_a_new_boot_time() {
    let mut bench = Bench::new(8, true);
    let boot = bench.site.host(HOST).unwrap().booted_at;
    bench
        .site
        .operate(&Operation::on_host(HOST, Op::HostRestart).lasting(90))
        .unwrap();
    assert!(!bench.site.request(HOST, "Get"));
    bench.step(secs(91));
    assert!(bench.site.request(HOST, "Get"));
    assert!(bench.site.host(HOST).unwrap().booted_at > boot);
    let count = bench.site.requests(HOST).unwrap();
    assert_eq!((count.total, count.by_action["Get"]), (2, 2));
}

#[test]
fn a_migrated_vm_keeps_its_guid_and_is_on_the_other_host() {
    let mut bench = Bench::new(9, true);
    bench.quiet();
    let id = bench.id.to_string();
    bench
        .site
        .operate(
            &Operation::on_replica(
                id,
                Op::Migrate {
                    to: Some("hv-r-02".into()),
                },
            )
            .lasting(60),
        )
        .unwrap();
    let job = bench
        .site
        .jobs(HOST)
        .into_iter()
        .find(|job| job.class == JobClass::Migration)
        .unwrap();
    assert_eq!(job.destination.as_deref(), Some("hv-r-02.replica.example"));
    bench.step(secs(61));
    assert_eq!(bench.site.vm(HOST, bench.vm), None);
    let there = bench.site.vm("hv-r-02", bench.vm).unwrap();
    assert_eq!(there.relationships[0].recovery_host, "hv-r-02.replica.example");
    let before = bench.site.generation(bench.id).unwrap().0;
    bench.quiet();
    assert!(bench.site.generation(bench.id).unwrap().0 > before);
}

#[test]
fn a_cancelled_export_leaves_its_part_and_no_lock() {
    let mut bench = Bench::new(10, true);
    bench.quiet();
    let checkpoint = bench.checkpoint().1.unwrap();
    bench.operate(Op::ExportSlow { factor: 50 });
    let export = bench.export(&checkpoint, "one");
    bench.step(secs(5));
    assert_eq!(
        bench
            .site
            .checkpoint_destroy(HOST, &checkpoint.instance_id, CLIENT),
        Err(return_code::IN_USE)
    );
    assert_eq!(bench.site.job_request_state(HOST, export, 4, CLIENT), 0);
    assert_eq!(bench.site.job(HOST, export).unwrap().state, job_state::TERMINATED);
    assert_eq!(
        bench.site.job_request_state(HOST, export, 4, CLIENT),
        return_code::INVALID_TRANSITION
    );
    assert_eq!(bench.exported("one").len(), 1);
    bench
        .site
        .checkpoint_destroy(HOST, &checkpoint.instance_id, CLIENT)
        .unwrap();
    bench.quiet();
    assert!(bench.site.left().is_empty());
}

#[test]
fn an_export_without_room_without_share_or_with_a_bad_disk_fails_by_its_job() {
    let roomless = |room: Option<u64>, directory: &str, op: Option<Op>| {
        let mut bench = Bench::with(|staging| {
            let mut spec = spec(11, true, staging);
            spec.staging[0].room_bytes = room;
            spec
        });
        bench.quiet();
        let checkpoint = bench.checkpoint().1.unwrap();
        op.into_iter().for_each(|op| bench.operate(op));
        let settings = ExportSettings::of_checkpoint(directory, checkpoint.instance_id);
        let job = bench.site.export(HOST, bench.vm, &settings, CLIENT).unwrap();
        let job = bench.job_done(job);
        assert_eq!(job.state, job_state::EXCEPTION);
        assert!(
            bench
                .site
                .log()
                .iter()
                .any(|entry| entry.event == "export-failed")
        );
        job.error_code
    };
    assert_eq!(roomless(Some(1 << 20), "\\\\stage\\exports\\x", None), 32768);
    assert_eq!(roomless(None, "\\\\elsewhere\\exports\\x", None), 32769);
    assert_eq!(roomless(None, "\\\\stage\\exports\\..\\..\\x", None), 32769);
    assert_eq!(
        roomless(
            None,
            "\\\\stage\\exports\\x",
            Some(Op::ExportFail { code: 32777 })
        ),
        32777
    );
}

#[test]
fn a_disk_can_be_left_out_of_an_export_that_ends_well() {
    let mut bench = Bench::new(12, true);
    bench.quiet();
    let checkpoint = bench.checkpoint().1.unwrap();
    bench.operate(Op::LeaveDiskOut { disk: 1 });
    let export = bench.export(&checkpoint, "one");
    assert_eq!(bench.job_done(export).state, job_state::COMPLETED);
    assert_eq!(bench.exported("one").len(), 1);
    assert_eq!(
        check(&bench.exported("one")).unwrap().problems,
        ["disk 1 of 2 is missing"]
    );
}

#[test]
fn a_site_killed_in_the_middle_of_an_apply_opens_with_whole_disks_and_its_checkpoints() {
    let mut bench = Bench::new(13, false);
    bench.checkpoint().1.unwrap();
    bench.applying();
    bench.step(secs(2));
    assert!(!check(&bench.site.disk_files(bench.id)).unwrap().consistent);
    let (spec, now) = (bench.site.spec().clone(), bench.site.now());
    let Bench { site, folder, id, vm } = bench;
    drop(site);
    let site = Site::open(spec, &folder.path().join("lab"), now + secs(30), |_, _| ()).unwrap();
    let mut bench = Bench { site, folder, vm, id };
    let report = check(&bench.site.disk_files(id)).unwrap();
    assert!(report.consistent, "{report:?}");
    assert_eq!(bench.site.generation(id), Some((report.generation, None)));
    assert_eq!(bench.site.checkpoints(HOST).len(), 1);
    bench.quiet();
    assert!(check(&bench.site.disk_files(id)).unwrap().consistent);
}

#[test]
fn what_a_site_does_depends_on_the_seed_and_not_on_how_it_is_stepped() {
    let run = |seed: u64, step_ms: i64| {
        let mut spec = World::demo(seed, start(), 40).generate();
        let trouble = crate::faults::Trouble {
            seed,
            until_secs: 3_000,
            every_secs: 900,
            longest_secs: 300,
            hosts: true,
        };
        spec.scenario.extend(crate::faults::draw(&trouble, &spec));
        let mut site = Site::in_memory(spec, start()).unwrap();
        let end = start() + secs(1_800);
        while site.now() < end {
            let next = site.now() + TimeDelta::milliseconds(step_ms);
            site.step_to(next.min(end)).unwrap();
        }
        let hosts = site
            .hosts()
            .into_iter()
            .map(|host| (site.vms(&host.name), site.jobs(&host.name), host));
        serde_json::to_string(&hosts.collect::<Vec<_>>()).unwrap()
    };
    let once = run(21, 1_800_000);
    assert_eq!(once, run(21, 777));
    assert_ne!(once, run(22, 1_800_000));
}

#[test]
fn the_demo_is_as_described() {
    let spec = World::demo(7, start(), 40).generate();
    spec.validate().unwrap();
    let own: Vec<_> = spec.replicas.iter().filter(|replica| !replica.canary).collect();
    assert_eq!(
        (
            spec.hosts.len(),
            spec.tenants.len(),
            own.len(),
            spec.replicas.len()
        ),
        (3, 5, 40, 43)
    );
    assert_eq!(own.iter().filter(|replica| replica.disks.len() > 1).count(), 10);
    assert!(
        own.iter()
            .flat_map(|replica| &replica.disks)
            .all(|disk| disk.bytes <= 64 << 20)
    );
    let codes: std::collections::BTreeSet<_> = spec
        .stays_blocked
        .iter()
        .map(|stays| stays.code.as_str())
        .collect();
    assert_eq!((spec.stays_blocked.len(), codes.len()), (8, 8));
    assert!(
        own.iter()
            .any(|a| own.iter().any(|b| a.name == b.name && a.tenant != b.tenant))
    );
    for replicas in 1..60 {
        let spec = World::demo(7, start(), replicas).generate();
        spec.validate().unwrap();
        assert!(spec.stays_blocked.len() * 4 <= replicas);
    }
    let soak = World::soak(7, start(), 8).generate();
    assert!(soak.hosts.iter().all(|h| h.protection == Protection::Protected));
}

#[test]
fn replicas_that_are_scripted_to_stay_blocked_stay_blocked() {
    let spec = World::demo(7, start(), 40).generate();
    let mut site = Site::in_memory(spec.clone(), start()).unwrap();
    for _ in 0..20 {
        let next = site.now() + secs(211);
        site.step_to(next).unwrap();
        if site.now() < start() + secs(1_900) {
            continue;
        }
        for stays in &spec.stays_blocked {
            let replica = site
                .replicas
                .iter()
                .find(|replica| replica.spec.id == stays.id)
                .unwrap();
            assert!(replica.refusal().is_some(), "{} at {}", stays.replica, site.now());
        }
    }
}

#[test]
fn names_that_are_not_there_or_not_unique_are_named() {
    let mut spec = World {
        shared_guid: true,
        ..World::demo(7, start(), 40)
    }
    .generate();
    spec.replicas[5].name = spec.replicas[1].name.clone();
    spec.replicas[5].tenant = spec.replicas[1].tenant.clone();
    let name = format!("{}/{}", spec.replicas[1].tenant, spec.replicas[1].name);
    let mut site = Site::in_memory(spec, start()).unwrap();
    let error = |site: &mut Site, operation: Operation| site.operate(&operation).unwrap_err().to_string();
    let text = error(&mut site, Operation::on_replica("contoso/nothing", Op::Receive));
    assert!(text.contains("contoso/nothing"), "{text}");
    assert!(error(&mut site, Operation::on_replica(name, Op::Receive)).contains("2 replicas"));
    assert!(error(&mut site, Operation::on_host("hv-x", Op::ServiceRestart)).contains("hv-r-01, hv-r-02"));
    assert!(error(&mut site, Operation::on_host(HOST, Op::Receive)).contains("name one"));
}

#[test]
fn no_number_in_a_scenario_is_too_large() {
    let mut bench = Bench::with(|staging| {
        let mut spec = spec(14, true, staging);
        let id = spec.replicas[0].id.to_string();
        spec.scenario = vec![
            Operation::on_replica(id, Op::Receive)
                .at(u64::MAX)
                .lasting(u64::MAX),
        ];
        spec
    });
    bench.operate(Op::ApplyLong { secs: u64::MAX });
    bench.applying();
    bench.operate(Op::ApplyLong { secs: u64::MAX });
    let id = bench.id.to_string();
    let forever = Operation::on_replica(id, Op::Resyncing).lasting(u64::MAX);
    bench.site.operate(&forever).unwrap();
    bench
        .site
        .operate(&Operation::on_host(HOST, Op::HostUnreachable).lasting(u64::MAX))
        .unwrap();
    bench.step(secs(100));
    assert_eq!(bench.view().relationships[0].state, 10);
}

#[test]
fn the_log_keeps_what_clients_did_and_marks_two_attempts_at_once() {
    let mut bench = Bench::new(15, true);
    bench.quiet();
    assert!(bench.checkpoint().1.is_some());
    bench.checkpoint();
    let text = std::fs::read_to_string(bench.folder.path().join("lab/lab.log")).unwrap();
    let entries: Vec<LogEntry> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(entries, bench.site.log());
    let asked: Vec<bool> = entries
        .iter()
        .filter(|e| e.event == "checkpoint-asked")
        .map(|e| e.overlap)
        .collect();
    assert_eq!(asked, [false, true]);
    let created = entries
        .iter()
        .find(|entry| entry.event == "checkpoint-created")
        .unwrap();
    assert_eq!(
        (created.generation, created.name.as_deref()),
        (Some(1), Some("stillpoint-1-1"))
    );
}

#[test]
fn a_foreign_checkpoint_holds_logs_back_until_it_is_cleared() {
    let mut bench = Bench::new(16, true);
    bench.quiet();
    bench.operate(Op::ForeignCheckpoint { name: "other".into() });
    bench.step(secs(100));
    assert_eq!(bench.site.generation(bench.id), Some((1, None)));
    assert!(bench.site.left().is_empty(), "it is not a client's");
    bench.operate(Op::Clear {
        what: Some("foreign-checkpoint".into()),
    });
    assert_eq!(bench.site.checkpoints(HOST), []);
    bench.quiet();
    assert!(bench.site.generation(bench.id).unwrap().0 > 1);
}

#[test]
fn a_refused_apply_shows_as_a_failed_job_when_the_host_is_of_that_kind() {
    let mut bench = Bench::with(|staging| {
        let mut spec = spec(17, true, staging);
        spec.settings.show_refused_applies = true;
        spec
    });
    bench.quiet();
    assert!(bench.checkpoint().1.is_some());
    bench.step(secs(60));
    let job = bench.last_apply_job();
    assert_eq!(
        (job.state, job.error_code, job.elapsed_ms),
        (job_state::EXCEPTION, 32775, 0)
    );
    assert!(job.error_text.unwrap().contains("0x80004004"));
    assert!(check(&bench.site.disk_files(bench.id)).unwrap().consistent);
}
