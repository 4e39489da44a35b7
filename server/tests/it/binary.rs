//! The binary as a person or a script runs it, and its API as a program reads it.

use super::waiting::until;
use serde_json::Value;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

/// The longest that any command may take here.
const COMMAND_MAX: Duration = Duration::from_secs(180);

/// Of [`OWNER`].
pub const OWNER_PASSWORD: &str = "a first owner of tests";
const OWNER: &str = "login=it-owner&password=a+first+owner+of+tests";
const DEMO_OWNER: &str = "login=owner&password=between+two+log+applies";

/// A command that ended.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// Stdout, which must be one JSON document.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("not JSON ({e}): {self:?}"))
    }

    /// It must have ended with this code and said all of these words on stderr.
    #[track_caller]
    pub fn refused(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, code, "{self:?}");
        for word in words {
            assert!(self.err.contains(word), "`{word}` is not in: {}", self.err);
        }
    }

    #[track_caller]
    pub fn good(self) -> Self {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }
}

fn command(data: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stillpoint"));
    command
        .args(args)
        .arg("--data")
        .arg(data)
        .env_remove("STILLPOINT_DATA")
        .env_remove("RUST_LOG")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Runs a command to its end.
pub async fn run(data: &Path, args: &[&str]) -> Ran {
    let output = timeout(COMMAND_MAX, command(data, args).output())
        .await
        .unwrap_or_else(|_| panic!("{args:?} does not end"))
        .unwrap();
    Ran {
        code: output.status.code().expect("ended by itself"),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Starts a command and leaves it running.
pub fn spawn(data: &Path, args: &[&str]) -> Child {
    command(data, args).spawn().unwrap()
}

/// `stillpoint serve` on a free port; killed when dropped.
pub struct Server {
    address: String,
    /// The owner's session.
    cookie: String,
    child: Child,
    _out: Lines<BufReader<ChildStdout>>,
}

impl Server {
    pub async fn start(data: &Path) -> Self {
        let mut command = command(data, &["serve", "--listen", "127.0.0.1:0", "--json"]);
        command.stderr(Stdio::inherit());
        Self::ready(command).await.0
    }

    /// One that writes everything it can say to `log`; and the first owner's link.
    pub async fn talkative(data: &Path, log: std::fs::File) -> (Self, Option<String>) {
        let mut command = command(data, &["serve", "--listen", "127.0.0.1:0", "--json"]);
        command.env("RUST_LOG", "trace").stderr(log);
        Self::ready(command).await
    }

    async fn ready(mut command: Command) -> (Self, Option<String>) {
        let mut child = command.spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = timeout(COMMAND_MAX, out.next_line()).await.expect("gets ready");
        let line = line.unwrap().expect("says that it is ready");
        let ready: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(ready["event"], "ready", "{ready}");
        let url = ready["url"].as_str().unwrap();
        let address = url.strip_prefix("http://").unwrap().trim_end_matches('/');
        let mut server = Self {
            address: address.to_owned(),
            cookie: String::new(),
            child,
            _out: out,
        };
        let link = ready["first_owner"].as_str();
        server.cookie = server.enter(link).await;
        (server, link.map(str::to_owned))
    }

    /// The session's secret.
    pub fn session(&self) -> &str {
        self.cookie.split_once('=').expect("a cookie").1
    }

    /// Head and body of the answer to a form.
    pub async fn post(&self, path: &str, fields: &str) -> (String, String) {
        let request = format!(
            "POST {path} HTTP/1.0\r\nHost: {}\r\nCookie: {}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{fields}",
            self.address,
            self.cookie,
            fields.len()
        );
        self.ask(&request).await
    }

    /// Head and body of the answer to a request of a program with a token.
    pub async fn get_with(&self, path: &str, token: &str) -> (String, String) {
        let request = format!(
            "GET {path} HTTP/1.0\r\nHost: {}\r\nAuthorization: Bearer {token}\r\n\r\n",
            self.address
        );
        self.ask(&request).await
    }

    /// Ends it and waits until it has.
    pub async fn end(mut self) {
        self.child.kill().await.unwrap();
    }

    /// The first start's link makes the owner; later ones log in, and where a demo was before, its owner does.
    async fn enter(&self, link: Option<&str>) -> String {
        let (path, fields) = match link {
            Some(link) => {
                let code = link.split_once('#').expect("a code").1;
                ("/join", format!("code={code}&name=It&{OWNER}"))
            }
            None => ("/login", OWNER.to_owned()),
        };
        for (path, fields) in [(path, fields.as_str()), ("/login", DEMO_OWNER)] {
            let request = format!(
                "POST {path} HTTP/1.0\r\nHost: {}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{fields}",
                self.address,
                fields.len()
            );
            let (head, _) = self.ask(&request).await;
            let cookie = head.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                let is_session = name.eq_ignore_ascii_case("set-cookie") && value.starts_with("stillpoint=");
                is_session.then(|| value.split(';').next().unwrap_or_default().to_owned())
            });
            if let Some(cookie) = cookie {
                return cookie;
            }
        }
        panic!("nobody is let in")
    }

    pub fn process(&self) -> u32 {
        self.child.id().expect("runs")
    }

    /// Status and body.
    pub async fn get(&self, path: &str) -> (u16, String) {
        let request = format!(
            "GET {path} HTTP/1.0\r\nHost: {}\r\nCookie: {}\r\n\r\n",
            self.address, self.cookie
        );
        let (head, body) = self.ask(&request).await;
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, body)
    }

    /// Head and body. HTTP/1.0: the body ends with the connection and comes in one piece.
    async fn ask(&self, request: &str) -> (String, String) {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        timeout(Duration::from_secs(30), stream.read_to_end(&mut answer))
            .await
            .expect("answers")
            .unwrap();
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        (head.to_owned(), body.to_owned())
    }

    /// Asked again where it was asked too often: tests look more often than people and programs.
    pub async fn json(&self, path: &str) -> Value {
        let answer = until("the limit of requests lets it through", 30, || async {
            let (status, body) = self.get(path).await;
            (status != 429).then_some((status, body))
        });
        let (status, body) = answer.await;
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).unwrap_or_else(|e| panic!("{path} is not JSON ({e}): {body}"))
    }
}
