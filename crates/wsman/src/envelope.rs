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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instance::Instance;
    use crate::xml::{decode, parse};
    use proptest::prelude::*;

    fn envelope(body: &str) -> String {
        format!(
            "<s:Envelope xml:lang=\"ja-JP\" xmlns:s=\"{SOAP}\" xmlns:a=\"{ADDRESSING}\" xmlns:w=\"{WSMAN}\"><s:Header>\
             <a:RelatesTo>uuid:00000000-0000-0000-0000-00000000000A</a:RelatesTo></s:Header><s:Body>{body}</s:Body></s:Envelope>"
        )
    }

    #[test]
    fn an_answer_to_another_message_is_refused() {
        let text = envelope("<x/>");
        let document = parse(&text, &Limits::default()).unwrap();
        assert!(matches!(
            open(&document, Some(Uuid::from_u128(10))),
            Ok(Opened::Body(_))
        ));
        assert!(matches!(open(&document, None), Ok(Opened::Body(_))));
        assert!(open(&document, Some(Uuid::from_u128(11))).is_err());
    }

    #[test]
    fn what_is_no_envelope_is_refused() {
        for text in [
            "<x/>",
            "<Envelope/>",
            &format!("<s:Envelope xmlns:s=\"{SOAP}\"/>"),
            &envelope("  "),
        ] {
            let document = parse(text, &Limits::default()).unwrap();
            assert!(open(&document, None).is_err(), "{text}");
        }
    }

    #[test]
    fn a_request_has_every_header_that_a_host_demands_and_asks_for_nothing_else() {
        let resource = ResourceUri::all("root/x");
        let selectors = [("Name".to_owned(), "a&b".to_owned())];
        let request = Request {
            action: "urn:act",
            resource: &resource,
            selectors: &selectors,
            body: "<n:Pull/>",
        };
        let id = Uuid::from_u128(7);
        let text = request
            .write(
                "https://h:5986/wsman",
                id,
                &Limits::default(),
                Duration::from_millis(1500),
            )
            .unwrap();
        let document = parse(&text, &Limits::default()).unwrap();
        let header = child(document.root_element(), SOAP, "Header").unwrap();
        let of = |ns, name| {
            child(header, ns, name)
                .map(|node| text_of(node).unwrap())
                .unwrap()
        };
        assert_eq!(of(ADDRESSING, "To"), "https://h:5986/wsman");
        assert_eq!(of(ADDRESSING, "Action"), "urn:act");
        assert_eq!(of(ADDRESSING, "MessageID"), format!("uuid:{id}"));
        assert_eq!(of(WSMAN, "ResourceURI"), resource.as_str());
        assert_eq!(of(WSMAN, "OperationTimeout"), "PT1.500S");
        assert_eq!(of(WSMAN, "MaxEnvelopeSize"), "512000");
        let reply_to = child(header, ADDRESSING, "ReplyTo").unwrap();
        assert_eq!(
            text_of(child(reply_to, ADDRESSING, "Address").unwrap()).unwrap(),
            ANONYMOUS
        );
        let selector = child(header, WSMAN, "SelectorSet")
            .unwrap()
            .first_element_child()
            .unwrap();
        assert_eq!(
            (selector.attribute("Name"), selector.text()),
            (Some("Name"), Some("a&b"))
        );
        // A host refuses Locale with mustUnderstand true.
        let locale = child(header, WSMAN, "Locale").unwrap();
        assert_eq!(locale.attribute((SOAP, "mustUnderstand")), Some("false"));
    }

    proptest! {
        #[test]
        fn a_damaged_response_never_panics(at in 0..600usize, cut in 0..40usize, bytes in proptest::collection::vec(any::<u8>(), 0..20)) {
            let row = "<p:C xmlns:p=\"u\"><p:A>1</p:A><p:R><a:Address>x</a:Address><a:ReferenceParameters><w:ResourceURI>u/C</w:ResourceURI>\
                       <w:SelectorSet><w:Selector Name=\"K\">v</w:Selector></w:SelectorSet></a:ReferenceParameters></p:R></p:C>";
            let mut damaged = envelope(row).into_bytes();
            let at = at.min(damaged.len());
            let end = (at + cut).min(damaged.len());
            damaged.splice(at..end, bytes);
            if let Ok(text) = decode(&damaged)
                && let Ok(document) = parse(&text, &Limits::default())
                && let Ok(Opened::Body(body)) = open(&document, None)
            {
                let _ = Instance::read(body);
            }
        }
    }
}
