//! Say who has which policy, from the next SLA day that opens.

use super::{DeedError, Deeds, SITE};
use domain::ids::PolicyId;
use store::policies::Assignee;
use store::traits::StoreError;

impl Deeds {
    /// Assigns, or with `None` takes an assignment away: then the tenant's holds, or the site's.
    ///
    /// # Errors
    /// What is not there; the site's cannot be taken away.
    pub async fn assign(&self, assignee: &Assignee, policy: Option<&PolicyId>) -> Result<(), DeedError> {
        self.object.deed(match policy {
            Some(_) => "policy.assign",
            None => "policy.unassign",
        });
        if let Some(policy) = policy {
            self.object.detail("policy", policy);
        }
        let policy_words = policy.map_or_else(
            || "no policy of its own for ".to_owned(),
            |id| format!("policy {id} for "),
        );
        match assignee {
            Assignee::Site => self.object.say(format!("{policy_words}the site"), None),
            Assignee::Tenant { tenant } => {
                self.object
                    .say(format!("{policy_words}tenant {tenant}"), Some(tenant));
            }
            Assignee::Replica { replica } => self.say_replica(&policy_words, *replica).await,
        }
        if let Assignee::Tenant { tenant } = assignee {
            self.tenant_there(tenant).await?;
        }
        if policy.is_none() {
            let assigned = self.store.assignments(&SITE).await?;
            if !assigned.iter().any(|it| it.assignee == *assignee) {
                return Err(DeedError::Conflict(
                    "it has no policy of its own: nothing to take away".to_owned(),
                ));
            }
        }
        self.store
            .policy_assign(assignee, policy, &self.author, self.now)
            .await
            .map_err(|error| match error {
                StoreError::Conflict { .. } => DeedError::Conflict(
                    "the site's policy is what everybody falls back to: assign another instead".to_owned(),
                ),
                other => other.into(),
            })
    }
}
