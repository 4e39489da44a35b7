//! Each blocker, from a scenario of the lab to the code, the words and the evidence that people and programs get.

use crate::binary::{self, Server};
use crate::site::{SITE, Site, Works, small};
use crate::waiting::until;
use chrono::TimeDelta;
use domain::attempt::{AttemptState, Deferral};
use domain::words::{explain, explain_deferral};
use engine::{Outcome, WorldClock};
use lab::model::Protection;
use lab::scenario::Op;
use store::records::Replica;
use store::traits::{AttemptStore, ReplicaStore};

/// What happens to a replica, and what must be said about it.
pub struct Case {
    pub op: Op,
    pub code: &'static str,
    pub title: &'static str,
    /// Part of the evidence: the numbers that the host gave.
    pub seen: &'static str,
}

/// The eight of Microsoft's post, in the order of evaluation.
pub fn eight() -> [Case; 8] {
    let case = |op, code, title, seen| Case {
        op,
        code,
        title,
        seen,
    };
    [
        case(
            Op::Failover { done: false },
            "B8",
            "Failover in progress",
            "state 12 (FailoverInProgress)",
        ),
        case(
            Op::Migrate { to: None },
            "B6",
            "Migration in progress",
            "of type 306 in state 4",
        ),
        case(
            Op::InitialReplication { running: true },
            "B7",
            "Initial replication not complete",
            "state 2 (",
        ),
        case(
            Op::Resyncing,
            "B5",
            "Resynchronization",
            "state 10 (Resynchronizing)",
        ),
        case(
            Op::HealthCritical,
            "B4",
            "Replication health critical",
            "reports health 3 in state 8",
        ),
        case(
            Op::ApplyFail { code: 32768 },
            "B3",
            "Last apply failed",
            "in state 10, error 32768",
        ),
        case(
            Op::ApplyAbort { state: 8 },
            "B2",
            "Last apply interrupted",
            "in state 8",
        ),
        case(
            Op::ApplyLong { secs: 1_000_000 },
            "B1",
            "A log is being applied",
            "in state 4",
        ),
    ]
}

/// Scenario, verdict, refused attempt, record; then the scenario ends and the replica is protected.
pub async fn blocked_then_protected(site: &Site, works: &Works, replica: Replica, case: Case) {
    let Case {
        op,
        code,
        title,
        seen,
    } = case;
    let whose = format!("{code} {title} on {}/{}", replica.tenant, replica.name);
    site.operate(&replica, op);
    let words = until(&whose, 30, || async {
        let status = works.store.status(&SITE, replica.id).await.unwrap()?;
        let first = status.verdict.words().into_iter().next()?;
        // A look may read that the VM is in service just before the job that says why is listed.
        let all = first.code == code && first.title == title && first.sentence.contains(seen);
        all.then_some(first)
    })
    .await;
    assert!(!words.release.is_empty() && !words.actor.words().is_empty());

    let attempt = until(&whose, 30, || async {
        let attempt = works.attempt(replica.id).await;
        let AttemptState::Deferred { reason, .. } = &attempt.state else {
            panic!("{whose}: {attempt:?}");
        };
        let told = explain_deferral(reason);
        // Logs go on arriving where nothing stops them, and an apply that runs is named before the lesser reasons.
        let named = (told.code, told.title.as_str()) == (code, title) && told.sentence.contains(seen);
        assert!(named || told.code == "B1", "{whose}: {told:?}");
        named.then_some(attempt)
    })
    .await;
    let recorded = works.store.attempt(&SITE, attempt.id).await.unwrap();
    assert_eq!(recorded.state, attempt.state);
    // A log being applied is no interval: ten thousand replicas would make 667 edges a second.
    if code != "B1" {
        let now = site.clock.now();
        let all = works
            .store
            .blocker_intervals(&SITE, replica.id, now - TimeDelta::seconds(1), now)
            .await
            .unwrap();
        let open = all.iter().find(|it| it.code == code && it.to.is_none());
        let detail = open.unwrap_or_else(|| panic!("{whose}: {all:?}")).detail.clone();
        assert_eq!(explain(&detail.expect("has its evidence")).title, title);
    }

    site.clear(&replica);
    let outcome = site.protect(works, replica.id, 7_200).await;
    let sealed = matches!(&outcome, Outcome::Ended { attempt } if matches!(attempt.state, AttemptState::Sealed { .. }));
    assert!(sealed, "{whose}, after it was over: {outcome:?}");
    let points = works.store.points(&SITE, Some(replica.id)).await.unwrap();
    assert_eq!(points.len(), 1, "{whose}");
}

