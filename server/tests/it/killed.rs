//! A command that was killed in the middle of its work: the next one finishes or undoes it, without a server.

use crate::binary;
use crate::site::{SITE, Site, small};
use crate::waiting::until;
use domain::attempt::{AttemptState, Failure};
use lab::model::World;
use store::traits::AttemptStore;

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_backup_left_behind_is_undone_by_the_next_backup() {
    let world = World {
        disk_mib_max: 32,
        ..small(34, 1, 1)
    };
    let site = Site::edited(world, 20.0, |spec| {
        for host in &mut spec.hosts {
            host.export_mib_per_sec = 1;
        }
    })
    .await;
    let works = site.works("", |_| {}, |_| {}).await;
    site.believe(&works.store).await;
    let replica = site.replica(&works.store, 0).await.id;
    works.stop().await;

    let args = ["backup", &replica.to_string(), "--wait", "3600", "--json"];
    let mut child = binary::spawn(site.data(), &args);
    until("an export runs", 120, || async {
        (site.asked("export-started") > 0).then_some(())
    })
    .await;
    child.kill().await.unwrap();
    let left = site.lab.lab().with(|lab| lab.left());
    assert!(!left.is_empty(), "killed too late to mean anything");

    let ran = binary::run(site.data(), &args).await.good();
    assert_eq!(ran.json()["outcome"]["state"], "sealed", "{ran:?}");
    site.nothing_left();
    let (store, _) = site.parts("").await;
    let attempts = store.attempts(&SITE, None, None, 100).await.unwrap();
    let killed = |state: &AttemptState| {
        matches!(
            state,
            AttemptState::Failed {
                failure: Failure::Killed { .. },
                ..
            }
        )
    };
    assert_eq!(attempts.iter().filter(|a| killed(&a.state)).count(), 1);
    assert_eq!(store.leases_expired(i64::MAX).await.unwrap(), []);
}
