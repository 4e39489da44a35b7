//! Starting, killing and asking other processes.

use serde_json::Value;
use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Lines of a log that are worth telling.
const TAIL_LINES: usize = 40;

/// A process whose stderr goes to a log; killed when dropped, and when this process ends, however it ends.
#[derive(Debug)]
pub struct Service {
    name: &'static str,
    child: Child,
    guard: Guard,
    log: PathBuf,
}

/// A shell that waits for a word on its stdin. The other end of that pipe is ours alone: when this process ends, even by
/// SIGKILL, the shell reads the end of its input instead of a word and kills the service. It does not listen to the
/// terminal's Ctrl-C, which reaches it too.
#[derive(Debug)]
struct Guard(Child);

impl Guard {
    fn of(child: &Child) -> std::io::Result<Self> {
        let script = r#"trap "" INT TERM HUP; read -r word || kill -KILL "$0""#;
        Command::new("sh")
            .args(["-c", script, &child.id().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map(Self)
    }

    /// The service has ended, or is about to by our own hand: its id may soon be another's.
    fn release(&mut self) {
        if let Some(mut pipe) = self.0.stdin.take() {
            let _ = pipe.write_all(b"done\n");
        }
        let _ = self.0.wait();
    }
}

impl Service {
    /// Starts it and waits for its first line of JSON on stdout.
    pub fn start(
        name: &'static str,
        command: &mut Command,
        folder: &Path,
        patience: Duration,
    ) -> Result<(Self, Value), String> {
        let log = folder.join(format!("{name}.log"));
        let open = || OpenOptions::new().create(true).append(true).open(&log);
        let stderr = open().map_err(|e| format!("cannot write {}: {e}", log.display()))?;
        // A failed run is told from its logs.
        let detail = std::env::var_os("RUST_LOG").unwrap_or_else(|| "info".into());
        let child = command
            .env("RUST_LOG", detail)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn();
        let mut child = child.map_err(|e| format!("{name} could not be started: {e}"))?;
        let guard = Guard::of(&child).map_err(|e| {
            let _ = child.kill();
            let _ = child.wait();
            format!("`sh` could not be started to guard {name}: {e}")
        })?;
        let stdout = child.stdout.take();
        let mut service = Self {
            name,
            child,
            guard,
            log,
        };
        let (send, lines) = mpsc::channel();
        // Reads on for as long as the process writes, so that it never stalls on a full pipe.
        std::thread::spawn(move || {
            for line in stdout
                .into_iter()
                .flat_map(|out| BufReader::new(out).lines())
                .map_while(Result::ok)
            {
                let _ = send.send(line);
            }
        });
        let deadline = Instant::now() + patience;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match lines.recv_timeout(left) {
                Ok(line) => {
                    if let Ok(value) = serde_json::from_str::<Value>(&line) {
                        return Ok((service, value));
                    }
                }
                Err(_) => return Err(service.why_not_ready()),
            }
        }
    }

    fn why_not_ready(&mut self) -> String {
        let ended = match self.child.try_wait() {
            Ok(Some(status)) => format!("it ended with {status}"),
            _ => "it was too slow".to_owned(),
        };
        format!(
            "{} did not get ready ({ended}); its log ends:\n{}",
            self.name,
            self.log_end()
        )
    }

    fn log_end(&self) -> String {
        tail(&self.log)
    }

    /// True while it runs.
    pub fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// SIGKILL: no clean-up, no last words.
    pub fn kill(mut self) -> Result<(), String> {
        if !self.runs() {
            return Err(format!(
                "{} had ended by itself; its log ends:\n{}",
                self.name,
                self.log_end()
            ));
        }
        let killed = self.child.kill();
        self.guard.release();
        killed
            .and_then(|()| self.child.wait())
            .map_err(|e| format!("cannot kill {}: {e}", self.name))?;
        Ok(())
    }

    /// SIGTERM, and patience.
    pub fn stop(mut self, patience: Duration) -> Result<(), String> {
        if !self.runs() {
            return Err(format!(
                "{} had ended by itself; its log ends:\n{}",
                self.name,
                self.log_end()
            ));
        }
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status();
        sent.map_err(|e| format!("`kill` could not be started: {e}; install procps"))?;
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            if !self.runs() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err(format!(
            "{} did not end within {} s of SIGTERM",
            self.name,
            patience.as_secs()
        ))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        self.guard.release();
        let _ = self.child.wait();
    }
}

/// The last lines of a log, indented.
pub fn tail(log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines
        .iter()
        .skip(lines.len().saturating_sub(TAIL_LINES))
        .map(|line| format!("    {line}\n"))
        .collect()
}

/// What a command says; it too ends when this process does.
fn output(command: &mut Command) -> std::io::Result<Output> {
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut guard = Guard::of(&child)?;
    let output = child.wait_with_output();
    guard.release();
    output
}

/// Runs a command to its end; its words when it fails.
pub fn finish(command: &mut Command) -> Result<Vec<u8>, String> {
    let words = format!("{command:?}");
    let run = output(command).map_err(|e| format!("{words} could not be started: {e}"))?;
    if run.status.success() {
        return Ok(run.stdout);
    }
    let said = String::from_utf8_lossy(&run.stderr);
    Err(format!("{words} ended with {}: {}", run.status, said.trim()))
}

/// Runs a command that prints one JSON document.
pub fn json(command: &mut Command) -> Result<Value, String> {
    let said = finish(command)?;
    serde_json::from_slice(&said).map_err(|e| format!("{command:?} did not print JSON: {e}"))
}

/// As [`json`], for a command whose exit code says how it went and whose JSON is wanted in any case.
pub fn json_however(command: &mut Command) -> Result<Value, String> {
    let words = format!("{command:?}");
    let run = output(command).map_err(|e| format!("{words} could not be started: {e}"))?;
    serde_json::from_slice(&run.stdout).map_err(|e| {
        format!(
            "{words} did not print JSON: {e}; it said: {}",
            String::from_utf8_lossy(&run.stderr).trim()
        )
    })
}
