//! `cargo xtask rivals`: the table of rivals in the book, from one run of the simulation.

use crate::run::{output, root};
use serde_json::Value;
use std::fmt::Write as _;

/// The page with the table.
const PAGE: &str = "docs/book/sim.md";
const BEGIN: &str = "<!-- rivals: made by `cargo xtask rivals`, not by hand -->";
const END: &str = "<!-- rivals: end -->";

const REPLICAS: u32 = 1_000;
const DAYS: u32 = 5;
const SEEDS: [u32; 4] = [1, 2, 3, 4];
const DUTIES: [&str; 3] = ["0.2", "0.5", "0.8"];

const COUNTS: [&str; 8] = [
    "obligations",
    "possible",
    "met",
    "met_late",
    "missed",
    "excused",
    "attempts",
    "deferrals",
];

/// Plays all policies at three duties and writes the table between its markers.
pub fn run(args: &[String]) -> Result<(), String> {
    if let Some(unknown) = args.first() {
        return Err(format!("`rivals` takes no arguments, not `{unknown}`"));
    }
    let mut table = format!(
        "{} obligations per duty: {REPLICAS} replicas, {DAYS} days, seeds {SEEDS:?}. Times are not in it: the same numbers make the same table.\n",
        REPLICAS * DAYS * u32::try_from(SEEDS.len()).unwrap_or(0)
    );
    for duty in DUTIES {
        table.push_str(&of(duty)?);
    }
    let path = root().join(PAGE);
    let page = std::fs::read_to_string(&path).map_err(|e| format!("cannot read {PAGE}: {e}"))?;
    let (before, after) = around(&page)?;
    let page = format!("{before}{BEGIN}\n\n{table}\n{END}{after}");
    std::fs::write(&path, page).map_err(|e| format!("cannot write {PAGE}: {e}"))?;
    eprintln!("  the table is in {PAGE}");
    Ok(())
}

/// Whether the page has its markers and a table of all duties between them.
pub fn check(page: &str) -> Result<(), String> {
    let (before, after) = around(page)?;
    let table = &page[before.len()..page.len() - after.len()];
    for duty in DUTIES {
        if !table.contains(&heading(duty)) {
            return Err(format!(
                "{PAGE}: no table for duty {duty}; run `cargo xtask rivals`"
            ));
        }
    }
    Ok(())
}

/// The page as the chore of tidying reads it.
pub const CHECKED: &str = PAGE;

fn around(page: &str) -> Result<(&str, &str), String> {
    let parts = page.split_once(BEGIN).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(END)?;
        Some((before, after))
    });
    parts.ok_or_else(|| format!("{PAGE}: the markers `{BEGIN}` and `{END}` are not there"))
}

fn heading(duty: &str) -> String {
    format!("**Duty {duty}**")
}

/// Sums over the seeds, and the worst seed beside them.
#[derive(Default)]
struct Sum {
    name: String,
    counts: [u64; COUNTS.len()],
    worst: Option<f64>,
}

fn of(duty: &str) -> Result<String, String> {
    let mut sums: Vec<Sum> = Vec::new();
    for seed in SEEDS {
        eprintln!("  duty {duty}, seed {seed}");
        let numbers = [
            REPLICAS.to_string(),
            DAYS.to_string(),
            seed.to_string(),
            duty.to_owned(),
        ];
        let mut args = vec!["run", "--locked", "-q", "-p", "sim", "--example", "rivals", "--"];
        args.extend(numbers.iter().map(String::as_str));
        let report: Value = serde_json::from_str(&output("cargo", &args)?).map_err(|e| e.to_string())?;
        let policies = report["policies"]
            .as_array()
            .ok_or("the simulation named no policies")?;
        for (n, policy) in policies.iter().enumerate() {
            if sums.len() <= n {
                sums.push(Sum::default());
            }
            let sum = &mut sums[n];
            sum.name = policy["policy"].as_str().unwrap_or_default().to_owned();
            for (count, key) in sum.counts.iter_mut().zip(COUNTS) {
                *count += policy[key]
                    .as_u64()
                    .ok_or_else(|| format!("no `{key}` in {policy}"))?;
            }
            let share = policy["vs_clairvoyant"].as_f64().unwrap_or(0.0);
            sum.worst = Some(sum.worst.map_or(share, |worst| worst.min(share)));
        }
    }
    let best = sums
        .iter()
        .find(|sum| sum.name == "clairvoyant")
        .map_or(0, |sum| sum.counts[2]);
    let mut text = format!(
        "\n{}\n\n| policy | met | of all | possible | late | missed | excused | attempts | deferrals | vs clairvoyant | worst seed |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n",
        heading(duty)
    );
    for sum in &sums {
        let [all, possible, met, late, missed, excused, attempts, deferrals] = sum.counts;
        let _ = writeln!(
            text,
            "| {} | {met} | {} | {possible} | {late} | {missed} | {excused} | {attempts} | {deferrals} | {} | {:.2} % |",
            sum.name,
            percent(met, all),
            percent(met, best),
            sum.worst.unwrap_or(0.0) * 100.0
        );
    }
    Ok(text)
}

fn percent(part: u64, whole: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "counts of obligations")]
    let share = part as f64 / whole.max(1) as f64 * 100.0;
    format!("{share:.2} %")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_without_its_markers_or_with_an_empty_table_is_found() {
        assert!(check("# The simulation").is_err());
        assert!(check(&format!("{BEGIN}\n{END}")).is_err());
        let table: String = DUTIES.iter().map(|duty| heading(duty)).collect();
        assert_eq!(check(&format!("before {BEGIN} {table} {END} after")), Ok(()));
    }
}
