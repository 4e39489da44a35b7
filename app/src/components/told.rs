//! Sentences of the domain on screen: the instants in them as people tell time, the bytes with their unit.

use crate::format;
use chrono::{DateTime, SecondsFormat, Utc};
use console::Zone;
use leptos::prelude::*;

#[derive(Debug, PartialEq)]
enum Piece<'a> {
    Text(&'a str),
    At(DateTime<Utc>),
    Bytes(u64),
}

/// The API keeps RFC 3339; a reader gets `22:57:03 UTC` with the whole instant behind it.
pub fn told(zone: &Zone, as_of: DateTime<Utc>, text: &str) -> AnyView {
    pieces(text)
        .into_iter()
        .map(|piece| match piece {
            Piece::Text(text) => text.to_owned().into_any(),
            Piece::At(at) => {
                let machine = at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
                let text = format!("{} {}", format::moment_secs(zone, as_of, at), zone.name);
                view! { <time datetime=machine title=format::full(zone, at)>{text}</time> }.into_any()
            }
            Piece::Bytes(bytes) => {
                view! { <span title=format!("{bytes} bytes")>{format::bytes(bytes)}</span> }.into_any()
            }
        })
        .collect_view()
        .into_any()
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut begun, mut at) = (0, 0);
    while let Some(found) = text[at..].find(|c: char| c.is_ascii_digit()) {
        let from = at + found;
        let run = |more: fn(char) -> bool| {
            let rest = &text[from..];
            rest.find(|c: char| !(c.is_ascii_digit() || more(c)))
                .map_or(text.len(), |length| from + length)
        };
        let inside = text[..from].ends_with(|c: char| c.is_alphanumeric() || c == '-');
        let long = run(|c| matches!(c, 'T' | 'Z' | ':' | '.' | '+' | '-'));
        let instant = text[from..long].trim_end_matches(['.', ':', '-', '+']);
        let digits = run(|_| false);
        let number = text[from..digits].parse::<u64>().ok().filter(|n| *n >= 1000);
        let (piece, end) = match (instant.parse::<DateTime<Utc>>(), number) {
            _ if inside => (None, digits),
            (Ok(at), _) => (Some(Piece::At(at)), from + instant.len()),
            (_, Some(n)) if text[digits..].starts_with(" bytes") => {
                (Some(Piece::Bytes(n)), digits + " bytes".len())
            }
            _ => (None, digits),
        };
        if let Some(piece) = piece {
            if begun < from {
                pieces.push(Piece::Text(&text[begun..from]));
            }
            pieces.push(piece);
            begun = end;
        }
        at = end;
    }
    if begun < text.len() {
        pieces.push(Piece::Text(&text[begun..]));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_and_bytes_in_a_sentence_are_found_and_nothing_else() {
        let at = |text: &str| Piece::At(text.parse().expect("a time"));
        assert_eq!(
            pieces("job 69B8C5A7-63BD of type 97, started 2026-11-22T23:49:00.941540+00:00 on the host."),
            [
                Piece::Text("job 69B8C5A7-63BD of type 97, started "),
                at("2026-11-22T23:49:00.941540Z"),
                Piece::Text(" on the host."),
            ]
        );
        assert_eq!(pieces("2026-11-22T23:48:47Z"), [at("2026-11-22T23:48:47Z")]);
        assert_eq!(
            pieces("Build 10.0.20348 at 2026-11-22T23:48:47Z."),
            [
                Piece::Text("Build 10.0.20348 at "),
                at("2026-11-22T23:48:47Z"),
                Piece::Text("."),
            ]
        );
        assert_eq!(
            pieces("About 53687091 bytes are needed and 12 bytes are free."),
            [
                Piece::Text("About "),
                Piece::Bytes(53_687_091),
                Piece::Text(" are needed and 12 bytes are free."),
            ]
        );
        assert_eq!(pieces("Zürich 2026-11-22"), [Piece::Text("Zürich 2026-11-22")]);
        assert_eq!(pieces(""), []);
    }
}
