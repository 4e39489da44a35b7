//! The screens' answers over a real store with two tenants.

use super::*;
use ::console::{Direction, Filter, Mark, Sort, VerdictKind};
use chrono::TimeDelta;
use domain::attempt::{AttemptState, Deferral, Failure};
use domain::blocker::{Blocker, NotReady};
use domain::obligation::{ObligationKey, Outcome};
use domain::verdict::Verdict;
use sqlx::Connection as _;
use store::SqliteStore;
use store::conformance::{Seed, status};
use store::records::BlockerInterval;
use store::traits::PollWrite;

struct Place {
    store: SqliteStore,
    seed: Seed,
    _dir: tempfile::TempDir,
}

impl Place {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(dir.path().join("stillpoint.db")).await.unwrap();
        let seed = Seed::plant(&store).await.unwrap();
        let owed = [&seed.ours, &seed.theirs].map(|replica| seed.owed(replica, 0).unwrap());
        store.obligations_open(&owed).await.unwrap();
        Self {
            store,
            seed,
            _dir: dir,
        }
    }

    /// Seals a point of `ours` and closes its day with it.
    async fn seal(&self, number: u128, secs: i64) -> store::records::Point {
        let point = self.seed.seal(&self.store, number, secs).await.unwrap();
        let met = Outcome::Met {
            point: point.id,
            taken: point.taken,
            sealed: point.sealed,
        };
        self.store
            .obligation_close(self.today(), &met, point.sealed)
            .await
            .unwrap();
        point
    }

    fn today(&self) -> ObligationKey {
        ObligationKey {
            replica: self.seed.ours.id,
            day: self.seed.day(0),
        }
    }

    fn console_at(&self, secs: i64) -> StoreConsole {
        let now = self.at(secs);
        let site = Site {
            tenants: vec![
                (self.seed.ours.tenant.clone(), "Contoso".to_owned()),
                (self.seed.theirs.tenant.clone(), "Fabrikam".to_owned()),
            ],
            file: Vec::new(),
            zones: Default::default(),
            tells: false,
            hosts: vec![self.seed.ours.host.clone(), "hv-r-09".parse().unwrap()],
            slots_per_host: 2,
            freshness: TimeDelta::seconds(180),
            backup_every: TimeDelta::hours(24),
            speed: 1,
            data: "/srv/still point".into(),
            vault: "/vault".into(),
        };
        StoreConsole::new(
            Arc::new(self.store.clone()),
            Arc::new(NoEngine),
            site,
            Arc::new(move || now),
        )
    }

    fn at(&self, secs: i64) -> DateTime<Utc> {
        self.seed.at + TimeDelta::seconds(secs)
    }

    async fn look(&self, secs: i64, verdict: Verdict) {
        let at = self.at(secs);
        let statuses = vec![
            status(&self.seed.ours, at, verdict),
            status(&self.seed.theirs, at, Verdict::Clear),
        ];
        self.store
            .poll_write(PollWrite {
                statuses,
                at: Some(at),
                ..PollWrite::default()
            })
            .await
            .unwrap();
    }
}

fn vm_health() -> Blocker {
    Blocker::NotReady {
        reason: NotReady::VmHealth { health_state: 20 },
    }
}

fn blocked() -> Verdict {
    Verdict::Blocked {
        blockers: vec![vm_health()],
    }
}

#[tokio::test]
async fn every_replica_counts_in_exactly_one_figure() {
    let place = Place::new().await;
    let counts = place.console_at(10).night().await.unwrap().counts;
    assert_eq!((counts.total, counts.tenants, counts.ready), (2, 2, 2));

    place.look(20, blocked()).await;
    let counts = place.console_at(30).night().await.unwrap().counts;
    assert_eq!((counts.waiting, counts.ready, counts.needs_person), (1, 1, 1));

    let attempt = place.seed.claim(&place.store, 1).await.unwrap();
    place
        .store
        .attempt_began(place.today(), attempt.id, place.at(25))
        .await
        .unwrap();
    let night = place.console_at(30).night().await.unwrap();
    assert_eq!(
        (night.counts.running, night.counts.ready, night.counts.attempts),
        (1, 1, 1)
    );
    assert_eq!(night.running[0].step, "Claiming");
    let failed = AttemptState::Failed {
        failure: Failure::LeaseLost,
        at: place.at(40),
    };
    place
        .store
        .finish(attempt.id, attempt.token, failed)
        .await
        .unwrap();
    place
        .store
        .lease_release(attempt.replica, attempt.token)
        .await
        .unwrap();
    place.look(50, Verdict::Clear).await;
    let counts = place.console_at(60).night().await.unwrap().counts;
    assert_eq!((counts.failed, counts.ready, counts.attempts), (1, 1, 1));

    place.seal(2, 70).await;
    let night = place.console_at(200).night().await.unwrap();
    assert_eq!((night.counts.met, night.counts.ready), (1, 1));
    let line: Vec<_> = night.open_over_time.iter().map(|step| step.open).collect();
    assert_eq!(line, [2, 1, 1], "two owed, one sealed, until now");
}

