//! Embedded instances as CIM-XML text: the only form a host takes in a string parameter.

use crate::error::Unsendable;
use crate::instance::{Instance, Value};
use crate::limits::Limits;
use crate::time;
use crate::writer;
use crate::xml::{self, XmlError, cut, text_of};
use chrono::{DateTime, Utc};
use roxmltree::Node;

/// A value with its CIM type, which the text names.
#[derive(Debug, Clone, PartialEq)]
pub enum CimValue {
    Boolean(bool),
    Uint8(u8),
    Uint16(u16),
    Uint32(u32),
    Uint64(u64),
    Text(String),
    DateTime(DateTime<Utc>),
    Texts(Vec<String>),
}

/// An instance to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct CimInstance {
    class: &'static str,
    properties: Vec<(&'static str, CimValue)>,
}

impl CimInstance {
    #[must_use]
    pub fn new(class: &'static str) -> Self {
        Self {
            class,
            properties: Vec::new(),
        }
    }

    /// Adds a property; those not added keep the host's default.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: CimValue) -> Self {
        self.properties.push((name, value));
        self
    }

    /// The CIM-XML text.
    ///
    /// # Errors
    /// [`Unsendable`] for a character or time that has no spelling.
    pub fn to_text(&self) -> Result<String, Unsendable> {
        let mut out = format!("<INSTANCE CLASSNAME=\"{}\">", writer::name(self.class)?);
        for (name, value) in &self.properties {
            write_property(&mut out, writer::name(name)?, value)?;
        }
        out.push_str("</INSTANCE>");
        Ok(out)
    }
}

fn write_property(out: &mut String, name: &str, value: &CimValue) -> Result<(), Unsendable> {
    let (cim_type, text) = match value {
        CimValue::Boolean(value) => ("boolean", value.to_string()),
        CimValue::Uint8(value) => ("uint8", value.to_string()),
        CimValue::Uint16(value) => ("uint16", value.to_string()),
        CimValue::Uint32(value) => ("uint32", value.to_string()),
        CimValue::Uint64(value) => ("uint64", value.to_string()),
        CimValue::Text(value) => ("string", value.clone()),
        CimValue::DateTime(value) => {
            let text = time::to_wmi(*value).ok_or_else(|| Unsendable::Time {
                time: value.to_string(),
            })?;
            ("datetime", text)
        }
        CimValue::Texts(values) => {
            out.push_str(&format!(
                "<PROPERTY.ARRAY NAME=\"{name}\" TYPE=\"string\"><VALUE.ARRAY>"
            ));
            for value in values {
                write_value(out, value)?;
            }
            out.push_str("</VALUE.ARRAY></PROPERTY.ARRAY>");
            return Ok(());
        }
    };
    out.push_str(&format!("<PROPERTY NAME=\"{name}\" TYPE=\"{cim_type}\">"));
    write_value(out, &text)?;
    out.push_str("</PROPERTY>");
    Ok(())
}

fn write_value(out: &mut String, text: &str) -> Result<(), Unsendable> {
    out.push_str("<VALUE>");
    writer::escape(out, text)?;
    out.push_str("</VALUE>");
    Ok(())
}

/// Reads CIM-XML text that a host sent.
///
/// # Errors
/// [`XmlError`] when it is not one `INSTANCE` or passes a limit.
pub fn parse(text: &str, limits: &Limits) -> Result<Instance, XmlError> {
    let document = xml::parse(text.trim(), limits)?;
    let root = document.root_element();
    if root.tag_name().name() != "INSTANCE" {
        return Err(XmlError::unexpected("an INSTANCE", root.tag_name().name()));
    }
    let class = root.attribute("CLASSNAME").map(cut).unwrap_or_default();
    let mut instance = Instance {
        class,
        ..Instance::default()
    };
    for property in root.children().filter(Node::is_element) {
        let name = property.tag_name().name();
        let Some(key) = property
            .attribute("NAME")
            .filter(|_| name.starts_with("PROPERTY"))
        else {
            continue;
        };
        let value = if name == "PROPERTY.ARRAY" {
            array(property)?
        } else {
            scalar(property)?
        };
        // An empty array is absent, as on the wire.
        if let Some(value) = value {
            instance.properties.insert(key.to_owned(), value);
        }
    }
    Ok(instance)
}

