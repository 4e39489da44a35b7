use super::*;
use crate::code::Code;
use proptest::prelude::*;

fn at(secs: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + secs, 0).unwrap()
}
fn id(n: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(n)
}
fn key(n: u128) -> ObligationKey {
    ObligationKey {
        replica: ReplicaId(id(n)),
        day: "2027-01-15".parse().unwrap(),
    }
}
fn storm(replicas: usize, at_risk: usize) -> Cause {
    Cause {
        key: "host:hv-r-01:B5".to_owned(),
        kind: CauseKind::Blocked { code: Code::B5 },
        host: Some("hv-r-01".parse().unwrap()),
        tenants: 12.min(replicas),
        replicas,
        at_risk,
        too_late: 0,
        since_oldest: at(-900),
        next_due: at(3_600),
        least_slack_secs: 3_000,
        first: key(1),
        actor: CauseKind::Blocked { code: Code::B5 }.actor(),
        held: None,
    }
}
fn ack(at_risk: usize, secs: i64) -> Acknowledged {
    Acknowledged {
        cause: "host:hv-r-01:B5".to_owned(),
        at: at(secs),
        at_risk,
        author: "ann".to_owned(),
    }
}
fn keys(notices: &[Notice]) -> Vec<&str> {
    notices.iter().map(|n| n.key.as_str()).collect()
}
/// Runs the alarm and remembers what it said.
fn told(scene: &Scene<'_>, noticed: &mut BTreeSet<String>, now: i64) -> Vec<Notice> {
    let scene = Scene {
        noticed: Some(noticed),
        ..*scene
    };
    let new = notices(&scene, at(now));
    noticed.extend(new.iter().map(|n| n.key.clone()));
    new
}

#[test]
fn one_storm_is_one_notice_and_is_made_once() {
    let mut noticed = BTreeSet::new();
    let causes = [storm(140, 40)];
    let scene = Scene {
        causes: &causes,
        ..Scene::default()
    };
    let new = told(&scene, &mut noticed, 0);
    assert_eq!(keys(&new), ["at-risk:host:hv-r-01:B5:2027-01-15#1"]);
    assert_eq!(
        new[0].subject,
        "40 replicas at risk: Resynchronization on hv-r-01"
    );
    assert_eq!(
        new[0].sentence,
        "140 replicas of 12 tenants, 40 at risk. The first of them has 50 minutes to spare. Whose move it is: the operator and the tenant."
    );
    assert_eq!(
        (new[0].due, new[0].cause.as_deref()),
        (Some(at(3_600)), Some("host:hv-r-01:B5"))
    );
    assert!(told(&scene, &mut noticed, 60).is_empty());
    // Fewer are no news, ten times as many are.
    for (at_risk, news) in [(3, 0), (99, 0), (100, 1), (40, 0)] {
        let causes = [storm(140, at_risk)];
        let scene = Scene {
            causes: &causes,
            ..Scene::default()
        };
        assert_eq!(told(&scene, &mut noticed, 120).len(), news, "{at_risk}");
    }
}

#[test]
fn what_nobody_need_fear_is_not_told() {
    let causes = [storm(140, 0)];
    let scene = Scene {
        causes: &causes,
        ..Scene::default()
    };
    assert!(notices(&scene, at(0)).is_empty());
}

#[test]
fn an_acknowledged_cause_is_silent_until_it_changes() {
    let cases = [
        ("as it was", storm(140, 40), ack(40, 0), 0),
        ("a few more", storm(140, 60), ack(40, 0), 0),
        ("tenfold", storm(140, 100), ack(40, 0), 1),
        (
            "gone and back",
            Cause {
                since_oldest: at(60),
                ..storm(140, 40)
            },
            ack(40, 0),
            1,
        ),
        (
            "another",
            Cause {
                key: "host:hv-r-02:B5".to_owned(),
                ..storm(140, 40)
            },
            ack(40, 0),
            1,
        ),
    ];
    for (what, cause, ack, news) in cases {
        let scene = Scene {
            causes: &[cause],
            acknowledged: &[ack],
            ..Scene::default()
        };
        assert_eq!(notices(&scene, at(120)).len(), news, "{what}");
    }
}

#[test]
fn breaches_are_told_by_cause_and_those_without_one_by_tenant() {
    let (a, b): (TenantId, TenantId) = ("contoso".parse().unwrap(), "fabrikam".parse().unwrap());
    let cause = Some(("host:hv-r-01:B5", CauseKind::Blocked { code: Code::B5 }));
    let breach = |n, tenant, cause| Breach {
        key: key(n),
        tenant,
        due: at(0),
        cause,
    };
    let breaches = [breach(1, &a, cause), breach(2, &b, cause), breach(3, &a, None)];
    let scene = Scene {
        breaches: &breaches,
        ..Scene::default()
    };
    let new = notices(&scene, at(60));
    assert_eq!(
        keys(&new),
        [
            "breached:host:hv-r-01:B5:2027-01-15#0",
            "breached:tenant:contoso:2027-01-15#0"
        ]
    );
    assert_eq!(
        new[0].subject,
        "2 replicas of 2 tenants not met by due: Resynchronization on hv-r-01"
    );
    assert_eq!(
        new[1].subject,
        "1 replica of contoso not met by due: no cause known"
    );
    assert_eq!(
        new[0].sentence,
        "2 replicas of 2 tenants were not backed up by the due time of 2027-01-15. What kept them: Resynchronization on hv-r-01. A backup before the next day opens counts as late, a later one not for this day."
    );
    assert_eq!(
        new[1].sentence,
        "1 replica of contoso was not backed up by the due time of 2027-01-15. Nothing is known to have kept it. A backup before the next day opens counts as late, a later one not for this day."
    );
    // Known as a risk is not known as a breach; acknowledged after due is.
    for (ack, news) in [(ack(2, -60), 2), (ack(2, 30), 1)] {
        let scene = Scene {
            breaches: &breaches,
            acknowledged: &[ack],
            ..Scene::default()
        };
        assert_eq!(notices(&scene, at(60)).len(), news);
    }
}