#[tokio::test]
async fn what_nobody_looked_at_for_too_long_is_unknown_and_not_green() {
    let place = Place::new().await;
    let clear = place.console_at(180).replica(place.seed.ours.id).await.unwrap();
    assert_eq!(clear.verdict.kind, VerdictKind::Clear);
    let console = place.console_at(181);
    let stale = console.replica(place.seed.ours.id).await.unwrap();
    assert_eq!(stale.verdict.kind, VerdictKind::Unknown);
    assert_eq!(
        (stale.tonight.mark, stale.tonight.code.as_deref()),
        (Mark::Unknown, Some("UN"))
    );
    assert_eq!(console.night().await.unwrap().counts.unknown, 2);
    assert_eq!(
        console.bar().await.unwrap().oldest_observation,
        Some(place.seed.at)
    );
}

#[tokio::test]
async fn without_a_plan_nobody_claims_to_know_what_keeps_an_obligation() {
    let place = Place::new().await;
    place.look(20, blocked()).await;
    let night = place.console_at(30).night().await.unwrap();
    assert_eq!((night.causes, night.owed.open), (None, 2));
}

#[tokio::test]
async fn a_replica_shows_its_blocker_timeline_attempts_and_points() {
    let place = Place::new().await;
    let point = place.seal(1, 10).await;
    for number in 2..4 {
        let attempt = place.seed.claim(&place.store, number).await.unwrap();
        let reason = Deferral::Blocked { blocker: vm_health() };
        let state = AttemptState::Deferred {
            reason,
            at: place.at(120),
        };
        place
            .store
            .finish(attempt.id, attempt.token, state)
            .await
            .unwrap();
        place
            .store
            .lease_release(attempt.replica, attempt.token)
            .await
            .unwrap();
    }
    let open = BlockerInterval {
        replica: place.seed.ours.id,
        code: "NR".to_owned(),
        detail: Some(vm_health()),
        from: place.at(100),
        to: None,
    };
    place
        .store
        .poll_write(PollWrite {
            open: vec![open],
            ..PollWrite::default()
        })
        .await
        .unwrap();
    place.look(100, blocked()).await;

    let view = place.console_at(130).replica(place.seed.ours.id).await.unwrap();
    assert_eq!(view.verdict.blockers[0].code, "NR");
    assert!(
        view.verdict.blockers[0].evidence.contains("20"),
        "{:?}",
        view.verdict.blockers[0]
    );
    assert_eq!(view.timeline.lanes.len(), 1);
    assert_eq!(view.timeline.lanes[0].spans[0].from, place.at(100));
    assert_eq!((view.attempts_tonight, view.deferrals_tonight), (1, 2));
    let rows: Vec<_> = view
        .attempts
        .iter()
        .map(|row| (row.outcome.as_str(), row.times))
        .collect();
    assert_eq!(
        rows,
        [("Deferred", 2), ("Sealed", 1)],
        "equal deferrals in a row are one"
    );
    assert_eq!(view.attempts[0].code.as_deref(), Some("NR"));
    assert_eq!(
        view.points.iter().map(|row| row.id).collect::<Vec<_>>(),
        [point.id]
    );
    assert_eq!((view.days.len(), view.days[27].mark), (28, Some(Mark::Met)));
    assert_eq!(
        view.days[26].mark, None,
        "nothing was owed before the replica was known"
    );
    assert!(
        view.facts
            .iter()
            .any(|fact| fact.label == "Replication state" && fact.raw.as_deref() == Some("3"))
    );
}

#[tokio::test]
async fn a_point_shows_its_evidence_and_its_proof_decided_again() {
    let place = Place::new().await;
    let point = place.seal(1, 10).await;
    let view = place.console_at(100).point(point.id).await.unwrap();
    assert_eq!(
        (view.attempt, view.token),
        (point.evidence.attempt, point.evidence.token.0)
    );
    assert_eq!(view.looks.len(), 2, "the look before and the one of the hold");
    assert!(
        view.checks
            .iter()
            .any(|check| check.title == "Proof of stillness")
    );
    assert_eq!(view.repository.as_deref(), Some("/vault/contoso"));
    assert!(view.document.contains("verdict_before"));
    assert_eq!(view.seal.map(|seal| seal.signature), Some("c2ln".to_owned()));
}

