//! The audit trail from the command line: who sits there, and what they are about to do.
//!
//! An entry is written before its deed: a deed whose entry cannot be written is not done. What fails afterwards gets a second entry.

use crate::doors::Object;
use crate::telling::{Failure, chain, exit};
use crate::who;
use chrono::{DateTime, Utc};
use domain::audit::{AuditOutcome, Happened, Who};
use domain::ids::TenantId;
use std::collections::BTreeMap;
use std::future::Future;
use store::audit::AuditStore;
use store::traits::Scope;

const SITE: Scope = Scope::Site {
    reason: "command line",
};

/// A deed at the command line.
#[derive(Debug, Clone, Default)]
pub struct Deed {
    /// Lower-case words with dots and hyphens: `keys.rotate`.
    pub name: &'static str,
    /// What it is done to.
    pub object: String,
    /// Whose that is; `None` is the site's.
    pub tenant: Option<TenantId>,
    /// What it was changed to, where it went. No secrets; which of them a tenant reads is `doors::trail`'s.
    pub details: BTreeMap<String, String>,
}

impl Deed {
    fn happened(&self, at: DateTime<Utc>, outcome: AuditOutcome, error: Option<String>) -> Happened {
        let mut details = self.details.clone();
        if let Some(error) = error {
            details.insert("error".to_owned(), error);
        }
        Happened {
            at,
            who: Who::System {
                task: format!("command line, by {}", who::author()),
            },
            from: None,
            deed: self.name.to_owned(),
            object: self.object.clone(),
            tenant: self.tenant.clone(),
            outcome,
            details,
        }
        .cut()
    }
}

/// Writes the deed down, does it, and writes down when it failed.
///
/// # Errors
/// The entry's, with nothing done; the deed's.
pub async fn written<T>(
    store: &impl AuditStore,
    at: DateTime<Utc>,
    deed: &Deed,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    store
        .audit_append(&SITE, &deed.happened(at, AuditOutcome::Done, None))
        .await?;
    let done = work.await;
    if let Err(failure) = &done {
        let failed = deed.happened(at, AuditOutcome::Failed, Some(failure.to_string()));
        store.audit_append(&SITE, &failed).await?;
    }
    done
}

/// Does a deed that says itself what it is, and writes down what came of it, as the wall does for one that comes over HTTP: before it is
/// begun the trail is asked whether it can be read.
///
/// # Errors
/// The trail's; the deed's.
pub async fn told<T>(
    store: &impl AuditStore,
    at: DateTime<Utc>,
    object: &Object,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    store.audit_head(&SITE).await?;
    let done = work.await;
    let said = object.said();
    // Whatever was refused before it had a name was no deed.
    let Some(name) = said.deed else { return done };
    let (object, tenant) = said.object.unwrap_or_default();
    let deed = Deed {
        name,
        object,
        tenant,
        details: said.details,
    };
    let (outcome, error) = match &done {
        Ok(_) => (AuditOutcome::Done, None),
        Err(failure) if failure.is_refusal() => (AuditOutcome::Refused, Some(failure.to_string())),
        Err(failure) => (AuditOutcome::Failed, Some(failure.to_string())),
    };
    let written = store
        .audit_append(&SITE, &deed.happened(at, outcome, error))
        .await;
    match (done, written) {
        (Ok(_), Err(error)) => Err(Failure::new(
            exit::FAILED,
            format!(
                "it was done, but could not be written into the audit trail: {}",
                chain(&error)
            ),
        )),
        (done, _) => done,
    }
}
