use super::*;
use crate::ids::VmGuid;
use crate::job::{JobClass, JobState};
use crate::observation::*;

fn at(secs: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + secs, 0).unwrap()
}

fn apply(id: &str, state: JobState, start: i64, secs: u64) -> Job {
    Job {
        id: id.to_owned(),
        class: JobClass::Concrete,
        job_type: 108,
        state,
        error_code: 0,
        error_text: None,
        percent: 100,
        started: Some(at(start)),
        elapsed_ms: Some(secs * 1000),
        owner: None,
    }
}

fn seen(now: i64, last_apply: Option<i64>, jobs: Vec<Job>) -> Observation {
    Observation {
        host: "hv-r-01".parse().unwrap(),
        vm: VmGuid(uuid::Uuid::nil()),
        name: "erp".to_owned(),
        seen_at: at(now),
        host_time: at(now),
        boot: HostBoot {
            booted_at: at(-90_000),
            service_started_at: at(-80_000),
        },
        mode: ReplicationMode::Replica,
        enabled: EnabledState::Off,
        health_state: 5,
        operational_status: vec![2],
        relationships: vec![Relationship {
            index: 0,
            state: ReplicationState::Replicating,
            health: ReplicationHealth::Ok,
            failed_over_type: 0,
            last_replication: Some(at(now)),
            last_apply: last_apply.map(at),
            interval_secs: 30,
        }],
        jobs,
        recovery_checkpoints: vec![],
    }
}

fn fold_all(looks: &[Observation]) -> ApplyMemory {
    let mut memory = None;
    for look in looks {
        memory = Some(fold(memory.as_ref(), look, Refusals::default()));
    }
    memory.unwrap()
}

fn hole(memory: &ApplyMemory) -> Option<JobHole> {
    match memory.last {
        LastApply::Unknown { why, .. } => Some(why),
        _ => None,
    }
}

#[test]
fn the_first_look_without_a_finished_apply_is_a_hole() {
    let memory = fold_all(&[seen(0, Some(-10), vec![])]);
    assert_eq!(hole(&memory), Some(JobHole::FirstLook));
}

#[test]
fn a_hole_closes_when_last_apply_time_passes_it() {
    let memory = fold_all(&[seen(0, Some(-10), vec![]), seen(30, Some(25), vec![])]);
    assert_eq!(
        memory.last,
        LastApply::Completed {
            job: None,
            at: at(25)
        }
    );
    let memory = fold_all(&[seen(0, Some(-10), vec![]), seen(30, Some(-10), vec![])]);
    assert_eq!(hole(&memory), Some(JobHole::FirstLook));
}

#[test]
fn a_last_apply_time_in_the_future_closes_nothing() {
    let memory = fold_all(&[seen(0, None, vec![]), seen(30, Some(3000), vec![])]);
    assert_eq!(hole(&memory), Some(JobHole::FirstLook));
}

#[test]
fn a_listed_success_closes_a_hole_and_a_listed_failure_is_bad_news() {
    let good = apply("a", JobState::Completed, -20, 5);
    let bad = apply("b", JobState::Exception, -10, 5);
    let torn = apply("c", JobState::Killed, -4, 2);
    assert!(matches!(
        fold_all(&[seen(0, None, vec![good.clone()])]).last,
        LastApply::Completed { .. }
    ));
    let both = fold_all(&[seen(0, None, vec![bad.clone(), good.clone()])]);
    assert!(matches!(both.last, LastApply::Failed { .. }));
    let all = fold_all(&[seen(0, None, vec![torn, bad, good])]);
    assert!(matches!(all.last, LastApply::Interrupted { .. }));
}

#[test]
fn bad_news_is_remembered_after_its_job_vanished_and_released_by_a_later_success() {
    let bad = apply("b", JobState::Exception, -10, 5);
    let quiet: Vec<_> = (1..12).map(|n| seen(n * 60, Some(-100), vec![])).collect();
    let mut looks = vec![seen(0, Some(-100), vec![bad])];
    looks.extend(quiet);
    assert!(matches!(fold_all(&looks).last, LastApply::Failed { .. }));
    looks.push(seen(
        720,
        Some(-100),
        vec![apply("d", JobState::Completed, 700, 5)],
    ));
    assert!(matches!(
        fold_all(&looks).last,
        LastApply::Completed { job: Some(_), .. }
    ));
}

#[test]
fn bad_news_is_released_by_a_newer_last_apply_time_even_while_its_job_is_listed() {
    let bad = apply("b", JobState::Terminated, -10, 5);
    let looks = [
        seen(0, Some(-100), vec![bad.clone()]),
        seen(30, Some(20), vec![bad]),
    ];
    assert_eq!(
        fold_all(&looks).last,
        LastApply::Completed {
            job: None,
            at: at(20)
        }
    );
}

