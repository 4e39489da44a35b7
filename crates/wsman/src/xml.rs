//! Bytes of a peer to a bounded document: no DTD, no entities beyond the five, limited nesting, attributes and nodes.

use crate::limits::Limits;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use roxmltree::{Document, Node, ParsingOptions};
use std::borrow::Cow;

/// Why a document was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    #[error("the text is neither UTF-8 nor UTF-16 with a byte order mark")]
    Encoding,
    #[error("the document has a DOCTYPE, which is refused")]
    Doctype,
    #[error("elements are nested deeper than {limit}")]
    Depth { limit: usize },
    #[error("an element has more than {limit} attributes")]
    Attributes { limit: usize },
    #[error("the document has more than {limit} nodes")]
    Nodes { limit: u32 },
    #[error("not well-formed: {reason}")]
    Malformed { reason: String },
    #[error("expected {expected}, found {found}")]
    Unexpected { expected: String, found: String },
}

impl XmlError {
    pub(crate) fn unexpected(expected: impl Into<String>, found: impl Into<String>) -> Self {
        // A peer chooses the names, so they are cut before they reach a log.
        let found: String = found.into().chars().take(80).collect();
        Self::Unexpected {
            expected: expected.into(),
            found,
        }
    }
}

/// Decodes a body: UTF-8 with or without a mark, or UTF-16 with one.
///
/// # Errors
/// [`XmlError::Encoding`].
pub fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, XmlError> {
    let utf16 = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let (pairs, []) = rest.as_chunks::<2>() else {
            return Err(XmlError::Encoding);
        };
        char::decode_utf16(pairs.iter().map(|pair| unit(*pair)))
            .collect::<Result<String, _>>()
            .map(Cow::Owned)
            .map_err(|_| XmlError::Encoding)
    };
    match bytes {
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] | rest => std::str::from_utf8(rest)
            .map(Cow::Borrowed)
            .map_err(|_| XmlError::Encoding),
    }
}

/// Parses a text within the limits.
///
/// The bounds are checked in a streaming pass before a tree is built, so a hostile document costs no more than its length.
///
/// # Errors
/// [`XmlError`] naming the limit or the place.
pub fn parse<'a>(text: &'a str, limits: &Limits) -> Result<Document<'a>, XmlError> {
    check_bounds(text, limits)?;
    let options = ParsingOptions {
        allow_dtd: false,
        nodes_limit: limits.nodes,
        ..ParsingOptions::default()
    };
    Document::parse_with_options(text, options).map_err(|error| match error {
        roxmltree::Error::DtdDetected => XmlError::Doctype,
        roxmltree::Error::NodesLimitReached => XmlError::Nodes { limit: limits.nodes },
        error => XmlError::Malformed {
            reason: error.to_string().chars().take(200).collect(),
        },
    })
}

fn check_bounds(text: &str, limits: &Limits) -> Result<(), XmlError> {
    let mut reader = Reader::from_str(text);
    let mut depth = 0_usize;
    let attributes = |start: &BytesStart<'_>| {
        let more = start
            .attributes()
            .with_checks(false)
            .take(limits.attributes + 1)
            .count()
            > limits.attributes;
        if more {
            Err(XmlError::Attributes {
                limit: limits.attributes,
            })
        } else {
            Ok(())
        }
    };
    loop {
        match reader.read_event() {
            Ok(Event::Start(start)) => {
                depth += 1;
                if depth > limits.depth {
                    return Err(XmlError::Depth { limit: limits.depth });
                }
                attributes(&start)?;
            }
            Ok(Event::Empty(start)) => attributes(&start)?,
            Ok(Event::End(_)) => depth = depth.saturating_sub(1),
            Ok(Event::DocType(_)) => return Err(XmlError::Doctype),
            Ok(Event::Eof) => return Ok(()),
            Ok(_) => {}
            Err(error) => {
                return Err(XmlError::Malformed {
                    reason: error.to_string().chars().take(200).collect(),
                });
            }
        }
    }
}

/// The first child element of that name.
#[must_use]
pub fn child<'a, 'input>(node: Node<'a, 'input>, namespace: &str, name: &str) -> Option<Node<'a, 'input>> {
    node.children()
        .find(|child| child.is_element() && child.has_tag_name((namespace, name)))
}

