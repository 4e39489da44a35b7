//! Plants one tenant's things.

use super::two::{Things, drawn, machine};
use crate::doors::{Comer, DEMO_PASSWORD, Doors, Hasher, Said, Visitor};
use chrono::TimeDelta;
use domain::attribution::attribute;
use domain::audit::AuditOutcome;
use domain::door::mapping::{Mapping, MappingRule};
use domain::door::permission::Permission;
use domain::door::seat::{Role, Seat};
use domain::ids::PersonId;
use domain::obligation::{Change, Outcome, Owner};
use domain::policy::Terms;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use store::SqliteStore;
use store::conformance::Seed;
use store::holds::{Acknowledgement, HoldStore as _, HoldTarget};
use store::obligations::ObligationStore as _;
use store::people::{NewPerson, PersonStore as _};
use store::policies::{Assignee, PolicyStore as _};
use store::tenants::TenantStore as _;
use store::traits::{AttemptStore as _, PollWrite, ReplicaStore as _, Scope};
use vault::contract::{DiskSource, IngestRequest};
use vault::{Quiet, Vault};

const SITE: Scope = Scope::Site {
    reason: "two tenants for a test",
};
/// More than a page of the trail holds.
const DEEDS: usize = 101;
const DISK_BYTES: u64 = 5 << 20;

/// Logs in: the `Cookie` header, and who it is.
pub async fn in_as(doors: &Doors, login: &str) -> (String, Visitor) {
    let comer = Comer {
        address: [127, 0, 0, 1].into(),
        agent: format!("{login}'s browser"),
        device: None,
    };
    let given = doors
        .log_in(&comer, login, DEMO_PASSWORD.to_owned().into())
        .await
        .unwrap();
    let visitor = doors
        .by_session(given.session.reveal(), comer.address)
        .await
        .unwrap();
    (format!("stillpoint={}", given.session.reveal()), visitor.unwrap())
}

pub struct Planter<'a> {
    pub dir: &'a Path,
    pub store: &'a SqliteStore,
    pub doors: &'a Doors,
    pub hasher: &'a Hasher,
    pub vault: &'a Vault,
}

