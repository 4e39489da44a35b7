//! SOAP envelopes: writing a request, opening a response.

use crate::argument::write_selectors;
use crate::error::Unsendable;
use crate::fault::Fault;
use crate::limits::Limits;
use crate::names::{ADDRESSING, ANONYMOUS, CIM_BINDING, ENUMERATION, IDENTITY, ResourceUri, SOAP, WSMAN};
use crate::writer;
use crate::xml::{XmlError, child, text_of};
use roxmltree::{Document, Node};
use std::time::Duration;
use uuid::Uuid;

/// A request before it is written. Without action and resource it is an Identify.
pub(crate) struct Request<'a> {
    pub action: &'a str,
    pub resource: &'a ResourceUri,
    pub selectors: &'a [(String, String)],
    /// Content of `s:Body`, well-formed.
    pub body: &'a str,
}

impl Request<'_> {
    /// The envelope with all headers that a host demands.
    pub fn write(
        &self,
        to: &str,
        id: Uuid,
        limits: &Limits,
        timeout: Duration,
    ) -> Result<String, Unsendable> {
        let mut out = String::with_capacity(self.body.len() + 2048);
        out.push_str(&format!(
            "<s:Envelope xmlns:s=\"{SOAP}\" xmlns:a=\"{ADDRESSING}\" xmlns:n=\"{ENUMERATION}\" xmlns:w=\"{WSMAN}\" \
             xmlns:b=\"{CIM_BINDING}\"><s:Header><a:To>"
        ));
        writer::escape(&mut out, to)?;
        out.push_str("</a:To><w:ResourceURI s:mustUnderstand=\"true\">");
        writer::escape(&mut out, self.resource.as_str())?;
        out.push_str(&format!(
            "</w:ResourceURI><a:ReplyTo><a:Address s:mustUnderstand=\"true\">{ANONYMOUS}</a:Address></a:ReplyTo>\
             <a:Action s:mustUnderstand=\"true\">"
        ));
        writer::escape(&mut out, self.action)?;
        out.push_str(&format!(
            "</a:Action><w:MaxEnvelopeSize s:mustUnderstand=\"true\">{}</w:MaxEnvelopeSize><a:MessageID>uuid:{}</a:MessageID>\
             <w:Locale xml:lang=\"en-US\" s:mustUnderstand=\"false\"/>",
            limits.envelope_bytes,
            id.hyphenated(),
        ));
        write_selectors(&mut out, self.selectors)?;
        out.push_str(&format!(
            "<w:OperationTimeout>PT{}.{:03}S</w:OperationTimeout></s:Header><s:Body>{}</s:Body></s:Envelope>",
            timeout.as_secs(),
            timeout.subsec_millis(),
            self.body
        ));
        Ok(out)
    }
}

/// The envelope of Identify, which has no addressing headers.
pub(crate) fn identify() -> String {
    format!(
        "<s:Envelope xmlns:s=\"{SOAP}\" xmlns:wsmid=\"{IDENTITY}\"><s:Header/><s:Body><wsmid:Identify/></s:Body></s:Envelope>"
    )
}

/// What a response turned out to be.
pub(crate) enum Opened<'a, 'input> {
    /// The first element in the body.
    Body(Node<'a, 'input>),
    Fault(Box<Fault>),
}

/// Finds the body of a response, and checks that it answers the message of that id.
pub(crate) fn open<'a, 'input>(
    document: &'a Document<'input>,
    id: Option<Uuid>,
) -> Result<Opened<'a, 'input>, XmlError> {
    let envelope = document.root_element();
    if !envelope.has_tag_name((SOAP, "Envelope")) {
        return Err(XmlError::unexpected(
            "a SOAP envelope",
            envelope.tag_name().name(),
        ));
    }
    let body = child(envelope, SOAP, "Body").ok_or_else(|| XmlError::unexpected("a SOAP body", "none"))?;
    let first = body
        .children()
        .find(Node::is_element)
        .ok_or_else(|| XmlError::unexpected("an element in the body", "none"))?;
    if first.has_tag_name((SOAP, "Fault")) {
        return Ok(Opened::Fault(Box::new(Fault::read(first))));
    }
    let relates = child(envelope, SOAP, "Header").and_then(|header| child(header, ADDRESSING, "RelatesTo"));
    if let (Some(id), Some(relates)) = (id, relates) {
        let text = text_of(relates)?;
        if !text
            .trim()
            .to_ascii_lowercase()
            .ends_with(&id.hyphenated().to_string())
        {
            return Err(XmlError::unexpected(
                "the answer to our message",
                format!("one that relates to {text}"),
            ));
        }
    }
    Ok(Opened::Body(first))
}

/// The body element, which must have that name.
pub(crate) fn expect<'a, 'input>(
    node: Node<'a, 'input>,
    namespace: &str,
    name: &str,
) -> Result<Node<'a, 'input>, XmlError> {
    if node.has_tag_name((namespace, name)) {
        Ok(node)
    } else {
        Err(XmlError::unexpected(name, node.tag_name().name()))
    }
}
