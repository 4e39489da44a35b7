//! Tenants, and what claims replicas for them.

use super::{MemoryStore, Tables};
use crate::rules::doors::{DOORS_READ_MAX, name_fits, site_only};
use crate::rules::{conflict, kept, missing};
use crate::tenants::{MAPPINGS_MAX, MappingLine, Tenant, TenantStore};
use crate::traits::{Result, Scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::calendar::{WindowRule, Zone};
use domain::door::branding::{Branding, Logo};
use domain::door::mapping::Mapping;
use domain::door::window::{self, WindowFrame};
use domain::ids::TenantId;
use std::collections::BTreeMap;
use std::ops::Bound;

#[derive(Default)]
pub(super) struct Tenants {
    rows: BTreeMap<TenantId, (Tenant, Option<Logo>)>,
    /// By tenant, kind and text, as they are listed.
    rules: BTreeMap<(TenantId, &'static str, String), MappingLine>,
}

fn key(mapping: &Mapping) -> (TenantId, &'static str, String) {
    (
        mapping.tenant.clone(),
        mapping.rule.kind(),
        mapping.rule.text().to_owned(),
    )
}

impl Tenants {
    pub(super) fn get(&self, scope: &Scope, id: &TenantId) -> Result<&(Tenant, Option<Logo>)> {
        let there = self.rows.get(id).filter(|_| scope.sees(id));
        there.ok_or_else(|| missing("tenant", id))
    }

    fn get_mut(&mut self, scope: &Scope, id: &TenantId) -> Result<&mut (Tenant, Option<Logo>)> {
        let there = self.rows.get_mut(id).filter(|_| scope.sees(id));
        there.ok_or_else(|| missing("tenant", id))
    }
}

impl Tables {
    fn mapping_add(&mut self, scope: &Scope, line: MappingLine) -> Result<()> {
        let tenant = &line.mapping.tenant;
        self.tenants.get(scope, tenant)?;
        let rules = &mut self.tenants.rules;
        if rules.keys().filter(|(of, ..)| of == tenant).count() >= MAPPINGS_MAX {
            return Err(conflict("rule", "beyond the most of a tenant"));
        }
        let key = key(&line.mapping);
        if rules.contains_key(&key) {
            return Err(conflict("rule", &line.mapping.rule));
        }
        rules.insert(key, line);
        Ok(())
    }
}

#[async_trait]
impl TenantStore for MemoryStore {
    async fn tenant_create(
        &self,
        scope: &Scope,
        id: &TenantId,
        name: &str,
        zone: Zone,
        at: DateTime<Utc>,
    ) -> Result<Tenant> {
        site_only(scope, "tenant")?;
        name_fits("tenant", name)?;
        let tenant = Tenant {
            id: id.clone(),
            name: name.to_owned(),
            zone,
            created: kept(at),
            frame: None,
            window: None,
            moved: None,
            brand_name: None,
            accent: None,
            has_logo: false,
        };
        self.write(|tables| {
            if tables.tenants.rows.contains_key(id) {
                return Err(conflict("tenant", id));
            }
            let row = (tenant.clone(), None);
            tables.tenants.rows.insert(id.clone(), row);
            Ok(tenant)
        })
    }

    async fn tenant(&self, scope: &Scope, id: &TenantId) -> Result<Tenant> {
        self.read(|tables| Ok(tables.tenants.get(scope, id)?.0.clone()))
    }

    async fn tenants(&self, scope: &Scope, after: Option<&TenantId>, limit: u32) -> Result<Vec<Tenant>> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let limit = limit.min(DOORS_READ_MAX) as usize;
        Ok(self.read(|tables| {
            let rows = tables.tenants.rows.range::<TenantId, _>((from, Bound::Unbounded));
            let seen = rows.filter(|(id, _)| scope.sees(id)).take(limit);
            seen.map(|(_, (tenant, _))| tenant.clone()).collect()
        }))
    }

    async fn tenant_brand(&self, scope: &Scope, id: &TenantId, branding: &Branding) -> Result<()> {
        site_only(scope, "tenant")?;
        self.write(|tables| {
            let (tenant, logo) = tables.tenants.get_mut(scope, id)?;
            tenant.brand_name.clone_from(&branding.name);
            tenant.accent = branding.accent;
            tenant.has_logo = branding.logo.is_some();
            logo.clone_from(&branding.logo);
            Ok(())
        })
    }

    async fn tenant_logo(&self, scope: &Scope, id: &TenantId) -> Result<Option<Logo>> {
        self.read(|tables| Ok(tables.tenants.get(scope, id)?.1.clone()))
    }

    async fn tenant_frame(&self, scope: &Scope, id: &TenantId, frame: Option<&WindowFrame>) -> Result<()> {
        site_only(scope, "tenant")?;
        self.write(|tables| {
            tables.tenants.get_mut(scope, id)?.0.frame = frame.copied();
            Ok(())
        })
    }

    async fn tenant_window(
        &self,
        scope: &Scope,
        id: &TenantId,
        from: Option<WindowRule>,
        to: Option<WindowRule>,
        at: DateTime<Utc>,
    ) -> Result<()> {
        self.write(|tables| {
            let (tenant, _) = tables.tenants.get_mut(scope, id)?;
            if tenant.window != from {
                return Err(conflict("window of tenant", id));
            }
            if let Some(to) = to {
                window::check(tenant.frame.as_ref(), to).map_err(|why| conflict("window", why))?;
            }
            tenant.window = to;
            tenant.moved = Some(kept(at));
            Ok(())
        })
    }

    async fn mapping_add(
        &self,
        scope: &Scope,
        mapping: &Mapping,
        author: &str,
        at: DateTime<Utc>,
    ) -> Result<()> {
        site_only(scope, "tenant")?;
        let line = MappingLine {
            mapping: mapping.clone(),
            author: author.to_owned(),
            at: kept(at),
        };
        self.write(|tables| tables.mapping_add(scope, line))
    }

    async fn mapping_remove(&self, scope: &Scope, mapping: &Mapping) -> Result<()> {
        site_only(scope, "tenant")?;
        self.write(|tables| {
            let removed = tables.tenants.rules.remove(&key(mapping));
            removed.map(|_| ()).ok_or_else(|| missing("rule", &mapping.rule))
        })
    }

    async fn mappings(&self, scope: &Scope) -> Result<Vec<MappingLine>> {
        Ok(self.read(|tables| {
            let rules = tables.tenants.rules.values();
            let seen = rules.filter(|line| scope.sees(&line.mapping.tenant));
            seen.cloned().collect()
        }))
    }
}
