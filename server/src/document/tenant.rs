//! Tenants, their rules, and what a rule would claim.

use super::stamp;
use ::console::{ClaimRow, RuleAnswer, RulePreview, RuleRow, TenantCard};
use serde_json::{Value, json};

/// `{id, name, zone, replicas, from_file, rules: [{kind, text, from_file, author, at}], frame, window, brand: {name, accent, logo}}`
pub fn document(tenant: &TenantCard) -> Value {
    let rule = |rule: &RuleRow| {
        let made = rule.made.as_ref();
        json!({
            "kind": rule.kind, "text": rule.text, "from_file": made.is_none(),
            "author": made.map(|it| &it.0), "at": made.map(|it| stamp(it.1)),
        })
    };
    json!({
        "id": tenant.id, "name": tenant.name, "zone": tenant.zone, "replicas": tenant.replicas,
        "from_file": tenant.from_file, "rules": tenant.rules.iter().map(rule).collect::<Vec<_>>(),
        "frame": tenant.frame, "window": tenant.window,
        "brand": { "name": tenant.brand.name, "accent": tenant.brand.accent, "logo": tenant.brand.has_logo },
    })
}

/// `{tenant, kind, text, seen, as_of, stay, unseen_hosts, claims: [{host, vm, name, before, after}]}`; `before` and `after` are tenants:
/// none, one, or several where it is claimed doubly.
///
/// # Errors
/// Why it can be no rule.
pub fn preview(preview: &RulePreview) -> Result<Value, String> {
    let row = |it: &ClaimRow| {
        json!({
            "host": it.host, "vm": it.vm, "name": it.name, "before": it.before, "after": it.after,
        })
    };
    match &preview.answer {
        RuleAnswer::Refused { text } => Err(text.clone()),
        RuleAnswer::Tried {
            claims,
            stay,
            seen,
            as_of,
            unseen_hosts,
        } => Ok(json!({
            "tenant": preview.rule.tenant, "kind": preview.rule.kind, "text": preview.rule.text, "seen": seen,
            "as_of": as_of.map(stamp), "stay": stay, "unseen_hosts": unseen_hosts,
            "claims": claims.iter().map(row).collect::<Vec<_>>(),
        })),
    }
}
