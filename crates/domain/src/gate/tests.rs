use super::*;
use crate::ids::VmGuid;
use crate::job::{Job, JobClass, JobState};
use crate::memory::{Refusals, fold};
use crate::observation::*;
use proptest::prelude::*;

fn at(secs: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + secs, 0).unwrap()
}

fn job(class: JobClass, job_type: u16, state: u16) -> Job {
    Job {
        id: format!("{job_type}-{state}"),
        class,
        job_type,
        state: JobState::from(state),
        error_code: 0,
        error_text: None,
        percent: 0,
        started: Some(at(-10)),
        elapsed_ms: Some(1000),
        owner: None,
    }
}

fn relationship(state: u16, health: u16) -> Relationship {
    Relationship {
        index: 0,
        state: state.into(),
        health: health.into(),
        failed_over_type: 0,
        last_replication: Some(at(-1)),
        last_apply: Some(at(-15)),
        interval_secs: 30,
    }
}

/// A replica about which everything is plainly fine; its last apply is listed as completed.
fn fine() -> Observation {
    let good = Job {
        id: "good".to_owned(),
        started: Some(at(-20)),
        elapsed_ms: Some(5000),
        ..job(JobClass::Concrete, 108, 7)
    };
    Observation {
        host: "hv-r-01".parse().unwrap(),
        vm: VmGuid(uuid::Uuid::nil()),
        name: "erp".to_owned(),
        seen_at: at(0),
        host_time: at(0),
        boot: HostBoot {
            booted_at: at(-90_000),
            service_started_at: at(-80_000),
        },
        mode: ReplicationMode::Replica,
        enabled: EnabledState::Off,
        health_state: 5,
        operational_status: vec![2],
        relationships: vec![relationship(3, 1)],
        jobs: vec![good],
        recovery_checkpoints: vec![],
    }
}

fn enrolled() -> HostTrust {
    HostTrust::Enrolled {
        build: "10.0.20348".to_owned(),
        canary: VmGuid(uuid::Uuid::nil()),
        enrolled_at: at(-1000),
        run: "r".to_owned(),
        known_refusals: vec![],
    }
}

fn judge(seen: &Observation) -> Verdict {
    let memory = fold(None, seen, Refusals::default());
    verdict(&GateFacts {
        observation: Some(seen),
        memory: Some(&memory),
        trust: &enrolled(),
        now: at(1),
        freshness_secs: 30,
        ours: Ours::default(),
    })
}

fn codes(verdict: &Verdict) -> Vec<&'static str> {
    match verdict {
        Verdict::Clear => vec![],
        Verdict::Blocked { blockers } => blockers.iter().map(Blocker::code).collect(),
        Verdict::Unknown { .. } => vec!["UN"],
    }
}

#[track_caller]
fn check(change: impl FnOnce(&mut Observation), expect: &[&str]) {
    let mut seen = fine();
    change(&mut seen);
    assert_eq!(codes(&judge(&seen)), expect, "{seen:?}");
}

#[test]
fn a_plainly_fine_replica_is_clear() {
    check(|_| (), &[]);
    check(|o| o.mode = ReplicationMode::ExtendedReplica, &[]);
    check(|o| o.relationships = vec![relationship(3, 2)], &[]);
}

#[test]
fn paused_on_the_primary_is_clear_and_paused_here_is_critical() {
    check(|o| o.relationships = vec![relationship(7, 2)], &[]);
    check(|o| o.relationships = vec![relationship(7, 3)], &["B4"]);
    check(|o| o.relationships = vec![relationship(7, 1)], &["NR"]);
}

#[test]
fn received_and_not_yet_applied_is_no_blocker() {
    check(|o| o.relationships[0].last_replication = Some(at(0)), &[]);
}

