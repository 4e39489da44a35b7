//! Where somebody sits: at the hoster's or at a tenant's, and as what.

use crate::ids::TenantId;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A role at the hoster's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SiteRole {
    Owner,
    Operator,
    Auditor,
}

/// A role at a tenant's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TenantRole {
    Admin,
    Viewer,
}

/// A column of the table of permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    Site(SiteRole),
    Tenant(TenantRole),
}

impl Role {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 5] = [
        Self::Site(SiteRole::Owner),
        Self::Site(SiteRole::Operator),
        Self::Site(SiteRole::Auditor),
        Self::Tenant(TenantRole::Admin),
        Self::Tenant(TenantRole::Viewer),
    ];

    /// As stored, in tables and in the API.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Site(SiteRole::Owner) => "owner",
            Self::Site(SiteRole::Operator) => "operator",
            Self::Site(SiteRole::Auditor) => "auditor",
            Self::Tenant(TenantRole::Admin) => "admin",
            Self::Tenant(TenantRole::Viewer) => "viewer",
        }
    }
    /// The role of a code.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.code() == code)
    }
}

/// Somebody's place: it says what they may do and whose things they see.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "at", rename_all = "kebab-case")]
pub enum Seat {
    /// Sees every tenant's things.
    Site { role: SiteRole },
    /// Sees this tenant's things and no other's.
    Tenant { tenant: TenantId, role: TenantRole },
}

impl Seat {
    /// From a role and the tenant it is at; `None` when the two do not go together.
    #[must_use]
    pub fn new(role: Role, tenant: Option<TenantId>) -> Option<Self> {
        match (role, tenant) {
            (Role::Site(role), None) => Some(Self::Site { role }),
            (Role::Tenant(role), Some(tenant)) => Some(Self::Tenant { tenant, role }),
            _ => None,
        }
    }
    /// The column of the table of permissions.
    #[must_use]
    pub fn role(&self) -> Role {
        match self {
            Self::Site { role } => Role::Site(*role),
            Self::Tenant { role, .. } => Role::Tenant(*role),
        }
    }
    /// The tenant whose things are seen; `None` sees all. The store's scope follows from it.
    #[must_use]
    pub fn tenant(&self) -> Option<&TenantId> {
        match self {
            Self::Site { .. } => None,
            Self::Tenant { tenant, .. } => Some(tenant),
        }
    }
    /// Whether both are at the hoster's, or at the same tenant's. Nobody ever moves from one to another.
    #[must_use]
    pub fn same_place(&self, other: &Self) -> bool {
        self.tenant() == other.tenant()
    }
}

/// `operator`, `admin of contoso`
impl fmt::Display for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.role().code())?;
        self.tenant().map_or(Ok(()), |tenant| write!(f, " of {tenant}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_and_a_place_that_do_not_go_together_are_no_seat() {
        let tenant: TenantId = "contoso".parse().unwrap();
        for role in Role::ALL {
            assert_eq!(Role::of_code(role.code()), Some(role));
            let (at_site, at_tenant) = (Seat::new(role, None), Seat::new(role, Some(tenant.clone())));
            assert!(at_site.is_some() != at_tenant.is_some(), "{role:?}");
            let seat = at_site.or(at_tenant).unwrap();
            assert_eq!(seat.role(), role);
            assert_eq!(seat.tenant().is_some(), matches!(role, Role::Tenant(_)));
        }
        assert_eq!(Role::of_code("root"), None);
    }
}
