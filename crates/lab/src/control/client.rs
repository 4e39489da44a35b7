//! Steers a running lab: what `stillpoint lab ctl` and tests with a lab in another process use.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::model::LogEntry;
use crate::scenario::Operation;
use crate::wire::knobs::WireTrouble;

use super::files::Files;

const ANSWER_SECS_MAX: u64 = 30;
const ANSWER_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Speaks to the control endpoint of one lab.
#[derive(Clone)]
pub struct ControlClient {
    address: SocketAddr,
    token: String,
}

/// Why the lab did not do it.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    #[error("no lab was started in {0}; start one with `stillpoint lab --data {0}`", .data.display())]
    NeverStarted { data: PathBuf },
    #[error("the lab's file {path} could not be read")]
    File {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("the lab at {address} does not answer; is it running? ({reason})")]
    Silent { address: SocketAddr, reason: String },
    #[error("the lab refused: {0}")]
    Refused(String),
    #[error("the lab answered something unreadable: {0}")]
    Unreadable(String),
}

impl ControlClient {
    /// The lab of a data directory.
    ///
    /// # Errors
    /// When no lab ever ran there or its token cannot be read.
    pub fn of(data: &Path) -> Result<Self, ControlError> {
        let files = Files::of(data);
        let running = files
            .last_running()
            .map_err(|source| ControlError::File {
                path: files.running.clone(),
                source,
            })?
            .ok_or_else(|| ControlError::NeverStarted {
                data: data.to_owned(),
            })?;
        let token = std::fs::read_to_string(&files.token).map_err(|source| ControlError::File {
            path: files.token.clone(),
            source,
        })?;
        Ok(Self {
            address: running.control,
            token: token.trim().to_owned(),
        })
    }

    /// Carries out an operation now.
    ///
    /// # Errors
    /// When the lab does not answer or refuses it.
    pub async fn operate(&self, operation: &Operation) -> Result<(), ControlError> {
        self.send(Method::POST, "/v1/operate", Some(operation))
            .await
            .map(drop)
    }

    /// Asks for trouble on the wire.
    ///
    /// # Errors
    /// When the lab does not answer or has no such host.
    pub async fn trouble(&self, trouble: &WireTrouble) -> Result<(), ControlError> {
        self.send(Method::POST, "/v1/trouble", Some(trouble))
            .await
            .map(drop)
    }

    /// Everything that the hosts show now, with the lab's own knowledge of generations:
    /// `{now, failure, stays_blocked, hosts: [{name, ..., replicas: [...], jobs: [...], checkpoints: [...]}]}`.
    ///
    /// # Errors
    /// When the lab does not answer.
    pub async fn state(&self) -> Result<Value, ControlError> {
        self.send(Method::GET, "/v1/state", None::<&()>).await
    }

    /// Requests by host: `{host: {total, busiest_minute, by_action}}`.
    ///
    /// # Errors
    /// When the lab does not answer.
    pub async fn requests(&self) -> Result<Value, ControlError> {
        self.send(Method::GET, "/v1/requests", None::<&()>).await
    }

    /// What clients left behind: `{checkpoints: [[host, {...}]], jobs: [[host, {...}]]}`.
    ///
    /// # Errors
    /// When the lab does not answer.
    pub async fn left(&self) -> Result<Value, ControlError> {
        self.send(Method::GET, "/v1/left", None::<&()>).await
    }

    /// What clients did since this start of the lab, oldest first, and the path of the whole log.
    ///
    /// # Errors
    /// When the lab does not answer.
    pub async fn log(&self) -> Result<(PathBuf, Vec<LogEntry>), ControlError> {
        let mut answer = self.send(Method::GET, "/v1/log", None::<&()>).await?;
        let path = answer["path"].as_str().map(PathBuf::from).unwrap_or_default();
        let entries = serde_json::from_value(answer["entries"].take());
        entries
            .map(|entries| (path, entries))
            .map_err(|e| ControlError::Unreadable(e.to_string()))
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<Value, ControlError> {
        let silent = |reason: String| ControlError::Silent {
            address: self.address,
            reason,
        };
        let body = body
            .map(serde_json::to_vec)
            .transpose()
            .map_err(|e| ControlError::Unreadable(e.to_string()))?;
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, self.address.to_string())
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .body(Full::new(Bytes::from(body.unwrap_or_default())))
            .map_err(|e| silent(e.to_string()))?;
        let asked = timeout(
            Duration::from_secs(ANSWER_SECS_MAX),
            exchange(self.address, request),
        )
        .await;
        let (ok, bytes) = asked
            .map_err(|_| silent("no answer within 30 s".to_owned()))?
            .map_err(silent)?;
        let answer: Value =
            serde_json::from_slice(&bytes).map_err(|e| ControlError::Unreadable(e.to_string()))?;
        if ok {
            return Ok(answer);
        }
        Err(ControlError::Refused(
            answer["error"]
                .as_str()
                .unwrap_or("without saying why")
                .to_owned(),
        ))
    }
}

async fn exchange(address: SocketAddr, request: Request<Full<Bytes>>) -> Result<(bool, Bytes), String> {
    let stream = TcpStream::connect(address).await.map_err(|e| e.to_string())?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|e| e.to_string())?;
    let exchange = async move {
        let response = sender.send_request(request).await.map_err(|e| e.to_string())?;
        let ok = response.status().is_success();
        let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX)
            .collect()
            .await
            .map_err(|e| e.to_string())?;
        Ok((ok, body.to_bytes()))
    };
    let mut exchange = std::pin::pin!(exchange);
    let mut connection = std::pin::pin!(connection);
    // The connection only moves while it is polled.
    tokio::select! {
        done = exchange.as_mut() => done,
        _ = connection.as_mut() => exchange.await,
    }
}
