//! `cargo xtask demo`: from a fresh clone to a URL.

use crate::run::{Steps, call, call_command, root, target_dir};
use crate::web;
use std::process::Command;

/// Builds what is missing, then becomes `stillpoint demo`.
pub fn run(args: &[String]) -> Result<(), String> {
    let mut steps = Steps::new();
    steps.step("web UI", web::build)?;
    steps.step("server (release)", || {
        call("cargo", &["build", "--locked", "--release", "-p", "stillpoint"])
    })?;
    let binary = target_dir().join("release/stillpoint");
    let mut command = Command::new(binary);
    command.arg("demo");
    if !args.iter().any(|a| a == "--data" || a.starts_with("--data=")) {
        command.arg("--data").arg(target_dir().join("demo"));
    }
    call_command(command.args(args).current_dir(root()))
}
