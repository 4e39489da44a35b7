//! The operations: identify, get, query, invoke.

use crate::argument::{Argument, write_input};
use crate::auth::Authenticator;
use crate::envelope::{self, Opened, Request};
use crate::error::{Error, SetupError, Unsendable};
use crate::fault::FaultKind;
use crate::instance::{EndpointReference, Instance};
use crate::limits::{Limits, Timeouts};
use crate::names::{IDENTITY, ResourceUri, TRANSFER};
use crate::tls::Trust;
use crate::transport::{Answer, Transport};
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
    pub(crate) transport: Transport,
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
            self.call(&what, &request, Instance::read).await
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

    pub(crate) async fn call<T>(
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

    pub(crate) async fn post(&self, what: &str, text: String) -> Result<Answer, Error> {
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

    pub(crate) fn message_id(&self) -> Result<Uuid, Error> {
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
