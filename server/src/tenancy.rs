//! Who the tenants are and what claims replicas for them: `config.toml` and the state together.
//!
//! Both count. What stands in the file is read-only here; for a tenant that both know, the file says name and zone. Two rules that claim
//! the same replica for two tenants claim it doubly, wherever they stand.

pub mod preview;

use crate::config::Config;
use crate::console::{Site, StoreConsole};
use crate::telling::chain;
use chrono::{DateTime, Utc};
use domain::binding::TenantRule;
use domain::calendar::Zone;
use domain::door::mapping::{Mapping, MappingRule};
use domain::ids::TenantId;
use engine::{Engine, Tenancy};
use std::collections::BTreeMap;
use std::time::Duration;
use store::tenants::{MappingLine, Tenant, TenantStore};
use store::traits::{Result, Scope, StoreError};
use tokio_util::sync::CancellationToken;

const SITE: Scope = Scope::Site { reason: "tenancy" };
/// Tenants per query.
const PAGE: u32 = 200;
/// How often (machine time) a running server looks whether another process changed a rule.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// One tenant and everything that claims replicas for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantEntry {
    pub id: TenantId,
    pub name: String,
    pub zone: Zone,
    /// It stands in `config.toml`.
    pub from_file: bool,
    /// The file's first, in its order; then the state's.
    pub rules: Vec<RuleEntry>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleEntry {
    /// `trust-group`, `primary` or `storage-path`.
    pub kind: &'static str,
    pub text: String,
    /// Who made it and when; `None` for those of the file.
    pub made: Option<(String, DateTime<Utc>)>,
}

/// All tenants: the file's in its order, then the state's by id.
///
/// # Errors
/// The store's.
pub async fn entries(file: &[TenantEntry], store: &(impl TenantStore + ?Sized)) -> Result<Vec<TenantEntry>> {
    let mut entries = file.to_vec();
    let mut lines: BTreeMap<TenantId, Vec<MappingLine>> = BTreeMap::new();
    for line in store.mappings(&SITE).await? {
        lines.entry(line.mapping.tenant.clone()).or_default().push(line);
    }
    for tenant in kept(store).await? {
        let rules = lines.remove(&tenant.id).unwrap_or_default();
        let rules = rules.into_iter().map(|line| RuleEntry {
            kind: line.mapping.rule.kind(),
            text: line.mapping.rule.text().to_owned(),
            made: Some((line.author, line.at)),
        });
        match entries.iter_mut().find(|it| it.id == tenant.id) {
            Some(known) => known.rules.extend(rules),
            None => entries.push(TenantEntry {
                id: tenant.id,
                name: tenant.name,
                zone: tenant.zone,
                from_file: false,
                rules: rules.collect(),
            }),
        }
    }
    Ok(entries)
}

/// All tenants of the state, by id.
///
/// # Errors
/// The store's.
pub async fn kept(store: &(impl TenantStore + ?Sized)) -> Result<Vec<Tenant>> {
    let mut all: Vec<Tenant> = Vec::new();
    loop {
        let page = store.tenants(&SITE, all.last().map(|it| &it.id), PAGE).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

/// Those of the configuration, in its order.
#[must_use]
pub fn of_config(config: &Config) -> Vec<TenantEntry> {
    config.tenants.iter().map(of_file).collect()
}

fn of_file(tenant: &crate::config::TenantConfig) -> TenantEntry {
    let [group, primary, _] = MappingRule::KINDS;
    let rule = |kind| {
        move |text: &String| RuleEntry {
            kind,
            text: text.clone(),
            made: None,
        }
    };
    let groups = tenant.trust_groups.iter().map(rule(group));
    TenantEntry {
        id: tenant.id.clone(),
        name: tenant.name.clone(),
        zone: tenant.zone,
        from_file: true,
        rules: groups.chain(tenant.primaries.iter().map(rule(primary))).collect(),
    }
}

/// What the engine binds replicas by.
#[must_use]
pub fn rules(entries: &[TenantEntry]) -> Vec<TenantRule> {
    let of = |entry: &TenantEntry, kind: &str| -> Vec<String> {
        let rules = entry.rules.iter().filter(|it| it.kind == kind);
        rules.map(|it| it.text.clone()).collect()
    };
    let [group, primary, path] = MappingRule::KINDS;
    let one = |entry: &TenantEntry| TenantRule {
        tenant: entry.id.clone(),
        trust_groups: of(entry, group),
        primaries: of(entry, primary),
        storage_paths: of(entry, path),
    };
    entries.iter().map(one).collect()
}

/// Rules and zones for an engine.
#[must_use]
pub fn tenancy(entries: &[TenantEntry]) -> Tenancy {
    Tenancy {
        rules: rules(entries),
        zones: entries.iter().map(|it| (it.id.clone(), it.zone)).collect(),
    }
}

/// The entries as they would be with one more rule.
#[must_use]
pub fn with(entries: &[TenantEntry], mapping: &Mapping) -> Vec<TenantEntry> {
    let mut all = entries.to_vec();
    if let Some(entry) = all.iter_mut().find(|it| it.id == mapping.tenant) {
        entry.rules.push(RuleEntry {
            kind: mapping.rule.kind(),
            text: mapping.rule.text().to_owned(),
            made: None,
        });
    }
    all
}

/// Writes a row for each tenant of the file that has none: people, rules and brands hang on it.
///
/// # Errors
/// The store's.
pub async fn write_down(config: &Config, store: &impl TenantStore, at: DateTime<Utc>) -> Result<()> {
    for tenant in &config.tenants {
        match store
            .tenant_create(&SITE, &tenant.id, tenant.name.trim(), tenant.zone, at)
            .await
        {
            Ok(_) | Err(StoreError::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Lets a running engine and its screens follow what is changed, by whichever process.
pub async fn follow(
    site: Site,
    store: impl TenantStore,
    engine: Engine,
    console: StoreConsole,
    stop: CancellationToken,
) {
    let mut seen: Option<Vec<TenantEntry>> = None;
    loop {
        match entries(&site.file, &store).await {
            Ok(now) if seen.as_ref() != Some(&now) => {
                // What the engine was started with is what is read first: nothing to exchange then.
                if seen.is_some() {
                    engine.tenancy_set(tenancy(&now));
                }
                console.site_set(site.clone().with_tenants(&now));
                seen = Some(now);
            }
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(
                    error = chain(&error),
                    "whether a tenant's rules changed cannot be looked at"
                );
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}
