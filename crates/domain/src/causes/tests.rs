use super::*;
use crate::code::Code;
use crate::ids::ReplicaId;
use chrono::TimeDelta;
use proptest::prelude::*;

fn at(secs: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + secs, 0).unwrap()
}

/// An obligation that owns what [`Waiting`] borrows.
#[derive(Debug, Clone)]
struct Own {
    n: u128,
    tenant: TenantId,
    host: HostId,
    what: Move,
    slack: i64,
    at_risk: bool,
}

impl Own {
    fn new(n: u128, tenant: u32, host: u32, what: Move) -> Self {
        Self {
            n,
            tenant: format!("tenant-{tenant}").parse().unwrap(),
            host: format!("hv-r-{host:02}").parse().unwrap(),
            what,
            slack: 3_600,
            at_risk: false,
        }
    }
    fn slack(mut self, slack: i64) -> Self {
        self.slack = slack;
        self
    }
    fn waiting(&self) -> Waiting<'_> {
        Waiting {
            key: ObligationKey {
                replica: ReplicaId(uuid::Uuid::from_u128(self.n)),
                day: "2027-01-15".parse().unwrap(),
            },
            tenant: &self.tenant,
            host: &self.host,
            what: &self.what,
            since: at(-60),
            due: at(self.slack + 600),
            slack_secs: self.slack,
            at_risk: self.at_risk,
        }
    }
}

fn wait(why: Wait) -> Move {
    Move::Wait {
        why,
        next: at(60),
        watch: false,
    }
}
fn blocked(code: Code, since: i64) -> Move {
    wait(Wait::Blocked {
        code,
        since: at(since),
    })
}
fn group(all: &[Own]) -> Vec<Cause> {
    causes(all.iter().map(Own::waiting))
}

#[test]
fn a_resync_storm_on_a_host_is_one_row() {
    let mut all: Vec<Own> = (0..140)
        .map(|n| {
            Own::new(
                n,
                u32::try_from(n % 12).unwrap(),
                1,
                blocked(Code::B5, -900 - i64::try_from(n).unwrap()),
            )
        })
        .collect();
    all[7].at_risk = true;
    all[9] = all[9].clone().slack(-1);
    all[11] = all[11].clone().slack(100);
    let found = group(&all);
    assert_eq!(found.len(), 1);
    let storm = &found[0];
    assert_eq!(storm.key, "host:hv-r-01:B5");
    assert_eq!(storm.title(), "Resynchronization on hv-r-01");
    assert_eq!(storm.extent(), "140 replicas of 12 tenants, 2 at risk");
    assert_eq!((storm.too_late, storm.since_oldest), (1, at(-1_039)));
    // The one that is lost already does not hide the one that is next.
    assert_eq!((storm.least_slack_secs, storm.next_due), (100, at(700)));
    assert_eq!(storm.first.replica.0.as_u128(), 11);
    assert_eq!(storm.actor, Actor::OperatorAndTenant);
}

#[test]
fn one_replica_is_told_in_the_singular() {
    let found = group(&[Own::new(1, 0, 2, blocked(Code::B1, -5))]);
    assert_eq!(found[0].extent(), "1 replica of 1 tenant");
    assert_eq!(found[0].first.replica.0.as_u128(), 1);
}

#[test]
fn every_reason_has_a_key_of_its_own_place() {
    let held = |until| {
        wait(Wait::Held(Held {
            until: at(until),
            reason: "storage".to_owned(),
            author: "ann".to_owned(),
        }))
    };
    let cases = [
        (blocked(Code::B6, 0), "host:hv-r-01:B6"),
        (blocked(Code::UN, 0), "host:hv-r-01:UN"),
        (wait(Wait::Stubborn { code: Code::B1 }), "host:hv-r-01:refused:B1"),
        (wait(Wait::NotSeen), "host:hv-r-01:not-seen"),
        (wait(Wait::Backoff { failures: 2 }), "host:hv-r-01:failing"),
        (wait(Wait::Breaker { failures: 5 }), "host:hv-r-01:breaker"),
        (Move::GiveUp { failures: 8 }, "host:hv-r-01:gave-up"),
        (wait(Wait::HostFull { running: 2 }), "host:hv-r-01:full"),
        (wait(Wait::TenantFull { running: 2 }), "tenant:tenant-3:full"),
        (wait(Wait::VaultFull { running: 2 }), "vault:full"),
        (wait(Wait::TotalFull { running: 2 }), "total:full"),
    ];
    for (what, key) in cases {
        let found = group(&[Own::new(1, 3, 1, what)]);
        assert_eq!(found[0].key, key);
        assert_eq!(found[0].host.is_some(), key.starts_with("host:"));
    }
    for what in [wait(Wait::NotOpen), Move::Running, Move::Start { pause: false }] {
        assert!(group(&[Own::new(1, 3, 1, what)]).is_empty());
    }
    // A hold is one cause wherever its replicas are, and another hold is another.
    let found = group(&[
        Own::new(1, 1, 1, held(60)),
        Own::new(2, 2, 2, held(60)),
        Own::new(3, 2, 2, held(90)),
    ]);
    assert_eq!(found.iter().map(|c| c.replicas).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(
        found[0].key, "hold:11a20449feb71a67",
        "the key has to be the same in every release"
    );
    assert_eq!(found[0].held.as_ref().map(|h| h.author.as_str()), Some("ann"));
}

#[test]
fn what_will_breach_first_stands_first_and_what_is_lost_last() {
    let found = group(&[
        Own::new(1, 0, 1, blocked(Code::B5, 0)).slack(-500),
        Own::new(2, 0, 2, blocked(Code::B5, 0)).slack(9_000),
        Own::new(3, 0, 3, blocked(Code::B5, 0)).slack(50),
    ]);
    let hosts: Vec<_> = found.iter().map(|c| c.key.as_str()).collect();
    assert_eq!(hosts, ["host:hv-r-03:B5", "host:hv-r-02:B5", "host:hv-r-01:B5"]);
}

fn any_move() -> impl Strategy<Value = Move> {
    prop_oneof![
        (0..Code::ALL.len(), -9_000_i64..0).prop_map(|(c, s)| blocked(Code::ALL[c], s)),
        Just(Move::Running),
        Just(wait(Wait::NotOpen)),
        Just(wait(Wait::HostFull { running: 2 })),
        Just(wait(Wait::TenantFull { running: 2 })),
        Just(Move::GiveUp { failures: 8 }),
    ]
}

proptest! {
    #[test]
    fn each_obligation_that_is_kept_stands_in_exactly_one_cause(
        all in proptest::collection::vec((0_u32..4, 0_u32..4, any_move(), -100_i64..9_000), 0..60),
    ) {
        let own: Vec<Own> = all
            .into_iter()
            .enumerate()
            .map(|(n, (t, h, what, slack))| Own::new(n as u128, t, h, what).slack(slack))
            .collect();
        let found = group(&own);
        let kept = own.iter().filter(|o| kind::of(&o.waiting()).is_some()).count();
        prop_assert_eq!(found.iter().map(|c| c.replicas).sum::<usize>(), kept);
        let keys: BTreeSet<_> = found.iter().map(|c| &c.key).collect();
        prop_assert_eq!(keys.len(), found.len());
        for c in &found {
            prop_assert!(c.too_late <= c.at_risk && c.at_risk <= c.replicas && c.tenants <= c.replicas);
            prop_assert!(c.since_oldest <= at(0) + TimeDelta::seconds(1));
        }
        let mut turned = own.clone();
        turned.reverse();
        prop_assert_eq!(group(&turned), found);
    }
}