#[test]
fn every_replication_state_has_its_blocker() {
    let expect: [&[&str]; 23] = [
        &["NR"],
        &["B7"],
        &["B7"],
        &[],
        &["NR"],
        &["B8"],
        &["NR"],
        &["NR"],
        &["B4"],
        &["B5"],
        &["B5"],
        &["B5"],
        &["B8"],
        &["B8"],
        &["NR"],
        &["NR"],
        &["NR"],
        &["NR"],
        &["NR"],
        &["NR"],
        &["NR"],
        &["NR"],
        &["NR"],
    ];
    for (state, expect) in (0..).zip(expect) {
        check(|o| o.relationships = vec![relationship(state, 1)], expect);
    }
}

#[test]
fn every_health_and_mode_has_its_answer() {
    check(|o| o.relationships = vec![relationship(3, 0)], &["NR"]);
    check(|o| o.relationships = vec![relationship(3, 3)], &["B4"]);
    check(|o| o.relationships = vec![relationship(3, 4)], &["NR"]);
    for mode in [0, 1, 3, 5] {
        check(|o| o.mode = ReplicationMode::from(mode), &["NR"]);
    }
}

#[test]
fn every_job_type_has_its_blocker_while_it_runs() {
    let expect = |job_type: u16| match job_type {
        97..=101 | 104 | 123 | 124 => Some("B8"),
        94 | 95 | 109 | 116 | 118 => Some("B7"),
        107 | 110 | 112..=114 | 117 | 121 => Some("B5"),
        108 | 120 => Some("B1"),
        105 | 106 | 111 | 115 | 119 => None,
        _ => Some("BE"),
    };
    for job_type in 0..=300 {
        for state in 2..=6 {
            let expect: Vec<_> = expect(job_type).into_iter().collect();
            check(|o| o.jobs.push(job(JobClass::Concrete, job_type, state)), &expect);
        }
    }
    for job_type in 300..=307 {
        check(|o| o.jobs.push(job(JobClass::Migration, job_type, 4)), &["B6"]);
        check(|o| o.jobs.push(job(JobClass::Migration, job_type, 7)), &[]);
    }
    check(|o| o.jobs.push(job(JobClass::Storage, 5, 4)), &["BE"]);
}

#[test]
fn the_last_apply_decides_between_b2_b3_and_clear() {
    let last = |state, error_code| {
        move |o: &mut Observation| {
            o.jobs.push(Job {
                error_code,
                ..job(JobClass::Concrete, 120, state)
            });
        }
    };
    check(last(7, 0), &[]);
    check(last(32768, 0), &[]);
    check(last(8, 0), &["B2"]);
    check(last(9, 0), &["B2"]);
    check(last(10, 32775), &["B3"]);
    check(last(7, 5), &["B3"]);
}

#[test]
fn undocumented_job_states_are_not_ready() {
    check(|o| o.jobs.push(job(JobClass::Concrete, 106, 11)), &["NR"]);
    check(|o| o.jobs.push(job(JobClass::Concrete, 62, 4711)), &["NR"]);
}

#[test]
fn every_operational_status_has_its_answer() {
    for (status, expect) in [
        (vec![11], "B1"),
        (vec![11, 32776], "BE"),
        (vec![11, 32774], "B6"),
        (vec![2, 32768], "BE"),
        (vec![2, 32770], "BE"),
        (vec![2, 32772], "BE"),
        (vec![2, 32773], "BE"),
        (vec![2, 32776], "BE"),
        (vec![2, 32774], "B6"),
        (vec![2, 32778], "B6"),
        (vec![2, 32779], "B6"),
        (vec![2, 32780], "B6"),
        (vec![2, 32781], "B6"),
        (vec![3], "NR"),
        (vec![5], "NR"),
        (vec![16], "NR"),
        (vec![2, 32795], "NR"),
        (vec![2, 32769], "NR"),
        (vec![2, 1], "NR"),
        (vec![], "NR"),
    ] {
        check(|o| o.operational_status.clone_from(&status), &[expect]);
    }
}

#[test]
fn a_replica_that_runs_was_failed_over_and_any_other_enabled_state_is_not_ready() {
    check(|o| o.enabled = EnabledState::Running, &["B8"]);
    for state in [0, 1, 4, 5, 6, 7, 9, 10, 32768] {
        check(|o| o.enabled = EnabledState::from(state), &["NR"]);
    }
    check(|o| o.relationships[0].failed_over_type = 2, &["B8"]);
}

