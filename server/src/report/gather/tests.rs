//! The golden month out of a real database: October 2026 in Europe/Berlin, where the 25th has 25 hours, counted by hand.
//! db: 31 days, 26 met, the 4th late, the 26th missed and attributed, the 9th excused by rule, the 25th by a person, the 18th excluded.
//! web appears on the 12th: excluded, then 18 met and the 20th missed.
//! raw 44 of 49 = 89.795..., contractual 44 of 47 = 93.617...; rounding would change each of them.

use super::*;
use crate::document;
use crate::report::{Edition, Report, csv, html, json};
use chrono::{NaiveDate, TimeDelta};
use domain::attribution::attribute;
use domain::calendar::window;
use domain::ids::{AttemptId, PointId};
use domain::obligation::{Exclusion, Obligation, ObligationKey, Outcome};
use std::path::{Path, PathBuf};
use store::SqliteStore;
use store::conformance::Seed;
use store::obligations::ObligationStore as _;
use store::records::Replica;
use store::traits::{AttemptStore as _, PollWrite, ReplicaStore as _};
use uuid::Uuid;

const SITE: Scope = Scope::Site { reason: "test" };

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn day(day: u32) -> SlaDay {
    SlaDay(NaiveDate::from_ymd_opt(2026, 10, day).unwrap())
}

struct Golden {
    store: SqliteStore,
    seed: Seed,
    berlin: Zone,
    points: u128,
    _dir: tempfile::TempDir,
}

impl Golden {
    async fn point(&mut self, replica: &Replica, taken: DateTime<Utc>) -> PointId {
        self.points += 1;
        let id = AttemptId(Uuid::from_u128(1_000 + self.points));
        let attempt = self
            .store
            .claim(id, replica.id, "worker", taken, 1_000, 60_000)
            .await
            .unwrap();
        let point = self.seed.point(&attempt, (taken - self.seed.at).num_seconds());
        self.store.seal(attempt.token, point.clone()).await.unwrap();
        self.store
            .lease_release(attempt.replica, attempt.token)
            .await
            .unwrap();
        point.id
    }

    async fn owed(&self, replica: &Replica, date: u32, excluded: Option<Exclusion>) -> Obligation {
        let mut owed = self.seed.owed(replica, 0).unwrap();
        owed.key.day = day(date);
        owed.zone = self.berlin;
        owed.policy_version = if date < 15 { 3 } else { 4 };
        owed.window = window(self.berlin, owed.terms.window, day(date)).unwrap();
        owed.opened_at = owed.window.open;
        owed.excluded = excluded;
        self.store
            .obligations_open(std::slice::from_ref(&owed))
            .await
            .unwrap();
        owed
    }

    async fn close(&self, owed: &Obligation, outcome: &Outcome) {
        let closed = self
            .store
            .obligation_close(owed.key, outcome, owed.window.next_open);
        closed.await.unwrap();
    }

    async fn correct(&self, date: u32, seq: u32, change: Change, reason: &str) {
        let correction = Correction {
            key: ObligationKey {
                replica: self.seed.ours.id,
                day: day(date),
            },
            seq,
            at: at("2026-10-30T09:00:00Z") + TimeDelta::minutes(seq.into()),
            author: "mira".to_owned(),
            reason: reason.to_owned(),
            change,
        };
        self.store.correction_append(&correction).await.unwrap();
    }

    /// A day that is met two hours after it opened.
    async fn met(&mut self, replica: &Replica, date: u32) {
        let owed = self.owed(replica, date, None).await;
        let taken = owed.window.open + TimeDelta::hours(2);
        let point = self.point(replica, taken).await;
        let sealed = taken + TimeDelta::minutes(1);
        self.close(&owed, &Outcome::Met { point, taken, sealed }).await;
    }

    async fn missed(&self, replica: &Replica, date: u32) {
        let owed = self.owed(replica, date, None).await;
        let attribution = attribute(&owed.window, &[], 600);
        self.close(&owed, &Outcome::Missed { attribution }).await;
    }

