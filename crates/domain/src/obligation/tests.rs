use super::*;
use crate::attribution::{Held, attribute, owner_of};
use crate::calendar::{WindowRule, window};
use crate::code::Code;
use proptest::prelude::*;

fn obligation() -> Obligation {
    let terms = Terms::standard();
    let zone: Zone = "Europe/Berlin".parse().unwrap();
    let day: SlaDay = "2026-11-22".parse().unwrap();
    let window = window(zone, terms.window, day).unwrap();
    Obligation {
        key: ObligationKey {
            replica: ReplicaId(uuid::Uuid::from_u128(1)),
            day,
        },
        tenant: "contoso".parse().unwrap(),
        zone,
        policy: "standard".parse().unwrap(),
        policy_version: 1,
        terms,
        window,
        opened_at: window.open,
        excluded: None,
    }
}
fn secs(n: i64) -> chrono::TimeDelta {
    chrono::TimeDelta::seconds(n)
}
fn point(n: u128, taken: DateTime<Utc>, sealed: DateTime<Utc>) -> SealedPoint {
    SealedPoint {
        point: PointId(uuid::Uuid::from_u128(n)),
        taken,
        sealed,
    }
}
fn nothing(o: &Obligation) -> Attribution {
    attribute(&o.window, &[], 600)
}
fn kind(o: &Obligation, points: &[SealedPoint], now: DateTime<Utc>) -> OutcomeKind {
    judge(o, points, now, || nothing(o)).kind()
}

#[test]
fn a_day_is_met_by_a_checkpoint_in_the_window_that_is_sealed_by_due() {
    let o = obligation();
    let w = o.window;
    let cases = [
        // First and last instants that count, and their neighbours.
        (w.open, w.due, OutcomeKind::Met),
        (w.due - secs(1), w.due, OutcomeKind::Met),
        (w.due - secs(1), w.due + secs(1), OutcomeKind::MetLate),
        (w.due, w.due + secs(9), OutcomeKind::MetLate),
        (w.due, w.next_open - secs(1), OutcomeKind::MetLate),
        (w.due, w.next_open, OutcomeKind::Missed),
        (w.open - secs(1), w.open + secs(9), OutcomeKind::Missed),
        (w.next_open, w.next_open + secs(9), OutcomeKind::Missed),
    ];
    for (taken, sealed, expected) in cases {
        assert_eq!(
            kind(&o, &[point(1, taken, sealed)], w.next_open),
            expected,
            "{taken} {sealed}"
        );
    }
}

#[test]
fn a_day_stays_open_until_it_is_met_or_the_next_one_opens() {
    let o = obligation();
    assert_eq!(kind(&o, &[], o.window.due + secs(1)), OutcomeKind::Open);
    assert_eq!(kind(&o, &[], o.window.next_open - secs(1)), OutcomeKind::Open);
    assert_eq!(kind(&o, &[], o.window.next_open), OutcomeKind::Missed);
}

#[test]
fn an_excluded_day_is_excluded_whatever_was_sealed() {
    let mut o = obligation();
    o.excluded = Some(Exclusion::Appeared {
        first_seen: o.window.open + secs(1),
    });
    let p = point(1, o.window.open + secs(5), o.window.open + secs(9));
    assert_eq!(kind(&o, &[p], o.window.next_open), OutcomeKind::Excluded);
}

#[test]
fn a_miss_is_excused_by_rule_only_with_the_owner_and_the_evidence() {
    let o = obligation();
    let held = [Held {
        code: Code::B8,
        owner: owner_of(Code::B8),
        from: o.window.open,
        to: o.window.due,
    }];
    let told = judge(&o, &[], o.window.next_open, || attribute(&o.window, &held, 600));
    assert!(matches!(told, Outcome::Excused { owner: Owner::Tenant, ref why, .. } if why.contains("B8")));
}

fn correction(o: &Obligation, change: Change) -> Correction {
    Correction {
        key: o.key,
        seq: 1,
        at: o.window.next_open,
        author: "ada".to_owned(),
        reason: "the carrier cut the fibre".to_owned(),
        change,
    }
}

