//! The bad season: blockers come and go, and the server is killed at moments that the seed decides.

use super::dice::Dice;
use super::plan::Plan;
use super::site::Site;
use serde_json::{Value, json};
use std::thread::sleep;
use std::time::Duration;

/// A blocker put on one replica for a while.
#[derive(Debug, Clone)]
pub struct Spell {
    /// `tenant/name`
    pub replica: String,
    /// What the product has to call it.
    pub code: &'static str,
    /// World time, seconds since 1970.
    pub from: f64,
    pub to: f64,
}

/// What happened.
#[derive(Debug, Default)]
pub struct Season {
    pub spells: Vec<Spell>,
    pub kills: u32,
    /// Migrations away from hosts that guard.
    left: u32,
}

/// (operation, its own fields, code)
const KINDS: [(&str, &str, &str); 11] = [
    ("apply-long", r#"{"secs":200}"#, "B1"),
    ("apply-abort", "{}", "B2"),
    ("apply-fail", "{}", "B3"),
    ("health-critical", "{}", "B4"),
    ("resync-required", "{}", "B5"),
    ("resyncing", "{}", "B5"),
    ("resync-suspended", "{}", "B5"),
    ("migrate", "{}", "B6"),
    ("initial-replication", r#"{"running":true}"#, "B7"),
    ("failover", "{}", "B8"),
    ("busy", "{}", "BE"),
];

/// Runs the season to its end: the server is up again when this returns.
pub fn run(plan: &Plan, site: &mut Site) -> Result<Season, String> {
    let mut dice = Dice::new(plan.seed);
    let mut season = Season::default();
    let long_one = plan.kills / 2;
    for kill in 0..plan.kills {
        for _ in 0..plan.spells_per_calm {
            cast(plan, site, &mut dice, &mut season)?;
        }
        let calm = dice.between(plan.calm_secs * 1000, plan.calm_secs * 2000);
        // Half of the kills fall right after a checkpoint appears: the moment with the most to lose.
        if dice.between(0, 2) == 0 {
            site.wait_for_checkpoint(Duration::from_millis(calm));
            sleep(Duration::from_millis(dice.between(0, 1500)));
        } else {
            sleep(Duration::from_millis(calm));
        }
        site.kill_server()?;
        season.kills += 1;
        let absent = if kill == long_one {
            plan.long_absence_secs() * 1000
        } else {
            dice.between(50, 2500)
        };
        eprintln!(
            "soak: kill {} of {}, back in {:.1} s",
            season.kills,
            plan.kills,
            absent as f64 / 1000.0
        );
        sleep(Duration::from_millis(absent));
        site.start_server()?;
    }
    Ok(season)
}

fn cast(plan: &Plan, site: &mut Site, dice: &mut Dice, season: &mut Season) -> Result<(), String> {
    let from = site.world_now();
    let free: Vec<String> = site
        .replicas()
        .iter()
        .filter(|name| {
            !season
                .spells
                .iter()
                .any(|spell| spell.replica == **name && spell.to > from)
        })
        .cloned()
        .collect();
    let (Some(replica), Some((op, fields, code))) = (dice.one_of(&free).cloned(), dice.one_of(&KINDS)) else {
        return Ok(());
    };
    let for_secs = dice.between(100, 300);
    let (op, fields, code) = match *op {
        // Enough replicas have to stay where the quota counts them.
        "migrate" if site.guards(site.first_host(&replica)) && season.left == plan.may_leave() => KINDS[0],
        _ => (*op, *fields, *code),
    };
    let mut operation: Value = serde_json::from_str(fields).unwrap_or_default();
    if op == "migrate" {
        let leaves = site.guards(site.first_host(&replica));
        season.left += u32::from(leaves);
        operation["to"] = json!(site.a_host(!leaves));
    }
    operation["op"] = json!(op);
    operation["replica"] = json!(replica);
    // A long apply is one log, not every log.
    if op != "apply-long" {
        operation["for_secs"] = json!(for_secs);
    }
    site.operate(&operation)?;
    eprintln!("soak: {op} ({code}) on {replica} for {for_secs} world seconds");
    // It lasts from a moment within the call.
    let to = site.world_now() + for_secs as f64;
    season.spells.push(Spell {
        replica,
        code,
        from,
        to,
    });
    Ok(())
}