/// All text directly inside an element, trimmed by nobody.
///
/// # Errors
/// [`XmlError::Unexpected`] when there are elements inside.
pub fn text_of(node: Node<'_, '_>) -> Result<String, XmlError> {
    let mut text = String::new();
    for child in node.children() {
        if child.is_element() {
            return Err(XmlError::unexpected(
                format!("text in {}", cut(node.tag_name().name())),
                format!("the element {}", child.tag_name().name()),
            ));
        }
        if child.is_text() {
            text.push_str(child.text().unwrap_or_default());
        }
    }
    Ok(text)
}

pub(crate) fn cut(name: &str) -> String {
    name.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instance::Instance;
    use proptest::prelude::*;

    #[track_caller]
    fn refused(text: &str, expect: &XmlError) {
        assert_eq!(parse(text, &Limits::default()).unwrap_err(), *expect);
    }

    #[test]
    fn nesting_has_a_bound() {
        let deep = |n: usize| format!("{}{}", "<a>".repeat(n), "</a>".repeat(n));
        assert!(parse(&deep(40), &Limits::default()).is_ok());
        refused(&deep(41), &XmlError::Depth { limit: 40 });
        // A stack would overflow here without the bound.
        refused(&"<a>".repeat(300_000), &XmlError::Depth { limit: 40 });
    }

    #[test]
    fn a_doctype_is_refused_and_its_entities_with_it() {
        let bomb = "<!DOCTYPE a [<!ENTITY x \"ha\"><!ENTITY y \"&x;&x;&x;\">]><a>&y;</a>";
        refused(bomb, &XmlError::Doctype);
        refused(
            "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>",
            &XmlError::Doctype,
        );
        assert!(parse("<a>&x;</a>", &Limits::default()).is_err());
    }

    #[test]
    fn attributes_and_nodes_have_bounds() {
        let attributes: String = (0..25).map(|n| format!(" a{n}=\"\"")).collect();
        refused(&format!("<a{attributes}/>"), &XmlError::Attributes { limit: 24 });
        refused(
            &format!("<a{attributes}></a>"),
            &XmlError::Attributes { limit: 24 },
        );
        let wide = format!("<r>{}</r>", "<a/>".repeat(200_001));
        refused(&wide, &XmlError::Nodes { limit: 200_000 });
    }

    #[test]
    fn truncated_text_is_an_error_at_every_length() {
        let whole = "<a xmlns:p=\"u\"><p:b c=\"1\">t<![CDATA[x]]></p:b></a>";
        for end in 0..whole.len() {
            assert!(
                parse(&whole[..end], &Limits::default()).is_err(),
                "{}",
                &whole[..end]
            );
        }
        assert!(parse(whole, &Limits::default()).is_ok());
    }

    #[test]
    fn utf_16_is_read_by_its_mark_and_wrong_bytes_are_refused() {
        let utf16 = |swap: bool| {
            let mark = if swap { [0xFE, 0xFF] } else { [0xFF, 0xFE] };
            let units = "<a>ä</a>".encode_utf16();
            mark.into_iter()
                .chain(units.flat_map(|u| if swap { u.to_be_bytes() } else { u.to_le_bytes() }))
                .collect::<Vec<u8>>()
        };
        assert_eq!(decode(&utf16(false)).unwrap(), "<a>ä</a>");
        assert_eq!(decode(&utf16(true)).unwrap(), "<a>ä</a>");
        assert_eq!(decode(b"\xEF\xBB\xBF<a/>").unwrap(), "<a/>");
        for bad in [&b"\xFF\xFEa"[..], b"\xFF\xFE\x00\xD8", b"<a>\xE4</a>", b"\x80"] {
            assert_eq!(decode(bad), Err(XmlError::Encoding), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_reading_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(text) = decode(&bytes) {
                let _ = parse(&text, &Limits::default());
            }
        }

        #[test]
        fn no_text_of_markup_makes_reading_panic(text in "[<>/a:=\"'&;\\[\\]!x \\-?]{0,120}") {
            if let Ok(document) = parse(&text, &Limits::default()) {
                let _ = Instance::read(document.root_element());
            }
        }
    }
}
