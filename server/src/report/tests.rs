//! The golden month: October 2026 in Europe/Berlin, counted by hand.
//! db: 31 days, 26 met, 1 late, 1 missed, 2 excused, 1 excluded. web appears on the 12th: excluded, then 18 met and 1 missed.
//! raw 44 of 49 = 89.795..., contractual 44 of 47 = 93.617...; db raw 26 of 30 = 86.666...; rounding would change each of them.

use super::*;
use chrono::{DateTime, NaiveDate, Utc};
use domain::calendar::SlaDay;
use domain::obligation::{OutcomeKind, Owner};
use domain::policy::BasisPoints;
use domain::sla::{DayRecord, Protection, figures};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn golden(name: &str, reason: &str) -> Material {
    let ids: [domain::ids::ReplicaId; 2] = [
        "00000000-0000-7000-8000-000000000001",
        "00000000-0000-7000-8000-000000000002",
    ]
    .map(|id| id.parse().unwrap());
    let mut records = Vec::new();
    let mut put = |replica, day, kind, owner| {
        records.push(DayRecord {
            replica,
            day: SlaDay(NaiveDate::from_ymd_opt(2026, 10, day).unwrap()),
            kind,
            owner,
            target_bp: BasisPoints::new(9500).unwrap(),
        });
    };
    for day in 1..=31 {
        let (kind, owner) = match day {
            4 => (OutcomeKind::MetLate, Some(Owner::Provider)),
            9 | 25 => (OutcomeKind::Excused, Some(Owner::Tenant)),
            18 => (OutcomeKind::Excluded, None),
            26 => (OutcomeKind::Missed, Some(Owner::External)),
            _ => (OutcomeKind::Met, None),
        };
        put(ids[0], day, kind, owner);
    }
    for day in 12..=31 {
        let kind = match day {
            12 => OutcomeKind::Excluded,
            20 => OutcomeKind::Missed,
            _ => OutcomeKind::Met,
        };
        put(ids[1], day, kind, None);
    }
    let protection = Protection {
        replica: ids[0],
        from: at("2026-10-24T20:00:00Z"),
        to: at("2026-10-28T21:00:00Z"),
        taken: vec![at("2026-10-27T21:00:00Z")],
    };
    let figures = figures(&records, &[protection]);
    let ratio = Ratio::new;
    let db = Line {
        tenant: Plain::of(name),
        replica: Plain::of(name),
        raw: ratio(26, 30),
        contract: ratio(26, 28),
        late: 1,
        days: (1..=31)
            .map(|day| {
                Some(match day {
                    4 => OutcomeKind::MetLate,
                    9 | 25 => OutcomeKind::Excused,
                    18 => OutcomeKind::Excluded,
                    26 => OutcomeKind::Missed,
                    _ => OutcomeKind::Met,
                })
            })
            .collect(),
    };
    let web = Line {
        tenant: Plain::of(name),
        replica: Plain::of("web"),
        raw: ratio(18, 19),
        contract: ratio(18, 19),
        late: 0,
        days: (1..=31)
            .map(|day| match day {
                12 => Some(OutcomeKind::Excluded),
                20 => Some(OutcomeKind::Missed),
                13.. => Some(OutcomeKind::Met),
                _ => None,
            })
            .collect(),
    };
    let worst = figures.worst.unwrap();
    assert_eq!((worst.replica, worst.raw), (ids[0], db.raw));
    let gap = figures.longest_gap.unwrap();
    Material {
        name: Plain::of(name),
        brand: Brand {
            name: Plain::of(name),
            accent: Some("#1f7a5a".to_owned()),
            logo: Some("data:image/png;base64,iVBORw0KGgo=".to_owned()),
        },
        month: "2026-10".to_owned(),
        zone: Plain::of("Europe/Berlin"),
        made_at: Plain::of("2026-11-01T08:00:00Z"),
        finality: Finality::Final,
        policies: vec![Policy {
            name: Plain::of("standard"),
            version: 3,
            target: "95.00".to_owned(),
        }],
        figures,
        tenants: Vec::new(),
        worst: Some(db.clone()),
        longest_gap: Some(Gap {
            tenant: Plain::of(name),
            replica: Plain::of(name),
            from: Plain::of("2026-10-24 22:00 +02:00"),
            to: Plain::of("2026-10-27 22:00 +01:00"),
            secs: gap.secs,
        }),
        lines: vec![db, web],
        days: vec![Day {
            day: "2026-10-26".to_owned(),
            tenant: Plain::of(name),
            replica: Plain::of(name),
            outcome: "missed",
            whose: "external",
            story: Plain::of("Missed: the link was cut; nobody has to act."),
            next: Plain::of("Backed up again at 2026-10-27 22:00 +01:00."),
        }],
        corrections: vec![Corrected {
            day: "2026-10-25".to_owned(),
            tenant: Plain::of(name),
            replica: Plain::of(name),
            kind: "excused",
            whose: Some("tenant"),
            author: Plain::of("mira"),
            reason: Plain::of(reason),
            at: Plain::of("2026-10-30T09:00:00Z"),
        }],
        traffic_bytes: 1_234_567_890_123,
    }
}

