//! SLA days with their stories.

use crate::http::openapi::schema::{
    Schema, code, count, day, flag, instant, list, maybe, object, one_of, outcome, owner, page, shape, text,
    uuid, word,
};

pub(super) fn shapes() -> Vec<(&'static str, Schema)> {
    let when = || maybe(instant());
    let sealed = || {
        vec![
            ("point", uuid(), ""),
            ("taken", instant(), ""),
            ("sealed", instant(), ""),
        ]
    };
    let attribution = || ("attribution", shape("Attribution"), "");
    let kind = |kind: &str, mut more: Vec<(&'static str, Schema, &'static str)>| {
        more.push(("outcome", word(kind), ""));
        object(&more)
    };
    let mut late = sealed();
    late.push(attribution());
    vec![
        (
            "Obligation",
            object(&[
                ("replica", uuid(), ""),
                ("tenant", text(), ""),
                ("day", day(), "In the tenant's zone."),
                ("open", instant(), ""),
                ("due", instant(), ""),
                ("next_open", instant(), ""),
                ("counts_as", outcome(), "With its corrections."),
                ("owner", maybe(owner()), "Whose a lost day was."),
                ("corrected", flag(), ""),
                ("attempts", count(), ""),
                ("deferrals", count(), ""),
                ("taken", when(), ""),
            ]),
        ),
        (
            "Obligations",
            page("Obligation", &[("from", day(), ""), ("to", day(), "")]),
        ),
        (
            "Attribution",
            object(&[
                ("owner", owner(), ""),
                (
                    "cause",
                    maybe(code()),
                    "What took most of the window among the owner's.",
                ),
                (
                    "shares",
                    list(object(&[
                        ("code", code(), ""),
                        ("owner", owner(), ""),
                        ("secs", count(), ""),
                    ])),
                    "",
                ),
                ("window_secs", count(), ""),
                (
                    "gap_secs",
                    count(),
                    "Longest stretch without a blocker of the tenant or of others.",
                ),
                ("usable_secs", count(), "How long an attempt needs."),
            ]),
        ),
        (
            "Outcome",
            one_of(&[
                kind("open", vec![]),
                kind("met", sealed()),
                kind("met-late", late),
                kind("missed", vec![attribution()]),
                kind(
                    "excused",
                    vec![("owner", owner(), ""), ("why", text(), ""), attribution()],
                ),
                kind("excluded", vec![("exclusion", exclusion(), "")]),
            ]),
        ),
        (
            "Day",
            object(&[
                ("as_of", instant(), ""),
                ("replica", uuid(), ""),
                ("tenant", text(), ""),
                ("day", day(), ""),
                ("zone", text(), "As it was frozen when the day opened."),
                (
                    "policy",
                    object(&[
                        ("id", text(), ""),
                        ("version", count(), ""),
                        ("terms", shape("Terms"), "As they were frozen."),
                    ]),
                    "",
                ),
                ("open", instant(), ""),
                ("due", instant(), ""),
                ("next_open", instant(), ""),
                ("opened_at", instant(), ""),
                ("closed_at", when(), ""),
                ("outcome", shape("Outcome"), "As it was closed."),
                ("counts_as", outcome(), "With its corrections."),
                ("headline", text(), ""),
                ("sentences", list(text()), "The story."),
                (
                    "tally",
                    object(&[
                        ("attempts", count(), ""),
                        ("deferrals", count(), ""),
                        ("apply_deferrals", count(), ""),
                        ("failures", count(), "That cost an attempt."),
                        ("newest", maybe(uuid()), ""),
                    ]),
                    "",
                ),
                (
                    "attempts",
                    list(object(&[
                        ("attempt", uuid(), ""),
                        ("began", instant(), ""),
                        (
                            "end",
                            maybe(one_of(&[
                                object(&[("end", word("deferred"), ""), ("code", code(), "")]),
                                object(&[("end", word("failed"), ""), ("counts", flag(), "")]),
                                object(&[("end", word("sealed"), "")]),
                            ])),
                            "Null while it runs.",
                        ),
                    ])),
                    "",
                ),
                ("corrections", list(shape("Correction")), "Oldest first."),
            ]),
        ),
    ]
}

fn exclusion() -> Schema {
    one_of(&[
        object(&[("exclusion", word("appeared"), ""), ("first_seen", instant(), "")]),
        object(&[
            ("exclusion", word("agreed"), ""),
            ("reason", text(), ""),
            ("author", text(), ""),
        ]),
        object(&[
            ("exclusion", word("absent"), ""),
            ("since", instant(), ""),
            ("until", instant(), ""),
        ]),
        object(&[("exclusion", word("no-window"), "")]),
    ])
}
