//! The world the deeds are done in, and doing them.

use crate::deed::{Deed, Nanos, Poll, REPLICAS};
use chrono::{DateTime, TimeDelta, Utc};
use domain::attempt::{AttemptState, Deferral, Failure, Step};
use domain::blocker::{Blocker, NotReady, Unknown};
use domain::ids::{AttemptId, FencingToken, HostId, PointId, ReplicaId};
use domain::observation::HostTrust;
use domain::verdict::Verdict;
use serde_json::json;
use std::fmt::Debug;
use store::conformance::{Seed, Store, status};
use store::records::{Attempt, BlockerInterval, Finding, HostStatus, Point, Replica};
use store::traits::{PollWrite, Scope, StoreError};
use uuid::Uuid;

pub const SITE: Scope = Scope::Site { reason: "test" };

/// The world both stores are about.
pub struct World {
    pub seed: Seed,
    pub replicas: Vec<Replica>,
}

pub type Odd = Box<dyn std::error::Error + Send + Sync>;

impl World {
    pub async fn plant(store: &impl Store) -> Result<Self, Odd> {
        let seed = Seed::plant(store).await?;
        let (ours, theirs) = (&seed.ours, &seed.theirs);
        let id = |number: u128| ReplicaId(Uuid::from_u128(number));
        let twin = Replica {
            id: id(3),
            vm: ours.vm,
            ..theirs.clone()
        };
        let brother = Replica {
            id: id(4),
            vm: theirs.vm,
            ..ours.clone()
        };
        let moved = Replica {
            tenant: theirs.tenant.clone(),
            ..ours.clone()
        };
        let again = Replica {
            id: id(6),
            ..ours.clone()
        };
        let unknown = Replica {
            id: id(7),
            vm: domain::ids::VmGuid(Uuid::from_u128(7)),
            ..ours.clone()
        };
        let replicas = vec![ours.clone(), theirs.clone(), twin, brother, moved, again, unknown];
        let write = PollWrite {
            replicas: replicas[..REPLICAS].to_vec(),
            ..PollWrite::default()
        };
        store.poll_write(write).await?;
        Ok(Self { seed, replicas })
    }

    pub fn at(&self, nanos: Nanos) -> DateTime<Utc> {
        self.seed.at + TimeDelta::nanoseconds(nanos)
    }

    pub fn attempt(number: u8) -> AttemptId {
        AttemptId(Uuid::from_u128(0xA0 | u128::from(number)))
    }

    pub fn point(number: u8) -> PointId {
        PointId(Uuid::from_u128(0xB0 | u128::from(number)))
    }

    /// Does it and tells what came of it.
    pub async fn perform(&self, store: &impl Store, deed: &Deed) -> String {
        self.tried(store, deed)
            .await
            .unwrap_or_else(|error| format!("odd: {error}"))
    }

