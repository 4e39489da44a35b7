//! Accepting connections: HTTP/1.1 on one listener, with an end to waiting for a request.

use super::caller::Caller;
use axum::Router;
use axum::extract::Request;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

/// Until the head of a request is whole; also how long a connection may idle between two.
pub const HEADER_MAX: Duration = Duration::from_secs(10);
/// When the system gives no more sockets, some have to be closed first.
const AFTER_FAILURE: Duration = Duration::from_millis(500);

/// Serves until told to stop, and then until every answer that was begun is out.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken, header_max: Duration) {
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let caller = Caller {
                    address: peer.ip(),
                    secure: false,
                };
                connections.spawn(connection(
                    stream,
                    caller,
                    router.clone(),
                    stop.clone(),
                    header_max,
                ));
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
    caller: Caller,
    router: Router,
    stop: CancellationToken,
    header_max: Duration,
) {
    let answers = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let mut request: Request = request.map(axum::body::Body::new);
        request.extensions_mut().insert(caller);
        router.clone().oneshot(request)
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(header_max);
    let connection = http.serve_connection(TokioIo::new(stream), answers);
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

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    const SOON: Duration = Duration::from_millis(100);
    const LONG: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn half_a_request_is_not_waited_for_and_a_whole_one_is_answered() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", get(|| async { "here" }));
        let stop = CancellationToken::new();
        let server = tokio::spawn(serve(listener, router, stop.clone(), SOON));

        let mut half = TcpStream::connect(address).await.unwrap();
        half.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX-Half: ")
            .await
            .unwrap();
        let mut answer = String::new();
        let closed = tokio::time::timeout(LONG, half.read_to_string(&mut answer)).await;
        assert!(closed.is_ok(), "still open");
        assert!(!answer.contains("here"), "{answer}");

        let mut whole = TcpStream::connect(address).await.unwrap();
        whole
            .write_all(b"GET / HTTP/1.0\r\nHost: x\r\n\r\n")
            .await
            .unwrap();
        let mut answer = String::new();
        tokio::time::timeout(LONG, whole.read_to_string(&mut answer))
            .await
            .expect("answers")
            .unwrap();
        assert!(
            answer.starts_with("HTTP/1.0 200") && answer.ends_with("here"),
            "{answer}"
        );
        stop.cancel();
        tokio::time::timeout(LONG, server).await.expect("stops").unwrap();
    }
}
