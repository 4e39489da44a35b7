//! The control endpoint: plain HTTP on loopback, every request with the token of the data directory.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::scenario::Operation;
use crate::site::Lab;
use crate::wire::knobs::WireTrouble;
use crate::wire::server::{HostServer, same};

use super::files::Files;

const BODY_BYTES_MAX: usize = 64 * 1024;
const HEADER_SECS_MAX: u64 = 10;

/// What the endpoint steers.
#[derive(Clone)]
pub struct Control {
    shared: Arc<Shared>,
}

struct Shared {
    token: String,
    lab: Arc<Lab>,
    hosts: Vec<(String, HostServer)>,
    files: Files,
}

/// Status and JSON of an answer.
type Answer = (StatusCode, Value);

impl Control {
    pub(super) fn new(token: String, lab: Arc<Lab>, hosts: Vec<(String, HostServer)>, files: Files) -> Self {
        Self {
            shared: Arc::new(Shared {
                token,
                lab,
                hosts,
                files,
            }),
        }
    }

    pub(super) async fn listen(
        self,
        address: SocketAddr,
        tasks: &TaskTracker,
        stop: CancellationToken,
    ) -> io::Result<SocketAddr> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let (tracker, accepting) = (tasks.clone(), stop);
        tasks.spawn(async move {
            loop {
                let accepted = tokio::select! {
                    () = accepting.cancelled() => return,
                    accepted = listener.accept() => accepted,
                };
                let Ok((stream, _)) = accepted else { continue };
                tracker.spawn(self.clone().connection(stream, accepting.clone()));
            }
        });
        Ok(address)
    }

    async fn connection(self, stream: TcpStream, stop: CancellationToken) {
        let serve = service_fn(move |request| {
            let control = self.clone();
            async move { Ok::<_, std::convert::Infallible>(control.request(request).await) }
        });
        let mut http = hyper::server::conn::http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(Duration::from_secs(HEADER_SECS_MAX));
        let connection = http.serve_connection(TokioIo::new(stream), serve);
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection to the lab's control endpoint ended early");
        }
    }

    async fn request(self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let given = request
            .headers()
            .get(header::AUTHORIZATION)
            .and_then(|v| v.to_str().ok())
            .unwrap_or_default();
        let given = given.strip_prefix("Bearer ").unwrap_or_default();
        if !same(given.as_bytes(), self.shared.token.as_bytes()) {
            return answer((
                StatusCode::UNAUTHORIZED,
                json!({ "error": "the lab's token is missing or wrong" }),
            ));
        }
        let (parts, body) = request.into_parts();
        let Ok(body) = Limited::new(body, BODY_BYTES_MAX).collect().await else {
            return answer((
                StatusCode::PAYLOAD_TOO_LARGE,
                json!({ "error": "the request is larger than 64 KiB" }),
            ));
        };
        let bytes = body.to_bytes();
        let work = move || self.shared.handle(&parts.method, parts.uri.path(), &bytes);
        answer(match tokio::task::spawn_blocking(work).await {
            Ok(done) => done,
            Err(_) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                json!({ "error": "the lab failed; see its log" }),
            ),
        })
    }
}

fn answer((status, body): Answer) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

impl Shared {
    fn handle(&self, method: &Method, path: &str, body: &[u8]) -> Answer {
        match (method.as_str(), path) {
            ("POST", "/v1/operate") => self.operate(body),
            ("POST", "/v1/trouble") => self.trouble(body),
            ("GET", "/v1/state") => (StatusCode::OK, self.state()),
            ("GET", "/v1/requests") => (StatusCode::OK, self.requests()),
            ("GET", "/v1/left") => (StatusCode::OK, self.lab.with(|site| json!(site.left()))),
            ("GET", "/v1/log") => {
                let entries = self.lab.with(|site| json!(site.log()));
                (
                    StatusCode::OK,
                    json!({ "path": self.files.log, "entries": entries }),
                )
            }
            _ => (
                StatusCode::NOT_FOUND,
                json!({ "error": format!("the lab does not know {method} {path}") }),
            ),
        }
    }

    fn operate(&self, body: &[u8]) -> Answer {
        let operation: Operation = match serde_json::from_slice(body) {
            Ok(operation) => operation,
            Err(error) => return refused(format!("not an operation: {error}")),
        };
        match self.lab.with(|site| site.operate(&operation)) {
            Ok(()) => (StatusCode::OK, json!({ "done": operation.op.name() })),
            Err(error) => refused(error.to_string()),
        }
    }

    fn trouble(&self, body: &[u8]) -> Answer {
        let trouble: WireTrouble = match serde_json::from_slice(body) {
            Ok(trouble) => trouble,
            Err(error) => return refused(format!("not a trouble of the wire: {error}")),
        };
        match self.hosts.iter().find(|(name, _)| *name == trouble.host) {
            Some((_, server)) => {
                server.trouble(trouble);
                (StatusCode::OK, json!({ "done": "trouble" }))
            }
            None => {
                let names: Vec<&str> = self.hosts.iter().map(|(name, _)| name.as_str()).collect();
                refused(format!(
                    "the lab has no host `{}`; it has {}",
                    trouble.host,
                    names.join(", ")
                ))
            }
        }
    }

    fn state(&self) -> Value {
        let failure = self.lab.failure();
        self.lab.with(|site| {
            let hosts: Vec<Value> = site
                .hosts()
                .into_iter()
                .map(|host| {
                    let replicas: Vec<Value> = site
                        .vms(&host.name)
                        .into_iter()
                        .map(|vm| {
                            let (applied, applying) = site.generation(vm.lab_id).unwrap_or_default();
                            let mut row = json!(vm);
                            row["applied"] = json!(applied);
                            row["applying"] = json!(applying);
                            row
                        })
                        .collect();
                    let (jobs, checkpoints) = (site.jobs(&host.name), site.checkpoints(&host.name));
                    let mut row = json!(host);
                    row["replicas"] = json!(replicas);
                    row["jobs"] = json!(jobs);
                    row["checkpoints"] = json!(checkpoints);
                    row
                })
                .collect();
            let primaries: Vec<Value> = site
                .primaries()
                .into_iter()
                .map(|primary| {
                    let mut row = json!(site.host(&primary.name));
                    row["tenant"] = json!(primary.tenant);
                    row["replicas"] = json!(site.vms(&primary.name));
                    row
                })
                .collect();
            json!({ "now": site.now(), "failure": failure, "stays_blocked": site.spec().stays_blocked, "hosts": hosts, "primaries": primaries })
        })
    }

    fn requests(&self) -> Value {
        let counts = |site: &mut crate::model::Site| {
            let counts = self
                .hosts
                .iter()
                .map(|(name, _)| (name.clone(), json!(site.requests(name))));
            Value::Object(counts.collect())
        };
        self.lab.with(counts)
    }
}

fn refused(error: String) -> Answer {
    (StatusCode::BAD_REQUEST, json!({ "error": error }))
}
