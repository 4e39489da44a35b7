//! No room is an expected state: named, put off, and nothing is asked of a host.

use crate::binary;
use crate::site::{SITE, Site, Works, small};
use crate::waiting::until;
use domain::attempt::{AttemptState, Deferral};
use domain::blocker::{Blocker, NotReady, Room};
use domain::ids::TenantId;
use domain::words::explain_deferral;
use engine::{PointVault, VaultFailure};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use store::traits::AttemptStore;
use vault::contract::{IngestRequest, Withheld};

/// A vault on a full disk beside a staging folder with room.
struct Full(Arc<dyn PointVault>);

impl PointVault for Full {
    fn free_bytes(&self) -> Result<u64, VaultFailure> {
        Ok(4096)
    }
    fn free_bytes_at(&self, path: &Path) -> Result<u64, VaultFailure> {
        self.0.free_bytes_at(path)
    }
    fn ingest(&self, request: &IngestRequest, cancelled: Arc<AtomicBool>) -> Result<Withheld, VaultFailure> {
        self.0.ingest(request, cancelled)
    }
    fn seal(&self, tenant: &TenantId, withheld: &Withheld) -> Result<(), VaultFailure> {
        self.0.seal(tenant, withheld)
    }
    fn sign(
        &self,
        tenant: &TenantId,
        previous: Option<&serde_json::Value>,
        document: &serde_json::Value,
    ) -> Result<serde_json::Value, VaultFailure> {
        self.0.sign(tenant, previous, document)
    }
    fn exists(&self, tenant: &TenantId, snapshot: &str) -> Result<bool, VaultFailure> {
        self.0.exists(tenant, snapshot)
    }
}

async fn put_off(site: &Site, works: &Works, room: Room, title: &str) {
    let replica = site.replica(&works.store, 0).await;
    let attempt = works.attempt(replica.id).await;
    let AttemptState::Deferred { reason, .. } = &attempt.state else {
        panic!("{attempt:?}")
    };
    let no_room = matches!(
        reason,
        Deferral::Blocked { blocker: Blocker::NotReady { reason: NotReady::NoRoom { place, .. } } } if *place == room
    );
    assert!(no_room, "{reason:?}");
    let words = explain_deferral(reason);
    assert_eq!((words.code, words.title.as_str()), ("NR", title));
    assert_eq!(site.asked("checkpoint-asked"), 0);
    assert!(works.store.points(&SITE, None).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_room_nothing_is_asked_of_a_host_and_the_place_is_named() {
    let site = Site::start(small(31, 1, 1), 40.0).await;
    let works = site
        .works("", |config| config.free_bytes_min = u64::MAX / 2, |_| {})
        .await;
    site.believe(&works.store).await;
    put_off(&site, &works, Room::Staging, "No room in staging").await;
    works.stop().await;

    let full = |ports: &mut engine::Ports| ports.vault = Arc::new(Full(ports.vault.clone()));
    let works = site.works("", |_| {}, full).await;
    put_off(&site, &works, Room::Vault, "No room in the vault").await;
    works.stop().await;

    site.write_config("[limits]\nfree_bytes_min = 9000000000000000000\n");
    let id = site.replica(&site.store("state").await, 0).await.id.to_string();
    let ran = binary::run(site.data(), &["backup", &id, "--json"]).await;
    ran.refused(4, &["No room in staging", "bytes are needed"]);
    assert_eq!(ran.json()["blocker"], "NR");
    site.nothing_left();

    // Room is made.
    let works = site.works("", |_| {}, |_| {}).await;
    let replica = site.replica(&works.store, 0).await;
    until("the replica is protected", 60, || async {
        matches!(works.attempt(replica.id).await.state, AttemptState::Sealed { .. }).then_some(())
    })
    .await;
    works.stop().await;
    site.nothing_left();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_share_that_fills_up_during_the_export_leaves_no_point_and_no_litter() {
    let site = Site::edited(small(32, 1, 1), 40.0, |spec| {
        for share in &mut spec.staging {
            share.room_bytes = Some(100_000);
        }
    })
    .await;
    let works = site.works("", |_| {}, |_| {}).await;
    site.believe(&works.store).await;
    let replica = site.replica(&works.store, 0).await;
    let said = until("an export is tried", 60, || async {
        match works.attempt(replica.id).await.state {
            AttemptState::Failed { failure, .. } => Some(domain::words::explain_failure(&failure)),
            AttemptState::Deferred { .. } => None,
            other => panic!("{other:?}"),
        }
    })
    .await;
    assert!(said.contains("Export"), "{said}");
    assert!(works.store.points(&SITE, None).await.unwrap().is_empty());
    works.stop().await;
    site.nothing_left();
}
