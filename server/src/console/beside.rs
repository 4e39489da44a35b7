//! What stands beside the plan: who took note of a cause, pauses of primaries, what was told to the outside.

use super::owed::pause_row;
use super::picture::Picture;
use super::{StoreConsole, fault};
use ::console::{Acknowledged, Cause, Mark, NoticeRow, PauseRow, UiError};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use store::notices::Notice;
use store::pauses::Pause;
use store::traits::Scope;

/// Notices that are read, and those of them that are shown.
const READ_MAX: u32 = 200;
const NOTICES_MAX: usize = 8;
/// Those that are not to be sent any more are shown for so long.
const SHOWN: TimeDelta = TimeDelta::hours(24);

impl StoreConsole {
    /// Who took note of which; those that wait for a slot are nobody's to acknowledge.
    pub(super) async fn acknowledged(
        &self,
        mut causes: Vec<Cause>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Cause>, UiError> {
        let noted = self
            .store
            .acknowledgements(&self.scope, now)
            .await
            .map_err(fault::ui)?;
        for cause in &mut causes {
            let one = noted.iter().find(|one| one.cause == cause.key);
            cause.acknowledged = one.map(|one| Acknowledged {
                by: one.author.clone(),
                at: one.at,
                until: one.until,
                note: one.note.clone(),
            });
        }
        Ok(causes)
    }

    pub(super) async fn pauses(&self, picture: &Picture) -> Result<Vec<PauseRow>, UiError> {
        let pauses = self.store.pauses_unresumed().await.map_err(fault::ui)?;
        let row = |pause: &Pause| {
            let subject = picture
                .subjects
                .iter()
                .find(|it| it.row.replica.id == pause.replica)?;
            Some(pause_row(pause, &subject.row.replica.name))
        };
        Ok(pauses.iter().filter_map(row).collect())
    }

    /// `None` for a tenant, who is not shown what the hoster is told.
    pub(super) async fn notices(&self, now: DateTime<Utc>) -> Result<Option<Vec<NoticeRow>>, UiError> {
        if matches!(self.scope, Scope::Tenant(_)) {
            return Ok(None);
        }
        let notices = self.store.notices(READ_MAX).await.map_err(fault::ui)?;
        let shown = notices
            .iter()
            .filter(|it| it.next.is_some() || now - SHOWN < it.at);
        Ok(Some(shown.take(NOTICES_MAX).map(notice).collect()))
    }
}

/// A notice by the document that is sent.
fn notice(one: &Notice) -> NoticeRow {
    let text = |field: &str| {
        one.body
            .get(field)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let (kind, mark) = match one.kind.as_str() {
        "at-risk" => ("At risk", Mark::Late),
        "breached" => ("Breached", Mark::Missed),
        "stuck" => ("Stuck", Mark::Missed),
        "not-watching" => ("Not watching", Mark::Unknown),
        "watching-again" => ("Watching again", Mark::Met),
        other => (other, Mark::Late),
    };
    NoticeRow {
        key: one.key.clone(),
        kind: kind.to_owned(),
        mark,
        subject: text("subject"),
        sentence: text("sentence"),
        at: one.at,
        delivered: one.delivered,
        tries: one.tries,
        last_error: one.last_error.clone(),
    }
}