#[tokio::test]
async fn another_tenant_finds_nothing_of_ours() {
    let place = Place::new().await;
    let point = place.seal(1, 10).await;
    let theirs = place.console_at(20).of_tenant(place.seed.theirs.tenant.clone());
    let missing = |error| matches!(error, UiError::NotFound { .. });
    let replica = place.seed.ours.id;
    assert!(missing(theirs.replica(replica).await.unwrap_err()));
    assert!(missing(theirs.point(point.id).await.unwrap_err()));
    assert!(missing(theirs.backup_now(replica).await.unwrap_err()));
    let query = AttemptQuery {
        replica: Some(replica),
        cursor: None,
        limit: 10,
    };
    assert!(missing(theirs.attempts(query).await.unwrap_err()));
    let query = PointQuery {
        replica: Some(replica),
        cursor: None,
        limit: 10,
    };
    assert!(missing(theirs.points(query).await.unwrap_err()));
    let page = theirs.replicas(ReplicaQuery::default()).await.unwrap();
    assert_eq!(
        page.rows.iter().map(|row| row.id).collect::<Vec<_>>(),
        [place.seed.theirs.id]
    );
    assert_eq!(theirs.bar().await.unwrap().tenants.len(), 1);
    assert!(
        theirs.night().await.unwrap().hosts.is_empty(),
        "infrastructure is the hoster's"
    );
}

#[tokio::test]
async fn replicas_are_filtered_searched_and_counted() {
    let place = Place::new().await;
    place.look(20, blocked()).await;
    let console = place.console_at(30);
    let names = async |query| -> Vec<String> {
        console
            .replicas(query)
            .await
            .unwrap()
            .rows
            .into_iter()
            .map(|row| row.tenant)
            .collect()
    };
    let all = ReplicaQuery::default;
    assert_eq!(
        names(all()).await,
        ["contoso", "fabrikam"],
        "who waits comes before who is ready"
    );
    assert_eq!(
        names(ReplicaQuery {
            filter: Filter::Waiting,
            ..all()
        })
        .await,
        ["contoso"]
    );
    assert_eq!(
        names(ReplicaQuery {
            search: " FABRI ".to_owned(),
            ..all()
        })
        .await,
        ["fabrikam"]
    );
    assert_eq!(
        names(ReplicaQuery {
            code: Some("nr".to_owned()),
            ..all()
        })
        .await,
        ["contoso"]
    );
    assert_eq!(
        names(ReplicaQuery {
            host: Some("hv-r-09".to_owned()),
            ..all()
        })
        .await,
        [""; 0]
    );
    let page = console
        .replicas(ReplicaQuery {
            filter: Filter::Waiting,
            ..all()
        })
        .await
        .unwrap();
    assert_eq!((page.matching, page.previous, page.next), (1, None, None));
    let counts: Vec<_> = page.counts.iter().map(|it| (it.filter, it.count)).collect();
    assert!(counts.contains(&(Filter::All, 2)) && counts.contains(&(Filter::Waiting, 1)));
}

#[tokio::test]
async fn pages_of_replicas_begin_at_a_row_and_lead_both_ways() {
    let place = Place::new().await;
    let console = place.console_at(30);
    let ask = async |sort, direction, cursor: Option<String>| {
        let query = ReplicaQuery {
            sort,
            direction,
            cursor,
            limit: 1,
            ..ReplicaQuery::default()
        };
        console.replicas(query).await
    };
    for sort in Sort::ALL.iter().copied() {
        for direction in Direction::ALL.iter().copied() {
            let first = ask(sort, direction, None).await.unwrap();
            assert_eq!((first.before, &first.previous), (0, &None), "{sort} {direction}");
            let second = ask(sort, direction, first.next.clone()).await.unwrap();
            assert_eq!((second.before, &second.next), (1, &None), "{sort} {direction}");
            assert_ne!(first.rows[0].id, second.rows[0].id);
            let back = ask(sort, direction, second.previous).await.unwrap();
            assert_eq!(back.rows, first.rows, "{sort} {direction}");
        }
    }
    let first = ask(Sort::Name, Direction::Ascending, None).await.unwrap();
    let elsewhere = ask(Sort::Host, Direction::Ascending, first.next).await;
    assert!(
        matches!(elsewhere, Err(UiError::Invalid { ref field, .. }) if field == "cursor"),
        "{elsewhere:?}"
    );
}

