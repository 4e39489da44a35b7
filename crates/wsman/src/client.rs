//! The operations: identify, get, query, invoke.

use crate::argument::{Argument, write_input};
use crate::auth::Authenticator;
use crate::envelope::{self, Opened, Request};
use crate::error::{Error, SetupError, Unsendable};
use crate::fault::FaultKind;
use crate::instance::{EndpointReference, Instance};
use crate::limits::{Limits, Timeouts};
use crate::names::{ENUMERATION, IDENTITY, ResourceUri, TRANSFER, WQL, WSMAN};
use crate::tls::Trust;
use crate::transport::{Answer, Transport};
use crate::writer;
use crate::xml::{self, XmlError, child, text_of};
use bytes::Bytes;
use roxmltree::Node;
use rustls::pki_types::ServerName;
use std::future::Future;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use uuid::Uuid;

/// Where a host is and how it is trusted.
#[derive(Debug, Clone)]
pub struct ClientConfig {
    /// Host name or address; must be in the certificate unless it is pinned.
    pub address: String,
    /// 5986 for WS-Management over TLS.
    pub port: u16,
    pub trust: Trust,
    pub timeouts: Timeouts,
    pub limits: Limits,
    /// Connections in use at once; further calls wait.
    pub connections_max: usize,
}

impl ClientConfig {
    /// With the default limits, time-outs and two connections.
    #[must_use]
    pub fn new(address: impl Into<String>, port: u16, trust: Trust) -> Self {
        Self {
            address: address.into(),
            port,
            trust,
            timeouts: Timeouts::default(),
            limits: Limits::default(),
            connections_max: 2,
        }
    }
}

/// What Identify says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub vendor: String,
    pub version: String,
}

/// A client of one host. Cheap calls may run at once, up to `connections_max`.
pub struct Client {
    transport: Transport,
    trust: Trust,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Client({})", self.transport.endpoint)
    }
}

impl Client {
    /// Builds a client; nothing is sent yet.
    ///
    /// # Errors
    /// [`SetupError`].
    pub fn new(config: ClientConfig, authenticator: Arc<dyn Authenticator>) -> Result<Self, SetupError> {
        let host = || SetupError::HostName {
            host: config.address.chars().take(120).collect(),
        };
        let server_name = ServerName::try_from(config.address.clone()).map_err(|_| host())?;
        let shown = if config.address.contains(':') {
            format!("[{}]", config.address)
        } else {
            config.address.clone()
        };
        let connector = TlsConnector::from(Arc::new(config.trust.client_config()?));
        let transport = Transport {
            endpoint: format!("https://{shown}:{}/wsman", config.port),
            address: config.address,
            port: config.port,
            server_name,
            connector,
            authenticator,
            timeouts: config.timeouts,
            limits: config.limits,
            permits: Semaphore::new(config.connections_max.max(1)),
            idle: Mutex::new(Vec::new()),
            requests: AtomicU64::new(0),
        };
        Ok(Self {
            transport,
            trust: config.trust,
        })
    }