    async fn excluded(&self, replica: &Replica, date: u32, exclusion: Exclusion) {
        let owed = self.owed(replica, date, Some(exclusion.clone())).await;
        self.close(&owed, &Outcome::Excluded { exclusion }).await;
    }

    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(dir.path().join("stillpoint.db")).await.unwrap();
        let seed = Seed::plant(&store).await.unwrap();
        let berlin: Zone = "Europe/Berlin".parse().unwrap();
        for (tenant, name) in [
            (&seed.ours.tenant, "Contoso GmbH"),
            (&seed.theirs.tenant, "Fabrikam"),
        ] {
            store
                .tenant_create(&SITE, tenant, name, berlin, seed.at)
                .await
                .unwrap();
        }
        let mut golden = Self {
            store,
            seed,
            berlin,
            points: 0,
            _dir: dir,
        };
        golden.db().await;
        golden.web().await;
        golden
    }

    async fn db(&mut self) {
        let db = self.seed.ours.clone();
        // Neither is of this month.
        self.point(&db, at("2026-09-30T20:00:00Z")).await;
        self.point(&db, at("2026-11-01T21:00:00Z")).await;
        for date in 1..=31 {
            match date {
                4 => {
                    let owed = self.owed(&db, date, None).await;
                    let taken = owed.window.due + TimeDelta::hours(4);
                    let point = self.point(&db, taken).await;
                    let outcome = Outcome::MetLate {
                        point,
                        taken,
                        sealed: taken + TimeDelta::minutes(1),
                        attribution: attribute(&owed.window, &[], 600),
                    };
                    self.close(&owed, &outcome).await;
                }
                9 => {
                    let owed = self.owed(&db, date, None).await;
                    let outcome = Outcome::Excused {
                        owner: Owner::Tenant,
                        why: "a resynchronization over the whole window".to_owned(),
                        attribution: attribute(&owed.window, &[], 600),
                    };
                    self.close(&owed, &outcome).await;
                }
                18 => {
                    let agreed = Exclusion::Agreed {
                        reason: "standard 4 owes no Sundays".to_owned(),
                        author: "policy".to_owned(),
                    };
                    self.excluded(&db, date, agreed).await;
                }
                25 | 26 => self.missed(&db, date).await,
                _ => self.met(&db, date).await,
            }
        }
        let excuse = Change::Excuse { owner: Owner::Tenant };
        self.correct(25, 1, excuse.clone(), "announced").await;
        self.correct(25, 2, Change::Restore, "another day was meant")
            .await;
        self.correct(25, 3, excuse, "announced, see the letter").await;
        let attributed = Change::Attribute {
            owner: Owner::External,
        };
        self.correct(26, 1, attributed, "the carrier's line was cut")
            .await;
    }

    async fn web(&mut self) {
        let web = Replica {
            id: ReplicaId(Uuid::from_u128(77)),
            vm: domain::ids::VmGuid(Uuid::from_u128(78)),
            name: "web".to_owned(),
            first_seen: at("2026-10-12T20:00:00Z"),
            ..self.seed.ours.clone()
        };
        let write = PollWrite {
            replicas: vec![web.clone()],
            at: Some(web.first_seen),
            ..PollWrite::default()
        };
        self.store.poll_write(write).await.unwrap();
        let appeared = Exclusion::Appeared {
            first_seen: web.first_seen,
        };
        self.excluded(&web, 12, appeared).await;
        self.point(&web, at("2026-10-12T21:00:00Z")).await;
        for date in 13..=31 {
            if date == 20 {
                self.missed(&web, date).await;
            } else {
                self.met(&web, date).await;
            }
        }
    }

    async fn material(&self, whose: &Whose, now: &str) -> Result<Material, ReportError> {
        gather(&self.store, "2026-10".parse().unwrap(), whose, at(now)).await
    }

    async fn report(&self, whose: &Whose, now: &str) -> Result<Report, ReportError> {
        let material = self.material(whose, now).await?;
        Ok(Report::of(material, Edition::Hoster))
    }

    fn ours(&self) -> Whose {
        Whose::Tenant(self.seed.ours.tenant.clone())
    }
}

