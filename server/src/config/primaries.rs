//! `[[primary]]`: a tenant's own host, whose replication may be paused where the policy allows it.

use super::hosts::{HostDocument, is_dns_name};
use super::{Checker, ConfigError, HostConfig, TenantConfig};
use domain::ids::{PrimaryId, TenantId};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// A tenant's host and how to reach it.
#[derive(Debug, Clone)]
pub struct PrimaryConfig {
    pub id: PrimaryId,
    pub tenant: TenantId,
    /// FQDNs by which the replicas' hosts know it. A replica's primary is found by the name that its host tells.
    pub names: Vec<String>,
    /// Reached as a host is; its id is the primary's.
    pub reached: HostConfig,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PrimaryDocument {
    id: String,
    tenant: String,
    #[serde(default)]
    names: Vec<String>,
    address: String,
    #[serde(default = "super::hosts::port_default")]
    port: u16,
    ca_file: Option<PathBuf>,
    pinned_sha256: Option<String>,
    user: Option<String>,
    password_file: Option<PathBuf>,
}

impl PrimaryDocument {
    fn check(self, checker: &Checker<'_>, tenants: &[TenantConfig]) -> Result<PrimaryConfig, ConfigError> {
        let id: PrimaryId = self
            .id
            .parse()
            .map_err(|e| checker.refuse("primary.id", format!("{e}")))?;
        let key = |name: &str| format!("primary `{id}`: {name}");
        let tenant = tenants.iter().find(|it| it.id.as_str() == self.tenant);
        let Some(tenant) = tenant.map(|it| it.id.clone()) else {
            let reason = format!("there is no [[tenant]] `{}`", self.tenant);
            return Err(checker.refuse(key("tenant"), reason));
        };
        let is_fqdn = |name: &String| name.contains('.') && is_dns_name(name);
        let mut names = self.names;
        if names.is_empty() && is_fqdn(&self.address) {
            names.push(self.address.clone());
        }
        if names.is_empty() || !names.iter().all(is_fqdn) {
            return Err(checker.refuse(
                key("names"),
                "must be the FQDNs by which the replicas' hosts know it, such as [\"hv1.contoso.example\"]; they may be left out only where `address` is that name",
            ));
        }
        let reached = HostDocument {
            id: self.id,
            address: self.address,
            port: self.port,
            ca_file: self.ca_file,
            pinned_sha256: self.pinned_sha256,
            user: self.user,
            password_file: self.password_file,
        };
        Ok(PrimaryConfig {
            tenant,
            names,
            reached: reached.check_as("primary", checker)?,
            id,
        })
    }
}

/// Checks all of them, also against each other and against the hosts of the replica site.
pub(super) fn check(
    documents: Vec<PrimaryDocument>,
    checker: &Checker<'_>,
    tenants: &[TenantConfig],
    hosts: &[HostConfig],
) -> Result<Vec<PrimaryConfig>, ConfigError> {
    let primaries = documents
        .into_iter()
        .map(|it| it.check(checker, tenants))
        .collect::<Result<Vec<_>, _>>()?;
    super::unique(checker, "primary.id", primaries.iter().map(|it| it.id.as_str()))?;
    let mut names = BTreeSet::new();
    for primary in &primaries {
        for name in &primary.names {
            // Another tenant's domain may have the same name; the tenant's own has it once.
            if !names.insert((primary.tenant.clone(), name.to_ascii_lowercase())) {
                return Err(checker.refuse(
                    format!("primary `{}`: names", primary.id),
                    format!("`{name}` is another primary's of this tenant already: which one to pause could not be told"),
                ));
            }
        }
        let reached = &primary.reached;
        let same = |host: &&HostConfig| {
            host.port == reached.port && host.address.eq_ignore_ascii_case(&reached.address)
        };
        if let Some(host) = hosts.iter().find(same) {
            return Err(checker.refuse(
                format!("primary `{}`: address", primary.id),
                format!(
                    "is host `{}` of the replica site; pausing there makes a replica's health Critical, so only the tenant's own host may be a primary",
                    host.id
                ),
            ));
        }
    }
    Ok(primaries)
}

#[cfg(test)]
mod tests {
    use crate::config::Config;
    use std::path::Path;

    const GOOD: &str = r#"
[staging]
path = "staging"
unc = '\\stage\exports'

[[host]]
id = "hv-r-01"
address = "hv-r-01.hoster.example"
ca_file = "ca.pem"
user = "stillpoint"
password_file = "secrets/hv-r-01"

[[tenant]]
id = "contoso"
name = "Contoso"

[[primary]]
id = "contoso-hv1"
tenant = "contoso"
address = "hv1.contoso.example"
ca_file = "contoso.pem"
user = 'CONTOSO\stillpoint'
password_file = "secrets/contoso-hv1"
"#;

    fn read(text: &str) -> Result<Config, String> {
        Config::parse(Path::new("/data/config.toml"), text).map_err(|e| e.to_string())
    }

    #[track_caller]
    fn refused(text: &str, words: &[&str]) {
        let error = read(text).expect_err("must be refused");
        for word in words {
            assert!(error.contains(word), "`{error}` does not say `{word}`");
        }
    }

    #[test]
    fn a_primary_is_known_by_its_address_or_by_the_names_it_is_given() {
        let primary = read(GOOD).unwrap().primaries.remove(0);
        assert_eq!(
            (primary.id.as_str(), primary.tenant.as_str()),
            ("contoso-hv1", "contoso")
        );
        assert_eq!(
            (primary.names.as_slice(), primary.reached.port),
            (&["hv1.contoso.example".to_owned()][..], 5986)
        );
        let named = GOOD.replace(
            "address = \"hv1.contoso.example\"",
            "address = \"192.0.2.9\"\nnames = [\"hv1.contoso.example\", \"hv1.corp.example\"]",
        );
        assert_eq!(read(&named).unwrap().primaries[0].names.len(), 2);
    }

    #[test]
    fn a_primary_that_nobody_could_be_sure_of_is_refused() {
        let again = |id: &str, address: &str| {
            let primary = GOOD.split("[[primary]]").nth(1).unwrap();
            let primary = primary.replace("contoso-hv1\"\ntenant", &format!("{id}\"\ntenant"));
            let primary = primary.replace("hv1.contoso.example", address);
            format!("{GOOD}\n[[primary]]{primary}")
        };
        refused(&again("contoso-hv1", "hv2.contoso.example"), &["primary.id"]);
        refused(
            &again("contoso-hv2", "HV1.contoso.example"),
            &["contoso-hv2", "names", "another primary's"],
        );
        assert!(read(&again("contoso-hv2", "hv2.contoso.example")).is_ok());
        refused(
            &GOOD.replace("tenant = \"contoso\"", "tenant = \"fabrikam\""),
            &["tenant", "fabrikam"],
        );
        refused(&GOOD.replace("hv1.contoso.example", "192.0.2.9"), &["names"]);
        refused(&GOOD.replace("hv1.contoso.example", "hv1"), &["names"]);
        refused(
            &GOOD.replace(
                "address = \"hv1.contoso.example\"",
                "address = \"HV-R-01.hoster.example\"\nnames = [\"hv1.contoso.example\"]",
            ),
            &["address", "hv-r-01", "Critical"],
        );
        refused(
            &GOOD.replace("ca_file = \"contoso.pem\"\n", ""),
            &["primary `contoso-hv1`", "ca_file"],
        );
        refused(
            &GOOD.replace("contoso-hv1\"\ntenant", "Contoso HV1\"\ntenant"),
            &["primary.id"],
        );
    }
}
