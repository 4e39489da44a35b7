//! `cargo xtask tidy`: the house rules that a compiler does not check.

mod lock;

use crate::rivals;
use crate::run::{output, root};
use std::fmt::Write as _;

/// Lines before the first `#[cfg(test)]`: more needs an entry in `SIZE_ALLOWED`.
const LINES_MAX: usize = 400;

/// Files that may be longer, with the reason. This list may only shrink.
const SIZE_ALLOWED: [(&str, &str); 0] = [];

/// Folder -> workspace crates that it may depend on. `dev-dependencies` are not checked: tests may reach further.
const ARROWS: [(&str, &[&str]); 13] = [
    ("crates/domain", &[]),
    ("crates/console", &["domain"]),
    ("crates/store", &["domain"]),
    ("crates/wsman", &[]),
    ("crates/hyperv", &["domain", "wsman"]),
    ("crates/vhdx", &[]),
    ("crates/vault", &["domain", "vhdx"]),
    ("crates/engine", &["domain", "hyperv", "store", "vault", "vhdx"]),
    ("crates/lab", &["vhdx"]),
    ("crates/sim", &["domain", "engine", "hyperv", "store", "vault"]),
    ("app", &["console"]),
    ("xtask", &[]),
    ("xtask/bindgen", &[]),
];

const OURS: [&str; 13] = [
    "app",
    "console",
    "domain",
    "engine",
    "hyperv",
    "lab",
    "sim",
    "stillpoint",
    "store",
    "vault",
    "vhdx",
    "wsman",
    "xtask",
];

/// Module names that say nothing.
const NAMES_REFUSED: [&str; 4] = ["utils", "common", "helpers", "manager"];

/// Checks the whole tree and reports every breach at once.
pub fn run() -> Result<(), String> {
    let mut report = String::new();
    let mut breaches = 0usize;
    let mut say = |text: String| {
        let _ = writeln!(report, "  {text}");
        breaches += 1;
    };
    arrows(&mut say)?;
    lock::check(&read("deny.toml")?, &read("Cargo.lock")?, &mut say);
    if let Err(text) = read(rivals::CHECKED).and_then(|page| rivals::check(&page)) {
        say(text);
    }
    let files = output(
        "git",
        &["ls-files", "--cached", "--others", "--exclude-standard", "*.rs"],
    )?;
    for file in files.lines() {
        let path = root().join(file);
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        source(file, &text, &mut say);
    }
    if breaches == 0 {
        eprintln!("  tidy: {} files, 0 breaches", files.lines().count());
        Ok(())
    } else {
        Err(format!("{breaches} breaches of the house rules:\n{report}"))
    }
}

fn read(file: &str) -> Result<String, String> {
    let path = root().join(file);
    std::fs::read_to_string(&path).map_err(|e| format!("cannot read {}: {e}", path.display()))
}

fn arrows(say: &mut impl FnMut(String)) -> Result<(), String> {
    for (folder, allowed) in ARROWS {
        let text = read(&format!("{folder}/Cargo.toml"))?;
        for name in dependencies(&text) {
            if OURS.contains(&name.as_str()) && !allowed.contains(&name.as_str()) {
                say(format!(
                    "{folder}/Cargo.toml: must not depend on `{name}` (allowed: {allowed:?})"
                ));
            }
        }
    }
    Ok(())
}

/// Names of `[dependencies]`, `[build-dependencies]` and their `[target.*]` forms; a table of its own (`[dependencies.x]`) is one.
fn dependencies(manifest: &str) -> Vec<String> {
    let mut inside = false;
    let mut names = Vec::new();
    for line in manifest.lines() {
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[') {
            let header = header.split(']').next().unwrap_or_default();
            // The condition of a target may hold dots, so it is read from the end.
            let normal = |part: &str| {
                let part = part.rsplit('.').next().unwrap_or_default();
                matches!(part, "dependencies" | "build-dependencies")
            };
            inside = normal(header);
            if let Some((kind, name)) = header.rsplit_once('.')
                && normal(kind)
            {
                names.push(name.trim_matches(['"', '\'', ' ']).to_owned());
            }
        } else if inside && !line.is_empty() && !line.starts_with('#') {
            names.push(key(line));
        }
    }
    names
}

/// The name that begins a line.
fn key(line: &str) -> String {
    line.trim_start_matches('"')
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || *c == '-' || *c == '_')
        .collect()
}

fn source(file: &str, text: &str, say: &mut impl FnMut(String)) {
    let lines = text.lines().take_while(|l| l.trim() != "#[cfg(test)]").count();
    let in_tests = file.contains("/tests/") || file.ends_with("/tests.rs") || file.contains("/conformance/");
    if lines > LINES_MAX && !in_tests && !SIZE_ALLOWED.iter().any(|(f, _)| *f == file) {
        say(format!(
            "{file}: {lines} lines before its tests (most {LINES_MAX}): split it by concern"
        ));
    }
    if file.split(['/', '.']).any(|part| NAMES_REFUSED.contains(&part)) {
        say(format!("{file}: a name that says nothing ({NAMES_REFUSED:?})"));
    }
    if file == "xtask/src/tidy.rs" {
        return;
    }
    for (number, line) in text.lines().enumerate() {
        for word in ["FIXME", "todo!(", "unimplemented!(", "dbg!(", "#[ignore"] {
            if line.contains(word) {
                say(format!("{file}:{}: `{word}`", number + 1));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_are_read_from_their_section_only() {
        let manifest = "[package]\nname = \"x\"\n\n[dependencies]\ndomain.workspace = true\nserde = \"1\"\n\n[dev-dependencies]\nlab.workspace = true\n";
        assert_eq!(dependencies(manifest), ["domain", "serde"]);
    }

    #[test]
    fn no_form_of_a_dependency_is_overlooked() {
        let manifest = "[dependencies.engine]\nworkspace = true\nfeatures = []\n\n[target.'cfg(not(target_arch = \"wasm32\"))'.dependencies]\nstore.workspace = true\n\n\
            [target.x86_64-unknown-linux-gnu.dependencies.vault]\npath = \"../vault\"\n\n[build-dependencies]\nhyperv.workspace = true\n\n\
            [target.'cfg(unix)'.dev-dependencies]\nlab.workspace = true\n\n[dev-dependencies.sim]\nworkspace = true\n";
        assert_eq!(dependencies(manifest), ["engine", "store", "vault", "hyperv"]);
    }

    #[test]
    fn a_long_file_is_a_breach_and_its_tests_do_not_count() {
        let mut said = Vec::new();
        let body = "let x = 1;\n".repeat(LINES_MAX + 1);
        source("crates/x/src/long.rs", &body, &mut |s| said.push(s));
        assert_eq!(said.len(), 1);
        said.clear();
        let tested = format!("fn a() {{}}\n#[cfg(test)]\nmod tests {{\n{body}}}\n");
        source("crates/x/src/short.rs", &tested, &mut |s| said.push(s));
        assert!(said.is_empty());
    }
}
