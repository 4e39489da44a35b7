//! HTTP/1.1 over verified TLS: a few connections per client, each with an authentication context of its own.

use crate::auth::{AuthContext, Authenticator};
use crate::error::Error;
use crate::limits::{Limits, Timeouts};
use crate::tls::VerifiedTls;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HOST, USER_AGENT, WWW_AUTHENTICATE};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// Legs of one authentication: NTLM has three.
const AUTH_LEGS_MAX: usize = 4;

pub(crate) struct Transport {
    pub address: String,
    pub port: u16,
    /// `https://address:port/wsman`.
    pub endpoint: String,
    pub server_name: ServerName<'static>,
    pub connector: TlsConnector,
    pub authenticator: Arc<dyn Authenticator>,
    pub timeouts: Timeouts,
    pub limits: Limits,
    /// One permit per connection that may be in use.
    pub permits: Semaphore,
    pub idle: Mutex<Vec<Connection>>,
    pub requests: AtomicU64,
}

pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    context: Box<dyn AuthContext>,
    _driver: AbortOnDrop,
}

struct AbortOnDrop(JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A response read to its end.
pub(crate) struct Answer {
    pub status: StatusCode,
    pub body: Bytes,
}

/// Why one exchange failed; with `unsent` it is safe to try it on another connection.
struct Failed {
    error: Error,
    unsent: bool,
}

impl Transport {
    /// Sends a body and reads the whole answer. A kept connection that turns out to be dead before anything was sent
    /// is replaced; a request that may have arrived is never sent twice.
    pub async fn post(&self, body: Bytes) -> Result<Answer, Error> {
        let _permit = self
            .permits
            .acquire()
            .await
            .map_err(|_| self.timed_out("waiting for a connection"))?;
        loop {
            let kept = self.take_idle();
            let fresh = kept.is_none();
            let mut connection = match kept {
                Some(connection) => connection,
                None => self.connect().await?,
            };
            match self.exchange(&mut connection, &body).await {
                Ok(answer) => {
                    if !connection.sender.is_closed() {
                        self.idle_list().push(connection);
                    }
                    return Ok(answer);
                }
                Err(failed) if failed.unsent && !fresh => {}
                Err(failed) => return Err(failed.error),
            }
        }
    }

    fn idle_list(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_idle(&self) -> Option<Connection> {
        let mut idle = self.idle_list();
        while let Some(connection) = idle.pop() {
            if !connection.sender.is_closed() {
                return Some(connection);
            }
        }
        None
    }

    async fn connect(&self) -> Result<Connection, Error> {
        let limit = self.timeouts.connect;
        timeout(limit, self.connect_now())
            .await
            .map_err(|_| Error::TimedOut {
                endpoint: self.endpoint.clone(),
                what: "connecting".to_owned(),
                after: limit,
            })?
    }

    async fn connect_now(&self) -> Result<Connection, Error> {
        let endpoint = || self.endpoint.clone();
        let stream = TcpStream::connect((self.address.as_str(), self.port))
            .await
            .map_err(|source| Error::Connect {
                endpoint: endpoint(),
                source,
            })?;
        stream.set_nodelay(true).map_err(|source| Error::Connect {
            endpoint: endpoint(),
            source,
        })?;
        let stream = self
            .connector
            .connect(self.server_name.clone(), stream)
            .await
            .map_err(|source| Error::Tls {
                endpoint: endpoint(),
                source,
            })?;
        let context = self.authenticator.begin(&VerifiedTls::of(&stream));
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|source| self.broken(false, source))?;
        let driver = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error = %error, "a connection to a host ended");
            }
        });
        Ok(Connection {
            sender,
            context,
            _driver: AbortOnDrop(driver),
        })
    }

    async fn exchange(&self, connection: &mut Connection, body: &Bytes) -> Result<Answer, Failed> {
        let sent = |error| Failed { error, unsent: false };
        let mut authorization = connection.context.header(None);
        for _ in 0..AUTH_LEGS_MAX {
            connection.sender.ready().await.map_err(|source| Failed {
                error: self.broken(false, source),
                unsent: true,
            })?;
            let mut request = Request::post("/wsman")
                .header(HOST, format!("{}:{}", self.host_header(), self.port))
                .header(CONTENT_TYPE, "application/soap+xml;charset=UTF-8")
                .header(USER_AGENT, "stillpoint");
            if let Some(header) = authorization.take() {
                request = request.header(AUTHORIZATION, header);
            }
            let request = request.body(Full::new(body.clone())).map_err(|_| {
                // Only a host name that no header can carry gets here; it was checked at construction.
                sent(Error::Http {
                    endpoint: self.endpoint.clone(),
                    status: 0,
                })
            })?;
            self.requests.fetch_add(1, Ordering::Relaxed);
            let response = connection
                .sender
                .try_send_request(request)
                .await
                .map_err(|mut error| {
                    let unsent = error.take_message().is_some();
                    Failed {
                        error: self.broken(!unsent, error.into_error()),
                        unsent,
                    }
                })?;
            let (parts, incoming) = response.into_parts();
            let body = self.read_body(&parts.headers, incoming).await.map_err(sent)?;
            if parts.status != StatusCode::UNAUTHORIZED {
                return Ok(Answer {
                    status: parts.status,
                    body,
                });
            }
            let challenges: Vec<_> = parts.headers.get_all(WWW_AUTHENTICATE).iter().cloned().collect();
            authorization = connection.context.header(Some(&challenges));
            if authorization.is_none() {
                break;
            }
        }
        Err(sent(Error::Denied {
            endpoint: self.endpoint.clone(),
        }))
    }

    async fn read_body(&self, headers: &HeaderMap, incoming: hyper::body::Incoming) -> Result<Bytes, Error> {
        let limit = self.limits.envelope_bytes;
        let too_much = || Error::TooMuch {
            endpoint: self.endpoint.clone(),
            what: "bytes in one envelope",
            limit,
        };
        // We never offer a compression, and unpacking one would need a bound of its own.
        if headers.contains_key(CONTENT_ENCODING) {
            return Err(Error::Unreadable {
                endpoint: self.endpoint.clone(),
                source: crate::xml::XmlError::Encoding,
            });
        }
        match Limited::new(incoming, limit).collect().await {
            Ok(collected) => Ok(collected.to_bytes()),
            Err(error) if error.is::<LengthLimitError>() => Err(too_much()),
            Err(error) => Err(match error.downcast::<hyper::Error>() {
                Ok(source) => self.broken(true, *source),
                Err(_) => too_much(),
            }),
        }
    }

    /// An IPv6 address stands in brackets.
    fn host_header(&self) -> String {
        if self.address.contains(':') {
            format!("[{}]", self.address)
        } else {
            self.address.clone()
        }
    }

    fn broken(&self, delivered_perhaps: bool, source: hyper::Error) -> Error {
        Error::Broken {
            endpoint: self.endpoint.clone(),
            delivered_perhaps,
            source,
        }
    }

    fn timed_out(&self, what: &str) -> Error {
        Error::TimedOut {
            endpoint: self.endpoint.clone(),
            what: what.to_owned(),
            after: self.timeouts.total,
        }
    }
}
