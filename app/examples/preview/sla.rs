use super::hands::tenants;
use super::{ago, as_of, lists, uuid, zone};
use chrono::{Days, NaiveDate};
use console::*;

pub fn sla(query: SlaQuery) -> SlaView {
    let first = NaiveDate::from_ymd_opt(2026, 11, 1).unwrap_or_default();
    let (from, to) = (
        query.from.unwrap_or(first),
        query.to.unwrap_or(first + Days::new(29)),
    );
    let days: Vec<DayFigures> = (0..22u64)
        .map(|n| {
            let (late, missed, excused) = (n * 7 % 11 / 9, (n * 5 % 13) / 11 * 2, u64::from(n == 8) * 4);
            let open = u64::from(n == 21) * 30;
            let met = 172 - late - missed - excused - open;
            let tally = Tally {
                open,
                met,
                late,
                missed,
                excused,
                excluded: n % 2,
            };
            DayFigures {
                day: SlaDay(from + Days::new(n)),
                tally,
                raw: tally.raw(),
                contract: tally.contract(),
            }
        })
        .collect();
    let tally = days.iter().fold(Tally::default(), |a, d| Tally {
        open: a.open + d.tally.open,
        met: a.met + d.tally.met,
        late: a.late + d.tally.late,
        missed: a.missed + d.tally.missed,
        excused: a.excused + d.tally.excused,
        excluded: a.excluded + d.tally.excluded,
    });
    let figures = |lost: i64| SlaFigures {
        tally,
        raw: tally.raw(),
        contract: tally.contract(),
        budget: Budget {
            allowed: 18,
            used: tally.late + tally.missed,
            left: 18 - lost,
        },
        blame: Blame {
            provider: 7,
            tenant: 3,
            external: 1,
        },
        worst: Some(WorstView {
            replica: ReplicaId(uuid(2)),
            name: "files".into(),
            tenant: "fabrikam".into(),
            raw: Ratio::new(18, 21),
        }),
        longest_gap: Some(GapView {
            replica: ReplicaId(uuid(2)),
            name: "files".into(),
            tenant: "fabrikam".into(),
            from: ago(400_000),
            to: ago(220_000),
            secs: 180_000,
        }),
    };
    let loss = |i: usize, day: u64, mark, outcome: &str, whose: &str, story: &str, corrected| {
        let row = &lists::rows()[i];
        LossRow {
            replica: row.id,
            name: row.name.clone(),
            tenant: row.tenant.clone(),
            day: from + Days::new(day),
            mark,
            outcome: outcome.into(),
            whose: whose.into(),
            story: story.into(),
            attempts: 18,
            deferrals: 16,
            corrected,
        }
    };
    let name = query
        .tenant
        .as_ref()
        .and_then(|t| tenants().into_iter().find(|(id, _)| id == t))
        .map(|(_, name)| name);
    SlaView {
        as_of: as_of(),
        zone: zone(),
        tenants: if query.tenant.is_some() {
            vec![]
        } else {
            tenants()
                .into_iter()
                .zip([20, 9, 3, 1])
                .map(|((tenant, name), lost)| SlaTenantRow {
                    tenant,
                    name,
                    figures: figures(lost),
                })
                .collect()
        },
        tenant: query.tenant,
        name,
        from,
        to,
        figures: figures((tally.late + tally.missed) as i64),
        days,
        losses: vec![
            loss(
                2,
                19,
                Mark::Excused,
                "Excused",
                "neither",
                "Excused: Carrier outage from 22:14 to 08:02, ticket 4698.",
                true,
            ),
            loss(
                3,
                12,
                Mark::Missed,
                "Missed",
                "provider",
                "Missed: log applies took 10 h 41 min of its 12 h window and left no gap of 19 min.",
                false,
            ),
            loss(
                6,
                8,
                Mark::Late,
                "Met late",
                "tenant",
                "Met late at 09:12 after 14 deferrals by resynchronizations.",
                false,
            ),
        ],
        losses_total: 11,
        all_tenants: tenants(),
    }
}
