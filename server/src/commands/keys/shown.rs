//! How `stillpoint keys` tells what it found and did.

use super::{Global, PLACE, key_line, record_line};
use crate::keys::check::Checked;
use crate::keys::rotate::Rotated;
use crate::telling::{Failure, json};
use ::vault::Access;
use domain::ids::TenantId;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json as document};

/// Keys and records; no secret is among them.
pub(super) fn checked(global: &Global, checked: &Checked) -> Result<(), Failure> {
    if global.json {
        let record = |it: &crate::keys::check::CheckedRecord| document!({ "name": it.name, "key": it.kek, "opens": it.broken.is_none(), "why": it.broken });
        let records: Vec<Value> = checked.records.iter().map(record).collect();
        return json(&document!({
            "ok": checked.broken().next().is_none(), "keys": keys(checked), "under_older": checked.older(), "records": records,
        }));
    }
    for key in &checked.keys {
        println!("{}", key_line(key));
    }
    for record in &checked.records {
        println!("{}", record_line(record));
    }
    let (all, bad) = (checked.records.len(), checked.broken().count());
    println!("{} of {all} sealed records open ({PLACE})", all - bad);
    if checked.older() > 0 {
        println!(
            "{} are under an older key: `stillpoint keys rotate --rewrap-only` seals them anew",
            checked.older()
        );
    }
    Ok(())
}

/// What a rotation did, and what is left to a person.
pub(super) fn rotated(global: &Global, rotated: &Rotated, checked: &Checked) -> Result<(), Failure> {
    if global.json {
        return json(&document!({
            "old": rotated.old, "new": rotated.new, "rewrapped": rotated.rewrapped, "keys": keys(checked),
        }));
    }
    println!(
        "{} records are sealed anew under {}",
        rotated.rewrapped, rotated.new
    );
    for key in &checked.keys {
        println!("{}", key_line(key));
    }
    println!("\nCopy the new key to where the old one is kept, apart from the backups of the state.");
    if let Some(old) = &rotated.old {
        println!(
            "The old key opens backups of the state from before today. When none of them is needed: `stillpoint keys forget {old}`"
        );
    }
    Ok(())
}

/// A restic password, once.
pub(super) fn access(global: &Global, tenant: &TenantId, access: &Access) -> Result<(), Failure> {
    if global.json {
        return json(&document!({
            "tenant": tenant, "key": access.key, "password": access.password.expose_secret(),
            "repository": access.repository, "commands": access.commands, "join_script": access.join_script,
        }));
    }
    println!("repository  {}", access.repository.display());
    println!("key         {}", access.key);
    println!("password    {}", access.password.expose_secret());
    println!(
        "            (shown once, kept nowhere; `stillpoint vault revoke {tenant} {}` ends it)\n",
        access.key
    );
    for command in &access.commands {
        println!("  {command}");
    }
    println!("\njoin-extents.sh:\n\n{}", access.join_script);
    Ok(())
}

fn keys(checked: &Checked) -> Vec<Value> {
    let key = |it: &::vault::KekInfo| document!({ "id": it.id, "seals": it.current, "place": it.place });
    checked.keys.iter().map(key).collect()
}
