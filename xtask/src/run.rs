//! Running other programs from the repository's root, visibly.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

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

/// As [`call`], for a prepared command.
pub fn call_command(command: &mut Command) -> Result<(), String> {
    let words = words(command);
    eprintln!("  $ {words}");
    let status = command
        .status()
        .map_err(|e| format!("`{words}` could not be started: {e}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("`{words}` ended with {status}"))
    }
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