#[test]
fn a_pause_is_told_once_it_lasts_longer_than_the_policy_allows() {
    let tenant: TenantId = "contoso".parse().unwrap();
    let host: HostId = "hv-r-01".parse().unwrap();
    let stuck = [
        Stuck::Pause {
            attempt: AttemptId(id(7)),
            replica: ReplicaId(id(1)),
            tenant: &tenant,
            since: at(0),
            secs_max: 600,
        },
        Stuck::Attempt {
            attempt: AttemptId(id(8)),
            replica: ReplicaId(id(1)),
            host: &host,
            since: at(0),
            secs_max: 900,
        },
    ];
    let scene = Scene {
        stuck: &stuck,
        ..Scene::default()
    };
    let mut noticed = BTreeSet::new();
    for (now, news) in [(600, 0), (601, 1), (602, 0), (901, 1), (5_000, 0)] {
        let new = told(&scene, &mut noticed, now);
        assert_eq!(new.len(), news, "{now}");
        assert!(
            new.iter()
                .all(|n| n.kind == NoticeKind::Stuck && n.sentence.ends_with('.'))
        );
    }
}

fn watcher(host: Option<u32>, last: i64) -> Watcher {
    Watcher {
        name: host.map_or(WatcherName::Planner, |n| {
            WatcherName::Host(format!("hv-r-{n:02}").parse().unwrap())
        }),
        last: at(last),
        silence_secs_max: 300,
    }
}

#[test]
fn a_silence_is_told_once_and_its_end_once() {
    let mut noticed = BTreeSet::new();
    let mut look = |watchers: &[Watcher], now| {
        let scene = Scene {
            watchers,
            ..Scene::default()
        };
        keys(&told(&scene, &mut noticed, now)).join(" ")
    };
    let planner = |last| watcher(None, last);
    let hosts = |one, two| [planner(9_999), watcher(Some(1), one), watcher(Some(2), two)];
    assert_eq!(look(&hosts(0, 300), 300), "");
    let began = at(0).timestamp();
    assert_eq!(
        look(&hosts(0, 300), 301),
        format!("not-watching:host:hv-r-01:{began}")
    );
    assert_eq!(look(&hosts(0, 400), 400), "");
    assert_eq!(
        look(&hosts(500, 500), 500),
        format!("watching-again:host:hv-r-01:{began}")
    );
    assert_eq!(look(&hosts(510, 510), 510), "");
    let again = at(510).timestamp();
    assert_eq!(
        look(&hosts(510, 900), 900),
        format!("not-watching:host:hv-r-01:{again}")
    );
}

#[test]
fn many_silent_hosts_are_one_outage_and_a_second_one_is_told_again() {
    let mut noticed = BTreeSet::new();
    let mut look = |lasts: &[i64], now| {
        let mut watchers = vec![watcher(None, now)];
        watchers.extend(lasts.iter().zip(1..).map(|(last, n)| watcher(Some(n), *last)));
        let scene = Scene {
            watchers: &watchers,
            ..Scene::default()
        };
        told(&scene, &mut noticed, now)
    };
    let new = look(&[0, 1, 2, 3, 4], 400);
    assert_eq!(new.len(), 1);
    assert_eq!(new[0].subject, "5 hosts not watched");
    assert!(
        new[0]
            .sentence
            .starts_with("No look at hv-r-01, hv-r-02, hv-r-03 and 2 more has succeeded for 6 minutes")
    );
    // Some come back: the rest is the same outage still.
    assert_eq!(look(&[0, 1, 450, 450, 450], 460), []);
    let new = look(&[500, 500, 500, 500, 500], 500);
    assert_eq!(new.len(), 1);
    assert_eq!(new[0].kind, NoticeKind::WatchingAgain);
    assert_eq!(look(&[510, 510, 510, 510, 510], 510), []);
    assert_eq!(look(&[510, 510, 510, 510, 510], 900).len(), 1);
}

#[test]
fn a_planner_that_stands_still_is_told_before_anything_else() {
    let causes = [storm(140, 40)];
    let watchers = [watcher(None, 0), watcher(Some(1), 0), watcher(Some(2), 0)];
    let scene = Scene {
        causes: &causes,
        watchers: &watchers,
        ..Scene::default()
    };
    let new = notices(&scene, at(400));
    assert_eq!(new.len(), 2);
    assert_eq!(new[0].subject, "Stillpoint has stopped planning");
}

proptest! {
    #[test]
    fn nothing_is_told_twice_however_the_numbers_move(
        steps in proptest::collection::vec((0_usize..2_000, 0_i64..900), 1..40),
    ) {
        let mut noticed = BTreeSet::new();
        let mut count = 0;
        for (now, (at_risk, last)) in steps.iter().enumerate() {
            let causes = [storm(2_000, *at_risk)];
            let watchers = [watcher(Some(1), *last)];
            let scene = Scene { causes: &causes, watchers: &watchers, ..Scene::default() };
            let new = told(&scene, &mut noticed, 900 + i64::try_from(now).unwrap());
            count += new.len();
            prop_assert!(new.iter().filter(|n| n.kind == NoticeKind::AtRisk).count() <= 1);
        }
        prop_assert_eq!(count, noticed.len());
        // 1 to 2,000 replicas at risk are at most four sizes.
        prop_assert!(noticed.iter().filter(|k| k.starts_with("at-risk")).count() <= 4);
    }
}