    /// `https://address:port/wsman`.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.transport.endpoint
    }

    /// HTTP requests sent since construction; a host's load is counted in these.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.transport.requests.load(Ordering::Relaxed)
    }

    /// Who answers there.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn identify(&self) -> Result<Identity, Error> {
        self.within_total("Identify", async {
            let answer = self.post("Identify", envelope::identify()).await?;
            self.open(&answer, None, |body| {
                let body = envelope::expect(body, IDENTITY, "IdentifyResponse")?;
                let field = |name| {
                    child(body, IDENTITY, name)
                        .map(text_of)
                        .transpose()
                        .map(Option::unwrap_or_default)
                };
                Ok(Identity {
                    vendor: field("ProductVendor")?,
                    version: field("ProductVersion")?,
                })
            })
        })
        .await
    }

    /// One object by its reference.
    ///
    /// # Errors
    /// [`Error`]; a fault with `is_not_found` when it is gone.
    pub async fn get(&self, target: &EndpointReference) -> Result<Instance, Error> {
        let action = format!("{TRANSFER}/Get");
        let what = format!("Get {}", target.class_name());
        self.within_total(&what, async {
            let request = Request {
                action: &action,
                resource: &target.resource,
                selectors: &target.selectors,
                body: "",
            };
            self.call(&what, &request, |body| Instance::read(body)).await
        })
        .await
    }

    /// All rows of a WQL query, with as few pages as the host allows.
    ///
    /// # Errors
    /// [`Error`]; [`Error::TooMuch`] when a limit of rows or pages is passed.
    pub async fn query(&self, namespace: &str, wql: &str) -> Result<Vec<Instance>, Error> {
        let mut rows = Vec::new();
        self.query_until(namespace, wql, |row| {
            rows.push(row);
            ControlFlow::Continue(())
        })
        .await?;
        Ok(rows)
    }

    /// Rows of a WQL query until `row` breaks; what the host still holds is then released.
    ///
    /// # Errors
    /// As [`Client::query`].
    pub async fn query_until(
        &self,
        namespace: &str,
        wql: &str,
        row: impl FnMut(Instance) -> ControlFlow<()> + Send,
    ) -> Result<(), Error> {
        let what = format!("`{}`", wql.chars().take(200).collect::<String>());
        self.within_total(
            &what,
            self.enumerate(&what, &ResourceUri::all(namespace), wql, row),
        )
        .await
    }

    /// Calls a method; the answer is the out-parameters with `ReturnValue`.
    ///
    /// # Errors
    /// [`Error`]; with [`Error::Broken`] or [`Error::TimedOut`] nobody knows whether the host carried it out.
    pub async fn invoke(
        &self,
        target: &EndpointReference,
        method: &str,
        arguments: &[(&str, Argument)],
    ) -> Result<Instance, Error> {
        let what = format!("{}.{method}", target.class_name());
        let action = format!("{}/{method}", target.resource);
        let mut body = String::new();
        write_input(&mut body, &target.resource, method, arguments)?;
        let output = format!("{method}_OUTPUT");
        self.within_total(&what, async {
            let request = Request {
                action: &action,
                resource: &target.resource,
                selectors: &target.selectors,
                body: &body,
            };
            self.call(&what, &request, |body| {
                Instance::read(envelope::expect(body, target.resource.as_str(), &output)?)
            })
            .await
        })
        .await
    }

    async fn enumerate(
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
        let (mut items, mut pages, mut empty) = (0_usize, 1_usize, 0_usize);
        loop {
            items += page.rows.len();
            // The first page may be empty on hosts that do not optimise.
            empty = if page.rows.is_empty() && pages > 1 {
                empty + 1
            } else {
                0
            };
            let over = [
                (items > limits.items, "rows in one enumeration", limits.items),
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

    async fn call<T>(
        &self,
        what: &str,
        request: &Request<'_>,
        read: impl FnOnce(Node<'_, '_>) -> Result<T, XmlError>,
    ) -> Result<T, Error> {
        let id = self.message_id()?;
        let timeouts = &self.transport.timeouts;
        let text = request.write(self.endpoint(), id, &self.transport.limits, timeouts.operation)?;
        let answer = self.post(what, text).await?;
        self.open(&answer, Some(id), read)
    }

    async fn post(&self, what: &str, text: String) -> Result<Answer, Error> {
        let timeouts = &self.transport.timeouts;
        let patience = timeouts.operation + timeouts.operation / 10;
        let answer = timeout(patience, self.transport.post(Bytes::from(text))).await;
        answer.map_err(|_| self.timed_out(what, patience))?
    }

    fn open<T>(
        &self,
        answer: &Answer,
        id: Option<Uuid>,
        read: impl FnOnce(Node<'_, '_>) -> Result<T, XmlError>,
    ) -> Result<T, Error> {
        let endpoint = || self.transport.endpoint.clone();
        let unreadable = |source| {
            // A proxy's or a web server's own error page is no SOAP; its status says more than its text.
            if answer.status.is_success() {
                Error::Unreadable {
                    endpoint: endpoint(),
                    source,
                }
            } else {
                Error::Http {
                    endpoint: endpoint(),
                    status: answer.status.as_u16(),
                }
            }
        };
        let text = xml::decode(&answer.body).map_err(unreadable)?;
        let document = xml::parse(&text, &self.transport.limits).map_err(unreadable)?;
        match envelope::open(&document, id).map_err(unreadable)? {
            Opened::Fault(fault) if fault.kind == FaultKind::AccessDenied => {
                Err(Error::Denied { endpoint: endpoint() })
            }
            Opened::Fault(fault) => Err(Error::Fault {
                endpoint: endpoint(),
                fault,
            }),
            Opened::Body(_) if !answer.status.is_success() => Err(Error::Http {
                endpoint: endpoint(),
                status: answer.status.as_u16(),
            }),
            Opened::Body(body) => read(body).map_err(unreadable),
        }
    }

    async fn within_total<T>(
        &self,
        what: &str,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let total = self.transport.timeouts.total;
        timeout(total, work)
            .await
            .map_err(|_| self.timed_out(what, total))?
    }

    fn timed_out(&self, what: &str, after: Duration) -> Error {
        Error::TimedOut {
            endpoint: self.transport.endpoint.clone(),
            what: what.to_owned(),
            after,
        }
    }

    fn message_id(&self) -> Result<Uuid, Error> {
        let mut bytes = [0; 16];
        let filled = self.trust.fill_random(&mut bytes);
        filled.map_err(|_| {
            Error::Unsendable(Unsendable::Name {
                name: "message id".to_owned(),
            })
        })?;
        Ok(uuid::Builder::from_random_bytes(bytes).into_uuid())
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
struct Page {
    rows: Vec<Instance>,
    context: Option<String>,
}

impl Page {
    /// `before` is the context pulled with, for hosts that leave an unchanged one out.
    fn read(body: Node<'_, '_>, before: Option<String>) -> Result<Self, XmlError> {
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
            return Ok(Self { rows, context: None });
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
        Ok(Self { rows, context })
    }
}
