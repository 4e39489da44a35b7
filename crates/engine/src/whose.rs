//! Whose a replica is: what a host says of its primary, bound by the host's authorization and the tenants' rules.

use domain::binding::{BindingError, Entry, TenantRule, bind, bind_by_storage};
use domain::ids::TenantId;
use hyperv::host::{AuthorizationEntry, ReplicaSighting};

/// The authorization table in the domain's words.
pub(crate) fn entries(table: &[AuthorizationEntry]) -> Vec<Entry> {
    let entry = |e: &AuthorizationEntry| Entry {
        allowed_primary: e.allowed_primary.clone(),
        trust_group: e.trust_group.clone(),
    };
    table.iter().map(entry).collect()
}

/// The tenant of a sighting. The primary's name and its connection point may both bind; if they bind to different tenants, nobody's. Where
/// its disks are is asked only when neither is claimed.
pub(crate) fn whose(
    sighting: &ReplicaSighting,
    entries: &[Entry],
    rules: &[TenantRule],
) -> Result<TenantId, BindingError> {
    let name = |name: &Option<String>| name.as_deref().map(|p| bind(Some(p), entries, rules));
    let (host, point) = (
        name(&sighting.primary_host),
        name(&sighting.primary_connection_point),
    );
    let bound = match (host, point) {
        (Some(Ok(one)), Some(Ok(other))) if one != other => Err(BindingError::Ambiguous {
            primary: sighting.primary_host.clone().unwrap_or_default(),
            tenants: vec![one, other],
        }),
        (Some(Ok(tenant)), _) | (_, Some(Ok(tenant))) => Ok(tenant),
        (Some(Err(error)), _) | (None, Some(Err(error))) => Err(error),
        (None, None) => Err(BindingError::Unmapped { primary: None }),
    };
    let Err(BindingError::Unmapped { primary }) = &bound else {
        return bound;
    };
    let disks: Vec<String> = sighting.disks.iter().map(|disk| disk.path.clone()).collect();
    bind_by_storage(primary.as_deref(), &disks, rules)?.map_or(bound, Ok)
}
