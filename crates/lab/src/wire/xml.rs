//! Reading XML into a small tree, within bounds; writing text safely.
//!
//! Whatever a client sends, the tree is no deeper than [`DEPTH_MAX`], has no more than [`ELEMENTS_MAX`] elements and
//! copies no namespace longer than [`NAME_BYTES_MAX`], so memory is bounded by a small multiple of the request.

use quick_xml::NsReader;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::ResolveResult;

/// Nesting allowed; a real request needs fewer than 12.
pub const DEPTH_MAX: usize = 32;
/// Elements allowed in one request.
pub const ELEMENTS_MAX: usize = 4096;
/// Attributes allowed on one element, namespace declarations included.
pub const ATTRIBUTES_MAX: usize = 32;
/// Length allowed for a namespace or element name.
pub const NAME_BYTES_MAX: usize = 512;

/// Why a text was not read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum XmlError {
    #[error("the text is neither UTF-8 nor UTF-16: send it as UTF-8")]
    Encoding,
    #[error("a document type is not allowed in a request: leave it out")]
    DocumentType,
    #[error("the request holds more than {0}: send a smaller one")]
    TooMuch(&'static str),
    #[error("not well-formed: {0}")]
    Malformed(String),
}

/// One element with resolved names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Element {
    pub namespace: String,
    pub name: String,
    /// (namespace, local name, value), declarations left out.
    pub attributes: Vec<(String, String, String)>,
    pub children: Vec<Element>,
    /// All character data directly inside, joined.
    pub text: String,
}

impl Element {
    /// Whether this is the element `name` of `namespace`.
    #[must_use]
    pub fn is(&self, namespace: &str, name: &str) -> bool {
        self.namespace == namespace && self.name == name
    }

    /// The first child of that name.
    #[must_use]
    pub fn child(&self, namespace: &str, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.is(namespace, name))
    }

    /// The trimmed text of the first child of that name.
    #[must_use]
    pub fn child_text(&self, namespace: &str, name: &str) -> Option<&str> {
        self.child(namespace, name).map(|child| child.text.trim())
    }

    /// The value of an attribute; the namespace is empty for a plain one.
    #[must_use]
    pub fn attribute(&self, namespace: &str, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(n, l, _)| n == namespace && l == name)
            .map(|(_, _, value)| value.as_str())
    }
}

/// Bytes as text: UTF-8, or UTF-16 with a byte order mark.
///
/// # Errors
/// [`XmlError::Encoding`] for anything else.
pub fn decode(bytes: &[u8]) -> Result<String, XmlError> {
    let wide = |bytes: &[u8], read: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes
            .chunks_exact(2)
            .map(|pair| read([pair[0], pair[1]]))
            .collect();
        String::from_utf16(&units).map_err(|_| XmlError::Encoding)
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => std::str::from_utf8(rest)
            .map(str::to_owned)
            .map_err(|_| XmlError::Encoding),
        rest => std::str::from_utf8(rest)
            .map(str::to_owned)
            .map_err(|_| XmlError::Encoding),
    }
}

/// Reads one document.
///
/// # Errors
/// [`XmlError`] when it is not well-formed, declares a document type or exceeds a bound.
pub fn parse(text: &str) -> Result<Element, XmlError> {
    let mut reader = NsReader::from_str(text);
    reader.config_mut().check_end_names = true;
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    let mut elements = 0usize;
    loop {
        let event = reader.read_event().map_err(malformed)?;
        match event {
            Event::Start(start) => {
                elements += 1;
                bound(elements, ELEMENTS_MAX, "4096 elements")?;
                bound(open.len() + 1, DEPTH_MAX, "32 levels")?;
                if root.is_some() {
                    return Err(XmlError::Malformed("text after the document's end".to_owned()));
                }
                open.push(element(&reader, &start)?);
            }
            Event::Empty(start) => {
                elements += 1;
                bound(elements, ELEMENTS_MAX, "4096 elements")?;
                bound(open.len() + 1, DEPTH_MAX, "32 levels")?;
                let made = element(&reader, &start)?;
                close(made, &mut open, &mut root)?;
            }
            Event::End(_) => {
                let done = open
                    .pop()
                    .ok_or_else(|| XmlError::Malformed("an end without a start".to_owned()))?;
                close(done, &mut open, &mut root)?;
            }
            Event::Text(text) => push_text(&mut open, &text.xml10_content())?,
            Event::CData(text) => push_text(&mut open, &text.xml10_content())?,
            Event::GeneralRef(reference) => {
                let c = resolve(&reference)?;
                push_text(&mut open, c.encode_utf8(&mut [0; 4]))?;
            }
            Event::DocType(_) => return Err(XmlError::DocumentType),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof => break,
        }
    }
    if !open.is_empty() {
        return Err(XmlError::Malformed(
            "it ends in the middle of an element".to_owned(),
        ));
    }
    root.ok_or_else(|| XmlError::Malformed("it holds no element".to_owned()))
}

