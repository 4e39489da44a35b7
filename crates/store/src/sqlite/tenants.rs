//! Tenants, and what claims replicas for them.

use super::row::{Cells, document, micros};
use super::write::Write;
use super::{SqliteStore, failed, is_unique_violation, scoped};
use crate::rules::doors::{DOORS_READ_MAX, name_fits, site_only};
use crate::rules::{conflict, kept, missing};
use crate::tenants::{MAPPINGS_MAX, MappingLine, Tenant, TenantStore};
use crate::traits::{Result, Scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::calendar::{WindowRule, Zone};
use domain::door::branding::{Branding, Logo};
use domain::door::mapping::{Mapping, MappingRule};
use domain::door::window::{self, WindowFrame};
use domain::ids::TenantId;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Sqlite, query::Query};

macro_rules! select_tenant {
    ($rest:literal) => {
        concat!(
            "SELECT id, name, zone, created, frame_json, window_json, moved_at, brand_name, accent, logo IS NOT NULL AS has_logo FROM tenant ",
            $rest
        )
    };
}

#[async_trait]
impl TenantStore for SqliteStore {
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
        let mut write = self.write().await?;
        sqlx::query("INSERT INTO tenant (id, name, zone, created) VALUES ($1, $2, $3, $4)")
            .bind(id.as_str())
            .bind(name)
            .bind(zone.to_string())
            .bind(micros(at))
            .execute(write.conn())
            .await
            .map_err(|error| match is_unique_violation(&error) {
                true => conflict("tenant", id),
                false => failed("create a tenant")(error),
            })?;
        self.commit(write).await?;
        Ok(Tenant {
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
        })
    }

    async fn tenant(&self, scope: &Scope, id: &TenantId) -> Result<Tenant> {
        sqlx::query(select_tenant!(
            "WHERE id = $1 AND (CAST($2 AS TEXT) IS NULL OR id = $2)"
        ))
        .bind(id.as_str())
        .bind(scope.tenant())
        .fetch_optional(&self.reader)
        .await
        .map_err(failed("read a tenant"))?
        .as_ref()
        .map_or_else(|| Err(missing("tenant", id)), tenant)
    }

    async fn tenants(&self, scope: &Scope, after: Option<&TenantId>, limit: u32) -> Result<Vec<Tenant>> {
        sqlx::query(select_tenant!(
            "WHERE id > $1 AND (CAST($2 AS TEXT) IS NULL OR id = $2) ORDER BY id LIMIT $3"
        ))
        .bind(after.map_or("", TenantId::as_str))
        .bind(scope.tenant())
        .bind(i64::from(limit.min(DOORS_READ_MAX)))
        .fetch_all(&self.reader)
        .await
        .map_err(failed("list tenants"))?
        .iter()
        .map(tenant)
        .collect()
    }

    async fn tenant_brand(&self, scope: &Scope, id: &TenantId, branding: &Branding) -> Result<()> {
        site_only(scope, "tenant")?;
        let query = sqlx::query("UPDATE tenant SET brand_name = $2, accent = $3, logo = $4 WHERE id = $1")
            .bind(id.as_str().to_owned())
            .bind(branding.name.as_ref().map(|name| name.as_str().to_owned()))
            .bind(branding.accent.map(|accent| accent.colour().to_string()))
            .bind(branding.logo.as_ref().map(|logo| logo.as_bytes().to_owned()));
        self.tenant_set(id, query).await
    }

    async fn tenant_logo(&self, scope: &Scope, id: &TenantId) -> Result<Option<Logo>> {
        let row = sqlx::query(
            "SELECT id, logo FROM tenant WHERE id = $1 AND (CAST($2 AS TEXT) IS NULL OR id = $2)",
        )
        .bind(id.as_str())
        .bind(scope.tenant())
        .fetch_optional(&self.reader)
        .await
        .map_err(failed("read a logo"))?
        .ok_or_else(|| missing("tenant", id))?;
        let cells = Cells::new(&row, "tenant", "id");
        cells
            .raw::<Option<Vec<u8>>>("logo")?
            .map(|bytes| Logo::parse(bytes).map_err(|source| cells.unreadable("logo", Box::new(source))))
            .transpose()
    }

    async fn tenant_frame(&self, scope: &Scope, id: &TenantId, frame: Option<&WindowFrame>) -> Result<()> {
        site_only(scope, "tenant")?;
        let query = sqlx::query("UPDATE tenant SET frame_json = $2 WHERE id = $1")
            .bind(id.as_str().to_owned())
            .bind(frame.map(document).transpose()?);
        self.tenant_set(id, query).await
    }

    async fn tenant_window(
        &self,
        scope: &Scope,
        id: &TenantId,
        from: Option<WindowRule>,
        to: Option<WindowRule>,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let mut write = self.write().await?;
        let there = write.tenant_in(scope, id).await?;
        if there.window != from {
            return Err(conflict("window of tenant", id));
        }
        if let Some(to) = to {
            window::check(there.frame.as_ref(), to).map_err(|why| conflict("window", why))?;
        }
        let moved = sqlx::query(
            "UPDATE tenant SET window_json = $2, moved_at = $4 WHERE id = $1 AND window_json IS $3",
        )
        .bind(id.as_str())
        .bind(to.as_ref().map(document).transpose()?)
        .bind(from.as_ref().map(document).transpose()?)
        .bind(micros(at))
        .execute(write.conn())
        .await
        .map_err(failed("move a window"))?;
        write.one(moved.rows_affected(), || conflict("window of tenant", id))?;
        self.commit(write).await
    }

    async fn mapping_add(
        &self,
        scope: &Scope,
        mapping: &Mapping,
        author: &str,
        at: DateTime<Utc>,
    ) -> Result<()> {
        site_only(scope, "tenant")?;
        let mut write = self.write().await?;
        write.tenant_in(scope, &mapping.tenant).await?;
        let there: i64 = sqlx::query_scalar("SELECT count(*) FROM mapping_rule WHERE tenant = $1")
            .bind(mapping.tenant.as_str())
            .fetch_one(write.conn())
            .await
            .map_err(failed("count rules"))?;
        if usize::try_from(there).is_ok_and(|there| there >= MAPPINGS_MAX) {
            return Err(conflict("rule", "beyond the most of a tenant"));
        }
        let added = sqlx::query(
            "INSERT INTO mapping_rule (tenant, kind, text, author, at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        )
        .bind(mapping.tenant.as_str())
        .bind(mapping.rule.kind())
        .bind(mapping.rule.text())
        .bind(author)
        .bind(micros(at))
        .execute(write.conn())
        .await
        .map_err(failed("add a rule"))?;
        write.one(added.rows_affected(), || conflict("rule", &mapping.rule))?;
        self.commit(write).await
    }

    async fn mapping_remove(&self, scope: &Scope, mapping: &Mapping) -> Result<()> {
        site_only(scope, "tenant")?;
        let mut write = self.write().await?;
        let removed = sqlx::query("DELETE FROM mapping_rule WHERE tenant = $1 AND kind = $2 AND text = $3")
            .bind(mapping.tenant.as_str())
            .bind(mapping.rule.kind())
            .bind(mapping.rule.text())
            .execute(write.conn())
            .await
            .map_err(failed("remove a rule"))?;
        write.one(removed.rows_affected(), || missing("rule", &mapping.rule))?;
        self.commit(write).await
    }

    async fn mappings(&self, scope: &Scope) -> Result<Vec<MappingLine>> {
        let statement = scoped(
            scope,
            (
                "SELECT tenant, kind, text, author, at FROM mapping_rule WHERE $1 IS NULL ORDER BY tenant, kind, text",
                "SELECT tenant, kind, text, author, at FROM mapping_rule WHERE tenant = $1 ORDER BY tenant, kind, text",
            ),
        );
        sqlx::query(statement)
            .bind(scope.tenant())
            .fetch_all(&self.reader)
            .await
            .map_err(failed("list rules"))?
            .iter()
            .map(mapping)
            .collect()
    }
}

