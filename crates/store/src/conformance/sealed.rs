//! Sealed secrets that change.

use super::door::won;
use super::{Checked, Seed, Store, is_conflict, is_missing};
use crate::sealed::Resealed;
use futures::future::join_all;

pub async fn a_secret_is_replaced_from_what_it_was(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let (ours, theirs) = (Some(&seed.ours.tenant), Some(&seed.theirs.tenant));
    assert!(is_missing(&store.secret_replace(ours, "key", b"a", b"b").await));
    store.secret_insert(ours, "key", b"a").await?;
    store.secret_insert(theirs, "key", b"a").await?;
    assert!(is_conflict(&store.secret_replace(ours, "key", b"x", b"b").await));
    let tries =
        join_all([b"b", b"c", b"d", b"e"].map(|to| store.secret_replace(ours, "key", b"a", to))).await;
    assert_eq!(won(tries)?, 1, "of several rotations at once");
    assert_eq!(
        store.secret(theirs, "key").await?,
        Some(b"a".to_vec()),
        "everybody's own"
    );
    assert!(is_missing(&store.secret_replace(None, "key", b"a", b"b").await));
    let now = store.secret(ours, "key").await?.ok_or("it is gone")?;
    assert!(is_conflict(&store.secret_remove(ours, "key", b"a").await));
    store.secret_remove(ours, "key", &now).await?;
    assert!(is_missing(&store.secret_remove(ours, "key", &now).await));
    assert_eq!(store.secret(ours, "key").await?, None);
    Ok(())
}

pub async fn secrets_are_replaced_together_or_not_at_all(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let names = [
        (None, "host".to_owned()),
        (Some(seed.ours.tenant.clone()), "key".to_owned()),
    ];
    let change = |at: usize, from: &[u8], to: &[u8]| Resealed {
        name: names[at].clone(),
        from: from.to_vec(),
        to: to.to_vec(),
    };
    store.secret_insert(None, "host", b"a").await?;
    let half = [change(0, b"a", b"b"), change(1, b"a", b"b")];
    assert!(is_missing(&store.secrets_replace(&half).await));
    store.secret_insert(names[1].0.as_ref(), "key", b"x").await?;
    assert!(is_conflict(&store.secrets_replace(&half).await));
    assert_eq!(
        store.secret(None, "host").await?,
        Some(b"a".to_vec()),
        "what stood first is undone too"
    );
    store
        .secrets_replace(&[change(0, b"a", b"b"), change(1, b"x", b"y")])
        .await?;
    assert_eq!(store.secret(None, "host").await?, Some(b"b".to_vec()));
    assert_eq!(
        store.secret(names[1].0.as_ref(), "key").await?,
        Some(b"y".to_vec())
    );
    Ok(())
}

pub async fn secrets_are_named_in_one_order_and_in_pages(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let names = [
        (None, "host".to_owned()),
        (None, "kek".to_owned()),
        (Some(seed.ours.tenant.clone()), "b".to_owned()),
        (Some(seed.theirs.tenant.clone()), "a".to_owned()),
    ];
    for (tenant, name) in names.iter().rev() {
        store.secret_insert(tenant.as_ref(), name, b"x").await?;
    }
    assert_eq!(store.secret_names(None, 9).await?, names);
    assert_eq!(store.secret_names(Some(&names[1]), 1).await?, names[2..3]);
    assert_eq!(store.secret_names(Some(&names[3]), 9).await?, []);
    Ok(())
}
