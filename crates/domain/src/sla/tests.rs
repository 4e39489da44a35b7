use super::*;
use proptest::prelude::*;

fn replica(n: u128) -> ReplicaId {
    ReplicaId(uuid::Uuid::from_u128(n))
}
fn day(n: u32) -> SlaDay {
    SlaDay(chrono::NaiveDate::from_ymd_opt(2026, 11, n).unwrap())
}
fn record(n: u128, d: u32, kind: OutcomeKind) -> DayRecord {
    DayRecord {
        replica: replica(n),
        day: day(d),
        kind,
        owner: None,
        target_bp: BasisPoints::new(9_950).unwrap(),
    }
}
fn at(secs: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + secs, 0).unwrap()
}

/// November 2026 of one tenant with two replicas, worked out by hand. Replica 1: 30 days, of them 27 met, one late (3rd), one missed
/// (4th), one excused for the tenant (5th). Replica 2 appears on the 11th (excluded) and has 19 days, all met.
/// Raw: 46 of 49 = 93.87 %. Contract: 46 of 48 = 95.83 %. Target 99.5 % of 48 allows 0.24 days: none; two are used.
#[test]
fn a_golden_month_agrees_with_the_one_worked_out_by_hand() {
    let mut records: Vec<_> = (1..=30)
        .map(|d| {
            let kind = match d {
                3 => OutcomeKind::MetLate,
                4 => OutcomeKind::Missed,
                5 => OutcomeKind::Excused,
                _ => OutcomeKind::Met,
            };
            DayRecord {
                owner: (d == 5).then_some(Owner::Tenant),
                ..record(1, d, kind)
            }
        })
        .collect();
    records.push(record(2, 11, OutcomeKind::Excluded));
    records.extend((12..=30).map(|d| record(2, d, OutcomeKind::Met)));
    let told = figures(&records, &[]);
    assert_eq!((told.raw.met, told.raw.of), (46, 49));
    assert_eq!(told.raw.pct.unwrap().to_string(), "93.87");
    assert_eq!((told.contract.met, told.contract.of), (46, 48));
    assert_eq!(told.contract.pct.unwrap().to_string(), "95.83");
    assert_eq!(
        (told.tally.late, told.tally.excused, told.tally.excluded),
        (1, 1, 1)
    );
    assert_eq!(
        told.worst,
        Some(Worst {
            replica: replica(1),
            raw: Ratio::new(27, 30)
        })
    );
    assert_eq!(
        told.budget,
        Budget {
            allowed: 0,
            used: 2,
            left: -2
        }
    );
    assert_eq!(
        told.blame,
        Blame {
            provider: 2,
            tenant: 1,
            external: 0
        }
    );
    assert_eq!(told.days.len(), 30);
    assert_eq!(told.days[10].raw, Ratio::new(1, 1));
}

#[test]
fn nothing_owed_is_no_percentage() {
    let told = figures(
        &[
            record(1, 1, OutcomeKind::Excluded),
            record(1, 2, OutcomeKind::Open),
        ],
        &[],
    );
    assert_eq!((told.raw.of, told.raw.pct, told.worst), (0, None, None));
}

#[test]
fn a_mean_never_hides_the_replica_at_zero() {
    let mut records: Vec<_> = (2..50).map(|n| record(n, 1, OutcomeKind::Met)).collect();
    records.push(record(1, 1, OutcomeKind::Missed));
    let told = figures(&records, &[]);
    assert_eq!(told.worst.map(|w| (w.replica, w.raw.met)), Some((replica(1), 0)));
}

#[test]
fn the_longest_gap_reaches_from_the_point_before_the_range_to_the_present() {
    let quiet = Protection {
        replica: replica(1),
        from: at(0),
        to: at(300_000),
        taken: vec![at(90_000), at(170_000)],
    };
    let busy = Protection {
        replica: replica(2),
        taken: (0..30).map(|n| at(n * 10_000)).collect(),
        ..quiet.clone()
    };
    let gap = figures(&[], &[busy, quiet]).longest_gap.unwrap();
    assert_eq!(
        (gap.replica, gap.from, gap.secs),
        (replica(1), at(170_000), 130_000)
    );
}

fn any_record() -> impl Strategy<Value = DayRecord> {
    let kinds = [
        OutcomeKind::Open,
        OutcomeKind::Met,
        OutcomeKind::MetLate,
        OutcomeKind::Missed,
        OutcomeKind::Excused,
        OutcomeKind::Excluded,
    ];
    (0_u128..6, 1_u32..31, 0..6_usize).prop_map(move |(n, d, kind)| record(n, d, kinds[kind]))
}

proptest! {
    #[test]
    fn the_contract_never_says_less_than_the_raw_share(records in proptest::collection::vec(any_record(), 0..80)) {
        let told = figures(&records, &[]);
        prop_assert_eq!(told.raw.met, told.contract.met);
        prop_assert!(told.contract.of <= told.raw.of);
    }

    #[test]
    fn days_add_up_to_the_range(records in proptest::collection::vec(any_record(), 0..80)) {
        let told = figures(&records, &[]);
        prop_assert_eq!(told.days.iter().map(|d| d.raw.met).sum::<u64>(), told.raw.met);
        prop_assert_eq!(told.days.iter().map(|d| d.raw.of).sum::<u64>(), told.raw.of);
        prop_assert_eq!(told.days.iter().map(|d| d.contract.of).sum::<u64>(), told.contract.of);
    }

    #[test]
    fn the_order_of_records_changes_nothing(
        records in proptest::collection::vec(any_record(), 0..40).prop_shuffle(),
    ) {
        let mut sorted = records.clone();
        sorted.sort_by_key(|r| (r.replica, r.day));
        prop_assert_eq!(figures(&records, &[]), figures(&sorted, &[]));
    }

    #[test]
    fn an_excuse_never_lowers_the_contractual_share(
        mut records in proptest::collection::vec(any_record(), 1..40), pick in 0_usize..40,
    ) {
        let pick = pick % records.len();
        records[pick].kind = OutcomeKind::Missed;
        let before = figures(&records, &[]);
        let mut excused = records.clone();
        excused[pick].kind = OutcomeKind::Excused;
        let after = figures(&excused, &[]);
        prop_assert_eq!(after.raw, before.raw);
        prop_assert!(after.contract.pct >= before.contract.pct || after.contract.pct.is_none());
    }
}
