//! Rows of two tenants, the same in every run.

use super::{Checked, Store};
use crate::records::{Attempt, Finding, HostStatus, Point, Replica, ReplicaStatus};
use crate::traits::{PollWrite, Scope, StoreError};
use chrono::{DateTime, TimeDelta, Utc};
use domain::attempt::{AttemptState, Deferral, Failure};
use domain::blocker::{Blocker, NotReady, Unknown};
use domain::evidence::{Evidence, HoldRecord, JobLook};
use domain::ids::{AttemptId, HostId, PointId, ReplicaId, TenantId, VmGuid};
use domain::memory::{Refusals, fold};
use domain::observation::{
    EnabledState, HostBoot, HostTrust, Observation, ReplicationHealth, ReplicationMode, ReplicationState,
};
use domain::verdict::Verdict;
use serde_json::json;
use uuid::Uuid;

/// What a check may lean on: two tenants with one replica each, polled once at `at`.
pub struct Seed {
    pub at: DateTime<Utc>,
    pub ours: Replica,
    pub theirs: Replica,
}

pub(super) const SITE: Scope = Scope::Site {
    reason: "conformance",
};
pub(super) const LEASE_MS: i64 = 30_000;
/// The machine's clock when a check begins.
pub(super) const NOW_MS: i64 = 1_000_000;

impl Seed {
    /// Seeds an empty store.
    ///
    /// # Errors
    /// The store's.
    pub async fn plant(store: &impl Store) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let at = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(20_000);
        let seed = Self {
            at,
            ours: replica(1, "contoso", at)?,
            theirs: replica(2, "fabrikam", at)?,
        };
        let statuses = vec![
            status(&seed.ours, at, Verdict::Clear),
            status(&seed.theirs, at, Verdict::Clear),
        ];
        store
            .poll_write(PollWrite {
                replicas: vec![seed.ours.clone(), seed.theirs.clone()],
                statuses,
                at: Some(at),
                ..PollWrite::default()
            })
            .await?;
        Ok(seed)
    }

    /// The scope of `ours`.
    pub fn scope(&self) -> Scope {
        Scope::Tenant(self.ours.tenant.clone())
    }

    /// The scope of `theirs`.
    pub fn other(&self) -> Scope {
        Scope::Tenant(self.theirs.tenant.clone())
    }

    /// Claims a numbered attempt of `ours` for the owner `worker` when the machine's clock says `NOW_MS`.
    ///
    /// # Errors
    /// The store's.
    pub async fn claim(&self, store: &impl Store, number: u128) -> Result<Attempt, StoreError> {
        store
            .claim(
                attempt_id(number),
                self.ours.id,
                "worker",
                self.at,
                NOW_MS,
                LEASE_MS,
            )
            .await
    }

    /// Claims, seals a point of `ours` taken `secs` after the seed, and releases.
    ///
    /// # Errors
    /// The store's.
    pub async fn seal(&self, store: &impl Store, number: u128, secs: i64) -> Result<Point, StoreError> {
        let attempt = self.claim(store, number).await?;
        let point = self.point(&attempt, secs);
        store.seal(attempt.token, point.clone()).await?;
        store.lease_release(attempt.replica, attempt.token).await?;
        Ok(point)
    }

    /// A point of an attempt, with evidence; its id and snapshot follow from the attempt's id.
    pub fn point(&self, attempt: &Attempt, secs: i64) -> Point {
        let taken = self.at + TimeDelta::seconds(secs);
        Point {
            id: PointId(Uuid::from_u128(attempt.id.0.as_u128() | 0xB << 64)),
            replica: attempt.replica,
            tenant: attempt.tenant.clone(),
            name: "vm".to_owned(),
            host: attempt.host.clone(),
            taken,
            sealed: taken + TimeDelta::seconds(60),
            snapshot: format!("{:064x}", attempt.id.0.as_u128()),
            disks: json!([{ "name": "disk-1", "bytes": 1 }]),
            read_bytes: 65_536,
            added_bytes: 4_096,
            evidence: evidence(self, attempt, taken),
            seal: json!({ "signature": "c2ln", "previous": null }),
        }
    }

    /// Evidence of a point of any replica, for rows that are made by the thousand.
    pub fn evidence_of(replica: &Replica, at: DateTime<Utc>) -> Evidence {
        let seed = Self {
            at,
            ours: replica.clone(),
            theirs: replica.clone(),
        };
        let attempt = Attempt {
            id: attempt_id(0),
            replica: replica.id,
            tenant: replica.tenant.clone(),
            host: replica.host.clone(),
            token: domain::ids::FencingToken(1),
            started: at,
            state: failed(&seed),
        };
        evidence(&seed, &attempt, at)
    }

    /// A foreign checkpoint on `ours`, seen so many seconds after the seed.
    pub fn finding(&self, key: &str, seen_secs: i64) -> Finding {
        Finding {
            key: key.to_owned(),
            kind: "foreign-checkpoint".to_owned(),
            host: Some(self.ours.host.clone()),
            replica: Some(self.ours.id),
            text: "a checkpoint that is not ours".to_owned(),
            since: self.at + TimeDelta::seconds(seen_secs),
            last_seen: self.at + TimeDelta::seconds(seen_secs),
        }
    }

    /// The host of both replicas.
    pub fn host(&self, trust: Option<HostTrust>, error: Option<&str>) -> HostStatus {
        HostStatus {
            host: self.ours.host.clone(),
            build: Some("10.0.20348".to_owned()),
            trust,
            last_survey: Some(self.at),
            last_error: error.map(str::to_owned),
            last_error_at: error.map(|_| self.at),
            requests: 7,
        }
    }
}