#[test]
fn health_state_relationship_and_checkpoints_are_asked_for() {
    check(|o| o.health_state = 20, &["NR"]);
    check(|o| o.relationships.clear(), &["NR"]);
    check(|o| o.relationships[0].index = 1, &["NR"]);
    check(|o| o.recovery_checkpoints.push("Microsoft:X".to_owned()), &["BE"]);
}

#[test]
fn a_bad_extended_relationship_blocks_too() {
    check(
        |o| {
            o.relationships.push(Relationship {
                index: 1,
                ..relationship(9, 3)
            })
        },
        &["B5", "B4"],
    );
}

#[test]
fn blockers_come_in_evaluation_order() {
    let all = |o: &mut Observation| {
        o.relationships = vec![relationship(12, 3)];
        o.operational_status = vec![2, 32776];
        for (class, job_type) in [
            (JobClass::Concrete, 108),
            (JobClass::Concrete, 107),
            (JobClass::Concrete, 116),
            (JobClass::Migration, 305),
        ] {
            o.jobs.push(job(class, job_type, 4));
        }
        o.jobs.push(job(JobClass::Concrete, 120, 9));
        o.health_state = 25;
    };
    check(all, &["B8", "B6", "B7", "B5", "B4", "B2", "B1", "BE", "NR"]);
}

#[test]
fn unproven_and_old_hosts_are_never_clear() {
    let seen = fine();
    let memory = fold(None, &seen, Refusals::default());
    for trust in [
        HostTrust::Unproven { build: "x".into() },
        HostTrust::TooOld { build: "x".into() },
    ] {
        let facts = GateFacts {
            observation: Some(&seen),
            memory: Some(&memory),
            trust: &trust,
            now: at(1),
            freshness_secs: 30,
            ours: Ours::default(),
        };
        assert_eq!(codes(&verdict(&facts)), ["NR"]);
    }
}

#[test]
fn never_seen_stale_future_hole_and_foreign_memory_are_unknown() {
    let seen = fine();
    let memory = fold(None, &seen, Refusals::default());
    let trust = enrolled();
    let facts = GateFacts {
        observation: Some(&seen),
        memory: Some(&memory),
        trust: &trust,
        now: at(1),
        freshness_secs: 30,
        ours: Ours::default(),
    };
    assert_eq!(verdict(&facts), Verdict::Clear);
    for facts in [
        GateFacts {
            observation: None,
            ..facts
        },
        GateFacts { now: at(31), ..facts },
        GateFacts {
            now: at(-31),
            ..facts
        },
        GateFacts {
            memory: None,
            ..facts
        },
        GateFacts {
            memory: Some(&ApplyMemory {
                last_look: at(-5),
                ..memory.clone()
            }),
            ..facts
        },
    ] {
        assert_eq!(codes(&verdict(&facts)), ["UN"]);
    }
    check(|o| o.jobs.clear(), &["UN"]);
}

#[test]
fn seen_blockers_are_named_even_when_the_last_apply_is_unknown() {
    check(
        |o| {
            o.jobs.clear();
            o.relationships = vec![relationship(10, 1)];
        },
        &["B5"],
    );
}

#[test]
fn our_own_checkpoint_and_jobs_do_not_block_the_second_gate() {
    let mut seen = fine();
    seen.recovery_checkpoints.push("Microsoft:OURS".to_owned());
    seen.jobs.push(Job {
        id: "snap".to_owned(),
        ..job(JobClass::Concrete, 70, 4)
    });
    seen.operational_status = vec![11, 32768];
    let memory = fold(None, &seen, Refusals::default());
    let trust = enrolled();
    let facts = GateFacts {
        observation: Some(&seen),
        memory: Some(&memory),
        trust: &trust,
        now: at(1),
        freshness_secs: 30,
        ours: Ours::default(),
    };
    assert_eq!(verdict_at(&facts, "Microsoft:OURS", Some("snap")), Verdict::Clear);
    assert_eq!(
        codes(&verdict_at(&facts, "Microsoft:OTHER", Some("snap"))),
        ["BE"]
    );
    assert_eq!(codes(&verdict(&facts)), ["BE", "BE", "BE"]);
}

