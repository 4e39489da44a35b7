//! A tenant's own things.

use crate::http::openapi::schema::{
    Schema, code, count, day, flag, instant, list, maybe, object, outcome, owner, page, shape, text, uuid,
    word,
};

pub(super) fn shapes() -> Vec<(&'static str, Schema)> {
    vec![
        ("Own", whole()),
        ("OwnState", state()),
        ("OwnRow", row()),
        (
            "OwnReplicas",
            page(
                "OwnRow",
                &[("zone", text(), "IANA name."), ("total", count(), "")],
            ),
        ),
        ("OwnReplica", replica()),
        ("OwnPoint", point()),
        ("OwnPoints", page("OwnPoint", &[("total", count(), "")])),
        ("OwnDay", own_day()),
        (
            "OwnDays",
            page(
                "OwnDay",
                &[
                    ("zone", text(), "IANA name."),
                    ("from", day(), ""),
                    ("to", day(), ""),
                ],
            ),
        ),
        (
            "OwnWindow",
            object(&[
                ("zone", text(), "IANA name."),
                (
                    "policies",
                    list(shape("Window")),
                    "Those of the machines' policies.",
                ),
                (
                    "own",
                    maybe(shape("Window")),
                    "Where it was moved, as far as that counts.",
                ),
                (
                    "asked",
                    maybe(shape("Window")),
                    "Where it was moved last; `from` of the next move.",
                ),
                ("frame", maybe(shape("Frame")), "Where it may lie."),
                ("moved", maybe(instant()), ""),
            ]),
        ),
        (
            "WindowMoved",
            object(&[
                ("to", maybe(shape("Window")), "Null is the policy's."),
                ("from_day", maybe(day()), "The first under it."),
                (
                    "left_out",
                    maybe(day()),
                    "Not counted: its window would have opened before the move.",
                ),
                ("sentence", text(), "All of it, for people."),
            ]),
        ),
    ]
}

fn whole() -> Schema {
    let brand = object(&[
        ("name", maybe(text()), "Instead of Stillpoint's."),
        ("accent", maybe(text()), "`#rrggbb`."),
        ("logo", maybe(text()), "Its address."),
    ]);
    object(&[
        ("as_of", instant(), "When it was read."),
        ("tenant", text(), "Its id."),
        ("name", text(), ""),
        ("zone", text(), "IANA name."),
        ("from", day(), ""),
        ("to", day(), ""),
        ("raw", shape("Ratio"), ""),
        ("contract", shape("Ratio"), "Excused days left out."),
        ("late", count(), "Days."),
        ("missed", count(), "Days."),
        ("excused", count(), "Days."),
        ("excluded", count(), "Days."),
        ("open", count(), "Days that are not over."),
        ("brand", brand, "How the hoster lets your pages look."),
    ])
}

fn state() -> Schema {
    object(&[
        (
            "code",
            maybe(code()),
            "What stands in the way; null when nothing does, or while a backup is made.",
        ),
        ("title", text(), ""),
        ("sentence", text(), ""),
        ("whose", text(), "Whose move it is."),
        ("until", text(), "What ends it."),
        ("since", maybe(instant()), ""),
        ("observed", maybe(instant()), "When it was looked at last."),
    ])
}

fn row() -> Schema {
    object(&[
        ("id", uuid(), ""),
        ("name", text(), ""),
        ("state", shape("OwnState"), ""),
        ("raw", shape("Ratio"), "Of the last 90 days."),
        ("contract", shape("Ratio"), "Excused days left out."),
        ("points", count(), "Restore points."),
        ("newest_point", maybe(instant()), ""),
    ])
}

fn replica() -> Schema {
    let bar = object(&[
        ("day", day(), ""),
        ("counts_as", maybe(outcome()), "Null: nothing was owed."),
    ]);
    let lost = object(&[
        ("day", day(), ""),
        ("counts_as", outcome(), ""),
        ("owner", owner(), ""),
        ("why", text(), ""),
        ("next", text(), "What came next."),
        ("corrected", flag(), ""),
    ]);
    let asked = object(&[("at", instant(), ""), ("by", text(), "")]);
    object(&[
        ("as_of", instant(), "When it was read."),
        ("zone", text(), "IANA name."),
        ("id", uuid(), ""),
        ("name", text(), ""),
        ("replicates_every_secs", count(), ""),
        ("first_seen", instant(), ""),
        ("state", shape("OwnState"), ""),
        ("today", text(), "What is owed now, in a sentence."),
        ("day", maybe(shape("OwnDay")), "The day that it is in."),
        ("from", day(), ""),
        ("to", day(), ""),
        ("raw", shape("Ratio"), ""),
        ("contract", shape("Ratio"), "Excused days left out."),
        ("days", list(bar), "Ninety, oldest first."),
        ("lost", list(lost), "Newest first."),
        ("newest_point", maybe(instant()), ""),
        ("held_until", maybe(instant()), "The hoster holds it back."),
        (
            "asked",
            list(asked),
            "Backups that were asked for and still count, newest first.",
        ),
    ])
}

fn point() -> Schema {
    let disk = object(&[
        ("index", count(), ""),
        ("name", text(), ""),
        ("size_bytes", maybe(count()), ""),
        ("download", text(), "Its address."),
    ]);
    object(&[
        ("id", uuid(), ""),
        ("taken", instant(), ""),
        ("sealed", instant(), ""),
        ("read_bytes", count(), ""),
        ("added_bytes", count(), "New to the vault."),
        ("consistency", word("crash-consistent"), ""),
        ("evidence", text(), "What proves it."),
        ("disks", list(disk), ""),
    ])
}

fn own_day() -> Schema {
    object(&[
        ("replica", uuid(), ""),
        ("day", day(), ""),
        ("open", instant(), ""),
        ("due", instant(), ""),
        ("next_open", instant(), ""),
        ("counts_as", outcome(), ""),
        ("owner", maybe(owner()), "Whose a lost day was."),
        ("corrected", flag(), ""),
        ("taken", maybe(instant()), "When the point that met it was taken."),
    ])
}
