//! The web UI: wasm, its bindings, style and public files into `target/site`.

use crate::packages;
use crate::run::{call, call_command, on_path, output, root, target_dir};
use std::path::Path;
use std::process::Command;

/// Features that rustc's wasm32 output uses; wasm-opt refuses the module without them.
const WASM_OPT: [&str; 7] = [
    "-Oz",
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-multivalue",
];

/// Debian's 108 takes the module and breaks it: pages load and never hydrate. The browser tests saw it.
const WASM_OPT_VERSION_MIN: u32 = 120;

/// Builds the whole site.
pub fn build() -> Result<(), String> {
    packages::wasm_target()?;
    let target = target_dir();
    call_command(
        Command::new("cargo")
            .args([
                "build",
                "--locked",
                "-p",
                "app",
                "--lib",
                "--target",
                "wasm32-unknown-unknown",
            ])
            .args([
                "--profile",
                "wasm-release",
                "--no-default-features",
                "--features",
                "hydrate",
            ])
            .env("LEPTOS_OUTPUT_NAME", "stillpoint")
            .current_dir(root()),
    )?;
    call("cargo", &["build", "--locked", "-p", "bindgen"])?;
    let pkg = target.join("site/pkg");
    std::fs::create_dir_all(&pkg).map_err(|e| format!("cannot create {}: {e}", pkg.display()))?;
    let wasm = target.join("wasm32-unknown-unknown/wasm-release/app.wasm");
    let bindgen = target.join("debug/bindgen");
    call(
        &bindgen.to_string_lossy(),
        &[&wasm.to_string_lossy(), &pkg.to_string_lossy(), "stillpoint"],
    )?;
    shrink(&pkg.join("stillpoint_bg.wasm"))?;
    copy_folder(&root().join("public"), &target.join("site"))?;
    let css = root().join("style/main.css");
    std::fs::copy(&css, pkg.join("stillpoint.css"))
        .map_err(|e| format!("cannot copy {}: {e}", css.display()))?;
    Ok(())
}

fn shrink(wasm: &Path) -> Result<(), String> {
    if wasm_opt_version() < WASM_OPT_VERSION_MIN {
        eprintln!(
            "  no wasm-opt of version {WASM_OPT_VERSION_MIN} or newer: the module is served larger than it could be"
        );
        return Ok(());
    }
    let before = size(wasm);
    let path = wasm.to_string_lossy().into_owned();
    let mut args: Vec<&str> = WASM_OPT.to_vec();
    args.extend([path.as_str(), "-o", path.as_str()]);
    output("wasm-opt", &args)?;
    eprintln!("  wasm {} KiB -> {} KiB", before / 1024, size(wasm) / 1024);
    Ok(())
}

/// 0 where there is none.
fn wasm_opt_version() -> u32 {
    if !on_path("wasm-opt") {
        return 0;
    }
    let told = output("wasm-opt", &["--version"]).unwrap_or_default();
    told.split_whitespace()
        .find_map(|word| word.parse().ok())
        .unwrap_or(0)
}

fn size(path: &Path) -> u64 {
    path.metadata().map_or(0, |m| m.len())
}

fn copy_folder(from: &Path, to: &Path) -> Result<(), String> {
    let fail = |e: std::io::Error| format!("cannot copy {} to {}: {e}", from.display(), to.display());
    std::fs::create_dir_all(to).map_err(fail)?;
    for entry in std::fs::read_dir(from).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        let destination = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &destination)?;
        } else {
            std::fs::copy(entry.path(), destination).map_err(fail)?;
        }
    }
    Ok(())
}
