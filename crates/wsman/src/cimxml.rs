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
