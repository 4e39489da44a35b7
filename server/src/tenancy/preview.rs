//! What a rule would claim, before it is made: the engine's own binding on what the hosts showed last.

use super::{TenantEntry, rules, with};
use ::console::{ClaimRow, HostId, RuleAnswer, TenantId};
use domain::binding::{BindingError, TenantRule};
use domain::door::mapping::Mapping;
use engine::Sighted;
use std::collections::BTreeSet;

/// Tries the rule on what was seen. `hosts` are those that should have been.
#[must_use]
pub fn preview(
    entries: &[TenantEntry],
    mapping: &Mapping,
    sighted: &[Sighted],
    hosts: &[HostId],
) -> RuleAnswer {
    let (before, after) = (rules(entries), rules(&with(entries, mapping)));
    let ours = [mapping.tenant.clone()];
    let (mut claims, mut stay) = (Vec::new(), 0);
    for one in sighted {
        let (was, is) = (whose(one, &before), whose(one, &after));
        if was == is {
            stay += u64::from(is == ours);
            continue;
        }
        claims.push(ClaimRow {
            host: one.host.clone(),
            vm: one.vm,
            name: one.name.clone(),
            before: was,
            after: is,
        });
    }
    claims.sort_by(|a, b| (&a.host, &a.name, a.vm.0).cmp(&(&b.host, &b.name, b.vm.0)));
    let shown: BTreeSet<&HostId> = sighted.iter().map(|it| &it.host).collect();
    RuleAnswer::Tried {
        claims,
        stay,
        seen: u64::try_from(sighted.len()).unwrap_or(u64::MAX),
        as_of: sighted.iter().map(|it| it.seen_at).min(),
        unseen_hosts: hosts.iter().filter(|it| !shown.contains(it)).cloned().collect(),
    }
}

/// None, one, or several that claim it doubly.
fn whose(sighted: &Sighted, rules: &[TenantRule]) -> Vec<TenantId> {
    match sighted.whose(rules) {
        Ok(tenant) => vec![tenant],
        Err(BindingError::Unmapped { .. }) => Vec::new(),
        Err(BindingError::Ambiguous { tenants, .. }) => tenants,
    }
}
