//! A kept copy against a store that changes.

use super::*;
use chrono::TimeDelta;
use domain::blocker::Unknown;
use domain::obligation::OutcomeKind;
use domain::verdict::Verdict;
use store::MemoryStore;
use store::conformance::{Seed, status};
use store::obligations::ObligationStore as _;
use store::traits::{PollWrite, ReplicaStore as _};

struct Site {
    store: MemoryStore,
    seed: Seed,
    snapshots: Snapshots,
}

impl Site {
    async fn new() -> Self {
        let store = MemoryStore::default();
        let seed = Seed::plant(&store).await.unwrap();
        let now = seed.at + TimeDelta::hours(1);
        let snapshots = Snapshots::new(Arc::new(store.clone()), Arc::new(move || now));
        Self {
            store,
            seed,
            snapshots,
        }
    }

    fn ours(&self, snapshot: &Snapshot) -> Arc<Row> {
        let mut rows = snapshot.rows.iter();
        rows.find(|row| row.replica.id == self.seed.ours.id)
            .unwrap()
            .clone()
    }

    async fn unknown(&self) {
        let verdict = Verdict::Unknown {
            why: Unknown::NeverObserved,
        };
        let write = PollWrite {
            statuses: vec![status(&self.seed.ours, self.seed.at, verdict)],
            ..PollWrite::default()
        };
        self.store.poll_write(write).await.unwrap();
    }
}

#[tokio::test]
async fn only_what_an_event_names_is_read_again() {
    let site = Site::new().await;
    let owed = site.seed.owed(&site.seed.ours, 0).unwrap();
    site.store
        .obligations_open(std::slice::from_ref(&owed))
        .await
        .unwrap();
    let before = site.snapshots.refresh().await.unwrap();
    site.unknown().await;
    let after = site.snapshots.refresh().await.unwrap();
    assert_eq!(after.whole_at, before.whole_at, "not everything was read");
    let (old, new) = (site.ours(&before), site.ours(&after));
    assert!(matches!(old.status.as_ref().unwrap().verdict, Verdict::Clear));
    assert!(matches!(
        new.status.as_ref().unwrap().verdict,
        Verdict::Unknown { .. }
    ));
    assert_eq!(new.days.len(), 1, "with its days");
    let other = |snapshot: &Snapshot| {
        let mut rows = snapshot.rows.iter();
        rows.find(|row| row.replica.id == site.seed.theirs.id)
            .unwrap()
            .clone()
    };
    assert!(
        Arc::ptr_eq(&other(&before), &other(&after)),
        "the other one is the same copy"
    );

    let outcome = site.seed.met();
    site.store
        .obligation_close(owed.key, &outcome, site.seed.at)
        .await
        .unwrap();
    site.seed.seal(&site.store, 1, 10).await.unwrap();
    let sealed = site.ours(&site.snapshots.refresh().await.unwrap());
    assert_eq!((sealed.points, sealed.days[0].kind), (1, OutcomeKind::Met));
    assert!(sealed.attempt.is_some() && sealed.newest.is_some());
}

#[tokio::test]
async fn days_that_open_are_seen_at_once() {
    let site = Site::new().await;
    assert_eq!(site.ours(&site.snapshots.refresh().await.unwrap()).days, []);
    let owed = site.seed.owed(&site.seed.ours, 0).unwrap();
    site.store.obligations_open(&[owed]).await.unwrap();
    let after = site.snapshots.refresh().await.unwrap();
    assert_eq!(site.ours(&after).days.len(), 1);
}

#[tokio::test]
async fn a_replica_that_appears_makes_everything_be_read() {
    let site = Site::new().await;
    let before = site.snapshots.refresh().await.unwrap();
    let appeared = Replica {
        id: domain::ids::ReplicaId(uuid::Uuid::from_u128(9)),
        vm: domain::ids::VmGuid(uuid::Uuid::from_u128(10)),
        name: "a-first-name".to_owned(),
        ..site.seed.ours.clone()
    };
    let write = PollWrite {
        replicas: vec![appeared],
        ..PollWrite::default()
    };
    site.store.poll_write(write).await.unwrap();
    let after = site.snapshots.refresh().await.unwrap();
    assert_eq!((before.rows.len(), after.rows.len()), (2, 3));
    let names: Vec<_> = after.rows.iter().map(|row| row.replica.name.as_str()).collect();
    assert_eq!(names[0], "a-first-name", "in the store's order");
}

#[tokio::test]
async fn what_nobody_keeps_is_read_for_every_question_and_what_is_kept_is_not() {
    let site = Site::new().await;
    let clear = |snapshot: Arc<Snapshot>| {
        let row = site.ours(&snapshot);
        matches!(row.status.as_ref().unwrap().verdict, Verdict::Clear)
    };
    assert!(clear(site.snapshots.current().await.unwrap()));
    site.unknown().await;
    assert!(!clear(site.snapshots.current().await.unwrap()));
    site.snapshots.refresh().await.unwrap();
    let write = PollWrite {
        statuses: vec![status(&site.seed.ours, site.seed.at, Verdict::Clear)],
        ..PollWrite::default()
    };
    site.store.poll_write(write).await.unwrap();
    assert!(!clear(site.snapshots.current().await.unwrap()), "as kept");
    site.snapshots.catch_up().await.unwrap();
    assert!(clear(site.snapshots.current().await.unwrap()), "after a deed");
}

#[tokio::test]
async fn a_tenant_sees_its_own_rows_and_findings() {
    let site = Site::new().await;
    let write = PollWrite {
        findings: vec![site.seed.finding("foreign-checkpoint:1", 5)],
        ..PollWrite::default()
    };
    site.store.poll_write(write).await.unwrap();
    let snapshot = site.snapshots.refresh().await.unwrap();
    for (scope, rows, findings) in [(SITE, 2, 1), (site.seed.scope(), 1, 1), (site.seed.other(), 1, 0)] {
        let seen = (
            snapshot.rows_of(&scope).count(),
            snapshot.findings_of(&scope).count(),
        );
        assert_eq!(seen, (rows, findings), "{scope:?}");
    }
}
