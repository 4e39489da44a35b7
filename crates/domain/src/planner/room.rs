//! Whether one more attempt fits beside those that run: for attempts that a person asks for, and once more when a planned one begins.

use super::Limits;
use crate::ids::{HostId, TenantId};

/// A limit that one more attempt would pass, and how many run under it now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Full {
    #[error("{running} attempts run on its host now, and no more may at once (limits.attempts_per_host_max)")]
    Host { running: u32 },
    #[error(
        "{running} attempts run for its tenant now, and no more may at once (limits.attempts_per_tenant_max)"
    )]
    Tenant { running: u32 },
    #[error(
        "{running} attempts write into the vault now, and no more may at once (limits.attempts_per_vault_max)"
    )]
    Vault { running: u32 },
    #[error("{running} attempts run now, and no more may at once (limits.attempts_max)")]
    Total { running: u32 },
}

impl Limits {
    /// Whether one more attempt on `host` for `tenant` may begin beside all that run. The narrowest limit is named first.
    ///
    /// # Errors
    /// The limit that it would pass.
    pub fn room<'a>(
        &self,
        running: impl IntoIterator<Item = (&'a HostId, &'a TenantId)>,
        host: &HostId,
        tenant: &TenantId,
    ) -> Result<(), Full> {
        let (mut total, mut on_host, mut of_tenant) = (0_u32, 0_u32, 0_u32);
        for (its_host, its_tenant) in running {
            total = total.saturating_add(1);
            on_host = on_host.saturating_add(u32::from(its_host == host));
            of_tenant = of_tenant.saturating_add(u32::from(its_tenant == tenant));
        }
        if on_host >= self.per_host_max {
            return Err(Full::Host { running: on_host });
        }
        if of_tenant >= self.per_tenant_max {
            return Err(Full::Tenant { running: of_tenant });
        }
        if total >= self.per_vault_max {
            return Err(Full::Vault { running: total });
        }
        if total >= self.total_max {
            return Err(Full::Total { running: total });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_more_is_refused_by_the_limit_that_it_would_pass() {
        let (host, other): (HostId, HostId) = ("hv-1".parse().unwrap(), "hv-2".parse().unwrap());
        let (mine, theirs): (TenantId, TenantId) = ("contoso".parse().unwrap(), "fabrikam".parse().unwrap());
        let limits = Limits {
            total_max: 4,
            per_host_max: 2,
            per_tenant_max: 3,
            per_vault_max: 4,
            watch_per_host_max: 1,
        };
        let room = |limits: Limits, running: &[(&HostId, &TenantId)]| {
            limits.room(running.iter().copied(), &host, &mine)
        };
        assert_eq!(room(limits, &[]), Ok(()));
        assert_eq!(
            room(limits, &[(&host, &theirs), (&other, &mine), (&other, &mine)]),
            Ok(())
        );
        let two = [(&host, &theirs), (&host, &theirs)];
        assert_eq!(room(limits, &two), Err(Full::Host { running: 2 }));
        assert_eq!(
            room(limits, &[(&other, &mine); 3]),
            Err(Full::Tenant { running: 3 })
        );
        let four = [(&other, &theirs); 4];
        assert_eq!(room(limits, &four), Err(Full::Vault { running: 4 }));
        let wide = Limits {
            per_vault_max: 9,
            ..limits
        };
        assert_eq!(room(wide, &four), Err(Full::Total { running: 4 }));
    }
}
