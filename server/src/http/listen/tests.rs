//! On real sockets.

use super::*;
use crate::config::TlsFiles;
use crate::http::tls::{Looked, TlsError};
use axum::http::HeaderMap;
use axum::routing::{get, post};
use rustls::pki_types::{CertificateDer, ServerName};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tower_http::limit::RequestBodyLimitLayer;

const SOON: Duration = Duration::from_millis(100);
const LONG: Duration = Duration::from_secs(20);
/// More than the buffers of both sides hold.
const MUCH: usize = 64 << 20;

struct Server {
    address: SocketAddr,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    async fn start(wire: Wire) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new()
            .route("/", get(|| async { "here" }))
            .route(
                "/who",
                get(|caller: Caller| async move { format!("{} {}", caller.address, caller.secure) }),
            )
            .route(
                "/send",
                post(|body: String| async move { body.len().to_string() }),
            )
            .route(
                "/heads",
                get(|heads: HeaderMap| async move { heads.len().to_string() }),
            )
            .route("/much", get(|| async { vec![b'm'; MUCH] }))
            .layer(RequestBodyLimitLayer::new(1_000));
        let stop = CancellationToken::new();
        let task = tokio::spawn(serve(listener, router, stop.clone(), wire));
        Self { address, stop, task }
    }

    async fn plain(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn ask(&self, request: &str) -> String {
        told(self.plain().await, request).await
    }

    async fn tls(&self, authority: &CertificateDer<'static>) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(authority.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut client = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        client.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(client))
            .connect(name, self.plain().await)
            .await
    }

    async fn end(self) {
        self.stop.cancel();
        tokio::time::timeout(LONG, self.task)
            .await
            .expect("stops")
            .unwrap();
    }
}

/// Sends, and reads until the other side closes.
async fn told(mut stream: impl AsyncRead + AsyncWrite + Unpin, request: &str) -> String {
    let mut answer = Vec::new();
    // A server that has heard enough closes while we still write.
    let _ = stream.write_all(request.as_bytes()).await;
    let read = tokio::time::timeout(LONG, stream.read_to_end(&mut answer)).await;
    assert!(read.is_ok(), "still open");
    String::from_utf8_lossy(&answer).into_owned()
}

fn soon() -> Wire {
    let usual = Wire::default();
    let limits = Limits {
        handshake_max: SOON,
        header_max: SOON,
        body_idle_max: SOON,
        write_idle_max: SOON,
        ..usual.limits
    };
    Wire { limits, ..usual }
}

fn trusting(wire: Wire) -> Wire {
    let trusted = [IpAddr::from([127, 0, 0, 1])].into();
    Wire { trusted, ..wire }
}

/// Writes a new self-signed certificate and its key, and returns the former.
fn certify(folder: &Path) -> CertificateDer<'static> {
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let files = files(folder);
    std::fs::write(&files.certificate_file, certificate.pem()).unwrap();
    std::fs::write(&files.key_file, key.serialize_pem()).unwrap();
    std::fs::set_permissions(&files.key_file, std::fs::Permissions::from_mode(0o600)).unwrap();
    certificate.der().clone()
}

fn files(folder: &Path) -> TlsFiles {
    TlsFiles {
        certificate_file: folder.join("cert.pem"),
        key_file: folder.join("key.pem"),
    }
}

fn certified(folder: &TempDir) -> (Arc<Certified>, CertificateDer<'static>) {
    let certificate = certify(folder.path());
    (
        Arc::new(Certified::load(&files(folder.path())).unwrap()),
        certificate,
    )
}

const WHOLE: &str = "GET / HTTP/1.0\r\nHost: x\r\n\r\n";

