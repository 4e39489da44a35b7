//! Restore points.

use super::text_or_null;
use crate::http::openapi::schema::{
    Schema, count, instant, integer, list, maybe, object, page, shape, text, uuid, word,
};

pub(super) fn shapes() -> Vec<(&'static str, Schema)> {
    let consistency = || word("crash-consistent");
    let mut labelled = fields();
    labelled.push((
        "consistency",
        consistency(),
        "A replica VM is off: every point is that.",
    ));
    vec![
        ("PointRow", object(&fields())),
        ("LabelledPoint", object(&labelled)),
        (
            "PointsPage",
            page("LabelledPoint", &[("total", count(), "Points in all.")]),
        ),
        (
            "Point",
            object(&[
                ("as_of", instant(), ""),
                ("zone", shape("Zone"), ""),
                ("row", shape("PointRow"), ""),
                (
                    "consistency",
                    consistency(),
                    "A replica VM is off: every point is that.",
                ),
                ("attempt", uuid(), ""),
                ("token", count(), "The fencing token that sealed it."),
                (
                    "checks",
                    list(object(&[
                        ("mark", shape("Mark"), ""),
                        ("title", text(), ""),
                        ("sentence", text(), ""),
                    ])),
                    "Each check of the evidence.",
                ),
                (
                    "looks",
                    list(object(&[
                        ("host_time", instant(), ""),
                        ("gap_secs", maybe(integer()), ""),
                        ("last_apply", maybe(instant()), ""),
                        ("applies", count(), ""),
                        ("applies_text", text(), ""),
                    ])),
                    "The looks at the host's job list.",
                ),
                (
                    "answers",
                    list(object(&[
                        ("step", text(), ""),
                        ("request", text(), ""),
                        ("return_value", count(), ""),
                        ("job", text_or_null(), ""),
                    ])),
                    "What the host answered.",
                ),
                (
                    "disks",
                    list(object(&[
                        ("disk", maybe(count()), "Its number, where it is a disk."),
                        ("name", text(), ""),
                        ("bytes", count(), ""),
                        ("blake3", text(), ""),
                    ])),
                    "Disks and configuration files.",
                ),
                ("basis", text(), "Why this host is trusted."),
                ("held_secs", count(), "How long applies were held back."),
                (
                    "seal",
                    maybe(object(&[
                        ("algorithm", text(), ""),
                        ("key", text(), ""),
                        ("signature", text(), ""),
                        ("previous", text_or_null(), ""),
                    ])),
                    "",
                ),
                ("repository", text_or_null(), ""),
                (
                    "commands",
                    list(object(&[("title", text(), ""), ("line", text(), "")])),
                    "What takes it out, on the server.",
                ),
                ("document", text(), "The evidence as stored."),
            ]),
        ),
    ]
}

fn fields() -> Vec<(&'static str, Schema, &'static str)> {
    vec![
        ("id", uuid(), ""),
        ("replica", uuid(), ""),
        ("name", text(), ""),
        ("tenant", text(), ""),
        ("host", text(), ""),
        ("taken", instant(), "When the host accepted the checkpoint."),
        ("sealed", instant(), ""),
        ("disks", count(), ""),
        ("size_bytes", count(), ""),
        ("added_bytes", count(), "New to the vault."),
        ("mark", shape("Mark"), ""),
        ("proof", text(), "What backs it, short."),
        ("snapshot", text(), "The restic snapshot."),
    ]
}
