//! Figures. Every percentage stands with its denominator.

use super::text_or_null;
use crate::http::openapi::schema::{
    Schema, count, day, flag, integer, list, maybe, object, percent, shape, text, uuid,
};

pub(super) fn shapes() -> Vec<(&'static str, Schema)> {
    let mut own = figure_fields();
    own.push(("tenant", text(), ""));
    let mut whole = figure_fields();
    whole.push((
        "tenants?",
        list(object(&own)),
        "Each tenant's own, when the site was asked for.",
    ));
    vec![
        (
            "Ratio",
            object(&[
                ("met", count(), ""),
                ("of", count(), "The denominator."),
                (
                    "pct",
                    maybe(percent()),
                    "Cut after two places; null when nothing was owed.",
                ),
            ]),
        ),
        ("Figures", object(&whole)),
        ("Report", report()),
        ("ReportRatio", report_ratio()),
        ("ReportLine", report_line()),
    ]
}

fn figure_fields() -> Vec<(&'static str, Schema, &'static str)> {
    vec![
        ("raw", shape("Ratio"), "Met of all that were owed."),
        (
            "contract",
            object(&[
                ("met", count(), ""),
                ("of", count(), "Excused days left out."),
                ("pct", maybe(percent()), ""),
                (
                    "budget",
                    object(&[
                        ("allowed", count(), "Days that the targets allow to be lost."),
                        ("used", count(), ""),
                        ("left", integer(), "Negative once the target is broken."),
                    ]),
                    "",
                ),
            ]),
            "As the contract counts.",
        ),
        ("late", count(), ""),
        (
            "worst",
            maybe(object(&[
                ("replica", uuid(), ""),
                ("tenant", text_or_null(), ""),
                ("name", text_or_null(), ""),
                ("met", count(), ""),
                ("of", count(), ""),
                ("pct", maybe(percent()), ""),
            ])),
            "",
        ),
        ("longest_gap_secs", maybe(count()), "Between two restore points."),
        (
            "days",
            list(object(&[
                ("day", day(), ""),
                ("raw", shape("Ratio"), ""),
                ("contract", shape("Ratio"), ""),
                ("late", count(), ""),
                ("missed", count(), ""),
                ("excused", count(), ""),
                ("excluded", count(), ""),
                ("open", count(), ""),
            ])),
            "Oldest first; a day without an obligation is absent.",
        ),
    ]
}

/// Percentages as text: no reader's floating point changes a digit.
fn report_ratio() -> Schema {
    object(&[
        ("met", count(), ""),
        ("of", count(), "The denominator."),
        ("pct", text_or_null(), "Null when nothing was owed."),
    ])
}

fn report_line() -> Schema {
    object(&[
        ("tenant", text(), ""),
        ("replica", text(), ""),
        ("raw", shape("ReportRatio"), ""),
        ("contract", shape("ReportRatio"), ""),
        ("late", count(), ""),
        ("days", text(), "A letter per day; `letters_mean` says which."),
    ])
}

fn report() -> Schema {
    let row = |fields: &[(&str, Schema, &str)]| list(object(fields));
    object(&[
        ("name", text(), "The tenant's, or the site's."),
        ("month", text(), ""),
        ("zone", text(), ""),
        ("made_at", text(), ""),
        ("made_by", text(), "The name that the hoster gave the pages."),
        (
            "final",
            flag(),
            "Nothing of the month can change but by a correction.",
        ),
        ("state", text(), "The same in words."),
        (
            "edition",
            text(),
            "`hoster`, or `tenant`: without names of the hoster's people.",
        ),
        ("percent_means", text(), ""),
        (
            "policies",
            row(&[
                ("name", text(), ""),
                ("version", count(), ""),
                ("target", text(), ""),
            ]),
            "",
        ),
        ("raw", shape("ReportRatio"), "Met of all that were owed."),
        ("contract", shape("ReportRatio"), "Excused days left out."),
        (
            "target",
            object(&[
                ("kept", text(), "In words."),
                ("days_allowed", count(), ""),
                ("days_lost", count(), ""),
            ]),
            "",
        ),
        ("late", count(), ""),
        ("missed", count(), ""),
        ("excused", count(), ""),
        ("excluded", count(), ""),
        ("open", count(), ""),
        (
            "tenants",
            row(&[
                ("tenant", text(), ""),
                ("raw", shape("ReportRatio"), ""),
                ("contract", shape("ReportRatio"), ""),
                ("late", count(), ""),
                ("target", text(), ""),
            ]),
            "Each one's share, in the report of all.",
        ),
        ("worst", maybe(shape("ReportLine")), ""),
        (
            "longest_gap",
            maybe(object(&[
                ("tenant", text(), ""),
                ("replica", text(), ""),
                ("from", text(), ""),
                ("to", text(), ""),
                ("secs", integer(), ""),
            ])),
            "",
        ),
        ("replicas", list(shape("ReportLine")), ""),
        (
            "days",
            row(&[
                ("day", text(), ""),
                ("tenant", text(), ""),
                ("replica", text(), ""),
                ("outcome", text(), ""),
                ("whose", text(), ""),
                ("story", text(), "Why."),
                (
                    "next",
                    text(),
                    "What came after it; empty where the story is not told here.",
                ),
            ]),
            "Every lost day.",
        ),
        (
            "corrections",
            row(&[
                ("day", text(), ""),
                ("tenant", text(), ""),
                ("replica", text(), ""),
                ("kind", text(), ""),
                (
                    "whose",
                    maybe(text()),
                    "Null where what was found first holds again.",
                ),
                ("author", text(), ""),
                ("reason", text(), ""),
                ("at", text(), ""),
            ]),
            "",
        ),
        (
            "traffic",
            object(&[("bytes", count(), ""), ("means", text(), "")]),
            "Kept off the tenant's link.",
        ),
        ("letters_mean", text(), ""),
    ])
}
