//! Create a tenant, and say what claims replicas for it.

use super::{DeedError, Deeds, SITE, written};
use crate::tenancy::TenantEntry;
use ::console::RuleQuery;
use domain::calendar::Zone;
use domain::door::mapping::{Mapping, MappingRule};
use domain::ids::TenantId;
use store::tenants::{MAPPINGS_MAX, Tenant};
use store::traits::StoreError;

/// Longest name of a tenant.
const NAME_CHARS_MAX: usize = 120;

/// A tenant to be.
#[derive(Debug, Clone)]
pub struct NewTenant {
    /// Also the folder of its repository; never changes.
    pub id: String,
    pub name: String,
    /// IANA; UTC when empty.
    pub zone: String,
}

impl Deeds {
    /// Creates a tenant. No replica is its own before a rule claims it.
    ///
    /// # Errors
    /// The field that is not right; `Conflict` when there is one of that id.
    pub async fn create_tenant(&self, new: NewTenant) -> Result<Tenant, DeedError> {
        self.object.deed("tenant.create");
        self.object.say(format!("tenant {}", new.id.trim()), None);
        let id: TenantId = new
            .id
            .trim()
            .parse()
            .map_err(|error| DeedError::field("id", error))?;
        let name = written::line("name", &new.name, NAME_CHARS_MAX)?;
        let zone: Zone = match new.zone.trim() {
            "" => Zone::UTC,
            text => text.parse().map_err(|error| DeedError::field("zone", error))?,
        };
        self.object.detail("name", &name);
        self.object.detail("zone", zone);
        if self.known.tenants.contains(&id) {
            return Err(DeedError::Conflict(format!(
                "there is a tenant `{id}` in config.toml"
            )));
        }
        let made = self.store.tenant_create(&SITE, &id, &name, zone, self.now).await;
        made.map_err(|error| match error {
            StoreError::Conflict { .. } => DeedError::Conflict(format!("there is a tenant `{id}` already")),
            other => other.into(),
        })
    }

    /// A rule for a tenant, checked; nothing is changed.
    ///
    /// # Errors
    /// The field that is not right, or a tenant that is not there.
    pub async fn mapping(&self, tenant: &str, kind: &str, text: &str) -> Result<Mapping, DeedError> {
        self.object.say(format!("a rule of tenant {tenant}"), None);
        let mapping = rule(tenant, kind, text)?;
        self.tenant_there(&mapping.tenant).await?;
        Ok(mapping)
    }

    /// Adds a rule. A running server binds by it with the next look at each host.
    ///
    /// # Errors
    /// `Conflict` for one that is there, and beyond the most of a tenant.
    pub async fn map_tenant(&self, mapping: &Mapping) -> Result<(), DeedError> {
        self.object.deed("tenant.map");
        // How the hoster tells tenants apart names its machines: no tenant reads of it.
        self.object.say(
            format!("rule {} of tenant {}", mapping.rule, mapping.tenant),
            None,
        );
        let lines = self.store.mappings(&SITE).await?;
        let own = lines.iter().filter(|it| it.mapping.tenant == mapping.tenant);
        if own.clone().any(|it| it.mapping.rule == mapping.rule) {
            let text = format!(
                "tenant `{}` has the rule `{}` already",
                mapping.tenant, mapping.rule
            );
            return Err(DeedError::Conflict(text));
        }
        if own.count() >= MAPPINGS_MAX {
            let text = format!(
                "tenant `{}` has {MAPPINGS_MAX} rules, and no tenant has more",
                mapping.tenant
            );
            return Err(DeedError::Conflict(text));
        }
        let added = self
            .store
            .mapping_add(&SITE, mapping, &self.author, self.now)
            .await;
        added.map_err(DeedError::from)
    }

    /// Takes a rule away. One of `config.toml` is changed there.
    ///
    /// # Errors
    /// When there is no such rule here.
    pub async fn unmap_tenant(&self, mapping: &Mapping) -> Result<(), DeedError> {
        self.object.deed("tenant.unmap");
        self.object.say(
            format!("rule {} of tenant {}", mapping.rule, mapping.tenant),
            None,
        );
        let removed = self.store.mapping_remove(&SITE, mapping).await;
        removed.map_err(|error| match error {
            StoreError::NotFound { .. } => DeedError::Conflict(format!(
                "tenant `{}` has no rule `{}` that was made here; those of config.toml are changed in that file",
                mapping.tenant, mapping.rule
            )),
            other => other.into(),
        })
    }
}

/// A rule that is only tried, for one of these tenants.
///
/// # Errors
/// The field that is not right, or a tenant that is not there.
pub fn tried(entries: &[TenantEntry], query: &RuleQuery) -> Result<Mapping, DeedError> {
    let mapping = rule(&query.tenant, &query.kind, &query.text)?;
    if entries.iter().any(|it| it.id == mapping.tenant) {
        return Ok(mapping);
    }
    Err(DeedError::missing("tenant", &mapping.tenant))
}

fn rule(tenant: &str, kind: &str, text: &str) -> Result<Mapping, DeedError> {
    let tenant = tenant.trim().parse();
    let tenant: TenantId = tenant.map_err(|error| DeedError::field("tenant", error))?;
    let rule = MappingRule::new(kind, text).map_err(|error| {
        let known = MappingRule::KINDS.contains(&kind);
        DeedError::field(if known { "text" } else { "kind" }, error)
    })?;
    Ok(Mapping { tenant, rule })
}
