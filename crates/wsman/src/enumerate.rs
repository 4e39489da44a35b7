//! Enumerate, Pull and Release: pages of rows with a bound on everything.

use crate::client::Client;
use crate::envelope::{self, Request};
use crate::error::{Error, Unsendable};
use crate::instance::Instance;
use crate::names::{ENUMERATION, ResourceUri, WQL, WSMAN};
use crate::writer;
use crate::xml::{XmlError, child, text_of};
use roxmltree::Node;
use std::ops::ControlFlow;

impl Client {
    pub(crate) async fn enumerate(
        &self,
        what: &str,
        resource: &ResourceUri,
        wql: &str,
        mut row: impl FnMut(Instance) -> ControlFlow<()> + Send,
    ) -> Result<(), Error> {
        let limits = &self.transport.limits;
        let mut filter = String::new();
        writer::escape(&mut filter, wql)?;
        let body = format!(
            "<n:Enumerate><w:OptimizeEnumeration/><w:MaxElements>{}</w:MaxElements>\
             <w:Filter Dialect=\"{WQL}\">{filter}</w:Filter></n:Enumerate>",
            limits.page_items
        );
        let mut page = self.page(what, "Enumerate", resource, &body, None).await?;
        let (mut items, mut bytes, mut pages, mut empty) = (0_usize, 0_usize, 1_usize, 0_usize);
        loop {
            items += page.rows.len();
            bytes = bytes.saturating_add(page.bytes);
            // The first page may be empty on hosts that do not optimise.
            empty = if page.rows.is_empty() && pages > 1 {
                empty + 1
            } else {
                0
            };
            let over = [
                (items > limits.items, "rows in one enumeration", limits.items),
                (
                    bytes > limits.enumeration_bytes,
                    "bytes in one enumeration",
                    limits.enumeration_bytes,
                ),
                (pages > limits.pages, "pages in one enumeration", limits.pages),
                (
                    empty > limits.empty_pages,
                    "empty pages in a row",
                    limits.empty_pages,
                ),
            ];
            if let Some((_, what, limit)) = over.into_iter().find(|(over, ..)| *over) {
                self.release(resource, page.context.as_deref()).await;
                return Err(Error::TooMuch {
                    endpoint: self.transport.endpoint.clone(),
                    what,
                    limit,
                });
            }
            for instance in page.rows {
                if row(instance).is_break() {
                    self.release(resource, page.context.as_deref()).await;
                    return Ok(());
                }
            }
            let Some(context) = page.context else {
                return Ok(());
            };
            let body = pull_body(&context, limits.page_items)?;
            page = self.page(what, "Pull", resource, &body, Some(context)).await?;
            pages += 1;
        }
    }

    /// One Enumerate or Pull.
    async fn page(
        &self,
        what: &str,
        operation: &str,
        resource: &ResourceUri,
        body: &str,
        context: Option<String>,
    ) -> Result<Page, Error> {
        let action = format!("{ENUMERATION}/{operation}");
        let request = Request {
            action: &action,
            resource,
            selectors: &[],
            body,
        };
        let response = format!("{operation}Response");
        let page = self.call(what, &request, |body| {
            Page::read(envelope::expect(body, ENUMERATION, &response)?, context.clone())
        });
        let page = page.await;
        if let Err(Error::Unreadable { .. }) = &page {
            self.release(resource, context.as_deref()).await;
        }
        page
    }

    /// Tells the host to forget an enumeration. It forgets by itself after a minute, so a failure is only noted.
    async fn release(&self, resource: &ResourceUri, context: Option<&str>) {
        let Some(context) = context else { return };
        let action = format!("{ENUMERATION}/Release");
        let sent = async {
            let mut body = "<n:Release><n:EnumerationContext>".to_owned();
            writer::escape(&mut body, context)?;
            body.push_str("</n:EnumerationContext></n:Release>");
            let request = Request {
                action: &action,
                resource,
                selectors: &[],
                body: &body,
            };
            let id = self.message_id()?;
            let text = request.write(
                self.endpoint(),
                id,
                &self.transport.limits,
                self.transport.timeouts.operation,
            )?;
            // ReleaseResponse has an empty body, so only its arrival counts.
            self.post("Release", text).await.map(drop)
        };
        if let Err(error) = sent.await {
            tracing::debug!(error = %error, "could not release an enumeration");
        }
    }
}

fn pull_body(context: &str, items: u32) -> Result<String, Unsendable> {
    let mut body = "<n:Pull><n:EnumerationContext>".to_owned();
    writer::escape(&mut body, context)?;
    body.push_str(&format!(
        "</n:EnumerationContext><n:MaxElements>{items}</n:MaxElements></n:Pull>"
    ));
    Ok(body)
}

/// Rows of one page, and the context when more may follow.
pub(crate) struct Page {
    pub(crate) rows: Vec<Instance>,
    /// Length of the envelope that brought it.
    bytes: usize,
    context: Option<String>,
}

impl Page {
    /// `before` is the context pulled with, for hosts that leave an unchanged one out.
    pub(crate) fn read(body: Node<'_, '_>, before: Option<String>) -> Result<Self, XmlError> {
        let bytes = body.document().input_text().len();
        // Items of an Enumerate are WS-Management's, those of a Pull are WS-Enumeration's.
        let items = child(body, WSMAN, "Items").or_else(|| child(body, ENUMERATION, "Items"));
        let rows = items
            .into_iter()
            .flat_map(|items| items.children())
            .filter(Node::is_element)
            .map(Instance::read)
            .collect::<Result<Vec<_>, _>>()?;
        let end = [WSMAN, ENUMERATION]
            .iter()
            .any(|namespace| child(body, namespace, "EndOfSequence").is_some());
        if end {
            return Ok(Self {
                rows,
                bytes,
                context: None,
            });
        }
        let context = child(body, ENUMERATION, "EnumerationContext")
            .map(text_of)
            .transpose()?;
        let context = context
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
            .or(before);
        // Neither an end nor a way on: taking the rows for all of them would hide the rest.
        if context.is_none() {
            return Err(XmlError::unexpected(
                "EndOfSequence or an EnumerationContext",
                "neither",
            ));
        }
        Ok(Self { rows, bytes, context })
    }
}
