//! Back up now, as the tenant may: one attempt, within the limits, and not against a hold of the hoster's.

use super::Own;
use crate::console::NotBegun;
use crate::telling::chain;
use ::console::{ReplicaId, Requested};
use chrono::{DateTime, Utc};
use domain::attempt::AttemptState;
use domain::door::wish::WishRefused;
use store::holds::HoldTarget;
use store::records::Replica;
use store::traits::StoreError;
use store::wishes::Wish;

/// Why no backup was asked for. Nothing was begun.
#[derive(Debug, thiserror::Error)]
pub enum NotAsked {
    #[error("there is no such machine, or not for you")]
    Missing,
    /// In words on the tenant's clock.
    #[error("{text}")]
    TooOften { text: String, wait_secs: u32 },
    #[error("a backup of it runs since {since}: what comes of it is shown here")]
    Running { since: String },
    #[error("your hoster holds back backups of it until {until}; nothing is begun before that")]
    Held { until: String },
    #[error(
        "as many backups run at your hoster's as may at once, and this one was not begun: ask again in a few minutes; your daily backup \
         is not touched by that"
    )]
    Full,
    #[error("no backups are made at the moment: ask your hoster")]
    NoEngine,
    #[error("this does not work at the moment: try again later")]
    Failed,
}

impl From<StoreError> for NotAsked {
    fn from(error: StoreError) -> Self {
        if matches!(error, StoreError::NotFound { .. }) {
            return Self::Missing;
        }
        tracing::error!(error = chain(&error), "a tenant's wish could not be taken");
        Self::Failed
    }
}

impl Own {
    /// Asks for one attempt now. Returns the machine's name, for the trail, with what to say.
    ///
    /// # Errors
    /// Why not.
    pub async fn back_up_now(&self, id: ReplicaId, author: &str) -> Result<(String, Requested), NotAsked> {
        let replica = self.store.replica(&self.scope, id).await?;
        if let Some(until) = self.held(&replica).await? {
            let until = self.wall(until);
            return Err(NotAsked::Held { until });
        }
        let newest = self.store.attempts(&self.scope, Some(id), None, 1).await?;
        if let Some(attempt) = newest.first()
            && matches!(attempt.state, AttemptState::Running { .. })
        {
            let since = self.wall(attempt.started);
            return Err(NotAsked::Running { since });
        }
        // Taken first, and given back where the wish is not: what is not begun costs no wish.
        let begin = self
            .engine
            .reserve(id)
            .await
            .map_err(|why| self.not_begun(&why))?;
        let wish = Wish {
            replica: id,
            author: author.to_owned(),
            at: self.now,
        };
        if let Err(refused) = self.store.wish_make(&self.scope, &wish).await? {
            return Err(self.too_often(refused));
        }
        begin();
        let text = "Requested: one attempt is made now".to_owned();
        Ok((replica.name, Requested { text, at: self.now }))
    }

    /// The machine's name, where there is one: a refusal is told of something.
    pub async fn name_of(&self, id: ReplicaId) -> Option<String> {
        let replica = self.store.replica(&self.scope, id).await.ok()?;
        Some(replica.name)
    }

    /// In words that name no limit and no machine of the hoster's.
    fn not_begun(&self, why: &NotBegun) -> NotAsked {
        match why {
            NotBegun::NoEngine => NotAsked::NoEngine,
            // It began between the look above and now.
            NotBegun::Busy { .. } => NotAsked::Running {
                since: self.wall(self.now),
            },
            NotBegun::Full(_) => NotAsked::Full,
            NotBegun::Failed => NotAsked::Failed,
        }
    }

    fn too_often(&self, refused: WishRefused) -> NotAsked {
        let secs = (refused.next() - self.now).num_seconds().max(1);
        NotAsked::TooOften {
            text: format!(
                "{refused}; the next may be asked for at {}",
                self.wall(refused.next())
            ),
            wait_secs: u32::try_from(secs).unwrap_or(u32::MAX),
        }
    }

    /// Until when the hoster holds it back, on whichever of its objects.
    pub(super) async fn held(&self, replica: &Replica) -> Result<Option<DateTime<Utc>>, StoreError> {
        // Those that touch the tenant: of another's there is nothing to leave out.
        let holds = self.store.holds_active(&self.scope, self.now).await?;
        let mine = holds.into_iter().filter(|hold| match &hold.target {
            HoldTarget::Host { host } => *host == replica.host,
            HoldTarget::Tenant { tenant } => *tenant == replica.tenant,
            HoldTarget::Replica { replica: id } => *id == replica.id,
        });
        Ok(mine.map(|hold| hold.until).max())
    }
}
