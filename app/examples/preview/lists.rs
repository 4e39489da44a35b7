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
            due: (mark != Mark::Met).then(|| as_of() + TimeDelta::seconds(14_873)),
            at_risk: matches!(i, 0 | 2 | 3),
            policy: Some(if i.is_multiple_of(5) { "gold" } else { "standard" }.into()),
            held: (i == 11).then(|| Held {
                by: "ada".into(),
                until: as_of() + TimeDelta::hours(3),
                reason: "Storage is being exchanged".into(),
            }),
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
        Filter::Failed | Filter::Breached => false,
        Filter::AtRisk => row.at_risk,
        Filter::Held => row.held.is_some(),
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
