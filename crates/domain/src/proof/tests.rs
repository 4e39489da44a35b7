use super::*;
use crate::job::{JobClass, JobState};
use crate::observation::{HostBoot, ReplicationState};
use proptest::prelude::*;

fn at(secs: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + secs, 0).unwrap()
}

fn look(secs: i64) -> JobLook {
    JobLook {
        host_time: at(secs),
        boot: HostBoot {
            booted_at: at(-90_000),
            service_started_at: at(-80_000),
        },
        last_apply: vec![Some(at(-20))],
        states: vec![ReplicationState::Replicating],
        applies: vec![],
    }
}

fn job(id: &str, state: JobState, start: i64, secs: u64) -> Job {
    Job {
        id: id.to_owned(),
        class: JobClass::Concrete,
        job_type: 120,
        state,
        error_code: 0,
        error_text: None,
        percent: 0,
        started: Some(at(start)),
        elapsed_ms: Some(secs * 1000),
        owner: None,
    }
}

/// Gate at 0, checkpoint at 2, looks every 20 s, export ended at 60, last look at 61.
fn hold() -> HoldRecord {
    HoldRecord {
        before: look(0),
        looks: vec![look(5), look(25), look(45), look(61)],
        checkpoint_started: at(2),
        checkpoint_made: None,
        export_ended: at(60),
        known_refusals: vec![32775],
    }
}

fn breaks(change: impl FnOnce(&mut HoldRecord)) -> Vec<ProofBreak> {
    let mut record = hold();
    change(&mut record);
    prove(&record).err().unwrap_or_default()
}

#[test]
fn a_resynchronization_that_comes_and_goes_during_the_hold_breaks_it() {
    let found = breaks(|hold| hold.looks[1].states = vec![ReplicationState::Resynchronizing]);
    let expected = ProofBreak::StateMoved {
        relationship: 0,
        state: ReplicationState::Resynchronizing,
        at: at(25),
    };
    assert_eq!(found, [expected]);
}

#[test]
fn a_primary_that_resumes_during_the_hold_breaks_nothing() {
    let found = breaks(|hold| {
        hold.before.states = vec![ReplicationState::Suspended];
        hold.looks[0].states = vec![ReplicationState::Suspended];
    });
    assert_eq!(found, []);
}

#[test]
fn a_watched_quiet_hold_is_proven() {
    assert_eq!(prove(&hold()), Ok(()));
}

#[test]
fn an_apply_that_completed_inside_breaks_it_twice() {
    let found = breaks(|h| {
        h.looks[2].last_apply = vec![Some(at(30))];
        h.looks[3].last_apply = vec![Some(at(30))];
        h.looks[3].applies.push(job("a", JobState::Completed, 26, 4));
    });
    assert!(matches!(
        &found[..],
        [
            ProofBreak::LastApplyMoved { .. },
            ProofBreak::ApplyInWindow { .. }
        ]
    ));
}

#[test]
fn an_apply_that_aborted_inside_breaks_it_though_last_apply_stood_still() {
    for state in [
        JobState::Terminated,
        JobState::Killed,
        JobState::Exception,
        JobState::Running,
        JobState::Other(99),
    ] {
        let found = breaks(|h| h.looks[3].applies.push(job("a", state, 26, 4)));
        assert!(
            matches!(&found[..], [ProofBreak::ApplyInWindow { .. }]),
            "{state:?}"
        );
    }
}

#[test]
fn an_apply_that_began_before_and_ended_inside_breaks_it() {
    assert_eq!(
        breaks(|h| h.looks[0].applies.push(job("a", JobState::Terminated, -5, 10))).len(),
        1
    );
}

#[test]
fn an_apply_that_aborted_between_gate_and_checkpoint_breaks_it() {
    assert_eq!(
        breaks(|h| h.looks[0].applies.push(job("a", JobState::Killed, 1, 0))).len(),
        1
    );
}

#[test]
fn applies_before_the_gate_and_after_the_export_do_not_matter() {
    let found = breaks(|h| {
        let old = job("old", JobState::Completed, -25, 5);
        h.before.applies.push(old.clone());
        h.looks[0].applies.push(old);
        h.looks[3].applies.push(job("new", JobState::Running, 61, 0));
    });
    assert_eq!(found, vec![]);
}

#[test]
fn an_apply_without_a_start_or_an_end_breaks_it() {
    let mut unknown_start = job("a", JobState::Completed, 0, 1);
    unknown_start.started = None;
    let mut unknown_end = job("b", JobState::Exception, -100, 1);
    unknown_end.elapsed_ms = None;
    assert_eq!(
        breaks(|h| h.looks[1].applies.extend([unknown_start, unknown_end])).len(),
        2
    );
}

