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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cimxml::{self, CimValue};
    use crate::instance::{Instance, Value};
    use crate::limits::Limits;
    use crate::names::{ADDRESSING, WSMAN};
    use proptest::prelude::*;

    const CLASS: &str = "Msvm_Service";

    /// Writes an invoke, reads it back with an XML parser, and gives the parameters as a host would see them.
    fn sent(arguments: &[(&str, Argument)]) -> Instance {
        let class = ResourceUri::class("root/x", CLASS);
        let mut body = format!("<r xmlns:a=\"{ADDRESSING}\" xmlns:w=\"{WSMAN}\">");
        write_input(&mut body, &class, "Do", arguments).unwrap();
        body.push_str("</r>");
        let document = roxmltree::Document::parse(&body).unwrap();
        let input = document.root_element().first_element_child().unwrap();
        assert!(input.has_tag_name((class.as_str(), "Do_INPUT")));
        assert!(
            input
                .children()
                .all(|child| child.tag_name().namespace() == Some(class.as_str()))
        );
        Instance::read(input).unwrap()
    }

    #[test]
    fn a_reference_stands_directly_inside_its_parameter() {
        let reference = EndpointReference::new(ResourceUri::class("root/x", "C"), &[("Name", "<&\">")]);
        let class = ResourceUri::class("root/x", CLASS);
        let mut body = String::new();
        write_input(
            &mut body,
            &class,
            "Do",
            &[("System", Argument::Reference(reference.clone()))],
        )
        .unwrap();
        assert!(body.contains("<p:System><a:Address>"), "{body}");
        assert!(!body.contains("EndpointReference"), "{body}");
        let seen = sent(&[("System", Argument::Reference(reference.clone()))]);
        assert_eq!(seen.properties["System"], Value::Reference(reference));
    }

    #[test]
    fn an_embedded_instance_is_text_even_with_an_end_of_cdata_inside() {
        let instance = CimInstance::new("C")
            .with("Name", CimValue::Text("a]]>b<c>&\r\n\"".to_owned()))
            .with("Level", CimValue::Uint8(2))
            .with("Ignore", CimValue::Boolean(false));
        let seen = sent(&[("Settings", Argument::Embedded(instance))]);
        let read = seen.embedded("Settings").unwrap().unwrap();
        assert_eq!(read.class, "C");
        assert_eq!(read.text("Name").unwrap(), Some("a]]>b<c>&\r\n\""));
        assert_eq!(read.number::<u8>("Level").unwrap(), Some(2));
        assert_eq!(read.boolean("Ignore").unwrap(), Some(false));
    }

    #[test]
    fn characters_and_names_that_xml_cannot_carry_are_refused_not_changed() {
        let class = ResourceUri::class("root/x", CLASS);
        for bad in ["\u{0}", "\u{8}", "\u{FFFE}", "\u{1F}"] {
            let mut body = String::new();
            let sent = write_input(&mut body, &class, "Do", &[("A", Argument::from(bad))]);
            assert!(matches!(sent, Err(Unsendable::Character { .. })), "{bad:?}");
            let embedded = CimInstance::new("C").with("A", CimValue::Text(bad.to_owned()));
            assert!(write_input(&mut body, &class, "Do", &[("A", Argument::Embedded(embedded))]).is_err());
        }
        for bad in ["", "1a", "a b", "a/b", "a><", "é"] {
            assert!(
                write_input(&mut String::new(), &class, bad, &[]).is_err(),
                "{bad}"
            );
        }
    }

    fn printable() -> impl Strategy<Value = String> {
        proptest::collection::vec(
            any::<char>().prop_filter("XML 1.0", |c| {
                !c.is_control() && !matches!(c, '\u{FFFE}' | '\u{FFFF}') || matches!(c, '\t' | '\n' | '\r')
            }),
            0..60,
        )
        .prop_map(|chars| chars.into_iter().collect())
    }

    proptest! {
        #[test]
        fn whatever_is_sent_arrives_as_it_was(text in printable(), number: u64, yes: bool, list in proptest::collection::vec(printable(), 2..5), key in printable()) {
            let reference = EndpointReference::new(ResourceUri::class("root/x", "C"), &[("Name", &key)]);
            let embedded = CimInstance::new("E")
                .with("Text", CimValue::Text(text.clone()))
                .with("List", CimValue::Texts(list.clone()));
            let array = Argument::Array(list.iter().map(|text| Argument::Text(text.clone())).collect());
            let seen = sent(&[
                ("Text", Argument::Text(text.clone())),
                ("Number", Argument::Number(number)),
                ("Flag", Argument::Boolean(yes)),
                ("List", array),
                ("System", Argument::Reference(reference.clone())),
                ("Settings", Argument::Embedded(embedded.clone())),
            ]);
            prop_assert_eq!(seen.text("Text").unwrap(), Some(text.as_str()));
            prop_assert_eq!(seen.number::<u64>("Number").unwrap(), Some(number));
            prop_assert_eq!(seen.boolean("Flag").unwrap(), Some(yes));
            prop_assert_eq!(seen.texts("List").unwrap(), list.iter().map(String::as_str).collect::<Vec<_>>());
            prop_assert_eq!(seen.reference("System").unwrap(), Some(&reference));
            let inside = seen.embedded("Settings").unwrap().unwrap();
            prop_assert_eq!(inside.text("Text").unwrap(), Some(text.as_str()));
            prop_assert_eq!(inside.texts("List").unwrap(), list.iter().map(String::as_str).collect::<Vec<_>>());
            prop_assert_eq!(&inside, &cimxml::parse(&embedded.to_text().unwrap(), &Limits::default()).unwrap());
        }
    }
}
