//! Who did what.

use super::door::Doors;
use super::rows::SITE;
use super::{Checked, Store, is_conflict, is_missing};
use chrono::TimeDelta;
use domain::audit::{AuditOutcome, Happened, Head, Who, verify};
use domain::ids::{TenantId, TokenId};
use futures::future::join_all;
use std::collections::BTreeMap;
use uuid::Uuid;

fn happened(doors: &Doors, object: &str, tenant: Option<&TenantId>) -> Happened {
    Happened {
        at: doors.at,
        who: Who::Person {
            person: doors.ours.id,
            login: doors.ours.login.to_string(),
        },
        from: Some("192.0.2.1".to_owned()),
        deed: "backup.run".to_owned(),
        object: object.to_owned(),
        tenant: tenant.cloned(),
        outcome: AuditOutcome::Done,
        details: BTreeMap::from([("replica".to_owned(), "vm-1 \u{1f5b4}".to_owned())]),
    }
}

pub async fn entries_are_chained_whoever_writes_at_the_same_time(store: &impl Store) -> Checked {
    let doors = Doors::plant(store).await?;
    assert_eq!(store.audit_head(&SITE).await?, Head::GENESIS);
    let (who, from) = (
        Who::System {
            task: "night".to_owned(),
        },
        None,
    );
    let fine = doors.at + TimeDelta::nanoseconds(7);
    let first = Happened {
        who,
        from,
        at: fine,
        details: BTreeMap::new(),
        ..happened(&doors, "a", None)
    };
    let entry = store.audit_append(&SITE, &first).await?;
    assert_eq!((entry.seq, entry.happened.at), (1, doors.at));
    let token = Who::Token {
        token: TokenId(Uuid::from_u128(1)),
        person: doors.ours.id,
        login: "ada".to_owned(),
    };
    let more = [token, Who::Nobody].map(|who| Happened {
        who,
        outcome: AuditOutcome::Refused,
        ..happened(&doors, "b", None)
    });
    let many: Vec<_> = (0..16)
        .map(|number| happened(&doors, &number.to_string(), Some(&doors.contoso)))
        .chain(more)
        .collect();
    let written = join_all(many.iter().map(|entry| store.audit_append(&SITE, entry))).await;
    let mut written = written.into_iter().collect::<Result<Vec<_>, _>>()?;
    written.push(entry);
    written.sort_by_key(|entry| entry.seq);
    let read = store.audit_after(&SITE, 0, 100).await?;
    assert_eq!(read, written, "what was handed back is what is read");
    let head = store.audit_head(&SITE).await?;
    assert_eq!(verify(Head::GENESIS, &read, Some(head))?, head);
    assert_eq!(head.seq, 19);
    Ok(())
}

pub async fn the_trail_is_paged_and_a_tenant_sees_its_own(store: &impl Store) -> Checked {
    let doors = Doors::plant(store).await?;
    for number in 1..=6 {
        let tenant = [None, Some(&doors.contoso), Some(&doors.fabrikam)][number % 3];
        store.audit_append(&SITE, &happened(&doors, "x", tenant)).await?;
    }
    let seqs = |rows: Vec<domain::audit::AuditEntry>| rows.into_iter().map(|row| row.seq).collect::<Vec<_>>();
    let (scope, other) = (doors.scope(), doors.other());
    assert_eq!(seqs(store.audit_page(&SITE, None, 4).await?), [6, 5, 4, 3]);
    assert_eq!(seqs(store.audit_page(&SITE, Some(3), 4).await?), [2, 1]);
    assert_eq!(seqs(store.audit_page(&scope, None, 4).await?), [4, 1]);
    assert_eq!(seqs(store.audit_page(&scope, Some(4), 4).await?), [1]);
    assert_eq!(seqs(store.audit_page(&other, None, 1).await?), [5]);
    assert_eq!(seqs(store.audit_after(&SITE, 2, 3).await?), [3, 4, 5]);
    assert_eq!(seqs(store.audit_after(&other, 2, 3).await?), [5]);
    assert!(seqs(store.audit_after(&SITE, u64::MAX, 3).await?).is_empty());
    assert!(is_missing(&store.audit_head(&scope).await));
    Ok(())
}

pub async fn an_entry_is_written_by_its_own_scope_and_within_its_bounds(store: &impl Store) -> Checked {
    let doors = Doors::plant(store).await?;
    for tenant in [None, Some(&doors.fabrikam)] {
        assert!(is_missing(
            &store
                .audit_append(&doors.scope(), &happened(&doors, "x", tenant))
                .await
        ));
    }
    let long = happened(&doors, &"x".repeat(201), Some(&doors.contoso));
    assert!(is_conflict(&store.audit_append(&doors.scope(), &long).await));
    assert_eq!(
        store.audit_head(&SITE).await?,
        Head::GENESIS,
        "what is refused takes no number"
    );
    store.audit_append(&doors.scope(), &long.cut()).await?;
    Ok(())
}
