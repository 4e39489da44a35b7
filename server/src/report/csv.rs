//! The report as a table after RFC 4180: every record has the same columns, lines end with CR LF. A cell that a spreadsheet would take for a formula
//! (it begins with `=`, `+`, `-`, `@`, a tab or a carriage return, spaces before it left out) gets an apostrophe before it.

use super::{LETTERS_WORDS, PERCENT_WORDS, Report, TRAFFIC_WORDS, letter, percent};
use domain::sla::Ratio;

const COLUMNS: [&str; 12] = [
    "section", "item", "tenant", "replica", "day", "met", "of", "percent", "whose", "text", "by_or_at",
    "next",
];

/// The table.
#[must_use]
pub fn csv(report: &Report) -> String {
    let mut out = String::new();
    line(&mut out, &COLUMNS);
    let mut say = |section: &str, item: &str, text: &str| {
        line(
            &mut out,
            &[section, item, "", "", "", "", "", "", "", text, "", ""],
        )
    };
    say("report", "name", report.name.as_str());
    say("report", "month", &report.month);
    say("report", "zone", report.zone.as_str());
    say("report", "made_at", report.made_at.as_str());
    say("report", "made_by", report.brand.name.as_str());
    say("report", "state", report.finality_words());
    say("report", "edition", report.edition().code());
    say("report", "percent_means", PERCENT_WORDS);
    for policy in &report.policies {
        say(
            "policy",
            policy.name.as_str(),
            &format!("version {}, target {} %", policy.version, policy.target),
        );
    }
    say("target", "kept", report.kept().words());
    let (figures, tally) = (&report.figures, report.figures.tally);
    say("target", "days_lost", &figures.budget.used.to_string());
    say("target", "days_allowed", &figures.budget.allowed.to_string());
    for (item, count) in [
        ("late", tally.late),
        ("missed", tally.missed),
        ("excused", tally.excused),
        ("excluded", tally.excluded),
        ("open", tally.open),
    ] {
        say("days", item, &count.to_string());
    }
    say("traffic", "bytes", &report.traffic_bytes.to_string());
    say("traffic", "means", TRAFFIC_WORDS);
    say("letters", "mean", LETTERS_WORDS);
    share(&mut out, ["figure", "raw", "", ""], figures.raw);
    share(&mut out, ["figure", "contract", "", ""], figures.contract);
    if let Some(worst) = &report.worst {
        share(
            &mut out,
            [
                "figure",
                "worst_raw",
                worst.tenant.as_str(),
                worst.replica.as_str(),
            ],
            worst.raw,
        );
    }
    if let Some(gap) = &report.longest_gap {
        let (secs, between) = (gap.secs.to_string(), format!("{} to {}", gap.from, gap.to));
        line(
            &mut out,
            &[
                "figure",
                "longest_gap_secs",
                gap.tenant.as_str(),
                gap.replica.as_str(),
                "",
                "",
                "",
                "",
                "",
                &secs,
                &between,
                "",
            ],
        );
    }
    for one in &report.tenants {
        let (tenant, kept) = (one.tenant.as_str(), one.kept.words());
        share(&mut out, ["tenant", "raw", tenant, ""], one.raw);
        share(&mut out, ["tenant", "contract", tenant, ""], one.contract);
        line(
            &mut out,
            &["tenant", "target", tenant, "", "", "", "", "", "", kept, "", ""],
        );
    }
    for one in &report.lines {
        share(
            &mut out,
            ["replica", "raw", one.tenant.as_str(), one.replica.as_str()],
            one.raw,
        );
        share(
            &mut out,
            ["replica", "contract", one.tenant.as_str(), one.replica.as_str()],
            one.contract,
        );
        let (tenant, replica, late) = (one.tenant.as_str(), one.replica.as_str(), one.late.to_string());
        line(
            &mut out,
            &[
                "replica", "late", tenant, replica, "", "", "", "", "", &late, "", "",
            ],
        );
        let days: String = one.days.iter().map(|kind| letter(*kind)).collect();
        line(
            &mut out,
            &[
                "replica",
                "days",
                tenant,
                replica,
                "",
                "",
                "",
                "",
                "",
                // A strip may begin with a sign of a formula.
                &format!("days {days}"),
                "",
                "",
            ],
        );
    }
    for day in &report.days {
        let (tenant, replica) = (day.tenant.as_str(), day.replica.as_str());
        line(
            &mut out,
            &[
                "day",
                day.outcome,
                tenant,
                replica,
                &day.day,
                "",
                "",
                "",
                day.whose,
                day.story.as_str(),
                "",
                day.next.as_str(),
            ],
        );
    }
    for one in &report.corrections {
        let by = format!("{}, {}", one.author, one.at);
        line(
            &mut out,
            &[
                "correction",
                one.kind,
                one.tenant.as_str(),
                one.replica.as_str(),
                &one.day,
                "",
                "",
                "",
                one.whose.unwrap_or_default(),
                one.reason.as_str(),
                &by,
                "",
            ],
        );
    }
    out
}

fn share(out: &mut String, [section, item, tenant, replica]: [&str; 4], ratio: Ratio) {
    let (met, of) = (ratio.met.to_string(), ratio.of.to_string());
    line(
        out,
        &[
            section,
            item,
            tenant,
            replica,
            "",
            &met,
            &of,
            &percent(ratio),
            "",
            "",
            "",
            "",
        ],
    );
}

fn line(out: &mut String, cells: &[&str; 12]) {
    for (place, text) in cells.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        out.push_str(&cell(text));
    }
    out.push_str("\r\n");
}

/// One cell, guarded and quoted where it has to be.
pub(super) fn cell(text: &str) -> String {
    let first = text.chars().find(|c| *c != ' ' && *c != '\u{a0}');
    let guard = if matches!(first, Some('=' | '+' | '-' | '@' | '\t' | '\r')) {
        "'"
    } else {
        ""
    };
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{guard}{}\"", text.replace('"', "\"\""))
    } else {
        format!("{guard}{text}")
    }
}
