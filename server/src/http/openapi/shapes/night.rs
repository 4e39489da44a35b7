//! The night, the plan, hosts.

use super::text_or_null;
use crate::http::openapi::schema::{
    Schema, code, count, day, instant, integer, list, maybe, object, one_of, percent, rows, shape, text,
    uuid, words,
};

fn named() -> Schema {
    object(&[("replica", uuid(), ""), ("name", text(), "tenant/name.")])
}

pub(super) fn shapes() -> Vec<(&'static str, Schema)> {
    vec![
        (
            "Night",
            object(&[
                ("as_of", instant(), ""),
                (
                    "counts",
                    object(&[
                        (
                            "owed",
                            count(),
                            "All whose window covers now, excluded ones left out.",
                        ),
                        ("met", count(), ""),
                        ("open", count(), "Not met yet."),
                        ("running", count(), ""),
                        ("at_risk", count(), ""),
                        ("excluded", count(), ""),
                        ("overdue", count(), "Due times that passed without a backup."),
                    ]),
                    "",
                ),
                (
                    "causes",
                    list(shape("Cause")),
                    "What keeps the open ones, the worst first.",
                ),
                (
                    "at_risk",
                    list(object(&[
                        ("replica", uuid(), ""),
                        ("name", text(), ""),
                        ("day", day(), ""),
                        ("due", instant(), ""),
                        ("slack_secs", integer(), ""),
                        ("why", text(), ""),
                        ("code", maybe(code()), ""),
                        (
                            "risk",
                            maybe(object(&[("percent", percent(), ""), ("reason", text(), "")])),
                            "Null where there is not enough history.",
                        ),
                    ])),
                    "",
                ),
                ("running", list(named()), ""),
                ("holds", list(shape("Hold")), ""),
                (
                    "pauses",
                    list(object(&[
                        ("replica", uuid(), ""),
                        ("name", text(), ""),
                        ("primary", text(), ""),
                        ("state", words(["intended", "paused", "resuming", "resumed"]), ""),
                        ("until", instant(), ""),
                        ("trouble", text_or_null(), ""),
                    ])),
                    "Primaries that were not seen resumed yet.",
                ),
            ]),
        ),
        (
            "Cause",
            object(&[
                ("key", text(), "For an acknowledgement: `host:hv-r-01:B5`."),
                ("title", text(), ""),
                ("code", maybe(code()), ""),
                ("host", text_or_null(), ""),
                ("replicas", count(), ""),
                ("tenants", count(), ""),
                ("at_risk", count(), ""),
                ("too_late", count(), ""),
                ("since", instant(), ""),
                ("next_due", instant(), ""),
                ("least_slack_secs", integer(), ""),
                (
                    "whose",
                    words([
                        "nobody",
                        "operator",
                        "tenant",
                        "operator-and-tenant",
                        "onboarding",
                    ]),
                    "Whose move it is.",
                ),
                ("first", named(), ""),
                (
                    "acknowledged",
                    maybe(object(&[
                        ("until", instant(), ""),
                        ("note", text(), ""),
                        ("author", text(), ""),
                    ])),
                    "",
                ),
            ]),
        ),
        ("Plan", plan()),
        ("HostRows", rows("Host")),
    ]
}

fn plan() -> Schema {
    let when = || maybe(instant());
    one_of(&[
        object(&[
            ("owes", word_true(), ""),
            ("replica", uuid(), ""),
            ("name", text(), ""),
            ("tenant", text(), ""),
            ("host", text(), ""),
            ("day", day(), ""),
            ("at", instant(), "When it was planned."),
            ("for", words(["obligation", "first point", "extra point"]), ""),
            (
                "what",
                words([
                    "start",
                    "start with the primary paused",
                    "wait",
                    "given up",
                    "running",
                ]),
                "",
            ),
            ("title", text(), ""),
            ("sentence", text(), ""),
            ("code", maybe(code()), ""),
            (
                "whose",
                words([
                    "nobody",
                    "operator",
                    "tenant",
                    "operator-and-tenant",
                    "onboarding",
                ]),
                "",
            ),
            ("since", when(), ""),
            ("until", when(), ""),
            ("next", when(), "When it is looked at again at the latest."),
            (
                "turn",
                maybe(count()),
                "Its place in the line, from 1; null when it does not wait for room.",
            ),
            ("of", count(), ""),
            ("due", instant(), ""),
            ("slack_secs", integer(), ""),
            ("expected_secs", count(), ""),
            ("failures", count(), ""),
            ("apply_deferrals", count(), ""),
        ]),
        object(&[
            (
                "owes",
                serde_json::json!({ "type": "boolean", "const": false }),
                "It is not in the plan.",
            ),
            ("replica", uuid(), ""),
            ("name", text(), ""),
            ("at", instant(), ""),
            ("title", text(), ""),
            ("sentence", text(), ""),
        ]),
    ])
}

fn word_true() -> Schema {
    serde_json::json!({ "type": "boolean", "const": true })
}
