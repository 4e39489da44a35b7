use super::{ago, as_of, uuid, zone};
use chrono::{NaiveDate, TimeDelta};
use console::*;

fn ahead(secs: i64) -> chrono::DateTime<chrono::Utc> {
    as_of() + TimeDelta::seconds(secs)
}

pub fn tenants() -> Vec<(TenantId, String)> {
    ["Contoso", "Fabrikam", "Northwind", "Adatum"]
        .into_iter()
        .filter_map(|name| Some((name.to_lowercase().parse().ok()?, name.to_owned())))
        .collect()
}

pub fn holds() -> Vec<HoldRow> {
    let one = |id, on: &str, name: &str, from, until, reason: &str, lifted: Option<i64>, keeps| HoldRow {
        id,
        on: on.into(),
        name: name.into(),
        replica: (on == "replica").then(|| ReplicaId(uuid(11))),
        from: ago(from),
        until: ahead(until),
        reason: reason.into(),
        author: "ada".into(),
        lifted: lifted.map(|at| (ago(at), "grace".into())),
        active: until > 0 && lifted.is_none(),
        keeps,
    };
    vec![
        one(
            4,
            "host",
            "hv-r-05",
            900,
            10_800,
            "Storage is being exchanged, change 1183",
            None,
            3,
        ),
        one(
            3,
            "replica",
            "adatum/bi-cube",
            4_000,
            14_400,
            "The tenant loads its warehouse",
            None,
            1,
        ),
        one(
            2,
            "tenant",
            "Fabrikam",
            90_000,
            -60_000,
            "Their migration weekend",
            Some(70_000),
            0,
        ),
        one(1, "host", "hv-r-01", 190_000, -160_000, "Firmware", None, 0),
    ]
}

pub fn holds_view() -> HoldsView {
    let (active, past) = holds().into_iter().partition(|h| h.active);
    HoldsView {
        as_of: as_of(),
        zone: zone(),
        active,
        past,
        hosts: (1..=5).map(|n| format!("hv-r-0{n}")).collect(),
        tenants: tenants(),
    }
}

pub fn activity() -> ActivityView {
    let one = |at, author: &str, what: &str, on: &str, href: Option<&str>, text: &str| ActivityRow {
        at: ago(at),
        author: author.into(),
        what: what.into(),
        on: on.into(),
        href: href.map(Into::into),
        text: text.into(),
    };
    ActivityView {
        as_of: as_of(),
        zone: zone(),
        rows: vec![
            one(
                900,
                "ada",
                "Hold laid",
                "host hv-r-05",
                Some("/holds"),
                "Storage is being exchanged, change 1183",
            ),
            one(
                1_200,
                "ada",
                "Cause acknowledged",
                "host:hv-r-02:B5",
                Some("/"),
                "Northwind's line was cut, carrier ticket 4711",
            ),
            one(
                70_000,
                "grace",
                "Hold lifted",
                "tenant Fabrikam",
                Some("/holds"),
                "Their migration weekend",
            ),
            one(
                172_000,
                "grace",
                "Day excused",
                "files, 20 Nov 2026",
                None,
                "Carrier outage from 22:14 to 08:02, ticket 4698",
            ),
            one(
                400_000,
                "ada",
                "Policy version 3",
                "gold",
                Some("/policies#gold"),
                "Target 99.5 % → 99.9 %",
            ),
        ],
    }
}

pub fn policies() -> PoliciesView {
    let standard = Terms::standard();
    let mut gold = standard.clone();
    gold.name = "Gold".into();
    gold.priority = 5;
    gold.target_bp = BasisPoints::new(9_990).unwrap_or(standard.target_bp);
    gold.pause = PauseTerms::Allowed {
        secs_max: 120,
        per_night_max: 5,
    };
    let mut before = gold.clone();
    before.target_bp = standard.target_bp;
    let version = |version, at, changes, open| VersionRow {
        version,
        author: "ada".into(),
        at: ago(at),
        changes,
        open,
    };
    let next = |zone: &str, day: u32, secs| NextDay {
        zone: zone.into(),
        day: NaiveDate::from_ymd_opt(2026, 11, day).unwrap_or_default(),
        opens: ahead(secs),
    };
    let from = || {
        vec![
            next("Europe/Berlin", 23, 65_273),
            next("America/New_York", 23, 86_873),
        ]
    };
    let row = |id: &str, terms: &Terms, versions: Vec<VersionRow>, replicas| PolicyRow {
        id: id.into(),
        version: versions.len() as u32,
        terms: terms.clone(),
        author: "ada".into(),
        at: versions[0].at,
        versions,
        replicas,
        applies_from: from(),
    };
    let assigned = |to: &str, id: &str, name: &str, policy: &str, replicas| AssignmentRow {
        to: to.into(),
        id: id.into(),
        name: name.into(),
        policy: policy.into(),
        author: "ada".into(),
        at: ago(4_000_000),
        replicas,
    };
    PoliciesView {
        as_of: as_of(),
        zone: zone(),
        policies: vec![
            row(
                "gold",
                &gold,
                vec![
                    version(3, 400_000, terms::changes(&before, &gold), 12),
                    version(2, 3_000_000, terms::changes(&standard, &before), 1),
                    version(1, 4_000_000, vec![], 0),
                ],
                13,
            ),
            row("standard", &standard, vec![version(1, 9_000_000, vec![], 27)], 27),
        ],
        assignments: vec![
            assigned("site", "", "", "standard", 26),
            assigned("tenant", "northwind", "Northwind", "gold", 12),
            assigned("replica", &uuid(11).to_string(), "adatum/bi-cube", "gold", 1),
        ],
        tenants: tenants(),
    }
}
