//! How `stillpoint tenant` tells what there is and what a rule would do.

use super::Global;
use crate::document::tenant;
use crate::telling::{Failure, Table, json};
use ::console::{RuleAnswer, RulePreview, TenantCard, TenantId};

pub(super) fn list(global: &Global, tenants: &[TenantCard]) -> Result<(), Failure> {
    if global.json {
        return json(&tenants.iter().map(tenant::document).collect::<Vec<_>>());
    }
    if tenants.is_empty() {
        println!("no tenants: `stillpoint tenant create`, or [[tenant]] in config.toml");
    }
    for it in tenants {
        let place = if it.from_file { "config.toml" } else { "made here" };
        println!(
            "{}  {}  {}  {} replicas  ({place})",
            it.id, it.name, it.zone, it.replicas
        );
        for rule in &it.rules {
            let made = rule.made.as_ref();
            let made = made.map_or_else(|| "config.toml".to_owned(), |(author, _)| format!("by {author}"));
            println!("    {:<13} {}  ({made})", rule.kind, rule.text);
        }
        if it.rules.is_empty() {
            println!("    no rule: no replica is this tenant's");
        }
    }
    Ok(())
}

pub(super) fn preview(global: &Global, preview: &RulePreview) -> Result<(), Failure> {
    let document = tenant::preview(preview).map_err(Failure::usage)?;
    let RuleAnswer::Tried {
        claims,
        stay,
        seen,
        unseen_hosts,
        ..
    } = &preview.answer
    else {
        return Ok(());
    };
    if global.json {
        return json(&document);
    }
    let mut table = Table::new(["host", "replica", "is now", "would be"]);
    for it in claims {
        table.row([
            it.host.to_string(),
            it.name.clone(),
            whose(&it.before),
            whose(&it.after),
        ]);
    }
    table.print("no replica would change its tenant");
    let rule = &preview.rule;
    println!(
        "{} `{}` for {} would move {} of {seen} replicas; {stay} are its own already. Nothing was changed.",
        rule.kind,
        rule.text,
        rule.tenant,
        claims.len(),
    );
    for host in unseen_hosts {
        println!("host {host} showed no replica, or did not answer: what is on it is not in this");
    }
    Ok(())
}

fn whose(tenants: &[TenantId]) -> String {
    let names: Vec<&str> = tenants.iter().map(TenantId::as_str).collect();
    match names.as_slice() {
        [] => "nobody's".to_owned(),
        [one] => (*one).to_owned(),
        several => format!("nobody's: {} claim it", several.join(" and ")),
    }
}
