use super::hands::holds;
use super::lists::rows;
use super::{ago, as_of, uuid, zone};
use chrono::TimeDelta;
use console::*;

fn ahead(secs: i64) -> chrono::DateTime<chrono::Utc> {
    as_of() + TimeDelta::seconds(secs)
}

#[expect(clippy::too_many_arguments, reason = "a table of made-up rows")]
fn cause(
    key: &str,
    code: Option<&str>,
    title: &str,
    mark: Mark,
    replicas: u64,
    at_risk: u64,
    since: i64,
    slack: i64,
    whose: &str,
) -> Cause {
    let host = key.split(':').nth(1).filter(|h| h.starts_with("hv-"));
    Cause {
        key: key.into(),
        code: code.map(Into::into),
        title: title.into(),
        mark,
        queue: key == "total:full",
        host: host.map(Into::into),
        replicas,
        tenants: replicas.min(4),
        at_risk,
        too_late: 0,
        since: ago(since),
        next_look: (replicas != 3).then(|| ahead(1 + since % 25)),
        next_due: ahead(slack + 900),
        least_slack_secs: slack,
        whose: whose.into(),
        needs_person: whose != "nobody",
        releases: "The resynchronization completes.".into(),
        first: (ReplicaId(uuid(12)), "print".into()),
        acknowledged: (code == Some("B5")).then(|| Acknowledged {
            by: "ada".into(),
            at: ago(1200),
            until: ahead(9_000),
            note: "Northwind's line was cut, carrier ticket 4711".into(),
        }),
        held: key.starts_with("hold").then(|| Held {
            by: "ada".into(),
            until: ahead(10_800),
            reason: "Storage is being exchanged".into(),
        }),
    }
}