#[test]
fn the_golden_month_says_the_same_digits_in_all_three_forms() {
    let report = Report::of(golden("Nordwind", "announced"), Edition::Hoster);
    let (page, table, document) = (
        html::html(&report, &html::Shown::default()).unwrap(),
        csv::csv(&report),
        json::json(&report),
    );
    for (page_words, table_words) in [
        ("<b>89.79 %</b><small>44 of 49 days", "figure,raw,,,,44,49,89.79,"),
        (
            "<b>93.61 %</b><small>44 of 47 days",
            "figure,contract,,,,44,47,93.61,",
        ),
        (
            "raw 86.66 % (26 of 30 days)",
            "figure,worst_raw,Nordwind,Nordwind,,26,30,86.66,",
        ),
        (
            "3 d 1 h (262800 s)",
            "figure,longest_gap_secs,Nordwind,Nordwind,,,,,,262800,",
        ),
        ("1,234,567,890,123 bytes", "traffic,bytes,,,,,,,,1234567890123,"),
        (
            "not kept</b><small>3 days lost, 2 allowed",
            "target,kept,,,,,,,,not kept,",
        ),
        (
            "<b>2</b> missed</span><span><b>2</b> excused</span><span><b>2</b> excluded</span><span><b>0</b> open",
            "days,excluded,,,,,,,,2,",
        ),
    ] {
        assert!(page.contains(page_words), "{page_words}");
        assert!(table.contains(table_words), "{table_words}");
    }
    assert_eq!(
        (document["raw"]["pct"].as_str(), document["raw"]["of"].as_u64()),
        (Some("89.79"), Some(49))
    );
    assert_eq!(
        (
            document["contract"]["pct"].as_str(),
            document["contract"]["of"].as_u64()
        ),
        (Some("93.61"), Some(47))
    );
    assert_eq!(document["worst"]["raw"]["pct"], "86.66");
    assert_eq!(document["longest_gap"]["secs"], 262_800);
    assert_eq!(document["traffic"]["bytes"], 1_234_567_890_123_u64);
    assert_eq!(document["target"]["kept"], "not kept");
    assert_eq!(
        (document["late"].as_u64(), document["missed"].as_u64()),
        (Some(1), Some(2))
    );
}

#[test]
fn all_but_one_of_very_many_days_is_not_printed_as_a_hundred_percent() {
    assert_eq!(percent(Ratio::new(99_999, 100_000)), "99.99");
    assert_eq!(percent(Ratio::new(100_000, 100_000)), "100.00");
    assert_eq!(percent(Ratio::new(0, 0)), "none");
}

#[test]
fn a_month_in_progress_is_at_best_kept_so_far_and_a_broken_one_stays_broken() {
    let mut material = golden("Nordwind", "announced");
    material.finality = Finality::InProgress;
    let report = Report::of(material.clone(), Edition::Hoster);
    assert_eq!(report.kept(), Kept::Broken);
    material.figures.budget.left = 0;
    let report = Report::of(material.clone(), Edition::Hoster);
    assert_eq!(report.kept(), Kept::SoFar, "no day is open, and more will come");
    material.finality = Finality::Final;
    assert_eq!(Report::of(material, Edition::Hoster).kept(), Kept::Kept);
}

#[test]
fn every_day_of_a_replica_has_its_letter_in_all_three_forms() {
    let report = Report::of(golden("Nordwind", "announced"), Edition::Hoster);
    let letters = "MMMLMMMMEMMMMMMMM-MMMMMMEXMMMMM";
    let page = html::html(&report, &html::Shown::default()).unwrap();
    let strip = page.split("<span class=\"strip\">").nth(1).unwrap();
    let strip = strip.split("</span>").next().unwrap();
    let shown: String = strip
        .split("\">")
        .skip(1)
        .map(|cell| cell.chars().next().unwrap())
        .collect();
    assert_eq!(shown, letters);
    assert!(csv::csv(&report).contains(&format!("replica,days,Nordwind,Nordwind,,,,,,days {letters},")));
    assert_eq!(json::json(&report)["replicas"][0]["days"], letters);
}

#[test]
fn the_tenants_edition_names_nobody_of_the_hosters() {
    let forms = |edition| {
        let report = Report::of(golden("Nordwind", "announced"), edition);
        [
            html::html(&report, &html::Shown::default()).unwrap(),
            csv::csv(&report),
            json::json(&report).to_string(),
        ]
    };
    assert!(forms(Edition::Hoster).iter().all(|form| form.contains("mira")));
    for form in forms(Edition::Tenant) {
        assert!(!form.contains("mira") && form.contains("the hoster") && form.contains("announced"));
    }
}