/// A host that guards nothing would hide whether the gate does.
#[tokio::test(flavor = "multi_thread")]
async fn each_blocker_is_named_stands_in_the_way_and_is_gone_when_it_is_over() {
    let site = Site::edited(small(11, 2, 8), 40.0, |spec| {
        assert!(spec.hosts.iter().all(|h| h.protection == Protection::Protected));
    })
    .await;
    let works = site.works("", |_| {}, |_| {}).await;
    site.enrol(&works, &["hv-r-01", "hv-r-02"]).await;
    let mut cases = Vec::new();
    for (n, case) in eight().into_iter().enumerate() {
        let replica = site.replica(&works.store, n).await;
        cases.push(blocked_then_protected(&site, &works, replica, case));
    }
    futures::future::join_all(cases).await;
    works.stop().await;
    site.nothing_left();
}

/// The host says no before the gate can: the look right after names why.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_by_the_host_is_a_deferral_and_no_failure() {
    let site = Site::start(small(12, 1, 1), 40.0).await;
    let works = site.works("", |_| {}, |_| {}).await;
    site.believe(&works.store).await;
    let replica = site.replica(&works.store, 0).await;
    site.operate(&replica, Op::CheckpointRefuse { return_value: 32775 });
    let reason = until("the host is asked", 30, || async {
        match works.attempt(replica.id).await.state {
            AttemptState::Deferred {
                reason: reason @ Deferral::Refused { .. },
                ..
            } => Some(reason),
            _ => None,
        }
    })
    .await;
    assert!(
        matches!(
            reason,
            Deferral::Refused {
                return_value: 32775,
                ..
            }
        ),
        "{reason:?}"
    );
    assert!(explain_deferral(&reason).sentence.contains("return value 32775"));
    works.stop().await;
    site.nothing_left();
}

#[tokio::test(flavor = "multi_thread")]
async fn each_blocker_is_told_by_the_command_line_the_api_and_the_page() {
    let site = Site::start(small(13, 2, 8), 20.0).await;
    let server = Server::start(site.data()).await;
    let store = site.store("state").await;
    site.believe(&store).await;
    let mut cases = Vec::new();
    for (n, case) in eight().into_iter().enumerate() {
        let replica = site.replica(&store, n).await;
        cases.push(told_everywhere(&site, &server, replica, case));
    }
    futures::future::join_all(cases).await;
}

async fn told_everywhere(site: &Site, server: &Server, replica: Replica, case: Case) {
    let (id, code) = (replica.id.to_string(), case.code);
    site.operate(&replica, case.op);
    let view = until(case.title, 60, || async {
        let view = server.json(&format!("/api/v1/replicas/{id}")).await;
        let blocker = &view["verdict"]["blockers"][0];
        let seen = blocker["evidence"]
            .as_str()
            .is_some_and(|it| it.contains(case.seen));
        (blocker["code"] == code && seen).then_some(view)
    })
    .await;
    let blocker = &view["verdict"]["blockers"][0];
    assert_eq!(view["verdict"]["kind"], "blocked");
    assert_eq!(blocker["title"], case.title);

    let (status, page) = server.get(&format!("/replicas/{id}")).await;
    assert_eq!(status, 200);
    assert!(
        page.contains(case.title) && page.contains(case.seen),
        "{code} is not on the page of {id}"
    );

    // The server's own plan may just be at it: then the command says so and is asked again.
    let ran = until("the command makes an attempt", 60, || async {
        let ran = binary::run(site.data(), &["backup", &id, "--json"]).await;
        assert_eq!(ran.code, 4, "{ran:?}");
        (!ran.json()["attempt"].is_null()).then_some(ran)
    })
    .await;
    ran.refused(4, &[case.title, case.seen]);
    assert_eq!(ran.json()["blocker"], code, "{ran:?}");
    assert_eq!(ran.json()["outcome"]["state"], "deferred");

    let attempts = server.json(&format!("/api/v1/attempts?replica={id}")).await;
    let rows = attempts["rows"].as_array().unwrap();
    let mine = rows.iter().find(|row| row["id"] == ran.json()["attempt"]);
    let mine = mine.unwrap_or_else(|| panic!("the attempt is not listed: {attempts}"));
    assert_eq!(
        (&mine["outcome"], &mine["code"]),
        (&"Deferred".into(), &code.into())
    );
    assert!(mine["reason"].as_str().unwrap().contains(case.title), "{mine}");
}
