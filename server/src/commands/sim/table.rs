//! The report for people.

use sim::{Figures, Report};
use std::fmt::Write as _;

/// One line on the world, one per policy, and what the columns mean.
pub fn of(report: &Report) -> String {
    let world = &report.world;
    let mut text = format!(
        "{} replicas of {} tenants on {} hosts, {} days, duty {}, seed {}; {} slots, {:.0} % asked for at the busiest\n\n",
        world.replicas,
        world.tenants,
        world.hosts,
        world.days,
        world.duty,
        world.seed,
        world.slots_total,
        world.load_total * 100.0
    );
    let heads = [
        "policy",
        "met",
        "of",
        "possible",
        "late",
        "missed",
        "excused",
        "attempts",
        "deferrals",
        "vs clairvoyant",
    ];
    line(&mut text, heads.map(str::to_owned));
    for figures in &report.policies {
        line(&mut text, cells(figures));
    }
    text.push_str(
        "\nmet: sealed by the due time. possible: had any usable gap, limits apart. late: sealed before the next open.\n\
         vs clairvoyant: met over what earliest-due-first with all future gaps known meets under the same limits.\n",
    );
    text
}

fn cells(figures: &Figures) -> [String; 10] {
    [
        figures.policy.to_string(),
        figures.met.to_string(),
        figures.obligations.to_string(),
        figures.possible.to_string(),
        figures.met_late.to_string(),
        figures.missed.to_string(),
        figures.excused.to_string(),
        figures.attempts.to_string(),
        figures.deferrals.to_string(),
        format!("{:.2} %", figures.vs_clairvoyant * 100.0),
    ]
}

fn line(text: &mut String, cells: [String; 10]) {
    let [name, rest @ ..] = cells;
    let _ = write!(text, "{name:<12}");
    for cell in rest {
        let _ = write!(text, " {cell:>9}");
    }
    text.push('\n');
}
