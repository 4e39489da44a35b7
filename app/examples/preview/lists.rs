use super::{ago, as_of, uuid, zone};
use chrono::{Days, TimeDelta};
use console::*;

const NAMES: [(&str, &str, Mark, &str, &str); 20] = [
    ("sql-03", "contoso", Mark::Missed, "B4", "Health critical"),
    ("sql-04", "contoso", Mark::Met, "", "Met"),
    ("files", "fabrikam", Mark::Late, "B5", "Resynchronizing"),
    ("erp-db", "northwind", Mark::Late, "B1", "Log being applied"),
    ("erp-app-1", "northwind", Mark::Met, "", "Met"),
    ("erp-app-2", "northwind", Mark::Running, "", "Exporting"),
    ("dc-01", "contoso", Mark::Met, "", "Met"),
    ("dc-02", "contoso", Mark::Met, "", "Met"),
    ("web-11", "adatum", Mark::Met, "", "Met"),
    ("web-12", "adatum", Mark::Running, "", "Checkpoint"),
    ("mail", "fabrikam", Mark::Met, "", "Met"),
    ("bi-cube", "adatum", Mark::Late, "B1", "Log being applied"),
    ("print", "fabrikam", Mark::Unknown, "UN", "No observation"),
    ("vdi-gold", "northwind", Mark::Met, "", "Met"),
    (
        "build-7",
        "northwind",
        Mark::Excused,
        "",
        "Excluded: initial replication",
    ),
    ("git", "fabrikam", Mark::Met, "", "Met"),
    ("wiki", "adatum", Mark::Open, "", "Clear, in line for a slot"),
    ("hr-core", "contoso", Mark::Met, "", "Met"),
    ("pos-gw", "adatum", Mark::Met, "", "Met"),
    (
        "cam-store-with-a-rather-long-name",
        "northwind",
        Mark::Missed,
        "B3",
        "Apply failed",
    ),
];

pub fn days(seed: u64) -> Vec<DayMark> {
    let today = as_of().date_naive();
    let mark = |i: u64| match (i * 31 + seed * 17) % 67 {
        _ if i == 27 => Some(Mark::Open),
        _ if seed == 12 && i < 9 => None,
        3 => Some(Mark::Missed),
        5 | 6 => Some(Mark::Late),
        9 => Some(Mark::Excused),
        12 => Some(Mark::Unknown),
        _ => Some(Mark::Met),
    };
    (0..28)
        .map(|i| DayMark {
            day: today - Days::new(27 - i),
            mark: mark(i),
        })
        .collect()
}

pub fn rows() -> Vec<ReplicaRow> {
    let one = |i: usize| {
        let (name, tenant, mark, code, text) = NAMES[i % NAMES.len()];
        let n = i as u64;
        ReplicaRow {
            id: ReplicaId(uuid(i as u128)),
            name: if i < 20 { name.into() } else { format!("{name}-b") },
            tenant: tenant.into(),
            host: format!("hv-r-0{}", 1 + i % 3),
            now: Standing {
                mark,
                code: (!code.is_empty()).then(|| code.into()),
                text: text.into(),
                at: (mark != Mark::Open).then(|| ago(600 + i as i64 * 433)),
                percent: (text == "Exporting").then_some(43),
            },
            observed: Some(ago(3 + i as i64 % 12)),
            days: days(n),
            interval_secs: [30, 300, 900][i % 3],
            disks: 1 + u32::from(i.is_multiple_of(4)) + u32::from(i.is_multiple_of(8)),
            last_point: (i != 14).then(|| ago(3600 * (1 + (i as i64 * 7) % 26))),
            points: n % 9,
            size_bytes: (i != 14).then_some(20_000_000 + n * 3_711_113),
            added_bytes: (i != 14).then_some(900_000 + n * 311_113),
        }
    };
    (0..40).map(one).collect()
}

fn shows(filter: Filter, row: &ReplicaRow) -> bool {
    match filter {
        Filter::All => true,
        Filter::Protected => row.now.mark == Mark::Met,
        Filter::Running => row.now.mark == Mark::Running,
        Filter::Waiting => matches!(row.now.mark, Mark::Late | Mark::Missed),
        Filter::Failed => false,
        Filter::Unknown => row.now.mark == Mark::Unknown,
    }
}

pub fn page(query: ReplicaQuery) -> ReplicasPage {
    let found: Vec<ReplicaRow> = rows()
        .into_iter()
        .filter(|r| {
            r.name.contains(&query.search) && query.tenant.as_ref().is_none_or(|t| t.as_str() == r.tenant)
        })
        .filter(|r| query.code.is_none() || r.now.code == query.code)
        .collect();
    let counts = Filter::ALL
        .iter()
        .map(|f| FilterCount {
            filter: *f,
            count: found.iter().filter(|r| shows(*f, r)).count() as u64,
        })
        .collect();
    let rows: Vec<ReplicaRow> = found.into_iter().filter(|r| shows(query.filter, r)).collect();
    ReplicasPage {
        as_of: as_of(),
        zone: zone(),
        query,
        matching: rows.len() as u64,
        before: 0,
        previous: None,
        next: None,
        counts,
        rows,
    }
}