impl SqliteStore {
    /// One guarded update of a tenant's row.
    async fn tenant_set(&self, id: &TenantId, query: Query<'_, Sqlite, SqliteArguments>) -> Result<()> {
        let mut write = self.write().await?;
        let set = query
            .execute(write.conn())
            .await
            .map_err(failed("change a tenant"))?;
        write.one(set.rows_affected(), || missing("tenant", id))?;
        self.commit(write).await
    }
}

impl Write {
    /// A tenant as it stands in this transaction.
    pub(super) async fn tenant_in(&mut self, scope: &Scope, id: &TenantId) -> Result<Tenant> {
        sqlx::query(select_tenant!(
            "WHERE id = $1 AND (CAST($2 AS TEXT) IS NULL OR id = $2)"
        ))
        .bind(id.as_str())
        .bind(scope.tenant())
        .fetch_optional(self.conn())
        .await
        .map_err(failed("read a tenant"))?
        .as_ref()
        .map_or_else(|| Err(missing("tenant", id)), tenant)
    }
}

fn tenant(row: &SqliteRow) -> Result<Tenant> {
    let cells = Cells::new(row, "tenant", "id");
    Ok(Tenant {
        id: cells.parsed("id")?,
        name: cells.text("name")?,
        zone: cells.parsed("zone")?,
        created: cells.time("created")?,
        frame: cells.json_opt("frame_json")?,
        window: cells.json_opt("window_json")?,
        moved: cells.time_opt("moved_at")?,
        brand_name: cells.parsed_opt("brand_name")?,
        accent: cells.parsed_opt("accent")?,
        has_logo: cells.raw("has_logo")?,
    })
}

fn mapping(row: &SqliteRow) -> Result<MappingLine> {
    let cells = Cells::new(row, "mapping_rule", "tenant");
    let rule = MappingRule::new(&cells.text("kind")?, &cells.text("text")?)
        .map_err(|source| cells.unreadable("text", Box::new(source)))?;
    Ok(MappingLine {
        mapping: Mapping {
            tenant: cells.parsed("tenant")?,
            rule,
        },
        author: cells.text("author")?,
        at: cells.time("at")?,
    })
}
