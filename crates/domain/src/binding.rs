//! Which tenant a replica belongs to. Display names and VM GUIDs are chosen on the tenant's side, so they never decide.

use crate::door::mapping::holds;
use crate::ids::TenantId;
use serde::{Deserialize, Serialize};

/// How a tenant is recognised, from the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantRule {
    pub tenant: TenantId,
    /// `TrustGroup`s of the hosts' authorization entries that are this tenant's; compared without case.
    #[serde(default)]
    pub trust_groups: Vec<String>,
    /// FQDNs of primaries, or wildcards with a first label `*` (`*.contoso.example`).
    #[serde(default)]
    pub primaries: Vec<String>,
    /// Folders that hold the tenant's replicas' disks, as hosts name them; asked only where the two above claim nothing.
    #[serde(default)]
    pub storage_paths: Vec<String>,
}

/// One line of a host's authorization table (spec 2.7).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// FQDN, wildcard first label, or `*`.
    pub allowed_primary: String,
    pub trust_group: String,
}

/// Why a replica has no tenant. Each is a finding; such a replica is never backed up under a guess.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "binding", rename_all = "kebab-case")]
pub enum BindingError {
    #[error(
        "no tenant claims the primary {}: add its trust group or its primary's name to a tenant",
        primary.as_deref().unwrap_or("that its host does not name")
    )]
    Unmapped { primary: Option<String> },
    #[error(
        "several tenants claim the primary {primary}: {}. Make the rules of all but one narrower",
        tenants.iter().map(TenantId::as_str).collect::<Vec<_>>().join(" and ")
    )]
    Ambiguous { primary: String, tenants: Vec<TenantId> },
}

/// Whether this entry lets any authenticated primary in, which leaves no wall between tenants.
#[must_use]
pub fn admits_anyone(entry: &Entry) -> bool {
    entry.allowed_primary.trim() == "*"
}

/// The tenant of a replica: by the trust group of the entry that matches its primary best, then by the primary's name.
///
/// # Errors
/// `Unmapped` when no rule claims it, `Ambiguous` when several claim it equally well.
pub fn bind(
    primary: Option<&str>,
    entries: &[Entry],
    rules: &[TenantRule],
) -> Result<TenantId, BindingError> {
    let Some(primary) = primary.map(str::trim).filter(|p| !p.is_empty()) else {
        return Err(BindingError::Unmapped { primary: None });
    };
    let groups = best(
        entries
            .iter()
            .filter_map(|e| Some((fit(&e.allowed_primary, primary)?, &e.trust_group))),
    );
    let by_group = rules
        .iter()
        .filter(|rule| {
            rule.trust_groups
                .iter()
                .any(|ours| groups.iter().any(|group| ours.eq_ignore_ascii_case(group)))
        })
        .map(|rule| &rule.tenant);
    if let Some(tenant) = only(primary, by_group)? {
        return Ok(tenant);
    }
    let by_name = best(rules.iter().flat_map(|rule| {
        rule.primaries
            .iter()
            .filter_map(move |pattern| Some((fit(pattern, primary)?, &rule.tenant)))
    }));
    only(primary, by_name.into_iter())?.ok_or_else(|| BindingError::Unmapped {
        primary: Some(primary.to_owned()),
    })
}

/// The tenant of a replica that neither trust group nor name claims: by the folder that holds every one of its disks, the deepest first.
/// `None` when no folder does.
///
/// # Errors
/// `Ambiguous` when several tenants claim it equally deep.
pub fn bind_by_storage(
    primary: Option<&str>,
    disks: &[String],
    rules: &[TenantRule],
) -> Result<Option<TenantId>, BindingError> {
    let folders = best(rules.iter().flat_map(|rule| {
        let depth = |folder: &String| Some((holds(folder, disks)?, &rule.tenant));
        rule.storage_paths.iter().filter_map(depth)
    }));
    let place = disks.first().map(String::as_str).unwrap_or_default();
    only(primary.unwrap_or(place), folders.into_iter())
}

/// How closely a pattern fits, or `None`: its length, an exact name above every wildcard.
pub(crate) fn fit(pattern: &str, primary: &str) -> Option<usize> {
    let (pattern, primary) = (pattern.trim().to_ascii_lowercase(), primary.to_ascii_lowercase());
    if pattern == primary {
        return Some(usize::MAX);
    }
    if pattern == "*" {
        return Some(0);
    }
    let suffix = pattern
        .strip_prefix('*')
        .filter(|suffix| suffix.starts_with('.'))?;
    // One label or more before the suffix: the entry covers the domain, not a name that merely ends alike.
    (primary.len() > suffix.len() && primary.ends_with(suffix)).then_some(suffix.len())
}