fn scalar(property: Node<'_, '_>) -> Result<Option<Value>, XmlError> {
    let Some(value) = property.children().find(|node| node.is_element()) else {
        return Ok(Some(Value::Null));
    };
    let text = match value.tag_name().name() {
        "VALUE" => text_of(value)?,
        // Paths as references: nobody needs them so far, and their text is no plain value.
        _ => return Ok(None),
    };
    Ok(Some(match property.attribute("TYPE") {
        Some("datetime") if text.ends_with(":000") => Value::Interval(text),
        Some("datetime") => Value::DateTime(text),
        _ => Value::Text(text),
    }))
}

fn array(property: Node<'_, '_>) -> Result<Option<Value>, XmlError> {
    let values = property
        .children()
        .filter(|node| node.tag_name().name() == "VALUE.ARRAY")
        .flat_map(|array| array.children())
        .filter(Node::is_element)
        .map(|value| text_of(value).map(Value::Text))
        .collect::<Result<Vec<_>, _>>()?;
    Ok((!values.is_empty()).then_some(Value::Array(values)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ERROR: &str = r#"<INSTANCE CLASSNAME="Msvm_Error"><PROPERTY NAME="MessageID" TYPE="string"><VALUE>33414</VALUE></PROPERTY>
        <PROPERTY NAME="OwningEntity" TYPE="string"></PROPERTY>
        <PROPERTY NAME="TimeBeforeRemoval" TYPE="datetime"><VALUE>00000000000500.000000:000</VALUE></PROPERTY>
        <PROPERTY NAME="Seen" TYPE="datetime"><VALUE>20260729141100.026037+000</VALUE></PROPERTY>
        <PROPERTY.ARRAY NAME="Arguments" TYPE="string"><VALUE.ARRAY><VALUE>a</VALUE><VALUE>b &amp; c</VALUE></VALUE.ARRAY></PROPERTY.ARRAY>
        <PROPERTY.ARRAY NAME="None" TYPE="string"/></INSTANCE>"#;

    #[test]
    fn a_text_from_a_host_is_read_with_nulls_arrays_and_times() {
        let read = parse(ERROR, &Limits::default()).unwrap();
        assert_eq!(read.class, "Msvm_Error");
        assert_eq!(read.number::<u32>("MessageID").unwrap(), Some(33414));
        assert_eq!(read.text("OwningEntity").unwrap(), None);
        assert_eq!(read.interval_ms("TimeBeforeRemoval").unwrap(), Some(300_000));
        assert_eq!(
            read.instant("Seen").unwrap().unwrap().timestamp_subsec_micros(),
            26037
        );
        assert_eq!(read.texts("Arguments").unwrap(), ["a", "b & c"]);
        assert!(read.texts("None").unwrap().is_empty());
    }

    #[test]
    fn a_text_that_is_no_instance_is_refused() {
        for text in [
            "",
            "hello",
            "<CLASS/>",
            "<INSTANCE",
            "<!DOCTYPE x><INSTANCE CLASSNAME='a'/>",
        ] {
            assert!(parse(text, &Limits::default()).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn damaged_text_never_panics(at in 0..ERROR.len(), text in "\\PC{0,6}") {
            let mut damaged = ERROR.to_owned();
            if damaged.is_char_boundary(at) {
                damaged.insert_str(at, &text);
            }
            let _ = parse(&damaged, &Limits::default());
            let _ = parse(&damaged[..at.min(damaged.len())], &Limits::default());
        }
    }
}
