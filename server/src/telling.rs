//! What people are told: failures with what to do, exit codes, logs and progress on stderr.

mod table;

pub use table::Table;

use indicatif::{ProgressBar, ProgressStyle};
use std::fmt::Write as _;
use std::process::ExitCode;

/// How a command ended other than well.
#[derive(Debug)]
pub struct Failure {
    text: String,
    code: u8,
}

/// Exit codes, part of the contract (`docs/book/command-line.md`).
pub mod exit {
    /// Something failed.
    pub const FAILED: u8 = 1;
    /// The arguments, the configuration or a named thing are not right, or another process has the data directory.
    pub const USAGE: u8 = 2;
    /// Time ran out.
    pub const TIMEOUT: u8 = 3;
    /// Not now: a named blocker stands in the way.
    pub const DEFERRED: u8 = 4;
}

impl Failure {
    pub fn new(code: u8, text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            code,
        }
    }
    pub fn usage(text: impl Into<String>) -> Self {
        Self::new(exit::USAGE, text)
    }
    /// Whether it is the caller's to put right, rather than something that went wrong.
    pub fn is_refusal(&self) -> bool {
        self.code == exit::USAGE
    }
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::new(exit::FAILED, chain(&error))
    }
}

/// An error and what caused it, in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let words = cause.to_string();
        if !text.contains(&words) {
            let _ = write!(text, ": {words}");
        }
        source = cause.source();
    }
    text
}

/// Logs to stderr; `RUST_LOG` overrides.
pub fn logs(verbose: u8) {
    let default = match verbose {
        0 => "warn,rustic_core=error",
        1 => "info,rustic_core=warn",
        _ => "debug,hyper=info,rustls=info",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| default.into());
    let ansi = std::io::IsTerminal::is_terminal(&std::io::stderr());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(ansi)
        .with_target(false)
        .init();
}

/// A bar on stderr for work whose length in bytes is known; silent where stderr is no terminal.
pub fn bytes_bar(what: &str, total: u64) -> ProgressBar {
    let bar = ProgressBar::new(total);
    if let Ok(style) =
        ProgressStyle::with_template("{msg} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec} {eta}")
    {
        bar.set_style(style);
    }
    bar.set_message(what.to_owned());
    bar
}

/// A spinner on stderr for work of unknown length.
pub fn spinner(what: impl Into<String>) -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    bar.set_message(what.into());
    bar.enable_steady_tick(std::time::Duration::from_millis(120));
    bar
}

/// Prints one JSON document to stdout.
pub fn json(value: &impl serde::Serialize) -> Result<(), Failure> {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, value)?;
    out.write_all(b"\n")?;
    out.flush()?;
    Ok(())
}

/// The vault's progress as a bar on stderr.
pub struct BarProgress(ProgressBar);

impl BarProgress {
    pub fn new(what: String) -> Self {
        Self(bytes_bar(&what, 0))
    }
}

impl vault::Progress for BarProgress {
    fn expect(&self, bytes: u64) {
        self.0.inc_length(bytes);
    }
    fn advance(&self, bytes: u64) {
        self.0.inc(bytes);
    }
}

impl Drop for BarProgress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