#[tokio::test]
async fn attempts_and_points_page_by_page_are_all_of_them() {
    let place = Place::new().await;
    for number in 1..=3 {
        place
            .seed
            .seal(&place.store, number, 10 * i64::try_from(number).unwrap())
            .await
            .unwrap();
    }
    let console = place.console_at(100);
    let (mut points, mut attempts) = (Vec::new(), Vec::new());
    let mut cursor = None;
    loop {
        let query = PointQuery {
            replica: None,
            cursor,
            limit: 2,
        };
        let page = console.points(query).await.unwrap();
        points.extend(page.rows.into_iter().map(|row| row.taken));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    loop {
        let query = AttemptQuery {
            replica: None,
            cursor,
            limit: 2,
        };
        let page = console.attempts(query).await.unwrap();
        attempts.extend(page.rows.into_iter().map(|row| row.id));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!((points.len(), attempts.len()), (3, 3));
    assert!(points.is_sorted_by(|newer, older| newer >= older));
    attempts.sort_unstable();
    attempts.dedup();
    assert_eq!(attempts.len(), 3, "none twice");
}

#[tokio::test]
async fn every_blocker_says_since_when_and_today_stays_open() {
    let place = Place::new().await;
    let other = NotReady::Enabled { enabled_state: 2 };
    let migrating = Blocker::Migrating {
        job: None,
        operational_status: Some(32774),
    };
    let blockers = vec![migrating, vm_health(), Blocker::NotReady { reason: other }];
    let open = BlockerInterval {
        replica: place.seed.ours.id,
        code: "NR".to_owned(),
        detail: Some(vm_health()),
        from: place.at(5),
        to: None,
    };
    place
        .store
        .poll_write(PollWrite {
            open: vec![open],
            ..PollWrite::default()
        })
        .await
        .unwrap();
    place.look(20, Verdict::Blocked { blockers }).await;
    let view = place.console_at(30).replica(place.seed.ours.id).await.unwrap();
    let since: Vec<_> = view.verdict.blockers.iter().map(|it| it.since).collect();
    assert_eq!(since, [view.verdict.since, Some(place.at(5)), Some(place.at(5))]);
    assert!(view.verdict.since.is_some());
    assert_eq!(view.days[27].mark, Some(Mark::Open), "waiting is not missed");
}

#[tokio::test]
async fn hosts_that_were_never_seen_are_shown_as_such() {
    let place = Place::new().await;
    let host = place.seed.host(None, Some("no route to host"));
    let host = store::records::HostStatus {
        last_error_at: Some(place.at(1)),
        ..host
    };
    place
        .store
        .poll_write(PollWrite {
            host: Some(host),
            ..PollWrite::default()
        })
        .await
        .unwrap();
    let hosts = place.console_at(10).night().await.unwrap().hosts;
    let told: Vec<_> = hosts
        .iter()
        .map(|row| (row.host.as_str(), row.replicas, row.error.is_some()))
        .collect();
    assert_eq!(told, [("hv-r-01", 2, true), ("hv-r-09", 0, false)]);
    assert_eq!(hosts[1].trust_mark, Mark::Unknown);
}

#[tokio::test]
async fn a_replica_that_no_policy_reaches_is_one_finding_on_the_page_the_rail_and_the_night() {
    let place = Place::new().await;
    let counts = async || {
        let console = place.console_at(60);
        let (page, bar, night) = (
            console.findings().await.unwrap(),
            console.bar().await.unwrap(),
            console.night().await.unwrap(),
        );
        assert_eq!(
            (bar.findings as usize, night.findings.len()),
            (page.rows.len(), page.rows.len())
        );
        page.rows
    };
    assert!(counts().await.is_empty());
    // The store refuses it: somebody did it by hand.
    let url = format!("sqlite://{}", place._dir.path().join("stillpoint.db").display());
    let mut by_hand = sqlx::SqliteConnection::connect(&url).await.unwrap();
    for statement in [
        "DROP TRIGGER policy_assignment_remains",
        "DELETE FROM policy_assignment WHERE kind = 'site'",
    ] {
        sqlx::query(statement).execute(&mut by_hand).await.unwrap();
    }
    let rows = counts().await;
    assert_eq!(rows.len(), 2, "both replicas: {rows:?}");
    assert!(
        rows.iter()
            .all(|row| row.kind == "no-policy" && row.replica.is_some() && row.name.is_some()),
        "{rows:?}"
    );
    let (policy, tenant) = ("standard".parse().unwrap(), place.seed.ours.tenant.clone());
    let assignee = store::policies::Assignee::Tenant { tenant };
    let assigned = place
        .store
        .policy_assign(&assignee, Some(&policy), "ada", place.at(0));
    assigned.await.unwrap();
    let rows = counts().await;
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!(rows[0].replica, Some(place.seed.theirs.id));
}
