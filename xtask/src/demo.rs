//! `cargo xtask demo`: from a fresh clone to a URL.

use crate::run::{Steps, call, root, target_dir};
use crate::web;
use std::ffi::OsStr;
use std::process::Command;

/// Builds what is missing, then becomes `stillpoint demo`.
pub fn run(args: &[String]) -> Result<(), String> {
    let mut steps = Steps::new();
    steps.step("web UI", web::build)?;
    steps.step("server (release)", || {
        call("cargo", &["build", "--locked", "--release", "-p", "stillpoint"])
    })?;
    let mut command = Command::new(target_dir().join("release/stillpoint"));
    command.arg("demo").args(args).current_dir(root());
    if !chooses_data(args, std::env::var_os("STILLPOINT_DATA").as_deref()) {
        command.arg("--data").arg(target_dir().join("demo"));
    }
    // Its stdout and exit code are a contract of their own: both reach whoever called us.
    let status = command
        .status()
        .map_err(|e| format!("`stillpoint demo` could not be started: {e}"))?;
    match status.code() {
        Some(0) => Ok(()),
        Some(code) => std::process::exit(code),
        None => Err(format!("`stillpoint demo` ended with {status}")),
    }
}

/// Whether the data directory was named by argument or environment.
fn chooses_data(args: &[String], environment: Option<&OsStr>) -> bool {
    environment.is_some_and(|dir| !dir.is_empty())
        || args.iter().any(|a| a == "--data" || a.starts_with("--data="))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_directory_that_was_chosen_is_not_chosen_again() {
        let args = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        assert!(!chooses_data(&args(&["--seed", "5"]), None));
        assert!(!chooses_data(&[], Some(OsStr::new(""))));
        assert!(chooses_data(&args(&["--data", "x"]), None));
        assert!(chooses_data(&args(&["--data=x"]), None));
        assert!(chooses_data(&[], Some(OsStr::new("x"))));
    }
}
