//! The tenant's own window: where it is, where it may lie, and what a move would do.

use super::Own;
use crate::console::told_to_people;
use ::console::UiError;
use chrono::{DateTime, Days, TimeDelta, Utc};
use domain::calendar::{SlaDay, WindowRule, current, opening};
use domain::door::window::{self, WindowFrame};
use std::collections::BTreeSet;
use store::policies::Catalogue;
use store::traits::StoreError;

/// How far ahead the first day of a moved window is looked for.
const AHEAD: TimeDelta = TimeDelta::days(4);

/// Where the window is and may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnWindow {
    /// Those of the policies that the machines have.
    pub policies: Vec<WindowRule>,
    /// Where the tenant moved it last, whether or not that counts still.
    pub asked: Option<WindowRule>,
    /// The tenant's own, as far as it counts.
    pub own: Option<WindowRule>,
    pub frame: Option<WindowFrame>,
    pub moved: Option<DateTime<Utc>>,
}

/// What a move would do, or did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moving {
    pub to: Option<WindowRule>,
    /// The first day under it.
    pub from: Option<SlaDay>,
    /// A day that is left out: its window would have opened before the move.
    pub left_out: Option<SlaDay>,
    /// All of it in a sentence.
    pub sentence: String,
}

impl Own {
    /// Where the window is and may be.
    ///
    /// # Errors
    /// The store's.
    pub async fn window(&self) -> Result<OwnWindow, UiError> {
        let tenant = self.store.tenant(&self.scope, &self.tenant).await;
        let tenant = tenant.map_err(told_to_people)?;
        Ok(OwnWindow {
            policies: self.policy_windows().await.map_err(told_to_people)?,
            asked: tenant.window,
            own: tenant.own_window(),
            frame: tenant.frame,
            moved: tenant.moved,
        })
    }

    async fn policy_windows(&self) -> Result<Vec<WindowRule>, StoreError> {
        let (policies, assignments, replicas) = futures::try_join!(
            self.store.policies(),
            self.store.assignments(&self.scope),
            self.store.replicas(&self.scope)
        )?;
        let catalogue = Catalogue::new(policies, assignments);
        let nobody = ::console::ReplicaId(uuid::Uuid::nil());
        let ids = replicas.iter().map(|it| it.id);
        let ids: Vec<_> = if replicas.is_empty() {
            vec![nobody]
        } else {
            ids.collect()
        };
        let rules = ids.into_iter().filter_map(|id| catalogue.of(&self.tenant, id));
        let rules: Vec<WindowRule> = rules.map(|(policy, _)| policy.terms.window).collect();
        let mut seen = BTreeSet::new();
        let key = |rule: &WindowRule| (rule.open(), rule.due(), rule.due_next_day());
        Ok(rules.into_iter().filter(|rule| seen.insert(key(rule))).collect())
    }

    /// What a move would do now; `None` goes back to the policy's.
    ///
    /// # Errors
    /// Why the window is not allowed, in words; the store's.
    pub async fn moving(&self, to: Option<WindowRule>) -> Result<Moving, UiError> {
        let there = self.window().await?;
        if let Some(to) = to {
            window::check(there.frame.as_ref(), to).map_err(|why| UiError::Invalid {
                field: "window".to_owned(),
                text: why.to_string(),
            })?;
        }
        let rules = to.map_or_else(|| there.policies.clone(), |to| vec![to]);
        let rule = rules.first().copied();
        let (from, left_out) = match rule {
            Some(rule) => self.first_under(rule).await.map_err(told_to_people)?,
            None => (None, None),
        };
        let names: Vec<String> = rules.iter().map(ToString::to_string).collect();
        let names = names.join(", ");
        let day = from.map_or_else(|| "the next day".to_owned(), |day| format!("the day of {day}"));
        let mut sentence = format!(
            "From {day} on: {names} ({}). Days that are open keep their window.",
            self.zone
        );
        if let Some(day) = left_out {
            sentence +=
                &format!(" The day of {day} is not counted: its window would have opened before now.");
        }
        Ok(Moving {
            to,
            from,
            left_out,
            sentence,
        })
    }

    /// The first day that opens under a rule from now on, and the one before it that would have opened already.
    async fn first_under(&self, rule: WindowRule) -> Result<(Option<SlaDay>, Option<SlaDay>), StoreError> {
        let today = self.zone.date(self.now).0;
        let days = self
            .days(None, today - Days::new(3), today + Days::new(2))
            .await?;
        let newest = days.iter().map(|day| day.day).max();
        let is_new = |day: &SlaDay| newest.is_none_or(|newest| *day > newest);
        let ahead = opening(self.zone, rule, self.now, self.now + AHEAD);
        let from = ahead.into_iter().map(|(day, _)| day).find(is_new);
        let left_out = current(self.zone, rule, self.now)
            .filter(|(_, window)| window.open < self.now && newest.is_some())
            .map(|(day, _)| day)
            .filter(is_new);
        Ok((from, left_out))
    }

    /// Moves it; days that are open keep theirs. `from` is where the tenant saw it.
    ///
    /// # Errors
    /// Outside of the frame, or moved meanwhile.
    pub async fn move_window(
        &self,
        from: Option<WindowRule>,
        to: Option<WindowRule>,
    ) -> Result<Moving, UiError> {
        let moving = self.moving(to).await?;
        let moved = self
            .store
            .tenant_window(&self.scope, &self.tenant, from, to, self.now);
        moved.await.map_err(|error| match error {
            StoreError::Conflict { .. } => UiError::Conflict {
                text: "the window, or where it may lie, was changed meanwhile: look again".to_owned(),
            },
            error => told_to_people(error),
        })?;
        Ok(moving)
    }
}

/// A window as pages send it: `20:00-08:00`, empty for none. Due at or before the open is on the next day.
///
/// # Errors
/// What cannot be.
pub fn moved_from(text: &str) -> Result<Option<WindowRule>, UiError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let invalid = |why: String| UiError::Invalid {
        field: "window".to_owned(),
        text: why,
    };
    let Some((open, due)) = text.split_once('-') else {
        return Err(invalid(format!("`{text}` is no window: write 20:00-08:00")));
    };
    let time = |text: &str| text.trim().parse().map_err(|error| invalid(format!("{error}")));
    let (open, due): (domain::calendar::WallTime, domain::calendar::WallTime) = (time(open)?, time(due)?);
    let rule = WindowRule::new(open, due, due <= open);
    rule.map(Some).map_err(|error| invalid(error.to_string()))
}