fn malformed(error: impl std::fmt::Display) -> XmlError {
    XmlError::Malformed(error.to_string())
}

fn bound(n: usize, max: usize, what: &'static str) -> Result<(), XmlError> {
    if n > max {
        Err(XmlError::TooMuch(what))
    } else {
        Ok(())
    }
}

fn close(done: Element, open: &mut [Element], root: &mut Option<Element>) -> Result<(), XmlError> {
    match open.last_mut() {
        Some(parent) => parent.children.push(done),
        None if root.is_none() => *root = Some(done),
        None => return Err(XmlError::Malformed("two documents in one".to_owned())),
    }
    Ok(())
}

fn push_text(open: &mut [Element], text: &str) -> Result<(), XmlError> {
    match open.last_mut() {
        Some(parent) => parent.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return Err(XmlError::Malformed("text outside of the document".to_owned())),
    }
    Ok(())
}

fn resolve(reference: &BytesRef<'_>) -> Result<char, XmlError> {
    if let Some(c) = reference.resolve_char_ref().map_err(malformed)? {
        return Ok(c);
    }
    match reference.xml10_content().as_ref() {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        other => Err(XmlError::Malformed(format!("the entity {other} is not known"))),
    }
}

fn element(reader: &NsReader<&[u8]>, start: &BytesStart<'_>) -> Result<Element, XmlError> {
    let (namespace, local) = reader.resolver().resolve_element(start.name());
    let mut made = Element {
        namespace: namespace_text(&namespace)?,
        name: name_text(local.into_inner())?,
        ..Element::default()
    };
    for (n, attribute) in start.attributes().enumerate() {
        bound(n + 1, ATTRIBUTES_MAX, "32 attributes on one element")?;
        let attribute = attribute.map_err(malformed)?;
        if attribute.key.as_namespace_binding().is_some() {
            continue;
        }
        let (namespace, local) = reader.resolver().resolve_attribute(attribute.key);
        let value = quick_xml::escape::unescape(attribute.value.as_ref())
            .map_err(malformed)?
            .into_owned();
        made.attributes
            .push((namespace_text(&namespace)?, name_text(local.into_inner())?, value));
    }
    Ok(made)
}

fn namespace_text(result: &ResolveResult<'_>) -> Result<String, XmlError> {
    match result {
        ResolveResult::Bound(namespace) => name_text(namespace.into_inner()),
        ResolveResult::Unbound => Ok(String::new()),
        ResolveResult::Unknown(prefix) => Err(XmlError::Malformed(format!(
            "the prefix {prefix:?} is not declared"
        ))),
    }
}

fn name_text(name: &str) -> Result<String, XmlError> {
    bound(name.len(), NAME_BYTES_MAX, "512 bytes in a name")?;
    Ok(name.to_owned())
}

/// Text as it may stand between tags or in an attribute; characters that XML 1.0 cannot carry become U+FFFD.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#13;"),
            '\t' | '\n' => out.push(c),
            c if c < ' ' || c == '\u{fffe}' || c == '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_entities_and_cdata_are_resolved() {
        let root = parse(
            "<?xml version='1.0'?><x:a xmlns:x='u' x:k='1 &lt; 2'><![CDATA[<b>]]>&amp;&#65;<x:c/></x:a>",
        )
        .unwrap();
        assert!(root.is("u", "a"));
        assert_eq!(root.text, "<b>&A");
        assert_eq!(root.attribute("u", "k"), Some("1 < 2"));
        assert!(root.child("u", "c").is_some());
    }

    #[test]
    fn a_document_type_is_refused() {
        assert_eq!(
            parse("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"),
            Err(XmlError::DocumentType)
        );
    }

    #[test]
    fn depth_and_count_are_bounded() {
        let deep = format!("{}{}", "<a>".repeat(33), "</a>".repeat(33));
        assert_eq!(parse(&deep), Err(XmlError::TooMuch("32 levels")));
        let many = format!("<a>{}</a>", "<b/>".repeat(ELEMENTS_MAX));
        assert_eq!(parse(&many), Err(XmlError::TooMuch("4096 elements")));
    }

    #[test]
    fn utf_16_with_a_mark_is_read() {
        let mut bytes = vec![0xff, 0xfe];
        bytes.extend("<a>ü</a>".encode_utf16().flat_map(u16::to_le_bytes));
        assert_eq!(parse(&decode(&bytes).unwrap()).unwrap().text, "ü");
    }

    #[test]
    fn half_a_document_two_documents_and_an_undeclared_prefix_are_refused() {
        for bad in [
            "<a>",
            "<a/><b/>",
            "</a>",
            "<x:a/>",
            "",
            "text",
            "<a>&nope;</a>",
            "<a b=c/>",
        ] {
            assert!(matches!(parse(bad), Err(XmlError::Malformed(_))), "{bad}");
        }
    }

    #[test]
    fn written_text_is_read_back() {
        let text = "a<b>&\"c\"\n\td";
        assert_eq!(parse(&format!("<a>{}</a>", escape(text))).unwrap().text, text);
    }
}
