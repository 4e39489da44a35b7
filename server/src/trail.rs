//! The audit trail from the command line: who sits there, and what they are about to do.
//!
//! An entry is written before its deed: a deed whose entry cannot be written is not done. What fails afterwards gets a second entry.

use crate::telling::Failure;
use crate::who;
use chrono::{DateTime, Utc};
use domain::audit::{AuditOutcome, Happened, Who};
use domain::ids::TenantId;
use std::collections::BTreeMap;
use std::future::Future;
use store::audit::AuditStore;
use store::traits::Scope;

/// A deed at the command line.
#[derive(Debug, Clone)]
pub struct Deed {
    /// Lower-case words with dots and hyphens: `keys.rotate`.
    pub name: &'static str,
    /// What it is done to.
    pub object: String,
    /// Whose that is; `None` is the site's.
    pub tenant: Option<TenantId>,
}

impl Deed {
    fn happened(&self, at: DateTime<Utc>, outcome: AuditOutcome, why: Option<String>) -> Happened {
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
            details: why
                .map(|why| BTreeMap::from([("why".to_owned(), why)]))
                .unwrap_or_default(),
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
    let scope = Scope::Site {
        reason: "command line",
    };
    store
        .audit_append(&scope, &deed.happened(at, AuditOutcome::Done, None))
        .await?;
    let done = work.await;
    if let Err(failure) = &done {
        let failed = deed.happened(at, AuditOutcome::Failed, Some(failure.to_string()));
        store.audit_append(&scope, &failed).await?;
    }
    done
}
