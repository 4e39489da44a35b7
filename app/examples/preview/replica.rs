use super::{ago, as_of, hands, lists, owed, uuid, zone};
use chrono::TimeDelta;
use console::*;

pub fn attempts(row: &ReplicaRow) -> Vec<AttemptRow> {
    let one =
        |n: u128, start: i64, took: i64, mark, outcome: &str, code: Option<&str>, reason: &str, times| {
            AttemptRow {
                id: AttemptId(uuid(2000 + n)),
                replica: row.id,
                name: row.name.clone(),
                tenant: row.tenant.clone(),
                host: row.host.clone(),
                started: ago(start),
                ended: (took > 0).then(|| ago(start - took)),
                mark,
                outcome: outcome.into(),
                code: code.map(Into::into),
                reason: reason.into(),
                times,
                first_started: ago(start + if times > 1 { 4_380 } else { 0 }),
                point: (mark == Mark::Met).then(|| PointId(uuid(5000 + row.points as u128 * 100))),
                steps: if mark == Mark::Met {
                    vec![
                        StepRow {
                            step: "Checkpoint".into(),
                            phase: "done".into(),
                            at: ago(start - 2),
                        },
                        StepRow {
                            step: "Exporting".into(),
                            phase: "done".into(),
                            at: ago(start - 300),
                        },
                    ]
                } else {
                    vec![]
                },
            }
        };
    vec![
        one(
            1,
            11_640,
            1_140,
            Mark::Met,
            "Sealed",
            None,
            "checkpoint 1.1 s · export 62 MB in 6 min · ingest 5.1 MB new",
            1,
        ),
        one(
            2,
            12_000,
            1,
            Mark::Late,
            "Deferred",
            Some("B1"),
            "Log being applied: job 108 in state 4.",
            1,
        ),
        one(
            3,
            15_360,
            3_240,
            Mark::Missed,
            "Failed",
            None,
            "The data was discarded because its consistency is not proven: an apply completed inside the window.",
            1,
        ),
        one(
            4,
            15_600,
            1,
            Mark::Late,
            "Deferred",
            Some("B1"),
            "Log being applied: operational status 11.",
            6,
        ),
    ]
}

pub fn points(row: &ReplicaRow, n: u128) -> Vec<PointRow> {
    let one = |i: u128| PointRow {
        id: PointId(uuid(
            5000 + row.id.0.as_u128() % 7919 * 100 + i + row.points as u128 * 100,
        )),
        replica: row.id,
        name: row.name.clone(),
        tenant: row.tenant.clone(),
        host: row.host.clone(),
        taken: ago(11_640 + i as i64 * 80_000),
        sealed: ago(10_500 + i as i64 * 80_000),
        disks: row.disks,
        size_bytes: row.size_bytes.unwrap_or(0) * 3,
        added_bytes: row.added_bytes.unwrap_or(0),
        mark: Mark::Met,
        proof: format!("Proof holds · {} looks", 6 + i),
        snapshot: "8f1c2a9d".repeat(8),
    };
    (0..n).map(one).collect()
}

fn seen(code: &str, evidence: &str, since: i64) -> BlockerView {
    BlockerView {
        code: code.into(),
        title: words::title(code).into(),
        mark: words::mark(code),
        sentence: words::meaning(code).into(),
        evidence: evidence.into(),
        since: Some(ago(since)),
        releases: "The apply ends, and the gap before the next one is used.".into(),
        whose: "nobody".into(),
        lasts: words::lasts(code).into(),
        next_look: Some(as_of() + TimeDelta::seconds(1)),
    }
}

