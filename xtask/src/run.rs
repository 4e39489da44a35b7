//! Running other programs from the repository's root, visibly.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The repository's root: the folder above this crate.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// Where cargo builds: `CARGO_TARGET_DIR` or `target`.
pub fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// A command that starts in the root.
pub fn command(program: &str, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(args).current_dir(root());
    command
}

/// Runs a command and fails with its words when it does not exit with 0.
pub fn call(program: &str, args: &[&str]) -> Result<(), String> {
    call_command(&mut command(program, args))
}

/// As [`call`], for a prepared command. Where nobody looks on (no terminal), the last lines of a failed command are said
/// again in the error: of a long output often only the end is kept.
pub fn call_command(command: &mut Command) -> Result<(), String> {
    let words = words(command);
    eprintln!("  $ {words}");
    let fail = |e: std::io::Error| format!("`{words}` could not be started: {e}");
    if std::io::stderr().is_terminal() {
        let status = command.status().map_err(fail)?;
        return if status.success() {
            Ok(())
        } else {
            Err(format!("`{words}` ended with {status}"))
        };
    }
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(fail)?;
    let last = Arc::new(Mutex::new(VecDeque::new()));
    let readers = [
        pass_on(child.stdout.take(), &last),
        pass_on(child.stderr.take(), &last),
    ];
    let status = child.wait().map_err(fail)?;
    // What it left running may hold the pipes open for as long as it likes.
    let patience = Instant::now() + Duration::from_secs(3);
    while !readers.iter().all(JoinHandle::is_finished) && Instant::now() < patience {
        std::thread::sleep(Duration::from_millis(10));
    }
    if status.success() {
        return Ok(());
    }
    let last = last.lock().unwrap_or_else(PoisonError::into_inner);
    let last: String = last.iter().map(|line| format!("\n  | {line}")).collect();
    Err(format!(
        "`{words}` ended with {status}; the end of what it said:{last}"
    ))
}

/// Lines of a failed command that are said again.
const LAST_LINES: usize = 80;

/// Passes lines on to stderr and keeps the last ones.
fn pass_on(from: Option<impl Read + Send + 'static>, last: &Arc<Mutex<VecDeque<String>>>) -> JoinHandle<()> {
    let last = Arc::clone(last);
    std::thread::spawn(move || {
        let mut from = from.map(BufReader::new);
        let mut line = Vec::new();
        // By bytes: what a program says need not be UTF-8.
        while let Some(Ok(1..)) = from.as_mut().map(|from| from.read_until(b'\n', &mut line)) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            line.clear();
            eprintln!("{text}");
            let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
            if last.len() == LAST_LINES {
                last.pop_front();
            }
            last.push_back(text);
        }
    })
}

/// Standard output of a command as text, trimmed.
pub fn output(program: &str, args: &[&str]) -> Result<String, String> {
    let mut command = command(program, args);
    let words = words(&command);
    let output = command
        .output()
        .map_err(|e| format!("`{words}` could not be started: {e}"))?;
    if !output.status.success() {
        return Err(format!(
            "`{words}` ended with {}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        ));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Whether a program is on the PATH.
pub fn on_path(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(program).is_file()))
}

fn words(command: &Command) -> String {
    let mut words = command.get_program().to_string_lossy().into_owned();
    for arg in command.get_args() {
        words.push(' ');
        words.push_str(&arg.to_string_lossy());
    }
    words
}

/// The steps of a long chore with their minutes.
pub struct Steps {
    began: Instant,
    done: Vec<(String, f64)>,
}

impl Steps {
    pub fn new() -> Self {
        Self {
            began: Instant::now(),
            done: Vec::new(),
        }
    }

    /// Runs one named step, printing its name before and its time after.
    pub fn step(&mut self, name: &str, work: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
        eprintln!("\n== {name}");
        let began = Instant::now();
        let outcome = work();
        let minutes = began.elapsed().as_secs_f64() / 60.0;
        eprintln!(
            "== {name}: {minutes:.1} min{}",
            if outcome.is_ok() { "" } else { ", FAILED" }
        );
        self.done.push((name.to_owned(), minutes));
        outcome.map_err(|e| format!("{name}: {e}"))
    }

    /// Prints the table of steps.
    pub fn summary(&self) {
        eprintln!("\n== minutes per step");
        for (name, minutes) in &self.done {
            eprintln!("{minutes:7.1}  {name}");
        }
        eprintln!("{:7.1}  in all", self.began.elapsed().as_secs_f64() / 60.0);
    }
}
