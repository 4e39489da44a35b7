//! Replicas, attempts and hosts as rows.

use super::text_or_null;
use crate::http::openapi::schema::{
    Schema, between, code, count, day, flag, instant, list, maybe, object, page, shape, text, tuple, uuid,
    words,
};
use ::console::{Filter, Sort};

fn mark() -> Schema {
    words(["met", "late", "missed", "excused", "running", "unknown", "open"])
}

pub(super) fn shapes() -> Vec<(&'static str, Schema)> {
    let when = || maybe(instant());
    vec![
        ("Mark", mark()),
        (
            "Standing",
            object(&[
                ("mark", shape("Mark"), ""),
                ("code", maybe(code()), ""),
                ("text", text(), "In words."),
                ("at", when(), "Met at, or blocked since."),
                (
                    "percent",
                    maybe(between(0, 100)),
                    "Only where the host itself tells how far an export is.",
                ),
            ]),
        ),
        (
            "DayMark",
            object(&[
                ("day", day(), "In the tenant's zone."),
                (
                    "mark",
                    maybe(shape("Mark")),
                    "Null where the replica was not known yet.",
                ),
            ]),
        ),
        (
            "Held",
            object(&[
                ("by", text(), ""),
                ("until", instant(), ""),
                ("reason", text(), ""),
            ]),
        ),
        (
            "ReplicaQuery",
            object(&[
                ("filter", words(Filter::ALL.iter().map(|it| it.word())), ""),
                ("search", text(), ""),
                ("tenant", text_or_null(), ""),
                ("host", text_or_null(), ""),
                ("code", text_or_null(), ""),
                ("policy", text_or_null(), ""),
                ("sort", words(Sort::ALL.iter().map(|it| it.word())), ""),
                ("direction", words(["ascending", "descending"]), ""),
                ("cursor", text_or_null(), ""),
                ("limit", between(1, 500), ""),
            ]),
        ),
        (
            "ReplicasPage",
            page(
                "ReplicaRow",
                &[
                    ("zone", shape("Zone"), ""),
                    ("query", shape("ReplicaQuery"), "What was asked for."),
                    ("matching", count(), "Rows in all."),
                    ("before", count(), "Rows before this page."),
                    ("previous", text_or_null(), "For `cursor`: the page before."),
                    (
                        "counts",
                        list(object(&[
                            ("filter", words(Filter::ALL.iter().map(|it| it.word())), ""),
                            ("count", count(), ""),
                        ])),
                        "Rows per filter under the same search.",
                    ),
                ],
            ),
        ),
        (
            "ReplicaRow",
            object(&[
                ("id", uuid(), ""),
                ("name", text(), ""),
                ("tenant", text(), "Its name."),
                ("host", text(), ""),
                ("now", shape("Standing"), "What is the case now."),
                ("observed", when(), "When the gate's facts were read."),
                (
                    "days",
                    list(shape("DayMark")),
                    "The last 28 SLA days, oldest first; the last is today.",
                ),
                ("due", when(), "When the obligation that it is in is due."),
                ("at_risk", flag(), "Whether that is expected to be missed."),
                ("policy", text_or_null(), ""),
                ("held", maybe(shape("Held")), ""),
                ("interval_secs", count(), "Of replication: 30, 300 or 900."),
                ("disks", count(), ""),
                ("last_point", when(), ""),
                ("points", count(), ""),
                ("size_bytes", maybe(count()), "Of the last point's disks."),
                (
                    "added_bytes",
                    maybe(count()),
                    "What the last point added to the vault.",
                ),
            ]),
        ),
        (
            "AttemptRow",
            object(&[
                ("id", uuid(), ""),
                ("replica", uuid(), ""),
                ("name", text(), ""),
                ("tenant", text(), ""),
                ("host", text(), ""),
                ("started", instant(), ""),
                ("ended", when(), ""),
                ("mark", shape("Mark"), ""),
                ("outcome", text(), "Sealed, Deferred, Failed, Running."),
                ("code", maybe(code()), ""),
                ("reason", text(), ""),
                (
                    "times",
                    count(),
                    "Equal deferrals in a row that this row stands for.",
                ),
                ("first_started", instant(), "The first of them."),
                ("point", maybe(uuid()), ""),
                (
                    "steps",
                    list(object(&[
                        ("step", text(), ""),
                        ("phase", text(), "intent, done or undone."),
                        ("at", instant(), ""),
                    ])),
                    "The journal.",
                ),
            ]),
        ),
        ("AttemptsPage", page("AttemptRow", &[("zone", shape("Zone"), "")])),
        (
            "Host",
            object(&[
                ("host", text(), ""),
                ("build", text_or_null(), ""),
                ("trust", text(), "enrolled, not proven yet, too old."),
                ("trust_mark", shape("Mark"), ""),
                ("replicas", count(), ""),
                ("slots_used", count(), "Attempts that run there."),
                ("slots_max", count(), ""),
                (
                    "requests",
                    maybe(tuple(&[count(), count()])),
                    "Requests in the last minute, and how many may be.",
                ),
                (
                    "breaker",
                    text_or_null(),
                    "Why nothing starts there after failures in a row.",
                ),
                ("held", maybe(shape("Held")), ""),
                ("last_survey", when(), "The last good poll."),
                (
                    "error",
                    text_or_null(),
                    "The last poll's error, if it is newer than the last good one.",
                ),
            ]),
        ),
    ]
}