pub(crate) fn best<T>(fits: impl Iterator<Item = (usize, T)>) -> Vec<T> {
    let mut top = 0;
    let mut found = Vec::new();
    for (score, value) in fits {
        if score > top {
            found.clear();
            top = score;
        }
        if score == top {
            found.push(value);
        }
    }
    found
}

fn only<'a>(
    primary: &str,
    claims: impl Iterator<Item = &'a TenantId>,
) -> Result<Option<TenantId>, BindingError> {
    let mut tenants: Vec<TenantId> = claims.cloned().collect();
    tenants.sort();
    tenants.dedup();
    match tenants.len() {
        0 | 1 => Ok(tenants.pop()),
        _ => Err(BindingError::Ambiguous {
            primary: primary.to_owned(),
            tenants,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(tenant: &str, groups: &[&str], primaries: &[&str]) -> TenantRule {
        let own = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect();
        TenantRule {
            tenant: tenant.parse().unwrap(),
            trust_groups: own(groups),
            primaries: own(primaries),
            storage_paths: Vec::new(),
        }
    }
    fn entry(allowed: &str, group: &str) -> Entry {
        Entry {
            allowed_primary: allowed.to_owned(),
            trust_group: group.to_owned(),
        }
    }

    #[test]
    fn the_longest_matching_entry_decides_by_its_trust_group() {
        let entries = [
            entry("*.example", "Everyone"),
            entry("*.contoso.example", "Contoso"),
        ];
        let rules = [
            rule("contoso", &["contoso"], &[]),
            rule("rest", &["everyone"], &[]),
        ];
        assert_eq!(
            bind(Some("hv1.contoso.example"), &entries, &rules)
                .unwrap()
                .as_str(),
            "contoso"
        );
        assert_eq!(
            bind(Some("hv1.fabrikam.example"), &entries, &rules)
                .unwrap()
                .as_str(),
            "rest"
        );
    }

    #[test]
    fn without_a_trust_group_the_primary_name_decides() {
        let rules = [
            rule("contoso", &[], &["*.contoso.example"]),
            rule("lab", &[], &["hv9.contoso.example"]),
        ];
        assert_eq!(
            bind(Some("HV1.Contoso.Example"), &[], &rules).unwrap().as_str(),
            "contoso"
        );
        assert_eq!(
            bind(Some("hv9.contoso.example"), &[], &rules).unwrap().as_str(),
            "lab"
        );
    }

    #[test]
    fn a_replica_claimed_twice_or_by_nobody_has_no_tenant() {
        let rules = [rule("a", &["T"], &[]), rule("b", &["t"], &[])];
        let entries = [entry("*.x.example", "T")];
        assert!(matches!(
            bind(Some("p.x.example"), &entries, &rules),
            Err(BindingError::Ambiguous { .. })
        ));
        assert!(matches!(
            bind(Some("p.y.example"), &entries, &rules),
            Err(BindingError::Unmapped { .. })
        ));
        assert!(matches!(
            bind(None, &entries, &rules),
            Err(BindingError::Unmapped { primary: None })
        ));
    }

    #[test]
    fn the_deepest_folder_that_holds_every_disk_decides() {
        let stored = |tenant: &str, folder: &str| TenantRule {
            storage_paths: vec![folder.to_owned()],
            ..rule(tenant, &[], &[])
        };
        let rules = [
            stored("all", r"d:\replica\x"),
            stored("contoso", r"D:\Replica\X\Contoso"),
        ];
        let bound = |disks: &[&str], rules: &[TenantRule]| {
            let disks: Vec<String> = disks.iter().map(|it| (*it).to_owned()).collect();
            bind_by_storage(None, &disks, rules).map(|it| it.map(|it| it.to_string()))
        };
        let theirs = r"D:\Replica\X\Contoso\sql\0.vhdx";
        assert_eq!(bound(&[theirs], &rules).unwrap().as_deref(), Some("contoso"));
        let both = [theirs, r"D:\Replica\X\other.vhdx"];
        assert_eq!(bound(&both, &rules).unwrap().as_deref(), Some("all"));
        assert_eq!(bound(&[], &rules).unwrap(), None);
        assert_eq!(bound(&[r"E:\x.vhdx"], &rules).unwrap(), None);
        let twice = [stored("a", r"d:\replica\x"), stored("b", r"D:\REPLICA\x")];
        assert!(matches!(
            bound(&[theirs], &twice),
            Err(BindingError::Ambiguous { .. })
        ));
    }

    #[test]
    fn a_name_that_merely_ends_alike_is_not_matched() {
        let rules = [rule("contoso", &[], &["*.contoso.example"])];
        assert!(bind(Some("evilcontoso.example"), &[], &rules).is_err());
        assert!(admits_anyone(&entry("*", "x")));
    }
}