pub fn view(row: &ReplicaRow) -> ReplicaView {
    let blockers = match row.now.mark {
        Mark::Met | Mark::Running | Mark::Excused | Mark::Open => vec![],
        Mark::Unknown => vec![seen("UN", "Last seen 23 min ago; the limit is 3 min.", 1380)],
        Mark::Missed => vec![
            seen("B4", "Health 3 on the inbound relationship.", 13_320),
            seen("B1", "Job 108 “Apply change log” in state 4.", 22),
        ],
        Mark::Late => vec![seen(
            "B1",
            "Job 108 “Apply change log” in state 4, started 22 s ago.",
            22,
        )],
    };
    let kind = match (blockers.is_empty(), row.now.mark) {
        (true, _) => VerdictKind::Clear,
        (_, Mark::Unknown) => VerdictKind::Unknown,
        _ => VerdictKind::Blocked,
    };
    let from = ago(5 * 3600 + 52 * 60 + 7);
    let span = |a: i64, b: i64| Span {
        from: from + TimeDelta::seconds(a),
        to: (b > 0).then(|| from + TimeDelta::seconds(b)),
    };
    let lane = |code: &str, mark, spans| Lane {
        code: code.into(),
        title: words::title(code).into(),
        mark,
        spans,
    };
    let applies = (0..46)
        .filter(|i| !(12..18).contains(i))
        .map(|i| span(i * 460, i * 460 + 180 + (i * 37) % 90))
        .chain([span(21_105, 0)])
        .collect();
    let tick = |a: i64, b: i64, mark, text: &str| AttemptTick {
        id: AttemptId(uuid(3000 + a as u128)),
        from: from + TimeDelta::seconds(a),
        to: Some(from + TimeDelta::seconds(b)),
        mark,
        text: text.into(),
    };
    ReplicaView {
        as_of: as_of(),
        zone: zone(),
        id: row.id,
        vm: VmGuid(uuid(7)),
        name: row.name.clone(),
        tenant: row.tenant.clone(),
        host: row.host.clone(),
        primary: Some(format!("{}-hv-02.{}.example", &row.tenant[..2], row.tenant)),
        interval_secs: row.interval_secs,
        disks: vec![
            r"D:\Replicas\erp-db\system.vhdx".into(),
            r"D:\Replicas\erp-db\data-1.vhdx".into(),
            r"E:\Replicas\erp-db\log.vhdx".into(),
        ],
        size_bytes: row.size_bytes,
        first_seen: ago(2_500_000),
        freshness_limit_secs: 180,
        tonight: Standing {
            mark: row.now.mark,
            code: None,
            text: if row.now.mark == Mark::Met {
                "Met at".into()
            } else {
                "Not yet met".into()
            },
            at: row.now.at,
            percent: None,
        },
        due: as_of() + TimeDelta::seconds(14_873),
        attempts_tonight: 2,
        deferrals_tonight: 7,
        verdict: VerdictView {
            kind,
            title: blockers.first().map_or("Clear".into(), |b| b.title.clone()),
            sentence: match kind {
                VerdictKind::Clear => "Everything that must be fine was read, is fresh and is fine.".into(),
                VerdictKind::Blocked => "Not now: a backup would not be provably crash-consistent.".into(),
                VerdictKind::Unknown => "Nobody can say: what was last read is too old.".into(),
            },
            since: Some(ago(22)),
            observed: row.observed,
            blockers,
        },
        cadence: Some(CadenceView {
            period_secs: 300,
            apply_ms_typical: 186_000,
            apply_ms_longest: 231_000,
            still_percent: 38,
            next_gap: Some(as_of() + TimeDelta::seconds(123)),
            samples: 71,
        }),
        timeline: Timeline {
            from,
            to: as_of(),
            lanes: vec![
                lane("B6", Mark::Late, vec![span(13_900, 15_200)]),
                lane("B5", Mark::Missed, vec![span(5_760, 9_100)]),
                lane("B1", Mark::Late, applies),
            ],
            attempts: vec![
                tick(1_200, 1_201, Mark::Late, "deferred: B1 log being applied"),
                tick(1_420, 1_421, Mark::Late, "deferred: B1 log being applied"),
                tick(2_000, 2_001, Mark::Late, "deferred: B1 log being applied"),
                tick(
                    5_300,
                    5_900,
                    Mark::Missed,
                    "failed: an apply completed inside the window",
                ),
                tick(9_300, 9_301, Mark::Late, "deferred: B1 log being applied"),
                tick(9_480, 10_620, Mark::Met, "sealed"),
            ],
        },
        attempts: attempts(row),
        points: points(row, 4),
        points_total: 61,
        days: lists::days(3 + row.points),
        calendar: owed::calendar(row),
        owed: Some(owed::owed(row)),
        policy: Some(PolicyOf {
            id: "gold".into(),
            name: "Gold".into(),
            version: 3,
            source: PolicySource::Tenant,
        }),
        holds: hands::holds()
            .into_iter()
            .filter(|h| row.held.is_some() && h.active)
            .collect(),
        pauses: Vec::new(),
        running: (row.now.mark == Mark::Running).then(|| AttemptId(uuid(905))),
        facts: [
            ("Replication mode", "Replica", "2"),
            ("Replication state", "Replicating", "3"),
            ("Health", "Normal", "1"),
            ("Enabled", "Off", "3"),
            ("Operational status", "Applying replication changes", "[11]"),
        ]
        .map(|(l, v, r)| Fact {
            label: l.into(),
            value: v.into(),
            raw: Some(r.into()),
        })
        .to_vec(),
    }
}

