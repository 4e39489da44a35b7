//! Just enough HTTP to read the API on loopback.

use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// `GET path` from `http://127.0.0.1:port`, as JSON.
pub fn get(url: &str, path: &str) -> Result<Value, String> {
    let host = url
        .trim_end_matches('/')
        .strip_prefix("http://")
        .ok_or_else(|| format!("{url} is not plain HTTP"))?;
    let fail = |e: std::io::Error| format!("GET {path}: {e}");
    let mut stream = TcpStream::connect(host).map_err(fail)?;
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .map_err(fail)?;
    // HTTP/1.0: the answer ends where the connection does, so nothing has to be un-chunked.
    write!(
        stream,
        "GET {path} HTTP/1.0\r\nHost: {host}\r\nAccept: application/json\r\n\r\n"
    )
    .map_err(fail)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).map_err(fail)?;
    let text = String::from_utf8_lossy(&answer);
    let (head, body) = text
        .split_once("\r\n\r\n")
        .ok_or_else(|| format!("GET {path}: no HTTP answer"))?;
    if head.split(' ').nth(1) != Some("200") {
        return Err(format!("GET {path}: {}", head.lines().next().unwrap_or_default()));
    }
    serde_json::from_str(body).map_err(|e| format!("GET {path}: not JSON: {e}"))
}
