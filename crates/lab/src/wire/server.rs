//! One listener per emulated host: TLS, HTTP/1.1, Basic authentication, `POST /wsman`.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::envelope::ENVELOPE_BYTES_MAX;
use super::fault::Fault;
use super::knobs::{Trouble, Troubles, WireTrouble};
use super::service::{Answer, Service};

/// Connections per host (`MaxConnections`).
pub const CONNECTIONS_MAX: usize = 300;
const HANDSHAKE_SECS_MAX: u64 = 10;
const BODY_SECS_MAX: u64 = 30;
const IDLE_SECS_MAX: u64 = 120;

/// The account that a lab's hosts accept.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    pub user: String,
    pub password: String,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// What a listener serves. Every method may block for as long as the site is busy.
pub trait Backend: Send + Sync + 'static {
    /// False while the host is down: connections are reset.
    fn reachable(&self) -> bool;
    /// Answers one request; `None` when the host is down.
    fn answer(&self, service: &mut Service, bytes: &[u8], user: &str, now: Instant) -> Option<Answer>;
    /// Refuses one request; `None` when the host is down.
    fn refuse(&self, service: &Service, bytes: &[u8], fault: &Fault) -> Option<Answer>;
}

/// One host's open door.
#[derive(Debug, Clone)]
pub struct HostServer {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    account: Account,
    troubles: Mutex<Troubles>,
}

impl HostServer {
    /// Opens the listener and serves until `stop` is cancelled.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn start(
        address: SocketAddr,
        tls: Arc<rustls::ServerConfig>,
        account: Account,
        backend: Arc<dyn Backend>,
        tasks: &TaskTracker,
        stop: CancellationToken,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            account,
            troubles: Mutex::default(),
        });
        let door = Door {
            tls: TlsAcceptor::from(tls),
            backend,
            shared: Arc::clone(&shared),
            service: Arc::default(),
            tasks: tasks.clone(),
            stop,
        };
        tasks.spawn(door.accept(listener));
        Ok(Self { address, shared })
    }

    /// Adds trouble for requests to come.
    pub fn trouble(&self, trouble: WireTrouble) {
        self.shared
            .troubles
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .add(trouble);
    }
}