/// The page carries its own table of colours, so that it can be kept; it is the screens'.
#[test]
fn the_colours_of_the_page_are_those_of_the_screens() {
    let (page, screens) = (
        include_str!("../../templates/report.html"),
        include_str!("../../../style/main.css"),
    );
    let dark = screens.split(":root[data-theme=\"dark\"]").nth(1).unwrap();
    let mut colours = 0;
    for told in page
        .split("--")
        .skip(1)
        .filter(|told| told.contains(": light-dark("))
    {
        let (name, pair) = told.split_once(": light-dark(").unwrap();
        let Some((light_colour, rest)) = pair.split_once(", ") else {
            continue;
        };
        let dark_colour = rest.split(')').next().unwrap();
        if name.contains(' ') {
            continue;
        }
        assert!(
            screens.contains(&format!("--{name}: {light_colour};")),
            "{name} {light_colour}"
        );
        assert!(
            dark.contains(&format!("--{name}: {dark_colour};")),
            "{name} {dark_colour}"
        );
        colours += 1;
    }
    assert_eq!(colours, 16);
}

#[test]
fn a_logo_is_in_the_page_itself_and_a_file_leads_nowhere() {
    let report = Report::of(golden("Nordwind", "announced"), Edition::Tenant);
    let file = html::html(&report, &html::Shown::default()).unwrap();
    assert!(file.contains("<img class=\"logo\" src=\"data:image/png;base64,iVBORw0KGgo=\" alt=\"\">"));
    assert!(!file.contains("<a ") && !file.contains("nonce"), "{file}");
}

/// The newest month of a list is one that there is a report of, wherever the tenant is.
#[test]
fn the_newest_month_is_that_of_the_tenants_own_calendar() {
    for (zone, now, newest_month) in [
        ("Pacific/Kiritimati", "2026-10-31T10:30:00Z", "2026-11"),
        ("America/New_York", "2026-11-01T03:30:00Z", "2026-10"),
        ("America/New_York", "2026-11-01T04:30:00Z", "2026-11"),
    ] {
        assert_eq!(
            newest(Some(zone.parse().unwrap()), at(now)).to_string(),
            newest_month,
            "{zone}"
        );
    }
    assert_eq!(newest(None, at("2026-10-31T09:59:00Z")).to_string(), "2026-10");
    assert_eq!(newest(None, at("2026-10-31T10:00:00Z")).to_string(), "2026-11");
}

#[test]
fn lengths_of_time_are_told_in_their_two_largest_units() {
    for (secs, words) in [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3_725, "1 h 2 min"),
        (86_400, "1 d"),
        (90_000, "1 d 1 h"),
    ] {
        assert_eq!(html::span(&secs), words);
    }
}

#[test]
fn hostile_names_are_harmless_in_all_three_forms() {
    for (name, reason) in [
        ("=cmd()", "+1"),
        ("<script>alert(1)</script>", "\"><img src=x>"),
        ("\u{202e}evil\u{2066}", "@sum"),
        ("a\r\n=b,\"c\"", "-2\n\t=x"),
        ("\u{200f}=cmd()", " =x"),
    ] {
        let report = Report::of(golden(name, reason), Edition::Hoster);
        let (page, table, document) = (
            html::html(&report, &html::Shown::default()).unwrap(),
            csv::csv(&report),
            json::json(&report).to_string(),
        );
        for form in [&page, &table, &document] {
            assert!(!form.contains(['\u{202e}', '\u{2066}', '\u{200f}']), "{name:?}");
        }
        assert!(
            !page.contains("<script") && page.matches("<img").count() == 1,
            "{name:?}"
        );
        for record in table.split_terminator("\r\n") {
            assert!(!record.contains(['\r', '\n']), "{record:?}");
            let cells = cells(record);
            assert_eq!(cells.len(), 12, "{record:?}");
            assert!(
                cells
                    .iter()
                    .all(|cell| !cell.trim_start().starts_with(['=', '+', '-', '@'])),
                "{record:?}"
            );
        }
    }
}

#[test]
fn a_cell_that_looks_like_a_formula_is_guarded() {
    for (text, written) in [
        ("=1", "'=1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@a", "'@a"),
        ("\ta", "'\ta"),
        ("\ra", "\"'\ra\""),
        ("a=1", "a=1"),
        ("a,\"b\"", "\"a,\"\"b\"\"\""),
    ] {
        assert_eq!(csv::cell(text), written);
    }
}

/// A reader of its own, by the letter of RFC 4180.
fn cells(record: &str) -> Vec<String> {
    let (mut all, mut now, mut quoted) = (Vec::new(), String::new(), false);
    let mut chars = record.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => now.push(chars.next().unwrap()),
            '"' => quoted = !quoted,
            ',' if !quoted => all.push(std::mem::take(&mut now)),
            c => now.push(c),
        }
    }
    all.push(now);
    all
}
