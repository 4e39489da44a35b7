//! Put a policy into the catalogue, or its next version. It applies from the next SLA day that opens.

use super::{DeedError, Deeds};
use domain::ids::PolicyId;
use domain::policy::{Policy, Terms};

impl Deeds {
    /// Appends the next version; the same terms as the newest add none.
    ///
    /// # Errors
    /// The term that cannot be.
    pub async fn put_policy(&self, id: &PolicyId, terms: &Terms) -> Result<Policy, DeedError> {
        self.object.deed("policy.put");
        self.object.say(format!("policy {id}"), None);
        terms.check().map_err(|error| {
            DeedError::field(error.key, format!("`{}` must be {}", error.value, error.expected))
        })?;
        let policy = self.store.policy_put(id, terms, &self.author, self.now).await?;
        self.object.detail("version", policy.version);
        // Every version is kept whole; this says which terms they were to whoever has only the trail.
        match serde_json::to_string(terms) {
            Ok(terms) => self.object.detail("terms", terms),
            Err(error) => self.object.detail("terms", error),
        }
        Ok(policy)
    }
}
