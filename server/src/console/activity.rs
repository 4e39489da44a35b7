//! What people did by hand, from the records that each deed leaves.

use super::{StoreConsole, fault};
use ::console::{ActivityRow, ActivityView, UiError, terms};
use chrono::{DateTime, TimeDelta, Utc};
use domain::calendar::SlaDay;
use domain::ids::ReplicaId;
use domain::obligation::{Change, ObligationKey};
use std::collections::HashMap;
use store::holds::HoldTarget;
use store::policies::Assignee;
use store::traits::Scope;

/// Holds that are read.
const READ_MAX: u32 = 1000;
/// Deeds that are shown, and how far back corrections are looked for.
const DEEDS_MAX: usize = 200;
const CORRECTIONS_DAYS: i64 = 400;

impl StoreConsole {
    pub(super) async fn activity_view(&self) -> Result<ActivityView, UiError> {
        if matches!(self.scope, Scope::Tenant(_)) {
            return Err(UiError::Forbidden);
        }
        let now = (self.now)();
        let picture = self.picture().await?;
        let day = |days| SlaDay((now + TimeDelta::days(days)).date_naive());
        let store = &self.store;
        let (holds, policies, assignments, acknowledged, corrections) = futures::try_join!(
            store.holds(&self.scope, READ_MAX),
            store.policies(),
            store.assignments(&self.scope),
            store.acknowledgements(&self.scope, now),
            store.corrections(&self.scope, day(-CORRECTIONS_DAYS), day(1)),
        )
        .map_err(fault::ui)?;
        let names: HashMap<ReplicaId, String> = picture
            .subjects
            .iter()
            .map(|it| {
                (
                    it.row.replica.id,
                    format!("{}/{}", it.row.replica.tenant, it.row.replica.name),
                )
            })
            .collect();
        let name = |id: &ReplicaId| names.get(id).cloned().unwrap_or_else(|| id.to_string());
        let mut rows = Vec::new();
        let mut add = |at, author: &str, what: String, on: String, href: Option<String>, text: &str| {
            rows.push(ActivityRow {
                at,
                author: author.to_owned(),
                what,
                on,
                href,
                text: text.to_owned(),
            });
        };
        for hold in &holds {
            let (on, href) = match &hold.target {
                HoldTarget::Host { host } => (format!("host {host}"), None),
                HoldTarget::Tenant { tenant } => (format!("tenant {}", self.tenant_name(tenant)), None),
                HoldTarget::Replica { replica } => (name(replica), Some(format!("/replicas/{replica}"))),
            };
            add(
                hold.from,
                &hold.author,
                "Hold laid".to_owned(),
                on.clone(),
                href.clone(),
                &hold.reason,
            );
            if let Some((at, by)) = &hold.lifted {
                add(*at, by, "Hold lifted".to_owned(), on, href, &hold.reason);
            }
        }
        for one in &acknowledged {
            add(
                one.at,
                &one.author,
                "Cause acknowledged".to_owned(),
                one.cause.clone(),
                None,
                &one.note,
            );
        }
        for one in &corrections {
            let ObligationKey { replica, day } = one.key;
            let what = match one.change {
                Change::Excuse { .. } => "Day excused",
                Change::Attribute { .. } => "Day attributed",
                Change::Restore => "Correction taken back",
            };
            let href = format!("/replicas/{replica}/days/{day}");
            add(
                one.at,
                &one.author,
                what.to_owned(),
                format!("{}, {day}", name(&replica)),
                Some(href),
                &one.reason,
            );
        }
        for newest in &policies {
            let versions = store
                .policy_versions(&newest.policy.id)
                .await
                .map_err(fault::ui)?;
            for (index, one) in versions.iter().enumerate().filter(|(_, it)| is_deed(it.at)) {
                let before = index.checked_sub(1).and_then(|before| versions.get(before));
                let changes = before.map_or_else(Vec::new, |before| {
                    terms::changes(&before.policy.terms, &one.policy.terms)
                });
                let told: Vec<String> = changes
                    .iter()
                    .map(|it| format!("{}: {} → {}", it.label, it.was, it.is))
                    .collect();
                let id = &one.policy.id;
                let what = format!("Policy version {}", one.policy.version);
                add(
                    one.at,
                    &one.author,
                    what,
                    id.to_string(),
                    Some(format!("/policies#{id}")),
                    &told.join("; "),
                );
            }
        }
        for one in assignments.iter().filter(|it| is_deed(it.at)) {
            let (to, href) = match &one.assignee {
                Assignee::Site => ("everyone else".to_owned(), None),
                Assignee::Tenant { tenant } => (format!("tenant {}", self.tenant_name(tenant)), None),
                Assignee::Replica { replica } => (name(replica), Some(format!("/replicas/{replica}"))),
            };
            add(
                one.at,
                &one.author,
                "Policy assigned".to_owned(),
                to,
                href,
                one.policy.as_str(),
            );
        }
        rows.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.what.cmp(&b.what)));
        rows.truncate(DEEDS_MAX);
        Ok(ActivityView {
            as_of: now,
            zone: self.zone(),
            rows,
        })
    }
}

/// What the product comes with is written down at the beginning of time, and by nobody's hand.
fn is_deed(at: DateTime<Utc>) -> bool {
    at > DateTime::UNIX_EPOCH
}
