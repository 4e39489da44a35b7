//! Arguments of a method, written in the only forms that a host takes.

use crate::cimxml::CimInstance;
use crate::error::Unsendable;
use crate::instance::EndpointReference;
use crate::names::{ANONYMOUS, ResourceUri};
use crate::writer;

/// One in-parameter's value.
#[derive(Debug, Clone, PartialEq)]
pub enum Argument {
    Text(String),
    Number(u64),
    Boolean(bool),
    /// `a:Address` and `a:ReferenceParameters` directly inside the parameter; wrapping them is a SchemaValidationError.
    Reference(EndpointReference),
    /// CIM-XML text in CDATA; an element tree is a SchemaValidationError.
    Embedded(CimInstance),
    /// The parameter's element repeated. An empty array leaves it out.
    Array(Vec<Argument>),
}

impl From<&str> for Argument {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// The body of an invoke: `<p:Method_INPUT>` with the parameters in the given order, which should be the MOF's.
pub(crate) fn write_input(
    out: &mut String,
    class: &ResourceUri,
    method: &str,
    arguments: &[(&str, Argument)],
) -> Result<(), Unsendable> {
    let method = writer::name(method)?;
    out.push_str(&format!("<p:{method}_INPUT xmlns:p=\""));
    writer::escape(out, class.as_str())?;
    out.push_str("\">");
    for (name, argument) in arguments {
        write_parameter(out, writer::name(name)?, argument)?;
    }
    out.push_str(&format!("</p:{method}_INPUT>"));
    Ok(())
}

fn write_parameter(out: &mut String, name: &str, argument: &Argument) -> Result<(), Unsendable> {
    if let Argument::Array(values) = argument {
        return values
            .iter()
            .try_for_each(|value| write_parameter(out, name, value));
    }
    out.push_str(&format!("<p:{name}>"));
    match argument {
        Argument::Text(text) => writer::escape(out, text)?,
        Argument::Number(number) => out.push_str(&number.to_string()),
        Argument::Boolean(value) => out.push_str(if *value { "true" } else { "false" }),
        Argument::Reference(reference) => {
            out.push_str(&format!(
                "<a:Address>{ANONYMOUS}</a:Address><a:ReferenceParameters>"
            ));
            write_target(out, &reference.resource, &reference.selectors)?;
            out.push_str("</a:ReferenceParameters>");
        }
        Argument::Embedded(instance) => writer::cdata(out, &instance.to_text()?)?,
        Argument::Array(_) => {}
    }
    out.push_str(&format!("</p:{name}>"));
    Ok(())
}

/// `w:ResourceURI` and `w:SelectorSet`, as in a header and in a reference.
fn write_target(
    out: &mut String,
    resource: &ResourceUri,
    selectors: &[(String, String)],
) -> Result<(), Unsendable> {
    out.push_str("<w:ResourceURI>");
    writer::escape(out, resource.as_str())?;
    out.push_str("</w:ResourceURI>");
    write_selectors(out, selectors)
}

pub(crate) fn write_selectors(out: &mut String, selectors: &[(String, String)]) -> Result<(), Unsendable> {
    if selectors.is_empty() {
        return Ok(());
    }
    out.push_str("<w:SelectorSet>");
    for (name, value) in selectors {
        out.push_str("<w:Selector Name=\"");
        writer::escape(out, name)?;
        out.push_str("\">");
        writer::escape(out, value)?;
        out.push_str("</w:Selector>");
    }
    out.push_str("</w:SelectorSet>");
    Ok(())
}
