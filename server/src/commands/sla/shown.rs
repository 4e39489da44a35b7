//! Figures in JSON and in words. Every percentage stands with its denominator.

use crate::commands::deed::told;
use crate::figures::Report;
use crate::telling::Table;
use domain::calendar::SlaDay;
use domain::policy::BasisPoints;
use domain::sla::{DayFigures, Figures, Ratio};
use domain::words::{count, span};
use serde_json::{Value, json};

/// The contract's shape; with `by_tenant` the tenants' own stand beside the whole's.
pub(super) fn document(report: &Report, by_tenant: bool) -> Value {
    let mut document = figures(report, &report.whole);
    if by_tenant {
        let one = |(tenant, own)| {
            let mut document = figures(report, own);
            document["tenant"] = json!(tenant);
            document
        };
        document["tenants"] = report.tenants.iter().map(one).collect();
    }
    document
}

fn figures(report: &Report, figures: &Figures) -> Value {
    let worst = figures.worst.as_ref().map(|worst| {
        let replica = report.replicas.get(&worst.replica);
        json!({
            "replica": worst.replica,
            "tenant": replica.map(|it| &it.tenant),
            "name": replica.map(|it| &it.name),
            "met": worst.raw.met, "of": worst.raw.of, "pct": percent(worst.raw.pct),
        })
    });
    json!({
        "raw": ratio(figures.raw),
        "contract": {
            "met": figures.contract.met, "of": figures.contract.of, "pct": percent(figures.contract.pct),
            "budget": figures.budget,
        },
        "late": figures.tally.late,
        "worst": worst,
        "longest_gap_secs": figures.longest_gap.map(|gap| gap.secs),
        "days": figures.days.iter().map(day).collect::<Vec<_>>(),
    })
}

fn day(day: &DayFigures) -> Value {
    let tally = day.tally;
    json!({
        "day": day.day, "raw": ratio(day.raw), "contract": ratio(day.contract), "late": tally.late, "missed": tally.missed,
        "excused": tally.excused, "excluded": tally.excluded, "open": tally.open,
    })
}

fn ratio(ratio: Ratio) -> Value {
    json!({ "met": ratio.met, "of": ratio.of, "pct": percent(ratio.pct) })
}

/// Percent with two digits; `null` when nothing was owed.
fn percent(share: Option<BasisPoints>) -> Option<f64> {
    share.map(|share| f64::from(share.get()) / 100.0)
}

pub(super) fn print(report: &Report, whose: &str, from: SlaDay, to: SlaDay, by_tenant: bool) {
    let whole = &report.whole;
    println!("{whose}, {from} to {to}, as of {}", told(report.as_of));
    println!("raw       {}", words(whole.raw));
    println!("contract  {}  (excused days left out)", words(whole.contract));
    let tally = whole.tally;
    println!(
        "late {}, missed {}, excused {}, excluded {}, still open {}",
        tally.late, tally.missed, tally.excused, tally.excluded, tally.open
    );
    let budget = whole.budget;
    println!(
        "budget    {} of {} used, {}",
        budget.used,
        count(budget.allowed, "lost day", "lost days"),
        if budget.left < 0 {
            format!("{} too many", budget.left.unsigned_abs())
        } else {
            format!("{} left", budget.left)
        }
    );
    let blame = whole.blame;
    println!(
        "whose     provider {}, tenant {}, external {}",
        blame.provider, blame.tenant, blame.external
    );
    let name = |id| match report.replicas.get(id) {
        Some(replica) => format!("{}/{}", replica.tenant, replica.name),
        None => id.to_string(),
    };
    if let Some(worst) = &whole.worst {
        println!("worst     {}: {}", name(&worst.replica), words(worst.raw));
    }
    if let Some(gap) = &whole.longest_gap {
        println!(
            "longest   {} without a restore point: {}, {} to {}",
            span(gap.secs),
            name(&gap.replica),
            told(gap.from),
            told(gap.to)
        );
    }
    println!();
    if by_tenant {
        let mut table = Table::new(["TENANT", "RAW", "CONTRACT", "LATE", "MISSED", "EXCUSED"]);
        for (tenant, own) in &report.tenants {
            table.row([
                tenant.to_string(),
                words(own.raw),
                words(own.contract),
                own.tally.late.to_string(),
                own.tally.missed.to_string(),
                own.tally.excused.to_string(),
            ]);
        }
        table.print("nothing was owed to any tenant");
        println!();
    }
    let mut table = Table::new([
        "DAY", "RAW", "CONTRACT", "LATE", "MISSED", "EXCUSED", "EXCLUDED", "OPEN",
    ]);
    for day in &whole.days {
        table.row([
            day.day.to_string(),
            words(day.raw),
            words(day.contract),
            day.tally.late.to_string(),
            day.tally.missed.to_string(),
            day.tally.excused.to_string(),
            day.tally.excluded.to_string(),
            day.tally.open.to_string(),
        ]);
    }
    table.print("nothing was owed in this range");
}

/// `96.66 % (29 of 30)`
fn words(ratio: Ratio) -> String {
    match ratio.pct {
        Some(pct) => format!("{pct} % ({} of {})", ratio.met, ratio.of),
        None => "nothing owed".to_owned(),
    }
}
