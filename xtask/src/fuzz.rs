//! `cargo xtask fuzz`: the fuzzers of `fuzz/`, each for some seconds. They start from `fuzz/seeds`, keep what they learn in `fuzz/corpus`, and put
//! what they find into `fuzz/artifacts`.

use crate::run::{call_command, root};
use std::process::Command;

/// By what they need: the crates alone, or the whole server.
const LIGHT: [&str; 4] = ["wsman", "cimxml", "hyperv", "vhdx"];
const SERVER: [&str; 7] = ["head", "range", "form", "json", "sealed", "logo", "config"];
/// Built apart: the flags below reach every dependency.
const TRIPLE: &str = "x86_64-unknown-linux-gnu";
/// Counts of edges and comparisons for libFuzzer; a stable compiler takes these.
const FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
     -Cllvm-args=-sanitizer-coverage-trace-compares -Clink-dead-code";

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
struct Plan {
    secs: u32,
    targets: Vec<&'static str>,
}

impl Plan {
    fn parse(args: &[String]) -> Result<Self, String> {
        let mut plan = Self {
            secs: 60,
            targets: Vec::new(),
        };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let value = args.next().ok_or_else(|| format!("{arg} needs a value"))?;
            match arg.as_str() {
                "--secs" => {
                    plan.secs = value
                        .parse()
                        .map_err(|_| format!("--secs {value}: not a number"))?;
                }
                "--target" => {
                    let known = LIGHT.iter().chain(&SERVER).find(|name| *name == value);
                    plan.targets.push(known.ok_or_else(|| {
                        format!(
                            "--target {value}: one of {}, {}",
                            LIGHT.join(", "),
                            SERVER.join(", ")
                        )
                    })?);
                }
                other => return Err(format!("`cargo xtask fuzz` does not know {other}")),
            }
        }
        if plan.targets.is_empty() {
            plan.targets.extend(LIGHT.iter().chain(&SERVER));
        }
        Ok(plan)
    }

    fn needs_server(&self) -> bool {
        self.targets.iter().any(|target| SERVER.contains(target))
    }
}

/// Builds and runs; ends with the first that finds something.
pub fn run(args: &[String]) -> Result<(), String> {
    let plan = Plan::parse(args)?;
    let folder = root().join("fuzz");
    let mut build = Command::new("cargo");
    build.current_dir(&folder).env("RUSTFLAGS", FLAGS);
    build.args(["build", "--locked", "--release", "--target", TRIPLE]);
    if plan.needs_server() {
        build.args(["--features", "server"]);
    }
    for target in &plan.targets {
        build.args(["--bin", target]);
    }
    call_command(&mut build)?;
    for target in plan.targets {
        let [corpus, artifacts] = ["corpus", "artifacts"].map(|name| folder.join(name).join(target));
        for made in [&corpus, &artifacts] {
            std::fs::create_dir_all(made).map_err(|e| format!("{}: {e}", made.display()))?;
        }
        let mut fuzzer = Command::new(folder.join("target").join(TRIPLE).join("release").join(target));
        fuzzer
            .current_dir(&folder)
            .arg(&corpus)
            .arg(folder.join("seeds").join(target));
        fuzzer.arg(format!("-max_total_time={}", plan.secs));
        fuzzer.arg(format!("-artifact_prefix={}/", artifacts.display()));
        fuzzer.args(["-print_final_stats=1", "-timeout=10", "-rss_limit_mb=2048"]);
        call_command(&mut fuzzer)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn plan(args: &[&str]) -> Result<Plan, String> {
        Plan::parse(&args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn every_target_has_its_program_and_what_it_starts_from() {
        let names = |folder: &str| -> BTreeSet<String> {
            let entries = std::fs::read_dir(root().join("fuzz").join(folder)).unwrap();
            let name = |path: std::path::PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
            entries.map(|entry| name(entry.unwrap().path())).collect()
        };
        let known: BTreeSet<String> = LIGHT.iter().chain(&SERVER).map(|it| (*it).to_owned()).collect();
        assert_eq!(names("targets"), known);
        assert_eq!(names("seeds"), known);
    }

    #[test]
    fn a_plan_names_targets_that_are_there() {
        assert_eq!(plan(&[]).unwrap().targets.len(), LIGHT.len() + SERVER.len());
        let one = plan(&["--target", "vhdx", "--secs", "5"]).unwrap();
        assert_eq!(
            (one.targets.as_slice(), one.secs, one.needs_server()),
            (&["vhdx"][..], 5, false)
        );
        for wrong in [
            &["--target", "x"][..],
            &["--secs"],
            &["--secs", "x"],
            &["--colour", "1"],
        ] {
            assert!(plan(wrong).is_err(), "{wrong:?}");
        }
    }
}
