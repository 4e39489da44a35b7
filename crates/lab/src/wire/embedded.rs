//! Reading embedded instances: CIM-XML text inside a string parameter (spec 5.4).

use std::collections::BTreeMap;

use super::xml::{self, Element};

/// An instance that a client handed over as text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Embedded {
    pub class: String,
    /// Scalars and arrays by name; a property without a value is absent.
    values: BTreeMap<String, Vec<String>>,
}

/// Why the text is not an embedded instance.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not an embedded instance: {0}")]
pub struct EmbeddedError(String);

impl Embedded {
    /// Reads CIM-XML; an `INSTANCE` element, with or without the declarations around it.
    ///
    /// # Errors
    /// [`EmbeddedError`] when the text is something else.
    pub fn parse(text: &str) -> Result<Self, EmbeddedError> {
        let root = xml::parse(text.trim()).map_err(|e| EmbeddedError(e.to_string()))?;
        if !root.is("", "INSTANCE") {
            return Err(EmbeddedError(format!("it begins with {}", root.name)));
        }
        let class = root
            .attribute("", "CLASSNAME")
            .ok_or_else(|| EmbeddedError("CLASSNAME is missing".to_owned()))?;
        let mut made = Self {
            class: class.to_owned(),
            values: BTreeMap::new(),
        };
        for property in &root.children {
            let name = property.attribute("", "NAME").unwrap_or_default();
            let typed = property.attribute("", "TYPE").is_some();
            let values = match property.name.as_str() {
                "QUALIFIER" => continue,
                "PROPERTY" if typed && !name.is_empty() => values_of(property),
                "PROPERTY.ARRAY" if typed && !name.is_empty() => property
                    .child("", "VALUE.ARRAY")
                    .map(values_of)
                    .unwrap_or_default(),
                other => {
                    return Err(EmbeddedError(format!(
                        "{other} {name} is no property with NAME and TYPE"
                    )));
                }
            };
            if !values.is_empty() {
                made.values.insert(name.to_owned(), values);
            }
        }
        Ok(made)
    }

    /// A scalar as text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.values
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .and_then(|(_, v)| v.first())
            .map(String::as_str)
    }

    /// A scalar as a number.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u64> {
        self.text(name)?.trim().parse().ok()
    }

    /// A scalar as a boolean, any case.
    #[must_use]
    pub fn boolean(&self, name: &str) -> Option<bool> {
        match self.text(name)?.trim().to_ascii_lowercase().as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }
}

fn values_of(parent: &Element) -> Vec<String> {
    parent
        .children
        .iter()
        .filter(|c| c.is("", "VALUE"))
        .map(|c| c.text.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_arrays_and_missing_values_are_read() {
        let text = "<INSTANCE CLASSNAME=\"C\"><PROPERTY NAME=\"N\" TYPE=\"uint16\"><VALUE>1</VALUE></PROPERTY>\
            <PROPERTY NAME=\"Empty\" TYPE=\"string\"/><PROPERTY NAME=\"Flag\" TYPE=\"boolean\"><VALUE>TRUE</VALUE></PROPERTY>\
            <PROPERTY.ARRAY NAME=\"A\" TYPE=\"string\"><VALUE.ARRAY><VALUE>x</VALUE></VALUE.ARRAY></PROPERTY.ARRAY></INSTANCE>";
        let e = Embedded::parse(text).unwrap();
        assert_eq!(
            (
                e.class.as_str(),
                e.number("n"),
                e.text("Empty"),
                e.boolean("Flag")
            ),
            ("C", Some(1), None, Some(true))
        );
        assert_eq!(e.text("A"), Some("x"));
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in [
            "",
            "x",
            "<a/>",
            "<INSTANCE/>",
            "<INSTANCE CLASSNAME='C'><X/></INSTANCE>",
        ] {
            assert!(Embedded::parse(bad).is_err(), "{bad}");
        }
    }
}
