//! What only a file can get wrong at the doors: hands that write into it, and two programs on it.

use super::{SITE, place};
use crate::audit::AuditStore;
use crate::invitations::{InvitationStore, NewInvitation};
use crate::people::{NewPerson, PersonStore, ProofStore};
use crate::sqlite::SqliteStore;
use crate::tenants::TenantStore;
use chrono::{DateTime, TimeDelta, Utc};
use domain::audit::{AuditOutcome, Broken, Happened, Head, Who, verify};
use domain::calendar::Zone;
use domain::door::hash::SecretHash;
use domain::door::seat::{Role, Seat};
use domain::door::totp::TotpStep;
use domain::ids::{InvitationId, PersonId};
use std::collections::BTreeMap;
use uuid::Uuid;

fn at() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH
}

fn happened(object: &str) -> Happened {
    Happened {
        at: at(),
        who: Who::Nobody,
        from: None,
        deed: "session.open".to_owned(),
        object: object.to_owned(),
        tenant: None,
        outcome: AuditOutcome::Refused,
        details: BTreeMap::new(),
    }
}

fn viewer(number: u128) -> NewPerson {
    NewPerson {
        id: PersonId(Uuid::from_u128(number)),
        login: format!("viewer{number}").parse().unwrap(),
        name: "Viewer".to_owned(),
        seat: Seat::new(Role::of_code("viewer").unwrap(), "contoso".parse().ok()).unwrap(),
        password: "$argon2id$".to_owned(),
        at: at(),
    }
}

async fn opened() -> (tempfile::TempDir, std::path::PathBuf, SqliteStore) {
    let (dir, path) = place();
    let store = SqliteStore::open(&path).await.unwrap();
    for tenant in ["contoso", "fabrikam"] {
        let id = tenant.parse().unwrap();
        store
            .tenant_create(&SITE, &id, tenant, Zone::UTC, at())
            .await
            .unwrap();
    }
    (dir, path, store)
}

#[tokio::test]
async fn an_entry_that_was_written_stays_and_a_person_where_they_are() {
    let (_dir, _path, store) = opened().await;
    store.audit_append(&SITE, &happened("a")).await.unwrap();
    store.audit_append(&SITE, &happened("b")).await.unwrap();
    store.person_create(&SITE, &viewer(1)).await.unwrap();
    let hash = "x'0000000000000000000000000000000000000000000000000000000000000000'";
    let insert = |how: &str, seq: i64| {
        format!(
            "{how} INTO audit (seq, at, who_json, deed, object, outcome, details_json, hash) \
                 VALUES ({seq}, 0, '{{}}', 'x', 'x', 'done', '{{}}', {hash})"
        )
    };
    for (statement, why) in [
        ("UPDATE audit SET object = 'x'".to_owned(), "not rewritten"),
        ("DELETE FROM audit WHERE seq = 2".to_owned(), "not removed"),
        (insert("INSERT OR REPLACE", 2), "follows the newest"),
        (insert("INSERT", 4), "follows the newest"),
        ("UPDATE person SET tenant = 'fabrikam'".to_owned(), "never moves"),
        ("DELETE FROM person".to_owned(), "never removed"),
        ("UPDATE person SET role = 'owner'".to_owned(), "CHECK"),
    ] {
        let refused = sqlx::query(sqlx::AssertSqlSafe(statement.clone()))
            .execute(&store.writer)
            .await
            .unwrap_err();
        assert!(refused.to_string().contains(why), "{statement}: {refused}");
    }
    let entries = store.audit_after(&SITE, 0, 9).await.unwrap();
    let head = store.audit_head(&SITE).await.unwrap();
    assert_eq!(verify(Head::GENESIS, &entries, Some(head)), Ok(head));
}

#[tokio::test]
async fn whoever_takes_the_triggers_away_is_found_by_the_chain() {
    for (statement, found) in [
        (
            "UPDATE audit SET object = 'x' WHERE seq = 2",
            Broken::Changed { seq: 2 },
        ),
        (
            "UPDATE audit SET at = at + 1 WHERE seq = 3",
            Broken::Changed { seq: 3 },
        ),
        (
            "UPDATE audit SET tenant = 'contoso' WHERE seq = 1",
            Broken::Changed { seq: 1 },
        ),
        (
            "UPDATE audit SET hash = zeroblob(32) WHERE seq = 1",
            Broken::Changed { seq: 1 },
        ),
        (
            "DELETE FROM audit WHERE seq = 2",
            Broken::Missing { seq: 2, found: 3 },
        ),
        (
            "DELETE FROM audit WHERE seq = 4",
            Broken::Truncated {
                last: 3,
                remembered: 4,
            },
        ),
    ] {
        let (_dir, _path, store) = opened().await;
        for object in ["a", "b", "c", "d"] {
            store.audit_append(&SITE, &happened(object)).await.unwrap();
        }
        let head = store.audit_head(&SITE).await.unwrap();
        for sql in [
            "DROP TRIGGER audit_stays",
            "DROP TRIGGER audit_remains",
            statement,
        ] {
            sqlx::query(sql).execute(&store.writer).await.unwrap();
        }
        let entries = store.audit_after(&SITE, 0, 9).await.unwrap();
        assert_eq!(
            verify(Head::GENESIS, &entries, Some(head)),
            Err(found),
            "{statement}"
        );
    }
}

#[tokio::test]
async fn two_programs_write_one_chain_and_use_a_link_and_a_code_up_once() {
    let (_dir, path, one) = opened().await;
    let two = SqliteStore::open(&path).await.unwrap();
    let person = viewer(1);
    one.person_create(&SITE, &person).await.unwrap();
    one.totp_put(&SITE, person.id, b"sealed").await.unwrap();
    for round in 1..=8_u8 {
        let (a, b) = (happened("a"), happened("b"));
        let (first, second) = futures::join!(one.audit_append(&SITE, &a), two.audit_append(&SITE, &b));
        first.unwrap();
        second.unwrap();
        let step = TotpStep(i64::from(round));
        let (first, second) = futures::join!(
            one.totp_use(&SITE, person.id, step),
            two.totp_use(&SITE, person.id, step)
        );
        assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
        let hash = SecretHash([round; 32]);
        let link = NewInvitation {
            id: InvitationId(Uuid::from_u128(u128::from(round))),
            hash,
            seat: person.seat.clone(),
            author: "test".to_owned(),
            at: at(),
            expires: at() + TimeDelta::hours(1),
        };
        one.invite(&SITE, &link).await.unwrap();
        let (a, b) = (viewer(u128::from(round) * 2), viewer(u128::from(round) * 2 + 1));
        let (first, second) = futures::join!(
            one.invitation_accept(&SITE, &hash, &a),
            two.invitation_accept(&SITE, &hash, &b)
        );
        assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
    }
    let entries = two.audit_after(&SITE, 0, 99).await.unwrap();
    assert_eq!(entries.len(), 16);
    let head = one.audit_head(&SITE).await.unwrap();
    assert_eq!(verify(Head::GENESIS, &entries, Some(head)), Ok(head));
}