#[tokio::test]
async fn half_a_request_is_not_waited_for_and_a_whole_one_is_answered() {
    let server = Server::start(soon()).await;
    let half = server.ask("GET / HTTP/1.1\r\nHost: x\r\nX-Half: ").await;
    assert!(!half.contains("here"), "{half}");
    let whole = server.ask(WHOLE).await;
    assert!(
        whole.starts_with("HTTP/1.0 200") && whole.ends_with("here"),
        "{whole}"
    );
    server.end().await;
}

#[tokio::test]
async fn half_a_body_is_not_waited_for() {
    let server = Server::start(soon()).await;
    let answer = server
        .ask("POST /send HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\nhalf")
        .await;
    assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
    server.end().await;
}

#[tokio::test]
async fn who_takes_nothing_of_a_long_answer_loses_the_place() {
    let usual = soon();
    let limits = Limits {
        connections_per_address_max: 1,
        ..usual.limits
    };
    let server = Server::start(Wire { limits, ..usual }).await;
    let mut idle = server.plain().await;
    idle.write_all(b"GET /much HTTP/1.0\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    let mut byte = [0; 1];
    idle.read_exact(&mut byte).await.unwrap();
    // The only place is free again once the first was given up.
    let next = async {
        while !server.ask(WHOLE).await.ends_with("here") {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LONG, next).await.expect("still open");
    let mut rest = Vec::new();
    let _ = idle.read_to_end(&mut rest).await;
    assert!(rest.len() < MUCH, "{}", rest.len());
    server.end().await;
}

#[tokio::test]
async fn heads_and_bodies_that_are_too_long_are_refused() {
    let server = Server::start(soon()).await;
    let head = format!(
        "GET /heads HTTP/1.0\r\nHost: x\r\nX-Long: {}\r\n\r\n",
        "a".repeat(200_000)
    );
    let answer = server.ask(&head).await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.0 431") || answer.starts_with("HTTP/1.1 431"),
        "{answer}"
    );
    let lines: String = (0..200).map(|n| format!("X-{n}: a\r\n")).collect();
    let answer = server
        .ask(&format!("GET /heads HTTP/1.0\r\nHost: x\r\n{lines}\r\n"))
        .await;
    assert!(!answer.contains(" 200 "), "{answer}");
    let body = "b".repeat(1_001);
    let answer = server
        .ask(&format!(
            "POST /send HTTP/1.0\r\nHost: x\r\nContent-Length: 1001\r\n\r\n{body}"
        ))
        .await;
    assert!(answer.contains(" 413 "), "{answer}");
    let chunked = format!(
        "POST /send HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n{body}\r\n0\r\n\r\n"
    );
    let answer = server.ask(&chunked).await;
    assert!(answer.contains(" 413 "), "{answer}");
    server.end().await;
}

#[tokio::test]
async fn one_address_gets_no_more_than_its_places() {
    let usual = Wire::default();
    let limits = Limits {
        connections_per_address_max: 1,
        ..usual.limits
    };
    let server = Server::start(Wire { limits, ..usual }).await;
    let mut first = server.plain().await;
    // Answered: so it has its place before the next one comes.
    first
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    let mut byte = [0; 1];
    first.read_exact(&mut byte).await.unwrap();
    let mut second = server.plain().await;
    let _ = second.write_all(WHOLE.as_bytes()).await;
    let mut answer = Vec::new();
    let ended = tokio::time::timeout(LONG, second.read_to_end(&mut answer)).await;
    assert!(ended.is_ok() && answer.is_empty(), "{answer:?}");
    drop(first);
    server.end().await;
}

#[tokio::test]
async fn whom_a_client_says_it_speaks_for_is_believed_of_a_trusted_proxy_only() {
    let said =
        "GET /who HTTP/1.0\r\nHost: x\r\nX-Forwarded-For: 198.51.100.9\r\nX-Forwarded-Proto: https\r\n\r\n";
    let stranger = Server::start(Wire::default()).await;
    assert!(stranger.ask(said).await.ends_with("\r\n127.0.0.1 false"));
    stranger.end().await;
    let proxied = Server::start(trusting(Wire::default())).await;
    assert!(proxied.ask(said).await.ends_with("\r\n198.51.100.9 true"));
    let unclear =
        "GET /who HTTP/1.0\r\nHost: x\r\nX-Forwarded-For: unknown\r\nX-Forwarded-Proto: https\r\n\r\n";
    assert!(proxied.ask(unclear).await.contains(" 400 "));
    proxied.end().await;
}

#[tokio::test]
async fn tls_is_spoken_as_http_1_and_says_so_to_handlers() {
    let folder = tempfile::tempdir().unwrap();
    let (tls, certificate) = certified(&folder);
    let server = Server::start(Wire {
        tls: Some(tls),
        ..Wire::default()
    })
    .await;
    let stream = server.tls(&certificate).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    let answer = told(stream, "GET /who HTTP/1.0\r\nHost: x\r\n\r\n").await;
    assert!(answer.ends_with("\r\n127.0.0.1 true"), "{answer}");
    server.end().await;
}

#[tokio::test]
async fn a_client_that_speaks_no_tls_or_an_old_one_or_nothing_is_put_off() {
    let folder = tempfile::tempdir().unwrap();
    let (tls, _) = certified(&folder);
    let server = Server::start(Wire {
        tls: Some(tls),
        ..soon()
    })
    .await;
    let plain = server.ask(WHOLE).await;
    assert!(!plain.contains("HTTP/") && !plain.contains("here"), "{plain}");
    let silent = server.ask("").await;
    assert_eq!(silent, "");
    // A hello of TLS 1.1: no extensions, two suites of its time.
    let mut hello = vec![0x16, 3, 1, 0, 49, 1, 0, 0, 45, 3, 2];
    hello.extend([7; 32]);
    hello.extend([0, 0, 4, 0xc0, 0x13, 0, 0x2f, 1, 0, 0, 0]);
    let mut stream = server.plain().await;
    stream.write_all(&hello).await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(LONG, stream.read_to_end(&mut answer))
        .await
        .expect("closed")
        .unwrap();
    assert_eq!(answer.first(), Some(&0x15), "an alert and no hello: {answer:?}");
    server.end().await;
}

#[tokio::test]
async fn a_renewed_certificate_is_served_to_new_connections_and_a_bad_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let (tls, old) = certified(&folder);
    let server = Server::start(Wire {
        tls: Some(Arc::clone(&tls)),
        ..Wire::default()
    })
    .await;
    assert!(matches!(tls.look(), Looked::Same));
    let open = server.tls(&old).await.unwrap();

    let new = certify(folder.path());
    assert!(matches!(tls.look(), Looked::Renewed));
    assert!(
        told(server.tls(&new).await.unwrap(), WHOLE)
            .await
            .ends_with("here")
    );
    assert!(server.tls(&old).await.is_err(), "the old one is still served");
    assert!(
        told(open, WHOLE).await.ends_with("here"),
        "an open connection goes on"
    );

    // Half of a renewal: a certificate whose key is not there yet.
    let key = std::fs::read(files(folder.path()).key_file).unwrap();
    certify(folder.path());
    std::fs::write(files(folder.path()).key_file, key).unwrap();
    assert!(matches!(tls.look(), Looked::Kept(TlsError::Unusable { .. })));
    assert!(matches!(tls.look(), Looked::Same), "told once");
    std::fs::remove_file(files(folder.path()).certificate_file).unwrap();
    assert!(matches!(tls.look(), Looked::Kept(TlsError::Read { .. })));
    assert!(
        told(server.tls(&new).await.unwrap(), WHOLE)
            .await
            .ends_with("here")
    );
    server.end().await;
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    certify(folder.path());
    let files = files(folder.path());
    std::fs::set_permissions(&files.key_file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let error = Certified::load(&files).unwrap_err().to_string();
    assert!(error.contains("chmod 600"), "{error}");
}
