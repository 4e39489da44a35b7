//! A WS-Management peer on a loopback socket, with a certificate of its own.

use bytes::Bytes;
use http_body_util::{BodyExt, Either, Full};
use hyper::body::Frame;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// A request as the peer saw it.
pub struct Seen {
    pub text: String,
    pub authorization: Option<String>,
}

/// What the peer answers.
pub struct Reply {
    pub status: u16,
    pub body: String,
    /// Without a Content-Length.
    pub chunked: bool,
    /// Closes the connection after the answer.
    pub close: bool,
    pub how: How,
}

pub enum How {
    Answer,
    Cut,
    Silence,
}

impl Reply {
    pub fn status(status: u16, body: &str) -> Self {
        Self {
            status,
            body: body.to_owned(),
            chunked: false,
            close: false,
            how: How::Answer,
        }
    }

    pub fn cut() -> Self {
        Self {
            how: How::Cut,
            ..Self::status(0, "")
        }
    }

    pub fn silence() -> Self {
        Self {
            how: How::Silence,
            ..Self::status(0, "")
        }
    }
}

/// An envelope that answers the request's message.
pub fn answer(request: &Seen, body: &str) -> Reply {
    let id = request
        .text
        .split("MessageID>")
        .nth(1)
        .and_then(|rest| rest.split('<').next())
        .unwrap_or_default();
    Reply::status(
        200,
        &format!(
            "<s:Envelope xml:lang=\"ja-JP\" xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" \
             xmlns:a=\"http://schemas.xmlsoap.org/ws/2004/08/addressing\" \
             xmlns:n=\"http://schemas.xmlsoap.org/ws/2004/09/enumeration\" \
             xmlns:w=\"http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd\"><s:Header>\
             <a:RelatesTo>{}</a:RelatesTo></s:Header><s:Body>{body}</s:Body></s:Envelope>",
            id.to_uppercase()
        ),
    )
}

/// A page of an enumeration.
pub fn rows(request: &Seen, rows: &[String], context: Option<&str>) -> Reply {
    let enumerate = request.text.contains("enumeration/Enumerate</a:Action>");
    let (operation, prefix) = if enumerate {
        ("Enumerate", "w")
    } else {
        ("Pull", "n")
    };
    let context = context.map(|context| format!("<n:EnumerationContext>{context}</n:EnumerationContext>"));
    let end = if context.is_none() {
        format!("<{prefix}:EndOfSequence/>")
    } else {
        String::new()
    };
    let body = format!(
        "<n:{operation}Response>{}<{prefix}:Items>{}</{prefix}:Items>{end}</n:{operation}Response>",
        context.unwrap_or_default(),
        rows.concat()
    );
    answer(request, &body)
}

pub fn row(n: usize) -> String {
    format!("<p:C xmlns:p=\"http://schemas.microsoft.com/wbem/wsman/1/wmi/root/x/C\"><p:N>{n}</p:N></p:C>")
}

pub fn fault(request: &Seen, status: u16, subcode: &str) -> Reply {
    let body = format!(
        "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>{subcode}</s:Value></s:Subcode></s:Code>\
         <s:Reason><s:Text>nein</s:Text></s:Reason></s:Fault>"
    );
    Reply {
        status,
        ..answer(request, &body)
    }
}

pub struct Peer {
    pub port: u16,
    pub ca_pem: String,
    pub leaf_der: Vec<u8>,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

struct Shared {
    connections: AtomicUsize,
    requests: AtomicUsize,
    last: Mutex<String>,
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Peer {
    /// Answers request number `n` (from 0) with what `reply` makes of it.
    pub async fn start(reply: impl Fn(usize, &Seen) -> Reply + Send + Sync + 'static) -> Self {
        let ca_key = KeyPair::generate().unwrap();
        let mut ca = CertificateParams::new(Vec::new()).unwrap();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca_pem = ca.self_signed(&ca_key).unwrap().pem();
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let leaf = leaf.signed_by(&key, &Issuer::new(ca, ca_key)).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![leaf.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
        let listener = TcpListener::bind("localhost:0").await.unwrap();
        let shared = Arc::new(Shared {
            connections: 0.into(),
            requests: 0.into(),
            last: Mutex::default(),
        });
        let port = listener.local_addr().unwrap().port();
        let serving = tokio::spawn(serve(
            listener,
            TlsAcceptor::from(Arc::new(tls)),
            Arc::clone(&shared),
            Arc::new(reply),
        ));
        Self {
            port,
            ca_pem,
            leaf_der: leaf.der().to_vec(),
            shared,
            serving,
        }
    }

    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    pub fn requests(&self) -> usize {
        self.shared.requests.load(Ordering::SeqCst)
    }

    pub fn last_request(&self) -> String {
        self.shared.last.lock().unwrap().clone()
    }
}

type Respond = dyn Fn(usize, &Seen) -> Reply + Send + Sync;

async fn serve(listener: TcpListener, tls: TlsAcceptor, shared: Arc<Shared>, reply: Arc<Respond>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            return;
        };
        let (tls, shared, reply) = (tls.clone(), Arc::clone(&shared), Arc::clone(&reply));
        tokio::spawn(async move {
            let Ok(stream) = tls.accept(stream).await else {
                return;
            };
            shared.connections.fetch_add(1, Ordering::SeqCst);
            let service =
                service_fn(move |request| respond(request, Arc::clone(&shared), Arc::clone(&reply)));
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

#[derive(Debug)]
struct Cut;

impl std::fmt::Display for Cut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("cut")
    }
}

impl std::error::Error for Cut {}

async fn respond(
    request: Request<hyper::body::Incoming>,
    shared: Arc<Shared>,
    reply: Arc<Respond>,
) -> Result<Response<Either<Full<Bytes>, Unannounced>>, Cut> {
    let authorization = request
        .headers()
        .get("authorization")
        .and_then(|v| v.to_str().ok())
        .map(str::to_owned);
    let bytes = request.into_body().collect().await.map_err(|_| Cut)?.to_bytes();
    let seen = Seen {
        text: String::from_utf8_lossy(&bytes).into_owned(),
        authorization,
    };
    let n = shared.requests.fetch_add(1, Ordering::SeqCst);
    shared.last.lock().unwrap().clone_from(&seen.text);
    let reply = reply(n, &seen);
    match reply.how {
        How::Cut => return Err(Cut),
        How::Silence => std::future::pending::<()>().await,
        How::Answer => {}
    }
    let mut response = Response::builder()
        .status(reply.status)
        .header("content-type", "application/soap+xml;charset=UTF-8");
    if reply.close {
        response = response.header("connection", "close");
    }
    let body = Bytes::from(reply.body);
    let body = if reply.chunked {
        Either::Right(Unannounced(Some(body)))
    } else {
        Either::Left(Full::new(body))
    };
    response.body(body).map_err(|_| Cut)
}

/// A body whose length nobody announces: sent in chunks.
pub struct Unannounced(Option<Bytes>);

impl hyper::body::Body for Unannounced {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }
}
