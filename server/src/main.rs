//! `stillpoint`: one binary, several roles.
//!
//! `main` parses, sets up logs, runs one command and turns its outcome into words and an exit code.

use clap::Parser;
use std::process::ExitCode;
use stillpoint::commands::{self, Cli};
use stillpoint::telling;

fn main() -> ExitCode {
    let cli = Cli::parse();
    telling::logs(cli.verbose);
    // One provider of cryptography in the process; a second call finds it installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("stillpoint: the system gives no threads: {error}");
            return ExitCode::FAILURE;
        }
    };
    let outcome = runtime.block_on(commands::run(cli));
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("stillpoint: {failure}");
            failure.exit_code()
        }
    }
}