impl Planter<'_> {
    pub async fn plant(&self, seed: Seed, word: &'static str, number: u128) -> Things {
        let (point, sealed) = self.sealed(&seed, word, number).await;
        let hold = self.written(&seed, word).await;
        let running = seed.claim(self.store, number + 1).await.unwrap();
        let clerk = self.person(&seed, &format!("{word}-clerk"), "viewer").await;
        self.person(&seed, &format!("{word}-admin"), "admin").await;
        self.person(&seed, &format!("{word}-viewer"), "viewer").await;
        let (admin, by) = in_as(self.doors, &format!("{word}-admin")).await;
        let (_, other) = in_as(self.doors, &format!("{word}-admin")).await;
        let (_, third) = in_as(self.doors, &format!("{word}-admin")).await;
        let elsewhere = self.doors.own(&third).await.unwrap();
        let (viewer, _) = in_as(self.doors, &format!("{word}-viewer")).await;
        let own = self.doors.own(&other).await.unwrap();
        let seat = Seat::new(Role::of_code("viewer").unwrap(), Some(seed.ours.tenant.clone()));
        self.doors.invite(&by, seat.unwrap()).await.unwrap();
        let invited = self.doors.people(&by, None).await.unwrap().invitations;
        let carried = by
            .may
            .iter()
            .copied()
            .filter(|may| may.may_be_carried_by(by.seat()))
            .collect();
        let name = format!("{word} billing");
        let secret = self.doors.token_make(&by, &name, carried, 30).await.unwrap();
        let reads = [Permission::SeeSla].into();
        self.doors
            .token_make(&by, &format!("{word} to revoke"), reads, 30)
            .await
            .unwrap();
        let tokens = self.doors.tokens(&by).await.unwrap();
        let token = tokens
            .iter()
            .find(|token| token.name.ends_with("to revoke"))
            .unwrap();
        for _ in 0..DEEDS {
            let said = Said {
                object: Some((format!("{word} deed"), None)),
                ..Said::default()
            };
            let told = self
                .doors
                .tell_deed(&by, Permission::DownloadDisk, said, AuditOutcome::Done);
            told.await.unwrap();
        }
        let older = self.doors.audit(&by, None).await.unwrap().1.unwrap();
        let tenant = seed.ours.tenant.clone();
        let values = vec![
            ("<replica>", seed.ours.id.to_string()),
            ("<vm>", seed.ours.vm.to_string()),
            ("<name>", seed.ours.name.clone()),
            ("<host>", seed.ours.host.to_string()),
            ("<day>", seed.day(-2).to_string()),
            ("<month>", "2024-10".to_owned()),
            ("<attempt>", running.id.to_string()),
            ("<sealed>", sealed),
            ("<point>", point),
            ("<disk>", "0".to_owned()),
            ("<hold>", hold.to_string()),
            ("<person>", clerk.to_string()),
            ("<login>", format!("{word}-clerk")),
            ("<invitation>", invited[0].id.to_string()),
            ("<token>", token.id.to_string()),
            ("<session>", own.this.unwrap().to_string()),
            ("<elsewhere>", elsewhere.this.unwrap().to_string()),
            ("<older>", older),
            ("<policy>", format!("{word}-gold")),
            ("<rule>", format!("*.{word}.example")),
            ("<tenant>", tenant.to_string()),
        ];
        Things {
            seed,
            word,
            values,
            admin,
            viewer,
            bearer: format!("Bearer {}", secret.reveal()),
        }
    }

    /// A sealed restore point in the vault and in the store.
    async fn sealed(&self, seed: &Seed, word: &str, number: u128) -> (String, String) {
        let path = self.dir.join(format!("{word}-disk.vhdx"));
        let mut disk = vhdx::DynamicWriter::create(&path, DISK_BYTES, 1 << 20).unwrap();
        disk.write_at(4096, &word.repeat(512 / word.len() + 1).as_bytes()[..512])
            .unwrap();
        disk.flush().unwrap();
        let attempt = seed.claim(self.store, number).await.unwrap();
        let mut point = seed.point(&attempt, -3_600);
        let request = IngestRequest {
            tenant: seed.ours.tenant.clone(),
            replica: seed.ours.id,
            attempt: attempt.id,
            token: attempt.token,
            point: point.id,
            taken: "2026-11-21T22:15:30Z".to_owned(),
            disks: vec![DiskSource {
                index: 0,
                name: format!("{word}-disk.vhdx"),
                path,
            }],
            config_files: Vec::new(),
        };
        let withheld = self.vault.ingest(&request, Arc::new(Quiet)).unwrap();
        self.vault.seal(&seed.ours.tenant, &withheld).unwrap();
        point.name.clone_from(&seed.ours.name);
        point.snapshot = withheld.snapshot;
        point.disks = json!([{ "name": format!("{word}-disk.vhdx"), "bytes": DISK_BYTES }]);
        self.store.seal(attempt.token, point.clone()).await.unwrap();
        self.store
            .lease_release(attempt.replica, attempt.token)
            .await
            .unwrap();
        (point.id.to_string(), attempt.id.to_string())
    }

    /// What the hoster wrote down about it; the hold's number.
    async fn written(&self, seed: &Seed, word: &str) -> i64 {
        let (replica, tenant, at) = (&seed.ours, &seed.ours.tenant, seed.at);
        let missed = seed.owed(replica, -2).unwrap();
        let live = seed.owed(replica, 0).unwrap();
        self.store
            .obligations_open(&[missed.clone(), live])
            .await
            .unwrap();
        let attribution = attribute(&missed.window, &[], 600);
        let outcome = Outcome::Missed { attribution };
        self.store
            .obligation_close(missed.key, &outcome, missed.window.next_open)
            .await
            .unwrap();
        let excused = Change::Excuse { owner: Owner::Tenant };
        let mut correction = seed.correction(missed.key, 1, excused);
        correction.reason = format!("{word} had a storm");
        self.store.correction_append(&correction).await.unwrap();
        let note = Acknowledgement {
            cause: format!("tenant:{tenant}:B5"),
            at,
            until: at + TimeDelta::days(1),
            note: format!("{word} knows"),
            author: "owner".to_owned(),
        };
        self.store.acknowledge(&note).await.unwrap();
        let policy = format!("{word}-gold").parse().unwrap();
        self.store
            .policy_put(&policy, &Terms::standard(), "owner", at)
            .await
            .unwrap();
        let assignee = Assignee::Tenant {
            tenant: tenant.clone(),
        };
        self.store
            .policy_assign(&assignee, Some(&policy), "owner", at)
            .await
            .unwrap();
        let mapping = Mapping {
            tenant: tenant.clone(),
            rule: MappingRule::new("primary", &format!("*.{word}.example")).unwrap(),
        };
        self.store
            .mapping_add(&SITE, &mapping, "owner", at)
            .await
            .unwrap();
        let mut finding = seed.finding(&format!("foreign-checkpoint:{word}"), 0);
        finding.text = format!("a checkpoint on {word}-erp");
        let write = PollWrite {
            findings: vec![finding],
            at: Some(at),
            ..PollWrite::default()
        };
        self.store.poll_write(write).await.unwrap();
        let target = HoldTarget::Replica { replica: replica.id };
        let reason = format!("{word} moves house");
        let hold = self
            .store
            .hold_begin(&target, at, at + TimeDelta::days(1), &reason, "owner")
            .await;
        hold.unwrap().id
    }

    async fn person(&self, seed: &Seed, login: &str, role: &str) -> PersonId {
        let new = NewPerson {
            id: PersonId(drawn()),
            login: login.parse().unwrap(),
            name: format!("{login} the person"),
            seat: Seat::new(Role::of_code(role).unwrap(), Some(seed.ours.tenant.clone())).unwrap(),
            password: self.hasher.hash(DEMO_PASSWORD.to_owned().into()).await.unwrap(),
            at: machine(),
        };
        self.store.person_create(&SITE, &new).await.unwrap().id
    }
}