#[tokio::test]
async fn the_golden_month_of_a_real_database_agrees_to_the_digit_in_all_three_forms() {
    let golden = Golden::new().await;
    let report = golden
        .report(&golden.ours(), "2026-11-02T08:00:00Z")
        .await
        .unwrap();
    let (page, table, document) = (
        html::html(&report, &html::Shown::default()).unwrap(),
        csv::csv(&report),
        json::json(&report),
    );
    for (page_words, table_words, pointer, value) in [
        (
            "<b>89.79 %</b><small>44 of 49 days",
            "figure,raw,,,,44,49,89.79,",
            "/raw/pct",
            "89.79",
        ),
        (
            "<b>93.61 %</b><small>44 of 47 days",
            "figure,contract,,,,44,47,93.61,",
            "/contract/pct",
            "93.61",
        ),
        (
            "raw 86.66 % (26 of 30 days)",
            "figure,worst_raw,Contoso GmbH,vm-1,,26,30,86.66,",
            "/worst/raw/pct",
            "86.66",
        ),
        (
            "92.85 % of 28",
            "replica,contract,Contoso GmbH,vm-1,,26,28,92.85,",
            "/worst/contract/pct",
            "92.85",
        ),
        (
            "94.73 % of 19",
            "replica,raw,Contoso GmbH,web,,18,19,94.73,",
            "/replicas/1/raw/pct",
            "94.73",
        ),
        (
            "3 d 1 h (262800 s), from 2026-10-24 22:00 +02:00 to 2026-10-27 22:00 +01:00",
            "figure,longest_gap_secs,Contoso GmbH,vm-1,,,,,,262800,",
            "/longest_gap/replica",
            "vm-1",
        ),
        (
            "not kept</b><small>3 days lost, 0 allowed",
            "target,kept,,,,,,,,not kept,",
            "/target/kept",
            "not kept",
        ),
        (
            "<b>2</b> missed</span><span><b>2</b> excused</span><span><b>2</b> excluded</span><span><b>0</b> open",
            "days,missed,,,,,,,,2,",
            "/month",
            "2026-10",
        ),
        (
            "standard</bdi> version 3, target 99.50 %; <bdi>standard</bdi> version 4",
            "policy,standard,,,,,,,,\"version 4, target 99.50 %\",",
            "/policies/1/target",
            "99.50",
        ),
        (
            "This report is final.",
            "report,state,,,,,,,,final,",
            "/state",
            "final",
        ),
    ] {
        assert!(page.contains(page_words), "{page_words}: {page}");
        assert!(table.contains(table_words), "{table_words}: {table}");
        assert_eq!(document.pointer(pointer).unwrap(), value, "{pointer}");
    }
    kept(&page, &table, &document);
    assert_eq!(document["longest_gap"]["secs"], 262_800);
    assert_eq!(document["longest_gap"]["tenant"], "Contoso GmbH");
    assert_eq!(document["target"]["days_lost"], 3);
    assert!(table.contains("target,days_lost,,,,,,,,3,") && table.contains("target,days_allowed,,,,,,,,0,"));
    for named in [
        "Worst replica: <bdi class=\"dim\">Contoso GmbH</bdi> <bdi>vm-1</bdi>",
        "without a restore point: <bdi class=\"dim\">Contoso GmbH</bdi> <bdi>vm-1</bdi>",
        "<td class=\"nowrap\">2026-10-26</td><td class=\"first\"><bdi class=\"dim\">Contoso GmbH</bdi> <bdi>vm-1</bdi></td><td>attributed</td>",
    ] {
        assert!(page.contains(named), "{named}: {page}");
    }
    let tenants = Report::of(
        golden
            .material(&golden.ours(), "2026-11-02T08:00:00Z")
            .await
            .unwrap(),
        Edition::Tenant,
    );
    let tenants = html::html(&tenants, &html::Shown::default()).unwrap();
    assert!(!tenants.contains("class=\"dim\">Contoso GmbH"), "{tenants}");
    // 26 and 1 of db, 1 and 18 of web; neither September's nor November's.
    let bytes = 46 * 65_536;
    assert_eq!(document["traffic"]["bytes"], bytes);
    assert!(table.contains(&format!("traffic,bytes,,,,,,,,{bytes},")));
    assert!(page.contains("(3,014,656 bytes)"), "{page}");
    let lost: Vec<(&str, &str, &str)> = document["days"]
        .as_array()
        .unwrap()
        .iter()
        .map(|day| {
            let text = |name: &str| day[name].as_str().unwrap();
            (text("day"), text("outcome"), text("whose"))
        })
        .collect();
    assert_eq!(
        lost,
        [
            ("2026-10-04", "late", "provider"),
            ("2026-10-09", "excused", "tenant"),
            ("2026-10-20", "missed", "provider"),
            ("2026-10-25", "excused", "tenant"),
            ("2026-10-26", "missed", "external"),
        ]
    );
    let letters = "MMMLMMMMEMMMMMMMM-MMMMMMEXMMMMM";
    assert_eq!(document["replicas"][0]["days"], letters);
    assert_eq!(document["replicas"][1]["days"], "...........-MMMMMMMXMMMMMMMMMMM");
    assert_eq!(document["corrections"].as_array().unwrap().len(), 4, "all stay");
}

