//! Tenants, the rules that claim replicas for them, and findings.

use super::text_or_null;
use crate::http::openapi::schema::{
    Schema, between, closed, count, flag, instant, list, maybe, object, rows, shape, slug, text, uuid, words,
};

pub(super) fn shapes() -> Vec<(&'static str, Schema)> {
    let kind = || words(["trust-group", "primary", "storage-path"]);
    vec![
        (
            "Tenant",
            object(&[
                ("id", slug(), ""),
                ("name", text(), ""),
                (
                    "zone",
                    text(),
                    "IANA name of the zone that its days are counted in.",
                ),
                ("replicas", count(), ""),
                (
                    "from_file",
                    flag(),
                    "It stands in `config.toml`, and is changed there.",
                ),
                (
                    "rules",
                    list(object(&[
                        ("kind", kind(), ""),
                        ("text", text(), ""),
                        ("from_file", flag(), ""),
                        ("author", text_or_null(), ""),
                        ("at", maybe(instant()), ""),
                    ])),
                    "What claims replicas for it.",
                ),
                (
                    "frame",
                    maybe(shape("Frame")),
                    "Where it may move its window itself.",
                ),
                (
                    "window",
                    maybe(shape("Window")),
                    "Its own, as far as it counts; null is the policy's.",
                ),
                (
                    "brand",
                    object(&[
                        ("name", text_or_null(), ""),
                        ("accent", text_or_null(), ""),
                        ("logo", flag(), "Whether there is one."),
                    ]),
                    "What its pages look like; null is Stillpoint's own.",
                ),
            ]),
        ),
        (
            "Frame",
            closed(&[
                (
                    "within",
                    shape("Window"),
                    "A window lies inside, on this day or the one before.",
                ),
                ("minutes_min", between(0, 1_440), "The least length of a window."),
            ]),
        ),
        ("Tenants", rows("Tenant")),
        (
            "RulePreview",
            object(&[
                ("tenant", text(), ""),
                ("kind", kind(), ""),
                ("text", text(), ""),
                ("seen", count(), "Replicas that were looked at."),
                ("as_of", maybe(instant()), "The oldest of these looks."),
                ("stay", count(), "The tenant's already."),
                ("unseen_hosts", list(text()), "What is on them is not in this."),
                (
                    "claims",
                    list(object(&[
                        ("host", text(), ""),
                        ("vm", uuid(), ""),
                        ("name", text(), ""),
                        ("before", list(text()), "Tenants: none, one, or several."),
                        ("after", list(text()), ""),
                    ])),
                    "Replicas whose tenant would change.",
                ),
            ]),
        ),
        (
            "Finding",
            object(&[
                ("key", text(), "The same thing found again has the same."),
                ("kind", text(), ""),
                ("title", text(), ""),
                ("host", text_or_null(), ""),
                ("replica", maybe(uuid()), ""),
                ("name", text_or_null(), ""),
                ("since", instant(), ""),
                ("last_seen", instant(), ""),
                ("text", text(), ""),
                ("what_to_do", text(), ""),
            ]),
        ),
        ("Findings", rows("Finding")),
    ]
}
