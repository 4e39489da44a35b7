//! `stillpoint sim`: how the planner fares beside other products' retry habits, in a modelled world on a virtual clock; and with `--faults`
//! whether the engine keeps its promises while everything goes wrong.

mod faults;
mod table;

use super::Global;
use crate::telling::{Failure, json};
use faults::Seeds;
use indicatif::{ProgressBar, ProgressStyle};
use sim::{PolicyName, SimError, UnknownPolicy, WorldSpec};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Replicas on the site, 1 to 200000
    #[arg(long, default_value_t = 1000, value_name = "N")]
    replicas: u32,
    /// Days with an obligation each, 1 to 366
    #[arg(long, default_value_t = 5, value_name = "D")]
    days: u32,
    /// Draws everything; the same numbers make the same world
    #[arg(long, default_value_t = 1, value_name = "S")]
    seed: u64,
    /// Mean share of the time in which a log is being applied, 0 to 0.95
    #[arg(long, default_value_t = 0.5, value_name = "P", allow_negative_numbers = true)]
    duty: f64,
    /// stillpoint, veeam, dpm, bareos, jitter, random, clairvoyant, all (of these), or last-chance
    #[arg(long, default_value = "all", value_name = "NAME")]
    policy: Wanted,
    /// Drive the real engine instead, with faults and kills, and check the promises after each step
    #[arg(long, conflicts_with_all = ["replicas", "days", "duty", "policy"])]
    faults: bool,
    /// With --faults: a range of seeds, both ends included
    #[arg(long, value_name = "A-B", requires = "faults", conflicts_with = "seed")]
    seeds: Option<Seeds>,
    /// With --faults: steps per seed, each one use of something outside of the engine at which something may go wrong
    #[arg(long, default_value_t = 20_000, value_name = "N", requires = "faults", value_parser = clap::value_parser!(u64).range(1..))]
    steps: u64,
}

/// The policies that were asked for.
#[derive(Debug, Clone)]
struct Wanted(Vec<PolicyName>);

impl std::str::FromStr for Wanted {
    type Err = UnknownPolicy;
    fn from_str(text: &str) -> Result<Self, UnknownPolicy> {
        Ok(Self(match text {
            "all" => PolicyName::ALL.to_vec(),
            name => vec![name.parse()?],
        }))
    }
}

pub async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    if args.faults {
        let seeds = args.seeds.unwrap_or_else(|| Seeds::one(args.seed));
        return faults::run(global, seeds, args.steps).await;
    }
    let spec = WorldSpec {
        seed: args.seed,
        replicas: args.replicas,
        days: args.days,
        duty: args.duty,
    };
    spec.check().map_err(|error| Failure::usage(error.to_string()))?;
    let policies = args.policy.0;
    let bar = bar();
    let shown = bar.clone();
    let played = tokio::task::spawn_blocking(move || {
        sim::report_telling(spec, &policies, &mut |policy, share| tell(&shown, policy, share))
    })
    .await;
    bar.finish_and_clear();
    let report = played?.map_err(|error: SimError| Failure::from(error))?;
    if global.json {
        return json(&report);
    }
    print!("{}", table::of(&report));
    Ok(())
}

const STEPS: u64 = 1_000;

/// Silent where stderr is no terminal.
fn bar() -> ProgressBar {
    let bar = ProgressBar::new(STEPS);
    if let Ok(style) = ProgressStyle::with_template("{msg:12} [{bar:30}] {percent:>3} % {eta}") {
        bar.set_style(style);
    }
    bar
}

fn tell(bar: &ProgressBar, policy: PolicyName, share: f64) {
    bar.set_message(policy.as_str());
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of 0 to 1"
    )]
    let step = (share.clamp(0.0, 1.0) * STEPS as f64) as u64;
    bar.set_position(step);
}
