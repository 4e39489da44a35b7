//! Tenants, the rules that claim replicas for them, and findings.

use super::text_or_null;
use crate::http::openapi::schema::{
    Schema, count, flag, instant, list, maybe, object, rows, slug, text, uuid, words,
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
