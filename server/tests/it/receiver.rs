//! Somebody who is told: a webhook receiver on this machine that keeps what it got and answers as it is told to.

use hmac::{Hmac, KeyInit as _, Mac as _};
use rustls::ServerConfig;
use serde_json::Value;
use sha2::Sha256;
use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

pub const SECRET: &str = "a secret of this test";

/// What a request is answered with.
#[derive(Debug, Clone, Copy)]
pub enum Reply {
    Status(u16),
    /// Nothing, and the connection stays.
    Hang,
}

#[derive(Debug, Default)]
struct Kept {
    replies: VecDeque<Reply>,
    /// Everything that was posted, with whether it was answered with 2xx.
    posted: Vec<(Value, bool)>,
    beats: u32,
}

pub struct Receiver {
    pub url: String,
    kept: Arc<Mutex<Kept>>,
}

impl Receiver {
    /// Answers with these in turn and then always with 200.
    pub async fn start(replies: &[Reply], tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let kept = Arc::new(Mutex::new(Kept {
            replies: replies.iter().copied().collect(),
            ..Kept::default()
        }));
        let scheme = if tls.is_some() { "https" } else { "http" };
        let acceptor = tls.map(TlsAcceptor::from);
        let all = kept.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, acceptor.clone(), all.clone()));
            }
        });
        Self {
            url: format!("{scheme}://localhost:{port}"),
            kept,
        }
    }

    /// The documents that were taken, in their order.
    pub fn taken(&self) -> Vec<Value> {
        let kept = self.kept.lock().unwrap();
        let taken = kept.posted.iter().filter(|(_, taken)| *taken);
        taken.map(|(document, _)| document.clone()).collect()
    }
    pub fn posted(&self) -> usize {
        self.kept.lock().unwrap().posted.len()
    }
    pub fn beats(&self) -> u32 {
        self.kept.lock().unwrap().beats
    }
}

async fn serve(stream: TcpStream, acceptor: Option<TlsAcceptor>, kept: Arc<Mutex<Kept>>) {
    match acceptor {
        None => answer(stream, &kept).await,
        Some(acceptor) => {
            if let Ok(stream) = acceptor.accept(stream).await {
                answer(stream, &kept).await;
            }
        }
    }
}

async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin, kept: &Mutex<Kept>) {
    let mut got = Vec::new();
    let (head, body) = loop {
        let mut more = [0; 4_096];
        let n = stream.read(&mut more).await.unwrap_or(0);
        if n == 0 {
            return;
        }
        got.extend_from_slice(&more[..n]);
        let text = String::from_utf8_lossy(&got).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        if body.len() >= header(head, "content-length").map_or(0, |it| it.parse().unwrap()) {
            break (head.to_owned(), body.to_owned());
        }
    };
    let reply = {
        let mut kept = kept.lock().unwrap();
        if head.starts_with("GET ") {
            kept.beats += 1;
            Reply::Status(200)
        } else {
            assert!(head.starts_with("POST /hook?key=s3cret HTTP/1.1"), "{head}");
            check(&head, &body);
            let reply = kept.replies.pop_front().unwrap_or(Reply::Status(200));
            let taken = matches!(reply, Reply::Status(200..=299));
            kept.posted.push((serde_json::from_str(&body).unwrap(), taken));
            reply
        }
    };
    let Reply::Status(status) = reply else {
        let _ = stream.read(&mut [0]).await;
        return;
    };
    let text =
        format!("HTTP/1.1 {status} X\r\nLocation: http://localhost:1/\r\nContent-Length: 8\r\n\r\nas asked");
    let _ = stream.write_all(text.as_bytes()).await;
    let _ = stream.flush().await;
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    lines
        .filter(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
        .next()
}

/// Every message is signed with the secret, over its time and its body.
fn check(head: &str, body: &str) {
    let signature = header(head, "stillpoint-signature").expect("is signed");
    let (time, given) = signature
        .strip_prefix("t=")
        .and_then(|it| it.split_once(",v1="))
        .expect("has a time and a signature");
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(format!("{time}.{body}").as_bytes());
    let expected: String = mac
        .finalize()
        .into_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(given, expected);
}

/// Writes the secret's file, readable by nobody else.
pub fn secret(data: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let path = data.join("webhook-secret");
    std::fs::write(&path, format!("{SECRET}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
}
