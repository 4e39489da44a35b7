//! Small sealed values.

use super::{Checked, Seed, Store, is_conflict};

pub async fn secrets_are_inserted_once(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let (ours, theirs) = (Some(&seed.ours.tenant), Some(&seed.theirs.tenant));
    assert_eq!(store.secret(ours, "repository-key").await?, None);
    store
        .secret_insert(ours, "repository-key", &[1, 2, 0, 255])
        .await?;
    store
        .secret_insert(ours, "repository-key", &[1, 2, 0, 255])
        .await?;
    assert!(is_conflict(
        &store.secret_insert(ours, "repository-key", &[9]).await
    ));
    assert_eq!(
        store.secret(ours, "repository-key").await?,
        Some(vec![1, 2, 0, 255])
    );
    assert_eq!(store.secret(theirs, "repository-key").await?, None);
    assert_eq!(store.secret(None, "repository-key").await?, None);
    store.secret_insert(None, "repository-key", &[]).await?;
    assert_eq!(store.secret(None, "repository-key").await?, Some(Vec::new()));
    Ok(())
}
