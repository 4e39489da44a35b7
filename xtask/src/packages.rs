//! What the machine must have, and getting it where that is allowed.

use crate::run::{call, call_command, on_path, output, root, target_dir};
use std::path::PathBuf;
use std::process::Command;

/// Program -> Debian package.
const DEBIAN: [(&str, &str); 6] = [
    ("chromium", "chromium"),
    ("restic", "restic"),
    ("qemu-img", "qemu-utils"),
    ("python3", "python3"),
    ("pdftotext", "poppler-utils"),
    ("cc", "gcc"),
];

/// Checks for Debian's packages; installs them as root with `CI=true` or `--yes`, otherwise prints the command.
pub fn debian(yes: bool) -> Result<(), String> {
    let mut missing: Vec<&str> = DEBIAN
        .iter()
        .filter(|(program, _)| !on_path(program))
        .map(|(_, package)| *package)
        .collect();
    if !python_has_venv() {
        missing.push("python3-venv");
    }
    if missing.is_empty() {
        return Ok(());
    }
    let line = format!(
        "apt-get update && apt-get install -y --no-install-recommends {}",
        missing.join(" ")
    );
    let allowed = yes || std::env::var("CI").is_ok_and(|v| v == "true");
    let is_root = output("id", &["-u"]).is_ok_and(|id| id == "0");
    if !allowed || !is_root {
        return Err(format!(
            "missing Debian packages. As root, run:\n\n  {line}\n\n(or `cargo xtask test --yes` as root)"
        ));
    }
    call_command(
        Command::new("sh")
            .args(["-c", &line])
            .env("DEBIAN_FRONTEND", "noninteractive"),
    )
}

fn python_has_venv() -> bool {
    output("python3", &["-c", "import venv, ensurepip"]).is_ok()
}

/// The wasm32 target, through rustup.
pub fn wasm_target() -> Result<(), String> {
    let sysroot = output("rustc", &["--print", "sysroot"])?;
    if PathBuf::from(&sysroot)
        .join("lib/rustlib/wasm32-unknown-unknown/lib")
        .is_dir()
    {
        return Ok(());
    }
    if !on_path("rustup") {
        return Err("the target wasm32-unknown-unknown is missing and rustup is not on the PATH; install the target with your toolchain".into());
    }
    call("rustup", &["target", "add", "wasm32-unknown-unknown"])
}

/// The browser tests' npm packages, as locked.
pub fn npm() -> Result<(), String> {
    let dir = root().join("end2end/browser");
    let stamp = dir.join("node_modules/.package-lock.json");
    let lock = dir.join("package-lock.json");
    let fresh = |a: &PathBuf, b: &PathBuf| {
        let time = |p: &PathBuf| p.metadata().and_then(|m| m.modified()).ok();
        matches!((time(a), time(b)), (Some(a), Some(b)) if a >= b)
    };
    if fresh(&stamp, &lock) {
        return Ok(());
    }
    call_command(
        Command::new("npm")
            .args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"])
            .current_dir(dir),
    )
}

/// The Python peers in a virtual environment under the target folder; answers its python.
pub fn python() -> Result<PathBuf, String> {
    let venv = target_dir().join("venv");
    let python = venv.join("bin/python");
    let requirements = root().join("end2end/peers/requirements.txt");
    let stamp = venv.join("installed.txt");
    let wanted = std::fs::read_to_string(&requirements)
        .map_err(|e| format!("cannot read {}: {e}", requirements.display()))?;
    if python.is_file() && std::fs::read_to_string(&stamp).is_ok_and(|have| have == wanted) {
        return Ok(python);
    }
    call("python3", &["-m", "venv", &venv.to_string_lossy()])?;
    call(
        &python.to_string_lossy(),
        &[
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "-r",
            &requirements.to_string_lossy(),
        ],
    )?;
    std::fs::write(&stamp, wanted).map_err(|e| format!("cannot write {}: {e}", stamp.display()))?;
    Ok(python)
}
