//! Figures in JSON. Every percentage stands with its denominator.

use crate::figures::Report;
use domain::policy::BasisPoints;
use domain::sla::{DayFigures, Figures, Ratio};
use serde_json::{Value, json};

/// With `by_tenant` the tenants' own stand beside the whole's.
pub fn document(report: &Report, by_tenant: bool) -> Value {
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

pub(super) fn ratio(ratio: Ratio) -> Value {
    json!({ "met": ratio.met, "of": ratio.of, "pct": percent(ratio.pct) })
}

/// Percent with two digits; `null` when nothing was owed.
fn percent(share: Option<BasisPoints>) -> Option<f64> {
    share.map(|share| f64::from(share.get()) / 100.0)
}
