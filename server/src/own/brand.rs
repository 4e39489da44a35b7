//! What a tenant's pages look like: what the hoster set, and nothing else.

use domain::calendar::Zone;
use domain::door::branding::Accent;
use domain::ids::TenantId;
use store::tenants::TenantStore;
use store::traits::{Result, Scope};

/// A tenant's brand, without its logo, which is a file of its own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Brand {
    /// Instead of Stillpoint's.
    pub name: Option<String>,
    pub accent: Option<Accent>,
    pub has_logo: bool,
    /// That its pages' clock goes by; `None`: UTC.
    pub zone: Option<Zone>,
}

impl Brand {
    /// Of a tenant that the scope sees. For its pages and its reports alike.
    ///
    /// # Errors
    /// The store's.
    pub async fn of(store: &(impl TenantStore + ?Sized), scope: &Scope, tenant: &TenantId) -> Result<Self> {
        let tenant = store.tenant(scope, tenant).await?;
        Ok(Self {
            name: tenant.brand_name.map(|name| name.as_str().to_owned()),
            accent: tenant.accent,
            has_logo: tenant.has_logo,
            zone: Some(tenant.zone),
        })
    }

    /// The accent as a stylesheet of its own: a policy of styles allows no others. Text on it is black or white, whichever is clearer; on the
    /// paper of both themes it can be seen, by its type.
    #[must_use]
    pub fn stylesheet(&self) -> String {
        self.accent.map_or_else(String::new, |accent| {
            let colour = accent.colour();
            format!(":root {{ --brand: {colour}; --on-brand: {}; }}\n", colour.ink())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stylesheet_holds_two_colours_and_nothing_that_was_typed() {
        let brand = Brand {
            name: Some("</style><script>".to_owned()),
            accent: Some("#1F7A5A".parse().unwrap()),
            ..Brand::default()
        };
        assert_eq!(
            brand.stylesheet(),
            ":root { --brand: #1f7a5a; --on-brand: #ffffff; }\n"
        );
        assert_eq!(Brand::default().stylesheet(), "");
    }
}
