//! One request and its answer, on a connection of its own.

use super::Target;
use crate::telling::chain;
use bytes::Bytes;
use engine::NotTold;
use http::header::{CONTENT_TYPE, HOST, USER_AGENT};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_util::task::AbortOnDropHandle;

/// From the first packet to the end of the answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Of an answer so much is read, for people; the rest is left.
const ANSWER_MAX: usize = 1_024;
/// Where systems keep the authorities that they trust.
const SYSTEM_ROOTS: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// The beginning of the body, printable.
    pub text: String,
}

impl Answer {
    /// Fine when the receiver has taken it: any 2xx.
    ///
    /// # Errors
    /// In words, what it said instead.
    pub fn taken(&self) -> Result<(), NotTold> {
        let Self { status, text } = self;
        match status {
            200..=299 => Ok(()),
            300..=399 => Err(NotTold(format!(
                "the receiver answered {status}: redirects are not followed, configure the address that it names"
            ))),
            _ if text.is_empty() => Err(NotTold(format!("the receiver answered {status}"))),
            _ => Err(NotTold(format!("the receiver answered {status}: {text}"))),
        }
    }
}

/// Sends to one address.
pub struct Client {
    target: Target,
    /// For https only.
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

impl Client {
    /// Nothing is sent yet.
    pub fn new(target: Target, ca_file: Option<&Path>) -> Result<Self, String> {
        let tls = if target.is_https {
            let config =
                ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                    .with_safe_default_protocol_versions()
                    .map_err(|error| error.to_string())?
                    .with_root_certificates(roots(ca_file)?)
                    .with_no_client_auth();
            let name = ServerName::try_from(target.host.clone())
                .map_err(|_| "the address names no host that a certificate could be for".to_owned())?;
            Some((TlsConnector::from(Arc::new(config)), name))
        } else {
            None
        };
        Ok(Self { target, tls })
    }

    /// One request.
    pub async fn send(
        &self,
        method: Method,
        headers: &[(&'static str, &str)],
        json: Option<String>,
    ) -> Result<Answer, NotTold> {
        let mut request = Request::builder()
            .method(method)
            .uri(self.target.path.as_str())
            .header(HOST, self.target.authority())
            .header(USER_AGENT, concat!("stillpoint/", env!("CARGO_PKG_VERSION")));
        if json.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request
            .body(Full::new(Bytes::from(json.unwrap_or_default())))
            .map_err(|error| NotTold(format!("no request can be made for {}: {error}", self.target)))?;
        timeout(TIMEOUT, self.exchange(request))
            .await
            .unwrap_or_else(|_| {
                Err(NotTold(format!(
                    "{} did not answer within {} s",
                    self.target,
                    TIMEOUT.as_secs()
                )))
            })
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Answer, NotTold> {
        let target = &self.target;
        let failed = |what: &str, error: &dyn std::error::Error| {
            NotTold(format!("{target}: {what}: {}", chain(error)))
        };
        let stream = TcpStream::connect((target.host.as_str(), target.port))
            .await
            .map_err(|error| failed("no connection", &error))?;
        match &self.tls {
            Some((connector, name)) => {
                let stream = connector
                    .connect(name.clone(), stream)
                    .await
                    .map_err(|error| failed("no verified TLS", &error))?;
                spoken(stream, request).await
            }
            None => {
                // A name like `localhost` may stand for anything.
                let peer = stream
                    .peer_addr()
                    .map_err(|error| failed("no connection", &error))?;
                if !peer.ip().is_loopback() {
                    return Err(NotTold(format!(
                        "{target} is not this machine: plain http is not sent there"
                    )));
                }
                spoken(stream, request).await
            }
        }
        .map_err(|error| failed("the exchange broke off", &error))
    }
}

async fn spoken<Io>(stream: Io, request: Request<Full<Bytes>>) -> Result<Answer, hyper::Error>
where
    Io: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // What the connection ends with after the answer's head (a body where none may be, a hasty close) does not take the answer back.
    let _driver = AbortOnDropHandle::new(tokio::spawn(connection));
    let (parts, body) = sender.send_request(request).await?.into_parts();
    Ok(Answer {
        status: parts.status.as_u16(),
        text: beginning(parts.status, body).await,
    })
}

/// The first line of an answer that somebody may want to read.
async fn beginning(status: StatusCode, mut body: Incoming) -> String {
    if status == StatusCode::NO_CONTENT {
        return String::new();
    }
    let mut read = Vec::new();
    while read.len() < ANSWER_MAX {
        match body.frame().await {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    read.extend_from_slice(&data[..data.len().min(ANSWER_MAX - read.len())]);
                }
            }
            Some(Err(_)) | None => break,
        }
    }
    let text = String::from_utf8_lossy(&read);
    let line = text
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    line.trim()
        .chars()
        .filter(|c| !c.is_control())
        .take(200)
        .collect()
}

fn roots(ca_file: Option<&Path>) -> Result<RootCertStore, String> {
    let path = match ca_file {
        Some(path) => path.to_owned(),
        None => system_roots()?,
    };
    let shown = path.display();
    let pem = std::fs::read(&path).map_err(|error| format!("{shown} cannot be read: {error}"))?;
    let mut roots = RootCertStore::empty();
    let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        .map_err(|error| format!("{shown} holds no readable certificates: {error}"))?;
    if ca_file.is_some() {
        for certificate in certificates {
            roots
                .add(certificate)
                .map_err(|error| format!("{shown} holds a certificate that cannot be trusted: {error}"))?;
        }
    } else {
        // Of a system's many some are of kinds that are not known here.
        roots.add_parsable_certificates(certificates);
    }
    if roots.is_empty() {
        return Err(format!("{shown} holds no certificate"));
    }
    Ok(roots)
}

fn system_roots() -> Result<PathBuf, String> {
    let found = SYSTEM_ROOTS.iter().map(PathBuf::from).find(|path| path.is_file());
    found.ok_or_else(|| "this system has no list of authorities: name a file of those to trust".to_owned())
}
