//! Which tenant a replica is: rules by trust group, by the primary's name, by where the replica is stored.
//!
//! The same order as [`crate::binding::bind`], which knows the first two: the first kind of rule that claims a replica at all decides,
//! and among its rules the narrowest. Two tenants with equally narrow rules claim it doubly, and it belongs to neither.

mod rule;

pub use rule::{InvalidRule, MappingRule, RULE_BYTES_MAX};

use crate::binding::{Entry, best, fit};
use crate::ids::TenantId;
pub(crate) use rule::holds;
use serde::{Deserialize, Serialize};

/// What a rule may look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicaFacts {
    /// The FQDN of the primary, as the host names it.
    pub primary: Option<String>,
    /// The authorization entries of the host.
    pub entries: Vec<Entry>,
    /// Where its disks are, as the host names them.
    pub disks: Vec<String>,
}

/// A rule and whose it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Mapping {
    pub tenant: TenantId,
    pub rule: MappingRule,
}

/// Who claims a replica.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// One tenant; the rules that decided, all of it.
    Claimed { by: TenantId, rules: Vec<MappingRule> },
    /// Nobody: a finding, and no backup.
    Unclaimed,
    /// Several tenants equally well: a finding, and no backup. The rules in the order of their tenants.
    Doubly { rules: Vec<Mapping> },
}

/// Who claims a replica by these rules.
#[must_use]
pub fn claims(rules: &[Mapping], facts: &ReplicaFacts) -> Claim {
    let primary = facts
        .primary
        .as_deref()
        .map(str::trim)
        .filter(|primary| !primary.is_empty());
    let entries = facts.entries.iter();
    let groups =
        best(entries.filter_map(|entry| Some((fit(&entry.allowed_primary, primary?)?, &entry.trust_group))));
    for kind in MappingRule::KINDS {
        let fits = rules
            .iter()
            .filter(|mapping| mapping.rule.kind() == kind)
            .filter_map(|mapping| {
                let score = match &mapping.rule {
                    MappingRule::TrustGroup(group) => groups
                        .iter()
                        .any(|ours| ours.eq_ignore_ascii_case(group))
                        .then_some(1),
                    MappingRule::Primary(pattern) => primary.and_then(|primary| fit(pattern, primary)),
                    MappingRule::StoragePath(folder) => holds(folder, &facts.disks),
                };
                Some((score?, mapping))
            });
        let mut found: Vec<Mapping> = best(fits).into_iter().cloned().collect();
        found.sort();
        found.dedup();
        let Some(first) = found.first() else {
            continue;
        };
        let by = first.tenant.clone();
        if found.iter().any(|mapping| mapping.tenant != by) {
            return Claim::Doubly { rules: found };
        }
        return Claim::Claimed {
            by,
            rules: found.into_iter().map(|mapping| mapping.rule).collect(),
        };
    }
    Claim::Unclaimed
}

#[cfg(test)]
mod tests;