    async fn tried(&self, store: &impl Store, deed: &Deed) -> Result<String, Odd> {
        let replica = |which: usize| self.replicas[which].id;
        let outcome = match *deed {
            Deed::Poll(ref poll) => told(store.poll_write(self.poll(poll)?).await),
            Deed::Resolve { key, at } => told(store.finding_resolve(key, self.at(at)).await),
            Deed::Trust { host, trust } => told(
                store
                    .host_trust_set(&host.parse::<HostId>()?, &self.trust(trust)?)
                    .await,
            ),
            Deed::Claim {
                attempt,
                replica: which,
                owner,
                at,
                now_ms,
            } => {
                let id = Self::attempt(attempt);
                told(
                    store
                        .claim(id, replica(which), owner, self.at(at), now_ms, 10)
                        .await,
                )
            }
            Deed::Heartbeat {
                replica: which,
                owner,
                token,
                now_ms,
            } => {
                let token = leased(store, replica(which), token).await?;
                told(store.heartbeat(replica(which), owner, token, now_ms, 10).await)
            }
            Deed::TakeOver {
                replica: which,
                owner,
                now_ms,
            } => told(store.lease_take_over(replica(which), owner, now_ms, 10).await),
            Deed::Release {
                replica: which,
                token,
            } => {
                let token = leased(store, replica(which), token).await?;
                told(store.lease_release(replica(which), token).await)
            }
            Deed::Journal {
                attempt,
                token,
                step,
                phase,
                at,
            } => {
                let (id, token) = held(store, attempt, token).await?;
                let payload = json!({ "tag": at, "text": "\u{e4}\n" });
                told(store.journal(id, token, step, phase, self.at(at), payload).await)
            }
            Deed::Finish {
                attempt,
                token,
                state,
                at,
            } => {
                let (id, token) = held(store, attempt, token).await?;
                told(store.finish(id, token, state_of(state, self.at(at))).await)
            }
            Deed::Seal {
                attempt,
                token,
                point,
                snapshot,
                place,
                replica,
                at,
            } => {
                let (id, token) = held(store, attempt, token).await?;
                let point = self.sealed(
                    store.attempt(&SITE, id).await.ok(),
                    id,
                    (point, snapshot, place, replica, at),
                );
                told(store.seal(token, point).await)
            }
            Deed::Secret { tenant, name, value } => {
                let tenants = [None, Some(&self.seed.ours.tenant), Some(&self.seed.theirs.tenant)];
                told(store.secret_insert(tenants[tenant], name, &[value]).await)
            }
            Deed::Night(ref deed) => deed.tried(self, store).await?,
        };
        Ok(format!("{outcome}, {} events", store.event_newest().await?))
    }

    fn sealed(
        &self,
        attempt: Option<Attempt>,
        id: AttemptId,
        (point, snapshot, place, replica, at): (u8, u8, Option<i64>, Option<usize>, Nanos),
    ) -> Point {
        let ours = &self.seed.ours;
        let attempt = attempt.unwrap_or_else(|| Attempt {
            id,
            replica: ours.id,
            tenant: ours.tenant.clone(),
            host: ours.host.clone(),
            token: FencingToken(1),
            started: self.seed.at,
            state: state_of(0, self.seed.at),
        });
        let made = self.seed.point(&attempt, 0);
        let mut point = Point {
            id: Self::point(point),
            snapshot: format!("{snapshot:064x}"),
            taken: self.at(at),
            sealed: self.at(at + 61_000_000_700),
            read_bytes: if snapshot == 0 { u64::MAX } else { 1 },
            seal: json!({ "sequence": place, "signature": "c2ln" }),
            ..made
        };
        if let Some(which) = replica {
            point.replica = self.replicas[which].id;
            point.tenant = self.replicas[which].tenant.clone();
        }
        point
    }

    fn poll(&self, poll: &Poll) -> Result<PollWrite, Odd> {
        let mut replicas = Vec::new();
        for (which, name, host, seen) in &poll.replicas {
            let (name, host, seen) = ((*name).to_owned(), host.parse()?, self.at(*seen));
            replicas.push(Replica {
                name,
                host,
                first_seen: seen,
                last_seen: seen,
                ..self.replicas[*which].clone()
            });
        }
        let statuses = poll.statuses.iter().map(|(which, verdict, at)| {
            status(
                &self.replicas[*which],
                self.at(*at),
                verdict_of(*verdict, self.at(*at)),
            )
        });
        let open = poll
            .open
            .iter()
            .map(|(which, code, from, to, detail)| BlockerInterval {
                replica: self.replicas[*which].id,
                code: (*code).to_owned(),
                detail: (*detail > 0).then(|| unhealthy(*detail)),
                from: self.at(*from),
                to: to.map(|to| self.at(to)),
            });
        let findings = poll.findings.iter().map(|(key, replica, kind, seen)| Finding {
            kind: (*kind).to_owned(),
            replica: replica.map(|which| self.replicas[which].id),
            since: self.at(*seen),
            last_seen: self.at(*seen),
            ..self.seed.finding(key, 0)
        });
        let host = match poll.host {
            None => None,
            Some((host, trust, survey, error)) => Some(HostStatus {
                host: host.parse()?,
                build: survey.map(|survey| survey.to_string()),
                trust: trust.map(|trust| self.trust(trust)).transpose()?,
                last_survey: survey.map(|survey| self.at(survey)),
                last_error_at: survey.map(|survey| self.at(survey)),
                last_error: error.map(str::to_owned),
                requests: u64::MAX,
            }),
        };
        let close = poll.close.iter();
        Ok(PollWrite {
            replicas,
            statuses: statuses.collect(),
            open: open.collect(),
            close: close
                .map(|(which, code, to)| (self.replicas[*which].id, (*code).to_owned(), self.at(*to)))
                .collect(),
            findings: findings.collect(),
            host,
            at: poll.at.map(|at| self.at(at)),
        })
    }

