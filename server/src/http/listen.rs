//! Accepting connections: HTTP/1.1 on one listener, with or without TLS, with an end to every kind of waiting and to how many wait.

use super::caller::Caller;
use super::problem::Problem;
use super::tls::Certified;
use crate::config::ListenConfig;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;
use tower_http::timeout::TimeoutBody;

mod places;
#[cfg(test)]
mod tests;

use places::Places;

/// Head of a request, all lines together; our longest cookies and addresses are far below.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// When the system gives no more sockets, some have to be closed first.
const AFTER_FAILURE: Duration = Duration::from_millis(500);

/// How long a client may take, and how many there may be.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Until TLS speaks.
    pub handshake_max: Duration,
    /// Until the head of a request is whole; also how long a connection may idle between two.
    pub header_max: Duration,
    /// Between two pieces of a body. The whole of it has to be there within the time for an answer.
    pub body_idle_max: Duration,
    /// Between two pieces of an answer that the client takes; a stream of events that says nothing is no such wait.
    pub write_idle_max: Duration,
    pub connections_max: usize,
    /// From one address, trusted proxies apart.
    pub connections_per_address_max: usize,
}

/// What is spoken on the listener.
#[derive(Debug, Clone)]
pub struct Wire {
    pub tls: Option<Arc<Certified>>,
    /// Whose word about who asks is believed.
    pub trusted: BTreeSet<IpAddr>,
    pub limits: Limits,
}

impl Wire {
    /// As configured, with `tls` read from the configuration's files.
    pub fn of(config: &ListenConfig, tls: Option<Arc<Certified>>) -> Self {
        Self {
            tls,
            trusted: config.trusted.clone(),
            limits: Limits {
                handshake_max: Duration::from_secs(10),
                header_max: Duration::from_secs(10),
                body_idle_max: Duration::from_secs(10),
                write_idle_max: Duration::from_secs(30),
                connections_max: config.connections_max,
                connections_per_address_max: config.connections_per_address_max,
            },
        }
    }
}

impl Default for Wire {
    fn default() -> Self {
        Self::of(&ListenConfig::default(), None)
    }
}

/// Serves until told to stop, and then until every answer that was begun is out.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken, wire: Wire) {
    let connections = TaskTracker::new();
    let limits = wire.limits;
    let places = Places::new(limits.connections_max, limits.connections_per_address_max);
    let wire = Arc::new(wire);
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let peer = peer.ip().to_canonical();
                let trusted = wire.trusted.contains(&peer);
                // In the clear only this machine and the proxies are spoken to: nobody else's password is even read.
                if wire.tls.is_none() && !trusted && !peer.is_loopback() {
                    tracing::debug!(%peer, "a connection past the reverse proxy was closed");
                    continue;
                }
                let Some(place) = places.take(peer, trusted) else {
                    tracing::debug!(%peer, "a connection was closed: too many are open");
                    continue;
                };
                let (wire, router, stop) = (Arc::clone(&wire), router.clone(), stop.clone());
                connections.spawn(async move {
                    connection(stream, peer, &wire, router, stop).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection to the console cannot be accepted");
                tokio::time::sleep(AFTER_FAILURE).await;
            }
        }
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

async fn connection(
    stream: TcpStream,
    peer: IpAddr,
    wire: &Arc<Wire>,
    router: Router,
    stop: CancellationToken,
) {
    let Some(tls) = &wire.tls else {
        return speak(stream, peer, wire, router, stop).await;
    };
    let handshake = TlsAcceptor::from(tls.current()).accept(stream);
    let spoken = tokio::select! {
        () = stop.cancelled() => return,
        spoken = tokio::time::timeout(wire.limits.handshake_max, handshake) => spoken,
    };
    match spoken {
        Ok(Ok(stream)) => speak(stream, peer, wire, router, stop).await,
        Ok(Err(error)) => tracing::debug!(%peer, %error, "a client and this server found no TLS to speak"),
        Err(_) => tracing::debug!(%peer, "a client took too long to begin TLS"),
    }
}

async fn speak<S>(stream: S, peer: IpAddr, wire: &Arc<Wire>, router: Router, stop: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let limits = wire.limits;
    let heard = Arc::clone(wire);
    let answers = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let caller = Caller::resolve(peer, heard.tls.is_some(), &heard.trusted, request.headers());
        let router = router.clone();
        async move {
            let mut request: Request =
                request.map(|body| Body::new(TimeoutBody::new(limits.body_idle_max, body)));
            match caller {
                Ok(caller) => {
                    request.extensions_mut().insert(caller);
                    router.oneshot(request).await
                }
                Err(reason) => {
                    tracing::warn!(%peer, reason, "the reverse proxy does not say plainly who asks");
                    Ok(Problem::new(StatusCode::BAD_REQUEST, "Unclear sender", reason).into_response())
                }
            }
        }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.header_max)
        .max_buf_size(HEAD_BYTES_MAX);
    // Who asks for a disk and then reads nothing would keep a place for ever.
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(limits.write_idle_max));
    let connection = http.serve_connection(TokioIo::new(Box::pin(stream)), answers);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection to the console ended early");
    }
}