#[test]
fn an_older_success_does_not_release_newer_bad_news() {
    let bad = apply("b", JobState::Terminated, -10, 5);
    let good = apply("a", JobState::Completed, -50, 5);
    let looks = [
        seen(0, Some(-45), vec![bad.clone()]),
        seen(30, Some(-45), vec![good, bad]),
    ];
    assert!(matches!(fold_all(&looks).last, LastApply::Interrupted { .. }));
}

#[test]
fn each_kind_of_hole_is_named() {
    let good = fold_all(&[seen(0, None, vec![apply("a", JobState::Completed, -20, 5)])]);
    let next = |change: fn(&mut Observation), now| {
        let mut look = seen(now, Some(-15), vec![]);
        change(&mut look);
        hole(&fold(Some(&good), &look, Refusals::default()))
    };
    assert_eq!(next(|_| (), 300), None);
    assert_eq!(next(|_| (), 301), Some(JobHole::LooksTooFarApart));
    assert_eq!(next(|_| (), -1), Some(JobHole::LooksTooFarApart));
    assert_eq!(next(|o| o.boot.booted_at = at(1), 10), Some(JobHole::HostRestart));
    assert_eq!(
        next(|o| o.boot.service_started_at = at(1), 10),
        Some(JobHole::ServiceRestart)
    );
    assert_eq!(
        next(|o| o.host = "hv-r-02".parse().unwrap(), 10),
        Some(JobHole::Moved)
    );
}

#[test]
fn a_running_apply_that_vanishes_is_a_hole_unless_it_completed() {
    let run = apply("r", JobState::Running, 0, 0);
    let good = apply("a", JobState::Completed, -20, 5);
    let looks = [
        seen(1, Some(-15), vec![good.clone(), run]),
        seen(20, Some(-15), vec![]),
    ];
    assert_eq!(hole(&fold_all(&looks)), Some(JobHole::JobVanished));
    // What ended before it was missed is still listed and does not fill the hole, good or bad.
    let mut bad = good.clone();
    bad.state = JobState::Exception;
    for listed in [good, bad] {
        let looks = [
            looks[0].clone(),
            seen(20, Some(-15), vec![listed.clone()]),
            seen(30, Some(-15), vec![listed]),
        ];
        assert_eq!(hole(&fold_all(&looks)), Some(JobHole::JobVanished));
    }
    let later = [
        looks[0].clone(),
        looks[1].clone(),
        seen(60, Some(55), vec![apply("n", JobState::Completed, 50, 5)]),
    ];
    assert!(matches!(fold_all(&later).last, LastApply::Completed { .. }));
    let looks = [looks[0].clone(), seen(20, Some(9), vec![])];
    assert!(matches!(fold_all(&looks).last, LastApply::Completed { .. }));
}

#[test]
fn only_a_known_code_inside_our_own_hold_counts_as_refused() {
    let mut refused = apply("x", JobState::Exception, 10, 1);
    refused.error_code = 32775;
    let good = fold_all(&[seen(0, None, vec![apply("a", JobState::Completed, -20, 5)])]);
    let look = seen(20, Some(-15), vec![refused]);
    let hold = [HoldWindow {
        from: at(5),
        to: None,
    }];
    let elsewhere = [HoldWindow {
        from: at(11),
        to: None,
    }];
    let last = |codes, holds| fold(Some(&good), &look, Refusals { codes, holds }).last;
    assert!(matches!(last(&[32775], &hold), LastApply::Completed { .. }));
    assert!(matches!(last(&[32774], &hold), LastApply::Failed { .. }));
    assert!(matches!(last(&[32775], &elsewhere), LastApply::Failed { .. }));
    // It ended after our checkpoint was gone: it may have been let in and have died of something else.
    let gone = [HoldWindow {
        from: at(5),
        to: Some(at(10)),
    }];
    assert!(matches!(last(&[32775], &gone), LastApply::Failed { .. }));
    assert!(matches!(last(&[32775], &[]), LastApply::Failed { .. }));
}

#[test]
fn bad_news_without_a_start_time_counts_and_good_news_without_one_does_not() {
    let mut bad = apply("b", JobState::Exception, 0, 1);
    bad.started = None;
    let mut good = apply("g", JobState::Completed, 0, 1);
    good.started = None;
    assert!(matches!(
        fold_all(&[seen(0, None, vec![bad])]).last,
        LastApply::Failed { .. }
    ));
    assert_eq!(
        hole(&fold_all(&[seen(0, None, vec![good])])),
        Some(JobHole::FirstLook)
    );
}