pub fn night() -> NightView {
    let opens = ago(5 * 3600 + 52 * 60 + 7);
    let open_over_time = (0..29)
        .map(|i| OpenAt {
            at: opens + TimeDelta::seconds(300 + i * 700),
            open: 40 - i as u64,
        })
        .collect::<Vec<_>>();
    let open_over_time = [vec![OpenAt { at: opens, open: 40 }], open_over_time].concat();
    let cause = |code: &str,
                 mark,
                 replicas,
                 hosts: &[&str],
                 old: i64,
                 new: i64,
                 next: Option<i64>,
                 whose: &str,
                 releases: &str| Cause {
        code: code.into(),
        title: words::title(code).into(),
        mark,
        replicas,
        hosts: hosts.iter().map(|h| (*h).into()).collect(),
        since_oldest: ago(old),
        since_newest: ago(new),
        next_look: next.map(|s| as_of() + TimeDelta::seconds(s)),
        whose: whose.into(),
        releases: releases.into(),
        only: (replicas == 1).then(|| (ReplicaId(uuid(12)), "print".into())),
    };
    let running = |i: usize, step: &str, percent| {
        let row = &rows()[i];
        RunningRow {
            attempt: AttemptId(uuid(900 + i as u128)),
            replica: row.id,
            name: row.name.clone(),
            tenant: row.tenant.clone(),
            host: row.host.clone(),
            step: step.into(),
            since: ago(41),
            started: ago(95),
            percent,
        }
    };
    let host = |n: u32, used, mark, trust: &str, survey: i64, error: Option<&str>| HostRow {
        host: format!("hv-r-0{n}"),
        build: Some("10.0.20348".into()),
        trust: trust.into(),
        trust_mark: mark,
        replicas: 13,
        slots_used: used,
        slots_max: 4,
        last_survey: Some(ago(survey)),
        error: error.map(Into::into),
    };
    NightView {
        as_of: as_of(),
        zone: zone(),
        day: ago(7200).date_naive(),
        opens,
        due: as_of() + TimeDelta::seconds(4 * 3600 + 473),
        freshness_limit_secs: 180,
        counts: NightCounts {
            total: 40,
            tenants: 4,
            met: 29,
            running: 2,
            waiting: 6,
            ready: 1,
            failed: 0,
            unknown: 1,
            excused: 1,
            needs_person: 2,
            attempts: 31,
            deferrals: 106,
        },
        open_over_time,
        running: vec![running(5, "Exporting", Some(43)), running(9, "Checkpoint", None)],
        causes: vec![
            cause(
                "B1",
                Mark::Late,
                3,
                &["hv-r-01", "hv-r-02", "hv-r-03"],
                41,
                2,
                Some(1),
                "nobody",
                "The apply ends.",
            ),
            cause(
                "B4",
                Mark::Missed,
                2,
                &["hv-r-01", "hv-r-03"],
                13_320,
                900,
                Some(20),
                "operator, tenant",
                "The health is not Critical any more.",
            ),
            cause(
                "B5",
                Mark::Late,
                2,
                &["hv-r-02"],
                4_300,
                4_300,
                Some(20),
                "operator, tenant",
                "The resynchronization completes.",
            ),
            cause(
                "UN",
                Mark::Unknown,
                1,
                &["hv-r-03"],
                1_380,
                1_380,
                Some(12),
                "operator",
                "The host answers again.",
            ),
        ],
        hosts: vec![
            host(1, 1, Mark::Met, "enrolled", 9, None),
            host(2, 1, Mark::Met, "enrolled", 14, None),
            host(
                3,
                0,
                Mark::Late,
                "not proven yet",
                1_380,
                Some("The host does not answer: connection refused. Is WinRM running?"),
            ),
        ],
        findings: vec![
            FindingRow {
                key: "a".into(),
                title: words::finding("unmapped-replica").into(),
                text: "VM “test-9” comes from a primary that no tenant owns.".into(),
                host: Some("hv-r-02".into()),
                replica: None,
                since: ago(90_000),
            },
            FindingRow {
                key: "b".into(),
                title: words::finding("foreign-checkpoint").into(),
                text: "A recovery checkpoint that is not ours has stood since yesterday.".into(),
                host: Some("hv-r-01".into()),
                replica: Some(ReplicaId(uuid(2))),
                since: ago(40_000),
            },
        ],
    }
}