#[derive(Clone)]
struct Door {
    tls: TlsAcceptor,
    backend: Arc<dyn Backend>,
    shared: Arc<Shared>,
    service: Arc<Mutex<Service>>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Door {
    async fn accept(self, listener: TcpListener) {
        let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        loop {
            let accepted = tokio::select! {
                () = self.stop.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            let Ok((stream, _)) = accepted else { continue };
            let Ok(permit) = Arc::clone(&room).try_acquire_owned() else {
                reset(&stream);
                continue;
            };
            let door = self.clone();
            self.tasks.spawn(async move {
                let asked = door.clone();
                if !door
                    .blocking(move || asked.backend.reachable())
                    .await
                    .unwrap_or(false)
                {
                    reset(&stream);
                    return;
                }
                if let Err(error) = door.connection(stream).await {
                    tracing::debug!(%error, "a connection to the lab ended early");
                }
                drop(permit);
            });
        }
    }

    async fn connection(self, stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let handshake = timeout(Duration::from_secs(HANDSHAKE_SECS_MAX), self.tls.accept(stream));
        let stream = handshake
            .await
            .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        let stop = self.stop.clone();
        let serve = service_fn(move |request| {
            let door = self.clone();
            async move { door.request(request).await }
        });
        let mut http = hyper::server::conn::http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(Duration::from_secs(IDLE_SECS_MAX))
            .max_headers(64);
        let connection = http.serve_connection(TokioIo::new(stream), serve);
        let mut connection = std::pin::pin!(connection);
        tokio::select! {
            done = connection.as_mut() => done.map_err(io::Error::other),
            () = stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await.map_err(io::Error::other)
            }
        }
    }

    /// An error means: cut the connection.
    async fn request(self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Cut> {
        if request.uri().path() != "/wsman" {
            return Ok(plain(StatusCode::NOT_FOUND));
        }
        if request.method() != Method::POST {
            return Ok(plain(StatusCode::METHOD_NOT_ALLOWED));
        }
        if !self
            .shared
            .account
            .is_in(request.headers().get(header::AUTHORIZATION))
        {
            return Ok(denied());
        }
        let media = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|v| v.to_str().ok())
            .unwrap_or_default();
        if !media
            .trim_start()
            .to_ascii_lowercase()
            .starts_with("application/soap+xml")
        {
            return Ok(plain(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        }
        let body = Limited::new(request.into_body(), ENVELOPE_BYTES_MAX).collect();
        let bytes = match timeout(Duration::from_secs(BODY_SECS_MAX), body).await {
            Err(_) => return Err(Cut),
            Ok(Err(error)) if error.is::<LengthLimitError>() => {
                return Ok(plain(StatusCode::PAYLOAD_TOO_LARGE));
            }
            Ok(Err(_)) => return Err(Cut),
            Ok(Ok(collected)) => collected.to_bytes(),
        };
        self.operation(bytes).await
    }

    async fn operation(self, bytes: Bytes) -> Result<Response<Full<Bytes>>, Cut> {
        let text = String::from_utf8_lossy(&bytes);
        let trouble = self
            .shared
            .troubles
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .meet(&text);
        drop(text);
        let fault = trouble.as_ref().and_then(Trouble::fault);
        let mut answer = None;
        if trouble.as_ref().is_none_or(Trouble::happens) {
            let request = bytes.clone();
            let door = self.clone();
            answer = Some(self.blocking(move || door.answer(&request)).await?.ok_or(Cut)?);
        }
        if let Some(fault) = fault {
            let door = self.clone();
            answer = Some(
                self.blocking(move || door.refuse(&bytes, &fault))
                    .await?
                    .ok_or(Cut)?,
            );
        }
        match (&trouble, &mut answer) {
            (Some(Trouble::Denied), _) => return Ok(denied()),
            (Some(Trouble::CutAfter), _) | (_, None) => return Err(Cut),
            (Some(Trouble::Slow { ms }), _) => tokio::time::sleep(Duration::from_millis(*ms)).await,
            (Some(Trouble::Truncated), Some(answer)) => {
                let half = answer.body.chars().count() / 2;
                answer.body = answer.body.chars().take(half).collect();
            }
            _ => {}
        }
        let door = self.clone();
        if !self.blocking(move || door.backend.reachable()).await? {
            return Err(Cut);
        }
        answer.map(|answer| soap(&answer)).ok_or(Cut)
    }

    /// The site's lock is held while disks are written: never wait for it on an async thread.
    async fn blocking<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Cut> {
        self.tasks.spawn_blocking(work).await.map_err(|_| Cut)
    }

    fn answer(&self, bytes: &[u8]) -> Option<Answer> {
        let mut service = self.service.lock().unwrap_or_else(PoisonError::into_inner);
        self.backend
            .answer(&mut service, bytes, &self.shared.account.user, Instant::now())
    }

    fn refuse(&self, bytes: &[u8], fault: &Fault) -> Option<Answer> {
        let service = self.service.lock().unwrap_or_else(PoisonError::into_inner);
        self.backend.refuse(&service, bytes, fault)
    }
}

/// The connection ends without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is cut")]
struct Cut;

impl Account {
    fn is_in(&self, header: Option<&HeaderValue>) -> bool {
        let Some((scheme, encoded)) = header
            .and_then(|h| h.to_str().ok())
            .and_then(|h| h.split_once(' '))
        else {
            return false;
        };
        let decoded = base64::engine::general_purpose::STANDARD.decode(encoded.trim());
        let expected = format!("{}:{}", self.user, self.password);
        scheme.eq_ignore_ascii_case("Basic") && decoded.is_ok_and(|given| same(&given, expected.as_bytes()))
    }
}

/// Compares without stopping at the first difference.
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

/// Best effort: a reset instead of a farewell, as a host that is down would give.
fn reset(stream: &TcpStream) {
    if let Err(error) = stream.set_zero_linger() {
        tracing::debug!(%error, "a connection to a lab host that is down could not be reset");
    }
}

fn plain(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::SERVER, HeaderValue::from_static("Microsoft-HTTPAPI/2.0"));
    response
}

fn denied() -> Response<Full<Bytes>> {
    let mut response = plain(StatusCode::UNAUTHORIZED);
    response.headers_mut().insert(
        header::WWW_AUTHENTICATE,
        HeaderValue::from_static("Basic realm=\"WSMAN\""),
    );
    response
}

fn soap(answer: &Answer) -> Response<Full<Bytes>> {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = plain(status);
    let media = HeaderValue::from_static("application/soap+xml;charset=UTF-8");
    response.headers_mut().insert(header::CONTENT_TYPE, media);
    *response.body_mut() = Full::new(Bytes::from(answer.body.clone()));
    response
}
