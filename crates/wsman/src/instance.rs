//! One row: a class name and its properties, as read from the wire.

use crate::names::{ADDRESSING, CIM, ResourceUri, WSMAN, XSI};
use crate::xml::{XmlError, child, cut, text_of};
use roxmltree::Node;
use std::collections::BTreeMap;

/// A reference to an object: the class URI and its keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointReference {
    pub resource: ResourceUri,
    /// Selectors in their order. A selector that is itself a reference is left out.
    pub selectors: Vec<(String, String)>,
}

impl EndpointReference {
    #[must_use]
    pub fn new(resource: ResourceUri, selectors: &[(&str, &str)]) -> Self {
        let selectors = selectors
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Self { resource, selectors }
    }

    /// The class that is referred to.
    #[must_use]
    pub fn class_name(&self) -> &str {
        self.resource.class_name()
    }

    /// A key by its name, whose case does not matter.
    #[must_use]
    pub fn selector(&self, name: &str) -> Option<&str> {
        self.selectors
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    fn read(parameters: Node<'_, '_>) -> Result<Self, XmlError> {
        let uri = child(parameters, WSMAN, "ResourceURI")
            .ok_or_else(|| XmlError::unexpected("a ResourceURI in a reference", "none"))?;
        let selectors = child(parameters, WSMAN, "SelectorSet")
            .into_iter()
            .flat_map(|set| set.children())
            .filter(|node| node.has_tag_name((WSMAN, "Selector")))
            .filter_map(|node| Some((node.attribute("Name")?.to_owned(), text_of(node).ok()?)))
            .collect();
        Ok(Self {
            resource: ResourceUri::raw(text_of(uri)?.trim()),
            selectors,
        })
    }
}

/// A property's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Null,
    /// Any scalar as text: string, number, boolean, or CIM-XML of an embedded instance.
    Text(String),
    /// Two or more elements of one name. An array of one is told from a scalar by nobody; the accessors accept both.
    Array(Vec<Value>),
    /// Text of `cim:Datetime`, or of a CIM-XML datetime.
    DateTime(String),
    /// Text of `cim:Interval`.
    Interval(String),
    Reference(EndpointReference),
    Embedded(Instance),
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Instance {
    /// Class as named by the element; empty for a row of a projecting query on some hosts.
    pub class: String,
    /// Names are case-sensitive as on the wire. An empty array is absent.
    pub properties: BTreeMap<String, Value>,
}

impl Instance {
    /// Reads an element with one child element per property.
    ///
    /// # Errors
    /// [`XmlError::Unexpected`] when a property is neither a scalar, a time, a reference nor an instance.
    pub fn read(node: Node<'_, '_>) -> Result<Self, XmlError> {
        let name = node.tag_name();
        let fragment = name.namespace() == Some(WSMAN) && name.name() == "XmlFragment";
        let mut instance = Self {
            class: if fragment { String::new() } else { cut(name.name()) },
            properties: BTreeMap::new(),
        };
        for element in node.children().filter(Node::is_element) {
            instance.insert(element.tag_name().name(), value_of(element)?);
        }
        Ok(instance)
    }

    /// Adds a value; a name that comes again makes an array.
    pub(crate) fn insert(&mut self, name: &str, value: Value) {
        match self.properties.get_mut(name) {
            None => {
                self.properties.insert(name.to_owned(), value);
            }
            Some(Value::Array(values)) => values.push(value),
            Some(first) => {
                let taken = std::mem::replace(first, Value::Null);
                *first = Value::Array(vec![taken, value]);
            }
        }
    }
}

fn value_of(element: Node<'_, '_>) -> Result<Value, XmlError> {
    if element
        .attribute((XSI, "nil"))
        .is_some_and(|nil| nil == "1" || nil.eq_ignore_ascii_case("true"))
    {
        return Ok(Value::Null);
    }
    let Some(first) = element.children().find(Node::is_element) else {
        return text_of(element).map(Value::Text);
    };
    let name = first.tag_name();
    match (name.namespace(), name.name()) {
        (Some(CIM), "Interval") => text_of(first).map(Value::Interval),
        (Some(CIM), "Datetime" | "Date" | "Time") => text_of(first).map(Value::DateTime),
        (Some(ADDRESSING), "EndpointReference") => reference(first),
        (Some(ADDRESSING), _) => reference(element),
        _ => Instance::read(element).map(Value::Embedded),
    }
}

fn reference(holder: Node<'_, '_>) -> Result<Value, XmlError> {
    let parameters = child(holder, ADDRESSING, "ReferenceParameters")
        .ok_or_else(|| XmlError::unexpected("ReferenceParameters in a reference", "none"))?;
    EndpointReference::read(parameters).map(Value::Reference)
}
