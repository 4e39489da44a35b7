//! One replica.

use super::text_or_null;
use crate::http::openapi::schema::{
    Schema, between, code, count, day, flag, instant, integer, list, maybe, object, one_of, shape, text,
    tuple, uuid, word, words,
};

pub(super) fn shapes() -> Vec<(&'static str, Schema)> {
    let when = || maybe(instant());
    let span = || object(&[("from", instant(), ""), ("to", when(), "Null while it holds.")]);
    vec![
        (
            "Blocker",
            object(&[
                ("code", code(), ""),
                ("title", text(), ""),
                ("mark", shape("Mark"), ""),
                ("sentence", text(), "What it is."),
                ("evidence", text(), "What was read on the host that says so."),
                ("since", when(), ""),
                ("releases", text(), "What releases it."),
                ("whose", text(), "Whose move it is."),
                ("lasts", text(), ""),
                ("next_look", when(), ""),
            ]),
        ),
        (
            "Verdict",
            object(&[
                ("kind", words(["clear", "blocked", "unknown"]), ""),
                ("title", text(), ""),
                ("sentence", text(), "Why."),
                ("since", when(), ""),
                ("observed", when(), ""),
                ("blockers", list(shape("Blocker")), ""),
            ]),
        ),
        (
            "Timeline",
            object(&[
                ("from", instant(), ""),
                ("to", instant(), ""),
                (
                    "lanes",
                    list(object(&[
                        ("code", code(), ""),
                        ("title", text(), ""),
                        ("mark", shape("Mark"), ""),
                        ("spans", list(span()), ""),
                    ])),
                    "One per code that occurs.",
                ),
                (
                    "attempts",
                    list(object(&[
                        ("id", uuid(), ""),
                        ("from", instant(), ""),
                        ("to", when(), ""),
                        ("mark", shape("Mark"), ""),
                        ("text", text(), ""),
                    ])),
                    "",
                ),
            ]),
        ),
        (
            "Owed",
            object(&[
                ("day", day(), ""),
                ("mark", shape("Mark"), ""),
                ("outcome", text(), ""),
                ("opens", instant(), ""),
                ("due", instant(), ""),
                ("headline", text(), ""),
                ("sentences", list(text()), ""),
                (
                    "plan",
                    maybe(object(&[
                        ("at", instant(), "When it was planned."),
                        ("title", text(), ""),
                        ("sentence", text(), ""),
                        ("code", maybe(code()), ""),
                        ("mark", shape("Mark"), ""),
                        ("whose", text(), ""),
                        ("since", when(), ""),
                        ("until", when(), ""),
                        ("next", when(), "When it is looked at again at the latest."),
                        (
                            "turn",
                            maybe(count()),
                            "Its place in the line, from 1; null when it does not wait for room.",
                        ),
                        ("in_line", count(), "How many wait for room."),
                        (
                            "slack_secs",
                            integer(),
                            "Negative when it is expected to be too late.",
                        ),
                        ("expected_secs", count(), "What an attempt takes."),
                    ])),
                    "Null when it is not in the plan.",
                ),
                (
                    "chance",
                    maybe(one_of(&[
                        object(&[
                            ("chance", word("known"), ""),
                            (
                                "missed_bp",
                                between(0, 10_000),
                                "Hundredths of a percent of being missed.",
                            ),
                        ]),
                        object(&[
                            ("chance", word("no-estimate"), ""),
                            ("days_seen", count(), ""),
                            ("days_needed", count(), ""),
                        ]),
                    ])),
                    "",
                ),
                ("risk", text_or_null(), "What makes the most of the risk."),
            ]),
        ),
        (
            "HoldRow",
            object(&[
                ("id", count(), ""),
                ("on", words(["host", "tenant", "replica"]), ""),
                ("name", text(), ""),
                ("replica", maybe(uuid()), ""),
                ("from", instant(), ""),
                ("until", instant(), ""),
                ("reason", text(), ""),
                ("author", text(), ""),
                ("lifted", maybe(tuple(&[instant(), text()])), "When, and by whom."),
                ("active", flag(), ""),
                ("keeps", count(), "Open obligations that it keeps now."),
            ]),
        ),
        (
            "PauseRow",
            object(&[
                ("attempt", uuid(), ""),
                ("replica", uuid(), ""),
                ("name", text(), ""),
                ("tenant", text(), ""),
                ("primary", text(), ""),
                ("state", text(), "Asked for, Paused, Resuming, Resumed."),
                ("mark", shape("Mark"), ""),
                ("intended", instant(), ""),
                ("paused", when(), ""),
                ("until", instant(), "The watchdog resumes after this."),
                ("resumed", when(), "Observed resumed."),
                ("trouble", text_or_null(), ""),
            ]),
        ),
        ("Replica", replica()),
    ]
}

fn replica() -> Schema {
    object(&[
        ("as_of", instant(), ""),
        ("zone", shape("Zone"), ""),
        ("id", uuid(), ""),
        ("vm", uuid(), "The GUID that the tenant's side chose."),
        ("name", text(), ""),
        ("tenant", text(), ""),
        ("host", text(), ""),
        ("primary", text_or_null(), ""),
        ("interval_secs", count(), ""),
        ("disks", list(text()), ""),
        ("size_bytes", maybe(count()), ""),
        ("first_seen", instant(), ""),
        (
            "freshness_limit_secs",
            count(),
            "An older observation says nothing any more.",
        ),
        ("tonight", shape("Standing"), ""),
        ("due", instant(), ""),
        ("attempts_tonight", count(), ""),
        ("deferrals_tonight", count(), ""),
        ("verdict", shape("Verdict"), "The gate's answer."),
        (
            "cadence",
            maybe(object(&[
                ("period_secs", count(), ""),
                ("apply_ms_typical", count(), ""),
                ("apply_ms_longest", count(), ""),
                (
                    "still_percent",
                    between(0, 100),
                    "How much of the time no log is applied.",
                ),
                ("next_gap", maybe(instant()), ""),
                ("samples", count(), ""),
            ])),
            "How its applies come and go.",
        ),
        ("timeline", shape("Timeline"), "What stood in the way over time."),
        (
            "attempts",
            list(shape("AttemptRow")),
            "This night's, newest first.",
        ),
        ("points", list(shape("PointRow")), "Newest first, at most 20."),
        ("points_total", count(), ""),
        (
            "days",
            list(shape("DayMark")),
            "The last 28 SLA days, oldest first.",
        ),
        (
            "calendar",
            list(object(&[
                ("mark", shape("DayMark"), ""),
                ("word", text(), ""),
                ("corrected", flag(), ""),
            ])),
            "This month and two before it.",
        ),
        ("owed", maybe(shape("Owed")), "The obligation that it is in."),
        (
            "policy",
            maybe(object(&[
                ("id", text(), ""),
                ("name", text(), ""),
                ("version", count(), ""),
                ("source", words(["replica", "tenant", "site"]), ""),
            ])),
            "",
        ),
        (
            "holds",
            list(shape("HoldRow")),
            "In force on it, its tenant or its host.",
        ),
        (
            "pauses",
            list(shape("PauseRow")),
            "Of its primary, newest first, at most 10.",
        ),
        ("running", maybe(uuid()), "The attempt that runs."),
        (
            "facts",
            list(object(&[
                ("label", text(), ""),
                ("value", text(), ""),
                ("raw", text_or_null(), ""),
            ])),
            "What the host said.",
        ),
    ])
}
