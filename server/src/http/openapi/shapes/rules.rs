//! What people lay down: policies, holds, acknowledgements, corrections.

use crate::http::openapi::schema::{
    Schema, between, closed, count, day, flag, instant, integer, line, list, map, maybe, object, one_of,
    outcome, owner, pattern, rows, shape, slug, text, uuid, word,
};

pub(super) fn shapes() -> Vec<(&'static str, Schema)> {
    let mut all = policies();
    all.extend(hands());
    all
}

/// What a person writes: one line.
pub(crate) fn reason() -> Schema {
    let mut schema = line(1, 500);
    schema["pattern"] = serde_json::json!(
        "^[^\\u0000-\\u001f\\u007f-\\u009f]*[^\\s\\u0000-\\u001f\\u007f-\\u009f][^\\u0000-\\u001f\\u007f-\\u009f]*$"
    );
    schema
}

fn wall_time() -> Schema {
    pattern("^([01][0-9]|2[0-3]):[0-5][0-9]$")
}

fn policies() -> Vec<(&'static str, Schema)> {
    let secs = |least, most| between(least, most);
    vec![
        (
            "Terms",
            closed(&[
                ("name", reason_of(120), "For people."),
                ("window", shape("Window"), ""),
                (
                    "target_bp",
                    between(0, 10_000),
                    "The promised share, in hundredths of a percent.",
                ),
                (
                    "retry",
                    closed(&[
                        (
                            "failures_max",
                            between(1, 100),
                            "Failures after which a day is given up.",
                        ),
                        ("failure_wait_secs", secs(1, 86_400), ""),
                        (
                            "failure_wait_secs_max",
                            secs(1, 86_400),
                            "Not less than `failure_wait_secs`.",
                        ),
                        (
                            "look_secs_max?",
                            looks(),
                            "Longest time between two looks, by blocker code.",
                        ),
                    ]),
                    "",
                ),
                (
                    "freshness_secs",
                    secs(30, 3_600),
                    "An older observation is unknown.",
                ),
                (
                    "hold_secs_max",
                    secs(60, 86_400),
                    "Longest time from checkpoint to end of export.",
                ),
                (
                    "pause",
                    one_of(&[
                        closed(&[("pause", word("never"), "")]),
                        closed(&[
                            ("pause", word("allowed"), ""),
                            ("secs_max", secs(10, 3_600), ""),
                            ("per_night_max", between(1, 1_000), ""),
                        ]),
                    ]),
                    "Whether the primary may be paused.",
                ),
                ("priority", between(1, 5), "5 goes first."),
                (
                    "owed_days?",
                    pattern("^(every|none|(mon|tue|wed|thu|fri|sat|sun)( (mon|tue|wed|thu|fri|sat|sun))*)$"),
                    "Days of the week; every, if not given.",
                ),
            ]),
        ),
        (
            "Policy",
            object(&[
                ("id", slug(), ""),
                ("version", count(), ""),
                ("terms", shape("Terms"), ""),
                ("author", text(), ""),
                ("at", instant(), ""),
            ]),
        ),
        (
            "Assignee",
            one_of(&[
                object(&[("to", word("site"), "Everyone without one of their own.")]),
                object(&[("to", word("tenant"), ""), ("tenant", slug(), "")]),
                object(&[("to", word("replica"), ""), ("replica", uuid(), "")]),
            ]),
        ),
        (
            "Catalogue",
            object(&[
                ("policies", list(shape("Policy")), "The newest version of each."),
                (
                    "assignments",
                    list(object(&[
                        ("assignee", shape("Assignee"), ""),
                        ("policy", slug(), ""),
                        ("author", text(), ""),
                        ("at", instant(), ""),
                    ])),
                    "",
                ),
            ]),
        ),
    ]
}

fn looks() -> Schema {
    let mut looks = map(between(10, 86_400));
    looks["propertyNames"] = crate::http::openapi::schema::code();
    looks
}

pub(crate) fn reason_of(most: u32) -> Schema {
    let mut schema = reason();
    schema["maxLength"] = most.into();
    schema
}

fn hands() -> Vec<(&'static str, Schema)> {
    vec![
        (
            "HoldTarget",
            one_of(&[
                object(&[("on", word("host"), ""), ("host", slug(), "")]),
                object(&[("on", word("tenant"), ""), ("tenant", slug(), "")]),
                object(&[("on", word("replica"), ""), ("replica", uuid(), "")]),
            ]),
        ),
        (
            "Hold",
            object(&[
                ("id", integer(), ""),
                ("target", shape("HoldTarget"), ""),
                ("from", instant(), ""),
                ("until", instant(), ""),
                ("reason", text(), ""),
                ("author", text(), ""),
                (
                    "lifted",
                    maybe(object(&[("at", instant(), ""), ("author", text(), "")])),
                    "Before its time.",
                ),
            ]),
        ),
        ("Holds", rows("Hold")),
        (
            "Acknowledgement",
            object(&[
                ("cause", text(), ""),
                ("at", instant(), ""),
                ("until", instant(), ""),
                ("note", text(), ""),
                ("author", text(), ""),
            ]),
        ),
        ("Acknowledgements", rows("Acknowledgement")),
        (
            "Change",
            one_of(&[
                object(&[("change", word("excuse"), ""), ("owner", owner(), "")]),
                object(&[("change", word("attribute"), ""), ("owner", owner(), "")]),
                object(&[("change", word("restore"), "What the rule said holds again.")]),
            ]),
        ),
        (
            "Correction",
            object(&[
                ("replica", uuid(), ""),
                ("day", day(), ""),
                ("seq", count(), ""),
                ("at", instant(), ""),
                ("author", text(), ""),
                ("reason", text(), ""),
                ("change", shape("Change"), ""),
            ]),
        ),
        ("Corrections", rows("Correction")),
        (
            "Corrected",
            object(&[
                ("replica", uuid(), ""),
                ("day", day(), ""),
                ("tenant", text(), ""),
                ("was", outcome(), "As it was closed."),
                ("counts_as", outcome(), ""),
                ("corrections", list(shape("Correction")), ""),
            ]),
        ),
        (
            "CancelRequested",
            object(&[
                ("attempt", uuid(), ""),
                ("replica", uuid(), ""),
                ("tenant", text(), ""),
                ("host", text(), ""),
                ("started", instant(), ""),
                ("requested", flag(), ""),
            ]),
        ),
        (
            "Window",
            closed(&[
                ("open", wall_time(), "In the tenant's zone."),
                ("due", wall_time(), ""),
                ("due_next_day", flag(), "Due on the day after it opened."),
            ]),
        ),
        (
            "Requested",
            object(&[("text", text(), "What happens now."), ("at", instant(), "")]),
        ),
    ]
}
