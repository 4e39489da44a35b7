//! Text to XML. Characters that XML 1.0 cannot carry are an error here, never a silent change of what was meant.

use crate::error::Unsendable;

/// True for the characters of XML 1.0.
fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..='\u{10FFFF}')
}

/// Appends `text` escaped for element content and for attribute values in double quotes.
pub(crate) fn escape(out: &mut String, text: &str) -> Result<(), Unsendable> {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // A parser turns these into spaces or line feeds unless they are written as references.
            '\t' => out.push_str("&#9;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            c if is_xml_char(c) => out.push(c),
            c => return Err(Unsendable::Character { code: u32::from(c) }),
        }
    }
    Ok(())
}

/// Appends a CDATA section; an end mark inside is split over two sections.
pub(crate) fn cdata(out: &mut String, text: &str) -> Result<(), Unsendable> {
    if let Some(c) = text.chars().find(|c| !is_xml_char(*c) || *c == '\r') {
        return Err(Unsendable::Character { code: u32::from(c) });
    }
    out.push_str("<![CDATA[");
    out.push_str(&text.replace("]]>", "]]]]><![CDATA[>"));
    out.push_str("]]>");
    Ok(())
}

/// Checks a name that becomes an element or attribute name: the names of WMI.
pub(crate) fn name(text: &str) -> Result<&str, Unsendable> {
    let mut chars = text.chars();
    let first = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    if first && text.len() <= 256 && chars.all(|c| c.is_ascii_alphanumeric() || c == '_') {
        Ok(text)
    } else {
        Err(Unsendable::Name {
            name: text.chars().take(80).collect(),
        })
    }
}
