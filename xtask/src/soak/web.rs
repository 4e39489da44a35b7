//! Just enough HTTP to read the API on loopback, as the site's owner.

use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

const LOGIN: &str = "login=soak-owner&password=an+owner+for+the+soak";

/// Comes in: by the first owner's link where there is one, else by log-in. The cookie to send along.
pub fn enter(url: &str, first_owner: Option<&str>) -> Result<String, String> {
    let (path, fields) = match first_owner.and_then(|link| link.split_once('#')) {
        Some((_, code)) => ("/join", format!("code={code}&name=Soak&{LOGIN}")),
        None => ("/login", LOGIN.to_owned()),
    };
    let more = format!(
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{fields}",
        fields.len()
    );
    let (head, _) = ask(url, "POST", path, &more)?;
    let cookie = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        let is_session = name.eq_ignore_ascii_case("set-cookie") && value.starts_with("stillpoint=");
        is_session.then(|| value.split(';').next().unwrap_or_default().to_owned())
    });
    cookie.ok_or_else(|| {
        format!(
            "POST {path}: not let in: {}",
            head.lines().next().unwrap_or_default()
        )
    })
}

/// `GET path` from `http://127.0.0.1:port`, as JSON.
pub fn get(url: &str, cookie: &str, path: &str) -> Result<Value, String> {
    let more = format!("Accept: application/json\r\nCookie: {cookie}\r\n\r\n");
    let (head, body) = ask(url, "GET", path, &more)?;
    if head.split(' ').nth(1) != Some("200") {
        return Err(format!("GET {path}: {}", head.lines().next().unwrap_or_default()));
    }
    serde_json::from_str(&body).map_err(|e| format!("GET {path}: not JSON: {e}"))
}

/// Head and body of the answer. `more`: the rest of the request's head, and its body.
fn ask(url: &str, method: &str, path: &str, more: &str) -> Result<(String, String), String> {
    let host = url
        .trim_end_matches('/')
        .strip_prefix("http://")
        .ok_or_else(|| format!("{url} is not plain HTTP"))?;
    let fail = |e: std::io::Error| format!("{method} {path}: {e}");
    let mut stream = TcpStream::connect(host).map_err(fail)?;
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .map_err(fail)?;
    // HTTP/1.0: the answer ends where the connection does, so nothing has to be un-chunked.
    write!(stream, "{method} {path} HTTP/1.0\r\nHost: {host}\r\n{more}").map_err(fail)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).map_err(fail)?;
    let text = String::from_utf8_lossy(&answer);
    let (head, body) = text
        .split_once("\r\n\r\n")
        .ok_or_else(|| format!("{method} {path}: no HTTP answer"))?;
    Ok((head.to_owned(), body.to_owned()))
}