    fn trust(&self, number: u8) -> Result<HostTrust, Odd> {
        let build = if number.is_multiple_of(2) {
            "10.0.20348"
        } else {
            "10.0.26100"
        };
        let document = match number {
            0 | 1 => json!({ "trust": "unproven", "build": build }),
            2 => json!({ "trust": "too-old", "build": build }),
            _ => json!({
                "trust": "enrolled", "build": build, "canary": Uuid::from_u128(1), "enrolled_at": self.at(400), "run": "r",
            }),
        };
        Ok(serde_json::from_value(document)?)
    }
}

/// The lease's token, or one beside it.
async fn leased(store: &impl Store, replica: ReplicaId, beside: i8) -> Result<FencingToken, Odd> {
    let token = store.lease(replica).await?.map_or(0, |lease| lease.token.0);
    Ok(FencingToken(token.saturating_add_signed(beside.into())))
}

async fn held(store: &impl Store, attempt: u8, beside: i8) -> Result<(AttemptId, FencingToken), Odd> {
    let id = World::attempt(attempt);
    let replica = match store.attempt(&SITE, id).await {
        Ok(attempt) => attempt.replica,
        Err(_) => return Ok((id, FencingToken(0))),
    };
    Ok((id, leased(store, replica, beside).await?))
}

fn unhealthy(number: u16) -> Blocker {
    Blocker::NotReady {
        reason: NotReady::VmHealth { health_state: number },
    }
}

fn verdict_of(number: u8, at: DateTime<Utc>) -> Verdict {
    match number {
        0 => Verdict::Clear,
        1 => Verdict::Unknown {
            why: Unknown::NeverObserved,
        },
        2 => Verdict::Unknown {
            why: Unknown::Stale {
                seen_at: at,
                age_secs: 1,
                limit_secs: 1,
            },
        },
        // The same names with other numbers.
        other => Verdict::Blocked {
            blockers: vec![unhealthy(other.into())],
        },
    }
}

fn state_of(number: u8, at: DateTime<Utc>) -> AttemptState {
    match number {
        0 => AttemptState::Running {
            step: Step::Export,
            since: at,
        },
        1 => AttemptState::Sealed {
            point: World::point(0),
            at,
        },
        2 => AttemptState::Failed {
            failure: Failure::Cancelled,
            at,
        },
        3 => AttemptState::Failed {
            failure: Failure::LeaseLost,
            at,
        },
        _ => AttemptState::Deferred {
            reason: Deferral::Unknown {
                why: Unknown::NeverObserved,
            },
            at,
        },
    }
}

/// An outcome in words, without what only one kind of database would say.
pub fn told<T: Debug>(outcome: Result<T, StoreError>) -> String {
    match outcome {
        Ok(value) => format!("{value:?}"),
        Err(StoreError::Database { action, .. }) => format!("cannot {action}"),
        Err(error) => format!("{error:?}"),
    }
}
