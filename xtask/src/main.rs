//! `cargo xtask`: the project's chores in the project's language.
//!
//! Every chore prints what it runs and how long it took; a chore that fails says the command and exits with 1.

mod demo;
mod fuzz;
mod packages;
mod rivals;
mod run;
mod soak;
mod test;
mod tidy;
mod web;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask CHORE

  demo [ARGS]      build release UI and server, start an emulated replica site and Stillpoint, print the URL
                   (ARGS go to `stillpoint demo`, see `--help` there)
  test [--yes]     everything: formatting, tidy, clippy (native and wasm32), all tests, web UI, peers, browser,
                   the short soak; the error and the end of what failed come last
                   (--yes installs missing Debian packages as root; so does CI=true)
  web              build the web UI into target/site
  tidy             check the house: arrows between crates, file sizes, words that do not belong here
  journeys [--no-browser]
                   a demo in the test build (after `test`), looked at by pypsrp, restic, qemu-img and a real browser
  fuzz [--secs N] [--target T]
                   run the fuzzers of fuzz/ for N seconds each (60); those of the server build all of it first
  rivals           play all policies of the simulation and write the table into docs/book/sim.md (minutes)
  soak [--short] [--seed N] [--binary FILE]
                   kill the server again and again and ask the oracle about every restore point
                   (--short as in `test`: 8 replicas, 4 kills; --binary soaks a program that is built already)
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let rest = args.get(1..).unwrap_or_default();
    let outcome = match args.first().map(String::as_str) {
        Some("demo") => demo::run(rest),
        Some("test") => test::run(rest),
        Some("web") => web::build(),
        Some("tidy") => tidy::run(),
        Some("journeys") => test::journeys(rest),
        Some("fuzz") => fuzz::run(rest),
        Some("rivals") => rivals::run(rest),
        Some("soak") => soak::run(rest),
        Some("--help" | "-h" | "help") | None => {
            print!("{USAGE}");
            Ok(())
        }
        Some(other) => Err(format!("there is no chore `{other}`\n\n{USAGE}")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            eprintln!("xtask: {text}");
            ExitCode::FAILURE
        }
    }
}
