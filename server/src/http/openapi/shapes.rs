//! The shapes that answers are made of, by name.

mod days;
mod doors;
mod figures;
mod lists;
mod night;
mod own;
mod point;
mod replica;
mod rules;
mod tenants;

use super::schema::{Schema, between, instant, integer, line, list, maybe, object, text, tuple};

pub(in crate::http) use rules::{reason, reason_of};

type Named = (String, Schema);

pub fn all() -> Vec<Named> {
    let mut all: Vec<Named> = vec![("Problem".to_owned(), problem()), ("Zone".to_owned(), zone())];
    for (name, schema) in [
        lists::shapes(),
        replica::shapes(),
        point::shapes(),
        night::shapes(),
        days::shapes(),
        figures::shapes(),
        tenants::shapes(),
        own::shapes(),
        rules::shapes(),
        doors::shapes(),
    ]
    .into_iter()
    .flatten()
    {
        all.push((name.to_owned(), schema));
    }
    all
}

fn problem() -> Schema {
    object(&[
        (
            "type",
            text(),
            "Always `about:blank`: status and title say what it is.",
        ),
        ("title", text(), "What it is, in a few words."),
        ("status", between(400, 599), "The status of the answer."),
        (
            "detail",
            line(1, 100_000),
            "What is wrong with this request, for a person.",
        ),
        (
            "parameter?",
            text(),
            "The parameter, header or field that is not right.",
        ),
    ])
}

fn zone() -> Schema {
    object(&[
        ("name", text(), "IANA name."),
        (
            "offsets",
            list(tuple(&[instant(), integer()])),
            "Seconds east of UTC, from each instant on.",
        ),
    ])
}

/// A word or null.
fn text_or_null() -> Schema {
    maybe(text())
}
