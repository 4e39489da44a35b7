//! What a tenant's own pages are drawn from: the same picture as the operator's screens, cut to the tenant.

use super::{StoreConsole, cursor, fault};
use ::console::{PointId, ReplicaId, UiError, VerdictKind};
use chrono::{DateTime, Utc};
use domain::attempt::AttemptState;
use domain::calendar::Zone;
use domain::code::Code;
use domain::ids::TenantId;
use domain::verdict::Verdict;
use store::obligations::DayHead;
use store::records::{PointHead, Replica};

/// One replica as it stands now.
#[derive(Debug, Clone)]
pub struct OwnStanding {
    pub replica: Replica,
    pub kind: VerdictKind,
    /// What stands in the way first; none when clear.
    pub code: Option<Code>,
    pub since: Option<DateTime<Utc>>,
    pub observed: Option<DateTime<Utc>>,
    /// Since when an attempt runs.
    pub running: Option<DateTime<Utc>>,
    pub newest: Option<PointHead>,
    pub points: u64,
    /// The SLA day that it is in, if one was opened.
    pub day: Option<DayHead>,
}

impl StoreConsole {
    /// A tenant's name for people, and the zone that its days are counted in.
    #[must_use]
    pub fn facts_of(&self, tenant: &TenantId) -> (String, Zone) {
        (self.tenant_name(tenant), self.zone_of(tenant))
    }

    /// Everything in scope, by name and id.
    ///
    /// # Errors
    /// The store's.
    pub async fn own_standings(&self) -> Result<Vec<OwnStanding>, UiError> {
        let picture = self.picture().await?;
        let one = |subject: &super::picture::Subject| {
            let verdict = subject.verdict();
            let kind = match verdict {
                Verdict::Clear => VerdictKind::Clear,
                Verdict::Blocked { .. } => VerdictKind::Blocked,
                Verdict::Unknown { .. } => VerdictKind::Unknown,
            };
            let running = subject.row.attempt.as_ref();
            OwnStanding {
                replica: subject.row.replica.clone(),
                kind,
                code: verdict.code().and_then(|code| code.parse().ok()),
                since: subject.since,
                observed: subject.observed(),
                running: running
                    .filter(|it| matches!(it.state, AttemptState::Running { .. }))
                    .map(|it| it.started),
                newest: subject.row.newest.clone(),
                points: subject.row.points,
                day: subject.day().cloned(),
            }
        };
        let mut all: Vec<OwnStanding> = picture.subjects.iter().map(one).collect();
        all.sort_by(|a, b| (&a.replica.name, a.replica.id).cmp(&(&b.replica.name, b.replica.id)));
        Ok(all)
    }

    /// A page of a replica's restore points, newest first, and where the next begins.
    ///
    /// # Errors
    /// `NotFound` for a replica that the scope does not see; a cursor that is none.
    pub async fn own_points(
        &self,
        replica: ReplicaId,
        after: Option<&str>,
        limit: u32,
    ) -> Result<(Vec<PointHead>, u64, Option<String>), UiError> {
        self.store
            .replica(&self.scope, replica)
            .await
            .map_err(fault::ui)?;
        let total = self.store.point_count(&self.scope, Some(replica)).await;
        let (heads, next) = self.heads_page(Some(replica), after, limit).await?;
        Ok((heads, total.map_err(fault::ui)?, next))
    }

    pub(super) async fn heads_page(
        &self,
        replica: Option<ReplicaId>,
        after: Option<&str>,
        limit: u32,
    ) -> Result<(Vec<PointHead>, Option<String>), UiError> {
        let after = match after {
            None => None,
            Some(text) => {
                let [taken, id] = cursor::read(text)?;
                Some((cursor::instant(&taken)?, cursor::parsed::<PointId>(&id)?))
            }
        };
        let (heads, more) = cursor::page(
            limit,
            |asked| {
                let before = after.map(|(taken, _)| cursor::just_after(taken));
                self.store.point_heads(&self.scope, replica, before, asked)
            },
            |head: &PointHead| after.is_none_or(|after| (head.taken, head.id) < after),
        )
        .await?;
        let next = heads
            .last()
            .filter(|_| more)
            .map(|head| cursor::write([cursor::stamp(head.taken), head.id.to_string()]));
        Ok((heads, next))
    }
}

/// Where a page of replicas by name goes on.
///
/// # Errors
/// A cursor that is none.
pub fn name_after(text: &str) -> Result<(String, ReplicaId), UiError> {
    let [name, id] = cursor::read(text)?;
    Ok((name, cursor::parsed(&id)?))
}

/// The cursor of a replica by name.
#[must_use]
pub fn name_cursor(name: &str, id: ReplicaId) -> String {
    cursor::write([name.to_owned(), id.to_string()])
}