#[test]
fn every_reason_has_words() {
    let mut seen = fine();
    seen.jobs.push(job(JobClass::Concrete, 108, 4));
    seen.relationships = vec![relationship(9, 3)];
    for words in judge(&seen).words() {
        assert!(!words.title.is_empty() && words.sentence.ends_with('.') && !words.release.is_empty());
    }
}

/// How bad: clear, unknown, blocked.
fn rank(verdict: &Verdict) -> u8 {
    match verdict {
        Verdict::Clear => 0,
        Verdict::Unknown { .. } => 1,
        Verdict::Blocked { .. } => 2,
    }
}

#[derive(Debug, Clone)]
enum Worse {
    State(u16),
    Health(u16),
    Mode(u16),
    Enabled(u16),
    VmHealth(u16),
    Status(u16),
    Job(u16, u16),
    Moving(u16),
    Checkpoint,
}

fn worsen(seen: &mut Observation, worse: &Worse) {
    match *worse {
        Worse::State(n) => seen.relationships.push(Relationship {
            index: 1,
            ..relationship(n, 1)
        }),
        Worse::Health(n) => seen.relationships.push(Relationship {
            index: 1,
            ..relationship(3, n)
        }),
        Worse::Mode(n) => seen.mode = n.into(),
        Worse::Enabled(n) => seen.enabled = n.into(),
        Worse::VmHealth(n) => seen.health_state = n,
        Worse::Status(n) => seen.operational_status.push(n),
        Worse::Job(t, s) => seen.jobs.push(Job {
            id: format!("w{t}-{s}"),
            started: Some(at(-1)),
            ..job(JobClass::Concrete, t, s)
        }),
        Worse::Moving(s) => seen.jobs.push(job(JobClass::Migration, 305, s)),
        Worse::Checkpoint => seen.recovery_checkpoints.push("Microsoft:X".to_owned()),
    }
}

fn worse() -> impl Strategy<Value = Worse> {
    prop_oneof![
        (0_u16..40).prop_map(Worse::State),
        (0_u16..10).prop_map(Worse::Health),
        (5_u16..99).prop_map(Worse::Mode),
        (4_u16..99).prop_map(Worse::Enabled),
        (6_u16..99).prop_map(Worse::VmHealth),
        any::<u16>().prop_map(Worse::Status),
        (0_u16..300, prop_oneof![2_u16..7, 8_u16..12, 12_u16..99]).prop_map(|(t, s)| Worse::Job(t, s)),
        (2_u16..7).prop_map(Worse::Moving),
        Just(Worse::Checkpoint),
    ]
}

proptest! {
    #[test]
    fn more_bad_news_never_improves_a_verdict(news in proptest::collection::vec(worse(), 1..8)) {
        let mut seen = fine();
        let mut before = judge(&seen);
        for worse in &news {
            worsen(&mut seen, worse);
            let after = judge(&seen);
            prop_assert!(rank(&after) >= rank(&before), "{worse:?} improved {before:?} to {after:?}");
            before = after;
        }
    }

    #[test]
    fn unknown_numbers_never_give_clear(n in 33_u16..=u16::MAX, which in 0_usize..7) {
        let mut seen = fine();
        match which {
            0 => seen.relationships[0].state = n.into(),
            1 => seen.relationships[0].health = n.into(),
            2 => seen.mode = n.into(),
            3 => seen.enabled = n.into(),
            4 => seen.health_state = n,
            5 => seen.operational_status = vec![n],
            _ => seen.jobs.push(job(JobClass::Concrete, 108, n)),
        }
        prop_assume!(!(which == 6 && n == 32768));
        prop_assert_ne!(judge(&seen), Verdict::Clear);
    }
}
