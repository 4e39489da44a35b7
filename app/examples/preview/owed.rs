use super::{ago, as_of, replica, zone};
use chrono::{Datelike, Days, NaiveDate, TimeDelta};
use console::*;

fn ahead(secs: i64) -> chrono::DateTime<chrono::Utc> {
    as_of() + TimeDelta::seconds(secs)
}

pub fn calendar(row: &ReplicaRow) -> Vec<CalendarDay> {
    let today = as_of().date_naive();
    let first = NaiveDate::from_ymd_opt(2026, 9, 1).unwrap_or(today);
    (0..)
        .map_while(|n| first.checked_add_days(Days::new(n)).filter(|d| *d <= today))
        .map(|day| {
            let (mark, word) = match (day.num_days_from_ce() * 31 + row.points as i32 * 17) % 67 {
                _ if day == today => (Some(Mark::Open), "open"),
                _ if day < first + Days::new(4) => (None, "not owed"),
                3 => (Some(Mark::Missed), "missed"),
                5 | 6 => (Some(Mark::Late), "met late"),
                9 | 10 => (Some(Mark::Excused), "excused"),
                11 => (Some(Mark::Excused), "not counted"),
                _ => (Some(Mark::Met), "met"),
            };
            CalendarDay {
                mark: DayMark { day, mark },
                word: word.into(),
                corrected: word == "excused",
            }
        })
        .collect()
}

pub fn owed(row: &ReplicaRow) -> OwedView {
    let met = row.now.mark == Mark::Met;
    let sentences: &[&str] = if met {
        &[
            "The host accepted the checkpoint at 22:38; the restore point was sealed 7 h 03 min before it was due at 06:00.",
        ]
    } else {
        &[
            "Blocked by log applies (B1) since 01:51, for 22 s, until the apply ends.",
            "Whose move it is: nobody's.",
            "There were 9 deferrals by log applies.",
            "A backup sealed after 06:00 and before 20:00 counts as late.",
        ]
    };
    OwedView {
        day: ago(7200).date_naive(),
        mark: if met { Mark::Met } else { Mark::Open },
        outcome: if met { "Met" } else { "Open" }.into(),
        opens: ago(5 * 3600),
        due: ahead(14_873),
        headline: if met {
            "Met at 22:57 after 9 deferrals by log applies."
        } else {
            "Open: due by 06:00, in 4 h 07 min."
        }
        .into(),
        sentences: sentences.iter().map(|s| (*s).to_owned()).collect(),
        plan: (!met).then(|| PlanView {
            at: ago(2),
            title: "Log being applied".into(),
            sentence: "Blocked by log applies (B1) until the apply ends. It is watched second by second."
                .into(),
            code: Some("B1".into()),
            mark: Mark::Late,
            whose: "nobody".into(),
            since: Some(ago(22)),
            until: None,
            next: Some(ahead(1)),
            turn: Some(3),
            in_line: 30,
            slack_secs: 13_200,
            expected_secs: 1_140,
        }),
        chance: (!met).then_some(Chance::Known { missed_bp: 2_900 }),
        risk: (!met)
            .then(|| "Of 7 days that were still open at this point of the window, 2 were lost.".into()),
    }
}

pub fn day(row: &ReplicaRow, day: NaiveDate) -> DayView {
    let view = replica::view(row);
    let share = |code: &str, owner: &str, secs| ShareRow {
        code: code.into(),
        title: words::title(code).into(),
        owner: owner.into(),
        secs,
    };
    DayView {
        as_of: as_of(),
        zone: zone(),
        replica: row.id,
        name: row.name.clone(),
        tenant: row.tenant.clone(),
        day,
        previous: day.pred_opt(),
        next: day.succ_opt(),
        mark: Mark::Excused,
        outcome: "Excused".into(),
        closed_as: Some("Missed".into()),
        headline: "Excused: Carrier outage from 22:14 to 08:02, ticket 4698.".into(),
        sentences: [
            "Up to neither the provider nor the tenant.",
            "By the blockers that were seen, resynchronizations took 9 h 46 min of its 12 h window and left a gap of 1 h 10 min.",
            "There were 14 deferrals by log applies and 2 by a resynchronization.",
            "The day counts in the raw figure and not in the contractual one; the next day stands on its own.",
        ]
        .map(Into::into)
        .to_vec(),
        opens: view.timeline.from,
        due: view.timeline.to + TimeDelta::hours(3),
        next_open: view.timeline.to + TimeDelta::hours(12),
        opened_at: view.timeline.from + TimeDelta::minutes(9),
        closed_at: Some(ago(100)),
        point: None,
        policy: "gold".into(),
        policy_version: 3,
        terms: terms::facts(&Terms::standard()),
        attempts_total: 18,
        deferrals: 16,
        failures: 1,
        attempts: view.attempts.into_iter().rev().collect(),
        timeline: view.timeline,
        attribution: Some(AttributionView {
            owner: "the tenant".into(),
            cause: Some("B5".into()),
            shares: vec![share("B5", "tenant", 35_160), share("B1", "provider", 4_400), share("B6", "provider", 1_300)],
            window_secs: 43_200,
            gap_secs: 4_200,
            usable_secs: 5_100,
        }),
        corrections: vec![CorrectionRow {
            seq: 1,
            at: ago(90),
            author: "grace".into(),
            reason: "Carrier outage from 22:14 to 08:02, ticket 4698".into(),
            change: "Excused as nobody's".into(),
            mark: Mark::Excused,
        }],
        uncorrectable: None,
    }
}
