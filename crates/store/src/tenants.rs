//! Tenants: what the hoster wrote down about them, what claims replicas for them, and what they set for themselves.

use crate::traits::{Result, Scope};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::calendar::{WindowRule, Zone};
use domain::door::branding::{Accent, BrandName, Branding, Logo};
use domain::door::mapping::Mapping;
use domain::door::window::{self, WindowFrame};
use domain::ids::TenantId;

/// A tenant, without its logo, which is a file of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    pub id: TenantId,
    /// For people; 1 to 120 characters.
    pub name: String,
    pub zone: Zone,
    pub created: DateTime<Utc>,
    /// Where the tenant may move its window.
    pub frame: Option<WindowFrame>,
    /// Where it moved it, as it asked last; a frame that became narrower since takes it back. `None`: as its policy says.
    pub window: Option<WindowRule>,
    /// When it moved it last, there or back.
    pub moved: Option<DateTime<Utc>>,
    pub brand_name: Option<BrandName>,
    pub accent: Option<Accent>,
    pub has_logo: bool,
}

impl Tenant {
    /// Its own window as far as it counts now. `None`: the policy's holds.
    #[must_use]
    pub fn own_window(&self) -> Option<WindowRule> {
        window::in_effect(self.frame.as_ref(), self.window)
    }
}

/// A rule, who made it and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingLine {
    pub mapping: Mapping,
    pub author: String,
    pub at: DateTime<Utc>,
}

/// Only the site creates, maps, frames and brands: for a tenant's scope these are `NotFound`.
#[async_trait]
pub trait TenantStore: Send + Sync {
    /// `Conflict` when it is there already or its name cannot be.
    async fn tenant_create(
        &self,
        scope: &Scope,
        id: &TenantId,
        name: &str,
        zone: Zone,
        at: DateTime<Utc>,
    ) -> Result<Tenant>;
    async fn tenant(&self, scope: &Scope, id: &TenantId) -> Result<Tenant>;
    /// By id, after `after`.
    async fn tenants(&self, scope: &Scope, after: Option<&TenantId>, limit: u32) -> Result<Vec<Tenant>>;
    /// All of it: what is not set is taken away.
    async fn tenant_brand(&self, scope: &Scope, id: &TenantId, branding: &Branding) -> Result<()>;
    async fn tenant_logo(&self, scope: &Scope, id: &TenantId) -> Result<Option<Logo>>;
    async fn tenant_frame(&self, scope: &Scope, id: &TenantId, frame: Option<&WindowFrame>) -> Result<()>;
    /// Moves the window inside the frame as it stands in this transaction. `Conflict` outside of it, without a frame, and when the
    /// window is not `from` any more. `None` goes back to the policy's, which is always allowed.
    async fn tenant_window(
        &self,
        scope: &Scope,
        id: &TenantId,
        from: Option<WindowRule>,
        to: Option<WindowRule>,
        at: DateTime<Utc>,
    ) -> Result<()>;
    /// `Conflict` for a rule that the tenant has, and beyond [`MAPPINGS_MAX`]. The same rule of another tenant is none: what both
    /// claim is a finding.
    async fn mapping_add(
        &self,
        scope: &Scope,
        mapping: &Mapping,
        author: &str,
        at: DateTime<Utc>,
    ) -> Result<()>;
    async fn mapping_remove(&self, scope: &Scope, mapping: &Mapping) -> Result<()>;
    /// By tenant, kind and text.
    async fn mappings(&self, scope: &Scope) -> Result<Vec<MappingLine>>;
}

/// The most rules of one tenant.
pub const MAPPINGS_MAX: usize = 200;
