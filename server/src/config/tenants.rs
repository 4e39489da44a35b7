//! `[[tenant]]`: a customer, and which replicas are theirs.

use super::hosts::is_dns_name;
use super::{Checker, ConfigError};
use domain::calendar::Zone;
use domain::ids::TenantId;
use serde::Deserialize;

/// A tenant and the rules that claim replicas for it: trust groups first, then patterns of primaries.
#[derive(Debug, Clone)]
pub struct TenantConfig {
    pub id: TenantId,
    /// For people.
    pub name: String,
    /// What the tenant's days are counted in.
    pub zone: Zone,
    /// `TrustGroup` values of authorization entries.
    pub trust_groups: Vec<String>,
    /// FQDNs of primaries, or a wildcard first label (`*.contoso.example`).
    pub primaries: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TenantDocument {
    id: String,
    name: String,
    /// An IANA zone; UTC when left out.
    zone: Option<String>,
    #[serde(default)]
    trust_groups: Vec<String>,
    #[serde(default)]
    primaries: Vec<String>,
}

impl TenantDocument {
    pub(super) fn check(self, checker: &Checker<'_>) -> Result<TenantConfig, ConfigError> {
        let id: TenantId = self
            .id
            .parse()
            .map_err(|e| checker.refuse("tenant.id", format!("{e}")))?;
        for pattern in &self.primaries {
            let rest = pattern.strip_prefix("*.").unwrap_or(pattern);
            if !rest.contains('.') || !is_dns_name(rest) {
                return Err(checker.refuse(
                    format!("tenant `{id}`: primaries"),
                    format!(
                        "`{pattern}` is neither an FQDN nor a wildcard first label such as *.contoso.example"
                    ),
                ));
            }
        }
        if self.name.trim().is_empty() || self.name.len() > 120 {
            return Err(checker.refuse(format!("tenant `{id}`: name"), "must have 1 to 120 characters"));
        }
        let zone = match self.zone.as_deref().map(str::parse) {
            None => Zone::UTC,
            Some(Ok(zone)) => zone,
            Some(Err(error)) => {
                return Err(checker.refuse(format!("tenant `{id}`: zone"), format!("{error}")));
            }
        };
        Ok(TenantConfig {
            id,
            name: self.name,
            zone,
            trust_groups: self.trust_groups,
            primaries: self.primaries,
        })
    }
}