#[test]
fn only_a_known_refusal_that_began_under_our_checkpoint_is_exempt() {
    let mut refused = job("r", JobState::Exception, 30, 1);
    refused.error_code = 32775;
    let with = |job: Job| breaks(|h| h.looks[3].applies.push(job));
    assert_eq!(with(refused.clone()), vec![]);
    assert_eq!(
        with(Job {
            error_code: 32774,
            ..refused.clone()
        })
        .len(),
        1
    );
    assert_eq!(
        with(Job {
            started: Some(at(1)),
            ..refused.clone()
        })
        .len(),
        1
    );
    assert_eq!(
        with(Job {
            state: JobState::Running,
            ..refused.clone()
        })
        .len(),
        1
    );
    assert_eq!(
        with(Job {
            state: JobState::Completed,
            ..refused
        })
        .len(),
        1
    );
}

#[test]
fn a_waiting_apply_that_was_refused_in_the_end_is_exempt_and_one_that_vanished_is_not() {
    let waiting = job("r", JobState::Running, 24, 1);
    let mut refused = job("r", JobState::Exception, 24, 5);
    refused.error_code = 32775;
    assert_eq!(breaks(|h| h.looks[1].applies.push(waiting.clone())).len(), 1);
    let found = breaks(|h| {
        h.looks[1].applies.push(waiting);
        h.looks[2].applies.push(refused);
    });
    assert_eq!(found, vec![]);
}

#[test]
fn restarts_gaps_and_a_clock_running_backwards_break_it() {
    let restarted = breaks(|h| h.looks[3].boot.service_started_at = at(50));
    assert!(matches!(&restarted[..], [ProofBreak::Restarted { .. }]));
    let gap = breaks(|h| {
        h.looks.remove(1);
        h.looks.remove(1);
        h.looks[1] = look(66);
    });
    assert!(matches!(&gap[..], [ProofBreak::LookGap { gap_secs: 61, .. }]));
    let backwards = breaks(|h| h.looks[2].host_time = at(10));
    assert!(matches!(&backwards[..], [ProofBreak::ClockBackwards { .. }]));
}

#[test]
fn a_hold_whose_end_nobody_watched_proves_nothing() {
    assert!(breaks(|h| h.looks.clear()).contains(&ProofBreak::NotWatched));
    assert!(breaks(|h| h.looks.truncate(3)).contains(&ProofBreak::NotWatched));
    let blind = breaks(|h| {
        h.before.last_apply.clear();
        h.looks.iter_mut().for_each(|l| l.last_apply.clear());
    });
    assert_eq!(blind, vec![ProofBreak::NotWatched]);
}

proptest! {
    #[test]
    fn every_apply_that_overlaps_the_window_breaks_the_proof(
        start in -200_i64..200, secs in 0_u64..200, state in 2_u16..12, look_index in 0_usize..4,
    ) {
        let state = JobState::from(state);
        let end = if state.is_running() { i64::MAX } else { start + i64::try_from(secs).unwrap() };
        let found = breaks(|h| h.looks[look_index].applies.push(job("a", state, start, secs)));
        // Two seconds before the first look are in doubt, since the host cuts times to whole seconds.
        prop_assert_eq!(!found.is_empty(), start <= 60 && end >= -2);
    }

    #[test]
    fn more_applies_never_repair_a_proof(starts in proptest::collection::vec((-100_i64..100, 0_u64..50, 2_u16..12), 1..6)) {
        let mut record = hold();
        let mut broken = false;
        for (n, (start, secs, state)) in starts.into_iter().enumerate() {
            record.looks[3].applies.push(job(&n.to_string(), JobState::from(state), start, secs));
            let now_broken = prove(&record).is_err();
            prop_assert!(now_broken || !broken);
            broken = now_broken;
        }
    }
}

#[test]
fn an_apply_that_began_before_the_checkpoint_was_made_is_no_refusal_whatever_its_code() {
    let mut died = job("a", JobState::Exception, 3, 1);
    died.error_code = 32775;
    let with = |made: i64| {
        breaks(|h| {
            h.checkpoint_made = Some(at(made));
            h.looks[1].applies.push(died.clone());
        })
    };
    assert_eq!(with(3), []);
    assert!(matches!(&with(4)[..], [ProofBreak::ApplyInWindow { .. }]));
}

#[test]
fn an_apply_that_ended_in_the_second_of_the_first_look_touches_the_window() {
    let found = breaks(|h| h.looks[0].applies.push(job("a", JobState::Terminated, -5, 4)));
    assert!(matches!(&found[..], [ProofBreak::ApplyInWindow { .. }]));
}