/// What a browser prints and compares: `end2end/browser/golden.mjs` reads it here.
fn kept(page: &str, table: &str, document: &serde_json::Value) {
    let built = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"),
        PathBuf::from,
    );
    let folder = built.join("golden");
    std::fs::create_dir_all(&folder).unwrap();
    for (name, text) in [
        ("report.html", page),
        ("report.csv", table),
        ("report.json", &format!("{document:#}")),
    ] {
        std::fs::write(folder.join(name), text).unwrap();
    }
}

#[tokio::test]
async fn a_lost_day_is_told_in_the_sentence_of_its_own_page() {
    let golden = Golden::new().await;
    let now = "2026-11-02T08:00:00Z";
    let report = golden.report(&golden.ours(), now).await.unwrap();
    for told in &report.days {
        let key = ObligationKey {
            replica: golden.seed.ours.id,
            day: told.day.parse().unwrap(),
        };
        if told.replica.as_str() == "web" {
            continue;
        }
        let row = golden.store.obligation(&SITE, key).await.unwrap();
        let page = document::obligation::document(&row, &[], at(now));
        assert_eq!(page["headline"], told.story.as_str());
    }
    assert!(report.days.iter().all(|day| day.story.as_str().len() > 10));
    let next: Vec<&str> = report.days.iter().map(|day| day.next.as_str()).collect();
    assert_eq!(
        next,
        [
            "The restore point of 2026-10-05 12:00 +02:00 is whole and stands for this day.",
            "Backed up again at 2026-10-10 22:00 +02:00.",
            "Backed up again at 2026-10-21 22:00 +02:00.",
            "Backed up again at 2026-10-27 22:00 +01:00.",
            "Backed up again at 2026-10-27 22:00 +01:00.",
        ]
    );
    for form in [
        html::html(&report, &html::Shown::default()).unwrap(),
        csv::csv(&report),
        json::json(&report).to_string(),
    ] {
        for words in &next {
            assert!(form.contains(words), "{words}: {form}");
        }
    }
}

#[tokio::test]
async fn a_report_of_all_tenants_names_each_and_another_tenants_has_nothing_of_this_one() {
    let golden = Golden::new().await;
    let now = "2026-11-02T08:00:00Z";
    let site = golden.report(&Whose::Site, now).await.unwrap();
    let page = html::html(&site, &html::Shown::default()).unwrap();
    assert!(page.contains("all tenants") && page.contains("Contoso GmbH"));
    let all = json::json(&site);
    let own = json::json(&golden.report(&golden.ours(), now).await.unwrap());
    assert_eq!(all["tenants"][0]["tenant"], "Contoso GmbH");
    assert_eq!(all["tenants"][0]["contract"], own["contract"]);
    assert!(csv::csv(&site).contains("tenant,contract,Contoso GmbH,,,44,47,93.61,"));
    let theirs = Whose::Tenant(golden.seed.theirs.tenant.clone());
    let theirs = golden.report(&theirs, now).await.unwrap();
    let forms = [
        html::html(&theirs, &html::Shown::default()).unwrap(),
        csv::csv(&theirs),
        json::json(&theirs).to_string(),
    ];
    for form in forms {
        assert!(!form.contains("Contoso") && !form.contains("web"), "{form}");
        assert!(form.contains("nothing was owed"), "{form}");
    }
}

#[tokio::test]
async fn a_month_is_final_once_its_last_day_is_over_and_not_there_before_it_begins() {
    let golden = Golden::new().await;
    for (now, words) in [
        ("2026-10-31T20:00:00Z", "not final"),
        ("2026-11-01T18:59:00Z", "not final"),
        ("2026-11-01T19:00:00Z", "final"),
    ] {
        let report = golden.report(&golden.ours(), now).await.unwrap();
        assert!(report.finality_words().starts_with(words), "{now}");
    }
    // In Berlin October begins two hours earlier than in UTC.
    let early = golden.report(&golden.ours(), "2026-09-30T21:59:59Z").await;
    assert!(matches!(early, Err(ReportError::NotBegun(_))));
    golden
        .report(&golden.ours(), "2026-09-30T22:00:00Z")
        .await
        .unwrap();
    let nobody = Whose::Tenant("nobody".parse().unwrap());
    let none = golden.report(&nobody, "2026-11-02T08:00:00Z").await;
    assert!(matches!(none, Err(ReportError::NoTenant(_))));
}
