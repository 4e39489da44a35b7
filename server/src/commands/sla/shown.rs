//! Figures in words. Every percentage stands with its denominator.

use crate::commands::deed::told;
use crate::figures::Report;
use crate::telling::Table;
use domain::calendar::SlaDay;
use domain::sla::Ratio;
use domain::words::{count, span};

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