pub(super) fn attempt_id(number: u128) -> AttemptId {
    AttemptId(Uuid::from_u128(0xA000_0000_0000 | number))
}

/// A replica whose id and GUID follow from its number.
pub(super) fn replica(
    number: u128,
    tenant: &str,
    at: DateTime<Utc>,
) -> Result<Replica, domain::ids::InvalidId> {
    Ok(Replica {
        id: ReplicaId(Uuid::from_u128(0x5000_0000_0000 | number)),
        tenant: tenant.parse::<TenantId>()?,
        vm: VmGuid(Uuid::from_u128(0x6000_0000_0000 | number)),
        name: format!("vm-{number}"),
        host: "hv-r-01".parse::<HostId>()?,
        primary_host: Some(format!("hv-p.{tenant}.example")),
        interval_secs: 30,
        disks: vec!["disk-1.vhdx".to_owned()],
        first_seen: at,
        last_seen: at,
    })
}

fn boot(at: DateTime<Utc>) -> HostBoot {
    let started = at - TimeDelta::days(3);
    HostBoot {
        booted_at: started,
        service_started_at: started,
    }
}

fn observation(replica: &Replica, at: DateTime<Utc>) -> Observation {
    Observation {
        host: replica.host.clone(),
        vm: replica.vm,
        name: replica.name.clone(),
        seen_at: at,
        host_time: at,
        boot: boot(at),
        mode: ReplicationMode::Replica,
        enabled: EnabledState::Off,
        health_state: 5,
        operational_status: vec![2],
        relationships: vec![domain::observation::Relationship {
            index: 0,
            state: ReplicationState::Replicating,
            health: ReplicationHealth::Ok,
            failed_over_type: 0,
            last_replication: Some(at),
            last_apply: Some(at),
            interval_secs: 30,
        }],
        jobs: Vec::new(),
        recovery_checkpoints: Vec::new(),
    }
}

/// A status with this verdict, seen and since `at`.
pub fn status(replica: &Replica, at: DateTime<Utc>, verdict: Verdict) -> ReplicaStatus {
    let observation = observation(replica, at);
    let refusals = Refusals {
        codes: &[],
        holds: &[],
    };
    ReplicaStatus {
        replica: replica.id,
        memory: json!(fold(None, &observation, refusals)),
        observation,
        verdict,
        since: at,
        cadence: json!({ "period_secs": 30 }),
    }
}

fn evidence(seed: &Seed, attempt: &Attempt, at: DateTime<Utc>) -> Evidence {
    let replica = if attempt.replica == seed.ours.id {
        &seed.ours
    } else {
        &seed.theirs
    };
    let seen = observation(replica, at);
    let look = JobLook {
        host_time: at,
        boot: boot(seed.at),
        last_apply: vec![Some(at)],
        states: Vec::new(),
        applies: Vec::new(),
    };
    Evidence {
        attempt: attempt.id,
        token: attempt.token,
        before: seen.clone(),
        verdict_before: Verdict::Clear,
        at: seen.clone(),
        verdict_at: Verdict::Clear,
        after: seen,
        hold: HoldRecord {
            before: look.clone(),
            looks: vec![look],
            checkpoint_started: at,
            checkpoint_made: None,
            export_ended: at,
            known_refusals: Vec::new(),
        },
        pause: None,
        answers: Vec::new(),
        basis: HostTrust::Unproven {
            build: "10.0.20348".to_owned(),
        },
        held_secs: 12,
        snapshot: String::new(),
        disks: Vec::new(),
        files: Vec::new(),
    }
}

/// Used by checks that only need the seed to be readable.
pub(super) async fn polled(store: &impl Store, write: PollWrite) -> Checked {
    store.poll_write(write).await?;
    Ok(())
}

pub(super) fn failed(seed: &Seed) -> AttemptState {
    AttemptState::Failed {
        failure: Failure::Cancelled,
        at: seed.at,
    }
}

pub(super) fn deferred(seed: &Seed) -> AttemptState {
    AttemptState::Deferred {
        reason: Deferral::Unknown {
            why: Unknown::NeverObserved,
        },
        at: seed.at,
    }
}

/// A blocker without a number of the eight; the same name with another number is another detail.
pub(super) fn unhealthy(health_state: u16) -> Blocker {
    Blocker::NotReady {
        reason: NotReady::VmHealth { health_state },
    }
}
