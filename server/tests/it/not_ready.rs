//! Everything that is not one of the eight and not plainly fine either.

use crate::blockers::{Case, blocked_then_protected};
use crate::site::{SITE, Site, small};
use crate::waiting::until;
use domain::attempt::AttemptState;
use domain::words::explain_deferral;
use lab::model::Release;
use lab::scenario::Op;
use store::traits::AttemptStore;

/// A replica with numbers of its own: state, health, enabled state, health state, operational status.
fn weird(
    state: Option<u16>,
    health: Option<u16>,
    enabled: Option<u16>,
    health_state: Option<u16>,
    operational: Option<Vec<u16>>,
) -> Op {
    Op::Weird {
        state,
        health,
        enabled,
        mode: None,
        health_state,
        operational,
    }
}

fn cases() -> Vec<Case> {
    let case = |op, code, title, seen| Case {
        op,
        code,
        title,
        seen,
    };
    vec![
        case(
            Op::Weird {
                state: None,
                health: None,
                enabled: None,
                mode: Some(99),
                health_state: None,
                operational: None,
            },
            "NR",
            "Not a replica",
            "Replication mode is 99",
        ),
        case(Op::VmStarted, "B8", "Failover in progress", "enabled state 2"),
        case(
            Op::PausedOnReplica,
            "B4",
            "Replication health critical",
            "health 3 in state 7",
        ),
        case(
            Op::ResyncRequired { health_only: false },
            "B5",
            "Resynchronization",
            "state 9 (",
        ),
        case(
            Op::Busy { job_type: 170 },
            "BE",
            "Other work on the replica",
            "of type 170",
        ),
        case(
            Op::ForeignCheckpoint {
                name: "Backup of another product".to_owned(),
            },
            "BE",
            "Other work on the replica",
            "recovery checkpoint that is not ours",
        ),
        case(
            weird(Some(99), None, None, None, None),
            "NR",
            "Replication state not plainly fine",
            "replication state 99",
        ),
        case(
            weird(None, Some(17), None, None, None),
            "NR",
            "Replication health unclear",
            "replication health 17",
        ),
        case(
            weird(None, None, Some(32768), None, None),
            "NR",
            "Not switched off",
            "enabled state is 32768",
        ),
        case(
            weird(None, None, None, Some(20), None),
            "NR",
            "VM not healthy",
            "health state is 20",
        ),
        case(
            weird(None, None, None, None, Some(vec![2, 40_000])),
            "NR",
            "Operational status unclear",
            "40000",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_not_plainly_fine_blocks_until_it_is() {
    let all = cases();
    let site = Site::start(small(21, 2, all.len()), 40.0).await;
    let works = site.works("", |_| {}, |_| {}).await;
    site.believe(&works.store).await;
    let mut running = Vec::new();
    for (n, case) in all.into_iter().enumerate() {
        let replica = site.replica(&works.store, n).await;
        running.push(blocked_then_protected(&site, &works, replica, case));
    }
    futures::future::join_all(running).await;
    works.stop().await;
    site.nothing_left();
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_that_are_not_proven_or_too_old_are_asked_for_nothing() {
    let site = Site::edited(small(22, 2, 2), 40.0, |spec| {
        spec.hosts[1].release = Release::Server2012R2;
        for (n, replica) in spec.replicas.iter_mut().take(2).enumerate() {
            replica.host.clone_from(&spec.hosts[n].name);
        }
    })
    .await;
    let works = site.works("", |_| {}, |_| {}).await;
    for (n, title, build) in [
        (0, "Host build not proven", "10.0.20348"),
        (1, "Host too old", "6.3.9600"),
    ] {
        let replica = site.replica(&works.store, n).await;
        // An apply may run as well, and is named first.
        let words = until(title, 30, || async {
            let attempt = works.attempt(replica.id).await;
            let AttemptState::Deferred { reason, .. } = &attempt.state else {
                panic!("{attempt:?}")
            };
            let words = explain_deferral(reason);
            (words.title == title).then_some(words)
        })
        .await;
        assert_eq!(words.code, "NR");
        assert!(words.sentence.contains(build), "{words:?}");
    }
    assert_eq!(site.asked("checkpoint-asked"), 0);
    assert!(works.store.points(&SITE, None).await.unwrap().is_empty());
    works.stop().await;
    site.nothing_left();
}