pub fn night() -> NightView {
    let opens = ago(5 * 3600 + 52 * 60 + 7);
    let open_over_time = (0..29).map(|i| OpenAt {
        at: opens + TimeDelta::seconds(300 + i * 700),
        open: 172 - (i as u64) * 5 - (i as u64 % 3),
    });
    let open_over_time = [OpenAt { at: opens, open: 172 }]
        .into_iter()
        .chain(open_over_time)
        .chain([OpenAt {
            at: as_of(),
            open: 30,
        }])
        .collect();
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
        requests: Some((21 * n, 120)),
        breaker: (n == 4).then(|| "7 attempts in a row failed; one attempt tries it at 02:04.".into()),
        held: (n == 5).then(|| Held {
            by: "ada".into(),
            until: ahead(10_800),
            reason: "Storage is being exchanged".into(),
        }),
        last_survey: Some(ago(survey)),
        error: error.map(Into::into),
    };
    let risk = |i: usize, chance, reason: &str, slack: i64, next: Option<i64>| {
        let row = &rows()[i];
        RiskRow {
            replica: row.id,
            name: row.name.clone(),
            tenant: row.tenant.clone(),
            host: row.host.clone(),
            day: ago(7200).date_naive(),
            chance,
            reason: reason.into(),
            due: ahead(slack.max(0) + 1_620),
            slack_secs: slack,
            next_look: next.map(ahead),
        }
    };
    let known = |missed_bp| Chance::Known { missed_bp };
    NightView {
        as_of: as_of(),
        zone: zone(),
        day: ago(7200).date_naive(),
        opens,
        due: ahead(4 * 3600 + 473),
        freshness_limit_secs: 180,
        oldest_observation: Some(ago(14)),
        counts: NightCounts::default(),
        owed: OwedCounts {
            total: 172,
            tenants: 4,
            zones: 3,
            met: 142,
            open: 30,
            running: 2,
            at_risk: 4,
            too_late: 1,
            stuck: 14,
            excluded: 1,
        },
        ended: EndedCounts {
            total: 171,
            met: 167,
            late: 2,
            overdue: 1,
            missed: 0,
            excused: 1,
        },
        open_over_time,
        pace: Pace {
            may_be_open: [(5_900, 24), (9_000, 11), (14_873, 0)]
                .map(|(s, open)| OpenAt { at: ahead(s), open })
                .to_vec(),
            last_hour: 26,
            needed_per_hour: Some(9),
        },
        forecast: Some(Forecast {
            estimated: 26,
            no_estimate: 4,
            rows: vec![
                risk(
                    0,
                    known(8_800),
                    "Blocked by critical replication health (B4) for 3 h 42 min, with 1 h 48 min to spare; of 14 here that lasted as long, 12 outlasted that.",
                    6_480,
                    Some(20),
                ),
                risk(
                    2,
                    known(5_600),
                    "Blocked by resynchronization (B5) for 1 h 11 min, with 3 h 12 min to spare; of 9 here that lasted as long, 5 outlasted that.",
                    11_520,
                    Some(20),
                ),
                risk(
                    3,
                    known(2_900),
                    "Of 7 days that were still open at this point of the window, 2 were lost.",
                    13_200,
                    Some(1),
                ),
                risk(
                    19,
                    Chance::NoEstimate {
                        days_seen: 3,
                        days_needed: 7,
                    },
                    "An attempt is expected to end 6 min after it is due.",
                    -360,
                    None,
                ),
            ],
        }),
        running: vec![running(5, "Exporting", Some(43)), running(9, "Checkpoint", None)],
        causes: Some(vec![
            cause(
                "host:hv-r-03:B4",
                Some("B4"),
                "Health critical",
                Mark::Missed,
                2,
                2,
                13_320,
                3_200,
                "operator, tenant",
            ),
            cause(
                "host:hv-r-02:B5",
                Some("B5"),
                "Resynchronizing",
                Mark::Late,
                11,
                1,
                4_300,
                11_520,
                "operator, tenant",
            ),
            cause(
                "host:hv-r-01:B1",
                Some("B1"),
                "Log being applied",
                Mark::Late,
                9,
                1,
                41,
                13_200,
                "nobody",
            ),
            cause(
                "host:hv-r-03:UN",
                Some("UN"),
                "Not known",
                Mark::Unknown,
                1,
                0,
                1_380,
                13_900,
                "operator",
            ),
            cause(
                "hold:00ff",
                None,
                "Held by a person",
                Mark::Late,
                3,
                0,
                900,
                14_100,
                "operator",
            ),
            cause(
                "total:full",
                None,
                "All slots are used",
                Mark::Late,
                2,
                0,
                300,
                14_200,
                "nobody",
            ),
        ]),
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
            host(4, 0, Mark::Met, "enrolled", 11, None),
            host(5, 0, Mark::Met, "enrolled", 11, None),
        ],
        pauses: vec![PauseRow {
            attempt: AttemptId(uuid(905)),
            replica: rows()[9].id,
            name: rows()[9].name.clone(),
            tenant: rows()[9].tenant.clone(),
            primary: "adatum-hv-01".into(),
            state: "Paused".into(),
            mark: Mark::Running,
            intended: ago(19),
            paused: Some(ago(18)),
            until: ahead(101),
            resumed: None,
            trouble: None,
        }],
        holds: holds().into_iter().filter(|h| h.active).collect(),
        tells: true,
        notices: Some(vec![
            NoticeRow {
                key: "a".into(),
                kind: "At risk".into(),
                mark: Mark::Late,
                subject: "2 replicas at risk: Health critical on hv-r-03".into(),
                sentence: "2 replicas of 1 tenant, 2 at risk. The first of them has 1 h 48 min to spare."
                    .into(),
                at: ago(5_000),
                delivered: Some(ago(4_999)),
                tries: 1,
                last_error: None,
            },
            NoticeRow {
                key: "b".into(),
                kind: "Breached".into(),
                mark: Mark::Missed,
                subject: "1 replica of fabrikam not met by due: no cause known".into(),
                sentence: "What kept it: Not known.".into(),
                at: ago(50_000),
                delivered: None,
                tries: 4,
                last_error: Some("the receiver answered 503".into()),
            },
        ]),
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
