//! What each seat may do: one table.

use super::seat::{Role, Seat, SiteRole, TenantRole};
use crate::ids::TenantId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// What exercising a permission does to the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Looks only.
    Reads,
    /// Touches nothing but the log-in of whoever does it.
    Own,
    /// Changes something, or takes a tenant's data away.
    Changes,
}

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident $code:literal $effect:ident;)*) => {
        /// Everything that the screens, the API and its tokens can do. What is reached with it is bounded by the seat's scope.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub enum Permission { $($(#[$doc])* $name,)* }

        impl Permission {
            /// All of them, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$name,)*];
            /// As stored and in the API.
            #[must_use]
            pub const fn code(self) -> &'static str { match self { $(Self::$name => $code,)* } }
            /// What it does to the world.
            #[must_use]
            pub const fn effect(self) -> Effect { match self { $(Self::$name => Effect::$effect,)* } }
        }
    };
}

permissions! {
    /// Own password, second factor, recovery codes and sessions.
    OwnAccount "account:own" Own;
    /// Replicas, their verdicts, days, attempts and restore points.
    SeeReplicas "replicas:read" Reads;
    /// Figures, reports and exports of them.
    SeeSla "sla:read" Reads;
    /// The stream of what changes.
    FollowEvents "events:read" Reads;
    /// Who did what, and its export.
    SeeAudit "audit:read" Reads;
    /// A restore point outside the plan, within policy and limits.
    BackUpNow "backup:run" Changes;
    /// A disk of a restore point as a file.
    DownloadDisk "disk:download" Changes;
    /// The tenant's window inside its frame.
    MoveWindow "window:move" Changes;
    /// People of a tenant: invite, change, put out, revoke sessions.
    ManagePeople "people:manage" Changes;
    /// Keys of the API.
    ManageTokens "tokens:manage" Changes;
    /// The night over all tenants: plan, causes, load.
    SeeNight "night:read" Reads;
    /// Hosts, findings and what else is infrastructure.
    SeeHosts "hosts:read" Reads;
    /// The catalogue of policies, holds and acknowledgements.
    SeeRules "rules:read" Reads;
    /// Tenants, their rules and the preview of what these claim.
    SeeTenants "tenants:read" Reads;
    /// Taking note of a cause.
    Acknowledge "causes:acknowledge" Changes;
    /// Holding back attempts, and lifting that.
    Hold "holds:manage" Changes;
    /// Asking an attempt to stop.
    CancelAttempt "attempts:cancel" Changes;
    /// Appending a correction to a closed day.
    Correct "days:correct" Changes;
    /// Policies: new versions, and who has which.
    ManagePolicies "policies:manage" Changes;
    /// Creating tenants, mapping, frames and branding.
    ManageTenants "tenants:manage" Changes;
    /// The figures of `/metrics`.
    ScrapeMetrics "metrics:read" Reads;
    /// People at the hoster's.
    ManageSitePeople "site-people:manage" Changes;
    /// Sealed credentials of hosts and the rotation of keys, at the command line. They can be put, never read.
    ManageSecrets "secrets:manage" Changes;
}

const OWNER: Role = Role::Site(SiteRole::Owner);
const OPERATOR: Role = Role::Site(SiteRole::Operator);
const AUDITOR: Role = Role::Site(SiteRole::Auditor);
const ADMIN: Role = Role::Tenant(TenantRole::Admin);
const VIEWER: Role = Role::Tenant(TenantRole::Viewer);

impl Permission {
    /// The table: who has it.
    #[must_use]
    pub const fn roles(self) -> &'static [Role] {
        match self {
            Self::OwnAccount | Self::SeeReplicas | Self::SeeSla | Self::FollowEvents => {
                &[OWNER, OPERATOR, AUDITOR, ADMIN, VIEWER]
            }
            Self::SeeAudit => &[OWNER, OPERATOR, AUDITOR, ADMIN],
            Self::BackUpNow
            | Self::DownloadDisk
            | Self::MoveWindow
            | Self::ManagePeople
            | Self::ManageTokens => &[OWNER, OPERATOR, ADMIN],
            Self::SeeNight | Self::SeeHosts | Self::SeeRules | Self::SeeTenants | Self::ScrapeMetrics => {
                &[OWNER, OPERATOR, AUDITOR]
            }
            Self::Acknowledge
            | Self::Hold
            | Self::CancelAttempt
            | Self::Correct
            | Self::ManagePolicies
            | Self::ManageTenants => &[OWNER, OPERATOR],
            Self::ManageSitePeople | Self::ManageSecrets => &[OWNER],
        }
    }
    /// Whether only the hoster has it.
    #[must_use]
    pub fn is_site_only(self) -> bool {
        !self.roles().iter().any(|role| matches!(role, Role::Tenant(_)))
    }
    /// Whether a token that carried it would outlive its own revocation: it could make tokens, people or passwords.
    #[must_use]
    pub const fn would_outlive(self) -> bool {
        matches!(
            self,
            Self::OwnAccount | Self::ManagePeople | Self::ManageTokens | Self::ManageSitePeople
        )
    }
    /// Whether any token may carry it. Secrets are changed at the command line only, so it would open nothing.
    #[must_use]
    pub const fn may_be_carried(self) -> bool {
        !self.would_outlive() && !matches!(self, Self::ManageSecrets)
    }
    /// Whether a token of somebody in that seat may carry it: what a tenant's people do to their own opens nothing to the hoster's, who have
    /// addresses of their own for it.
    #[must_use]
    pub fn may_be_carried_by(self, seat: &Seat) -> bool {
        let is_tenants = matches!(self, Self::SeeReplicas | Self::MoveWindow);
        self.may_be_carried() && (seat.tenant().is_some() || !is_tenants)
    }
}

/// What is no permission.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a permission")]
pub struct UnknownPermission(pub String);

impl FromStr for Permission {
    type Err = UnknownPermission;
    fn from_str(text: &str) -> Result<Self, UnknownPermission> {
        let found = Self::ALL.iter().find(|permission| permission.code() == text);
        found.copied().ok_or_else(|| UnknownPermission(text.to_owned()))
    }
}

impl TryFrom<String> for Permission {
    type Error = UnknownPermission;
    fn try_from(text: String) -> Result<Self, UnknownPermission> {
        text.parse()
    }
}

impl From<Permission> for String {
    fn from(permission: Permission) -> Self {
        permission.code().to_owned()
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Seat {
    /// Whether the seat has the permission. Whose things it reaches with it is the scope's.
    #[must_use]
    pub fn allows(&self, permission: Permission) -> bool {
        permission.roles().contains(&self.role())
    }
    /// All it may do.
    #[must_use]
    pub fn permissions(&self) -> BTreeSet<Permission> {
        let all = Permission::ALL.iter().copied();
        all.filter(|permission| self.allows(*permission)).collect()
    }
    /// Whether it may give, take and change that seat.
    #[must_use]
    pub fn may_seat(&self, other: &Self) -> bool {
        match other.tenant() {
            None => self.tenant().is_none() && self.allows(Permission::ManageSitePeople),
            Some(tenant) => self.reaches(tenant) && self.allows(Permission::ManagePeople),
        }
    }
    /// Whether it sees the tenant's things.
    #[must_use]
    pub fn reaches(&self, tenant: &TenantId) -> bool {
        self.tenant().is_none_or(|own| own == tenant)
    }
}

#[cfg(test)]
mod tests;