pub fn point(row: PointRow) -> PointView {
    let check = |title: &str, sentence: &str| CheckRow {
        mark: Mark::Met,
        title: title.into(),
        sentence: sentence.into(),
    };
    let look = |i: i64| LookRow {
        host_time: row.taken + TimeDelta::seconds(i * 41),
        gap_secs: (i > 0).then_some(41),
        last_apply: Some(row.taken - TimeDelta::seconds(12)),
        applies: 0,
        applies_text: String::new(),
    };
    let answer = |step: &str, request: &str, value, job: Option<&str>| AnswerRow {
        step: step.into(),
        request: request.into(),
        return_value: value,
        job: job.map(Into::into),
    };
    PointView {
        as_of: as_of(),
        zone: zone(),
        attempt: AttemptId(uuid(44)),
        token: 12,
        checks: vec![
            check(
                "Gate before the checkpoint",
                "Clear at 22:38:01: state Replicating, health Normal, off, no apply listed.",
            ),
            check(
                "Host accepted",
                "Recovery checkpoint with return value 4096, job completed.",
            ),
            check("Gate at the checkpoint", "Clear at 22:38:03."),
            check(
                "No apply in the window",
                "LastApplyTime equal at both ends, 7 looks 41 s apart, same boot, no 108/120 job.",
            ),
            check("Complete", "2 of 2 disks and 3 configuration files."),
        ],
        looks: (0..7).map(look).collect(),
        answers: vec![
            answer("Checkpoint", "CreateSnapshot", 4096, Some("job 70 completed")),
            answer(
                "Exporting",
                "ExportSystemDefinition",
                4096,
                Some("job 62 completed"),
            ),
            answer(
                "Releasing the checkpoint",
                "DestroySnapshot",
                4096,
                Some("job 72 completed"),
            ),
        ],
        disks: vec![
            DiskRow {
                disk: Some(0),
                name: "system.vhdx".into(),
                bytes: 48_000_000,
                blake3: "a3f1".repeat(16),
            },
            DiskRow {
                disk: Some(1),
                name: "data-1.vhdx".into(),
                bytes: 14_000_000,
                blake3: "09bc".repeat(16),
            },
        ],
        basis: "Build 10.0.20348 enrolled on canary 7C1D…99A0 on 20 Nov.".into(),
        held_secs: 290,
        seal: Some(SealView {
            algorithm: "ed25519".into(),
            key: "MCowBQYDK2VwAyEA".repeat(2),
            signature: "q83vEjRWeJASNFZ4".repeat(5),
            previous: Some("77aa".repeat(16)),
        }),
        repository: Some("/var/lib/stillpoint/vault/northwind".into()),
        commands: vec![CommandRow {
            title: "Everything, into a new folder".into(),
            line: format!(
                "stillpoint restore {} --data /srv/stillpoint --to-dir ./{}",
                row.id, row.name
            ),
        }],
        document: "{\n  \"attempt\": \"5b2f0c1d\",\n  \"token\": 12\n}".into(),
        row,
    }
}