#[test]
fn corrections_change_what_counts_and_leave_what_was_closed() {
    let o = obligation();
    let closed = judge(&o, &[], o.window.next_open, || nothing(&o));
    let excuse = correction(
        &o,
        Change::Excuse {
            owner: Owner::External,
        },
    );
    assert_eq!(check_correction(&o, &closed, &excuse), Ok(()));
    assert_eq!(
        effective(&closed, std::slice::from_ref(&excuse)).kind(),
        OutcomeKind::Excused
    );
    let back = Correction {
        seq: 2,
        ..correction(&o, Change::Restore)
    };
    assert_eq!(effective(&closed, &[excuse, back]), closed);
    let blame = correction(&o, Change::Attribute { owner: Owner::Tenant });
    assert!(matches!(
        effective(&closed, &[blame]),
        Outcome::Missed { attribution } if attribution.owner == Owner::Tenant
    ));
}

#[test]
fn a_correction_without_author_reason_or_something_to_correct_is_refused() {
    let o = obligation();
    let missed = judge(&o, &[], o.window.next_open, || nothing(&o));
    let good = correction(
        &o,
        Change::Excuse {
            owner: Owner::External,
        },
    );
    let check = |outcome: &Outcome, c: Correction| check_correction(&o, outcome, &c);
    assert!(
        check(
            &missed,
            Correction {
                author: " ".into(),
                ..good.clone()
            }
        )
        .is_err()
    );
    assert!(
        check(
            &missed,
            Correction {
                reason: String::new(),
                ..good.clone()
            }
        )
        .is_err()
    );
    assert_eq!(
        check(
            &missed,
            correction(
                &o,
                Change::Excuse {
                    owner: Owner::Provider
                }
            )
        ),
        Err(InvalidCorrection::OwnExcuse)
    );
    assert!(matches!(
        check(&Outcome::Open, good.clone()),
        Err(InvalidCorrection::StillOpen { .. })
    ));
    let p = point(1, o.window.open, o.window.open + secs(9));
    let met = judge(&o, &[p], o.window.due, || nothing(&o));
    assert!(matches!(
        check(&met, good),
        Err(InvalidCorrection::NothingToCorrect { .. })
    ));
}

fn any_points(w: DayWindow) -> impl Strategy<Value = Vec<SealedPoint>> {
    let span = (w.next_open - w.open).num_seconds();
    proptest::collection::vec((-span..2 * span, 0..span), 0..6).prop_map(move |all| {
        let made = all.iter().enumerate();
        made.map(|(n, (taken, took))| {
            let taken = w.open + secs(*taken);
            point(n as u128, taken, taken + secs(*took))
        })
        .collect()
    })
}

proptest! {
    /// Two neighbouring days of any zone: no point counts for both.
    #[test]
    fn one_point_serves_one_obligation(
        zone in proptest::sample::select(Zone::all().collect::<Vec<_>>()), date in 0_i64..5_000, taken in 0_i64..200_000, took in 0_i64..90_000,
    ) {
        let mut first = obligation();
        let rule: WindowRule = first.terms.window;
        let day = SlaDay(chrono::NaiveDate::from_ymd_opt(2021, 1, 1).unwrap() + chrono::TimeDelta::days(date));
        first.window = window(zone, rule, day).unwrap();
        let mut second = first.clone();
        second.window = window(zone, rule, crate::calendar::next_day(zone, day).unwrap()).unwrap();
        let taken = first.window.open + secs(taken);
        let p = [point(1, taken, taken + secs(took))];
        let far = second.window.next_open + secs(1);
        let kept = |o: &Obligation| matches!(kind(o, &p, far), OutcomeKind::Met | OutcomeKind::MetLate);
        prop_assert!(!(kept(&first) && kept(&second)));
    }

    #[test]
    fn one_more_point_never_makes_a_day_worse(points in any_points(obligation().window), more in any_points(obligation().window)) {
        let o = obligation();
        let rank = |k: OutcomeKind| match k { OutcomeKind::Met => 0, OutcomeKind::MetLate => 1, _ => 2 };
        let mut all = points.clone();
        all.extend(more);
        let now = o.window.next_open;
        prop_assert!(rank(kind(&o, &all, now)) <= rank(kind(&o, &points, now)));
    }

    #[test]
    fn what_is_closed_as_met_stays_met_at_any_later_time(points in any_points(obligation().window), later in 0_i64..9_000_000) {
        let o = obligation();
        if kind(&o, &points, o.window.due) == OutcomeKind::Met {
            prop_assert_eq!(kind(&o, &points, o.window.due + secs(later)), OutcomeKind::Met);
        }
    }
}
