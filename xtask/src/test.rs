//! `cargo xtask test`: everything that must hold, in the order that fails soonest.

use crate::run::{Steps, call, call_command, root, target_dir};
use crate::{packages, soak, tidy, web};
use std::path::PathBuf;
use std::process::Command;

/// Runs every check; the first that fails ends the chore.
pub fn run(args: &[String]) -> Result<(), String> {
    if let Some(unknown) = args.iter().find(|a| *a != "--yes") {
        return Err(format!("`test` takes only --yes, not `{unknown}`"));
    }
    let yes = args.iter().any(|a| a == "--yes");
    let mut steps = Steps::new();
    let outcome = all(&mut steps, yes);
    steps.summary();
    outcome
}

fn all(steps: &mut Steps, yes: bool) -> Result<(), String> {
    steps.step("packages", || {
        packages::debian(yes)?;
        packages::wasm_target()?;
        packages::npm()?;
        packages::python().map(|_| ())
    })?;
    steps.step("formatting", || call("cargo", &["fmt", "--all", "--check"]))?;
    steps.step("tidy", tidy::run)?;
    steps.step("build of all tests", || {
        call("cargo", &["test", "--locked", "--workspace", "--no-run"])
    })?;
    steps.step("unit, property, store, wire and end-to-end tests", || {
        call("cargo", &["test", "--locked", "--workspace"])
    })?;
    steps.step("clippy, native", || {
        call(
            "cargo",
            &[
                "clippy",
                "--locked",
                "--workspace",
                "--all-targets",
                "--",
                "-D",
                "warnings",
            ],
        )
    })?;
    steps.step("clippy, wasm32", || {
        let target = ["--target", "wasm32-unknown-unknown"];
        call_command(
            Command::new("cargo")
                .args([
                    "clippy",
                    "--locked",
                    "-p",
                    "domain",
                    "-p",
                    "console",
                    "-p",
                    "app",
                    "--lib",
                    "--profile",
                    "wasm-release",
                ])
                .args(target)
                .args(["--features", "app/hydrate", "--", "-D", "warnings"])
                .current_dir(root()),
        )
    })?;
    steps.step("web UI", web::build)?;
    steps.step("peers and browser", || journeys(&[]))?;
    steps.step("the API as it is described", contract)?;
    steps.step("soak, short", || {
        let binary = built()?.display().to_string();
        soak::run(&["--short".to_owned(), "--binary".to_owned(), binary])
    })
}

/// The program as the tests have built it; another build would have other features and take minutes.
fn built() -> Result<PathBuf, String> {
    let binary = target_dir().join("debug/stillpoint");
    if binary.is_file() {
        Ok(binary)
    } else {
        Err(format!("{} is missing: build the tests first", binary.display()))
    }
}

/// A demo in the test build, held to its own OpenAPI document by schemathesis.
fn contract() -> Result<(), String> {
    let python = packages::python()?;
    call_command(
        Command::new(python)
            .arg(root().join("end2end/contract.py"))
            .arg("--binary")
            .arg(built()?)
            .arg("--out")
            .arg(target_dir().join("contract"))
            .current_dir(root()),
    )
}

/// A demo in the test build, looked at by pypsrp, restic, qemu-img and, unless told otherwise, a real browser.
pub fn journeys(args: &[String]) -> Result<(), String> {
    let python = packages::python()?;
    let script = root().join("end2end/journeys.py");
    let binary = built()?;
    call_command(
        Command::new(python)
            .arg(script)
            .arg("--binary")
            .arg(binary)
            .arg("--out")
            .arg(target_dir().join("end2end"))
            .args(args)
            .current_dir(root()),
    )
}
