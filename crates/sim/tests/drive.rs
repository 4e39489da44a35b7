//! The real engine, driven over seeds with everything going wrong: no promise breaks, and the checkers notice when one does.

use domain::evidence::{HoldRecord, ProofBreak};
use domain::gate::GateFacts;
use domain::verdict::Verdict;
use engine::judge::Judge;
use sim::drive::seeds::drive_all;
use sim::drive::{drive, drive_judged};
use std::sync::Arc;

/// Says yes to everything.
#[derive(Debug)]
struct AlwaysYes;

impl Judge for AlwaysYes {
    fn verdict(&self, _: &GateFacts<'_>) -> Verdict {
        Verdict::Clear
    }
    fn prove(&self, _: &HoldRecord) -> Result<(), Vec<ProofBreak>> {
        Ok(())
    }
}

#[test]
fn no_promise_breaks_in_forty_thousand_steps() {
    let all = drive_all(1..=20, 2_000, &mut |_| {}).unwrap();
    assert!(all.failing.is_empty(), "{:#?}", all.failing);
    assert!(all.steps >= 40_000, "{all:#?}");
    // It has met what it is there for.
    let met = all.sealed > 10 && all.deferred > 50 && all.pauses > 5 && all.kills > 20 && all.faults > 200;
    assert!(met, "{all:#?}");
}

#[test]
fn the_same_seed_makes_the_same_run_and_another_one_another() {
    let (one, again) = (drive(11, 3_000).unwrap(), drive(11, 3_000).unwrap());
    assert_eq!(one, again);
    assert_ne!(one.fingerprint, drive(12, 3_000).unwrap().fingerprint);
}

#[test]
fn a_gate_that_always_says_yes_is_noticed() {
    let broken = (1..=20).find_map(|seed| drive_judged(seed, 5_000, Arc::new(AlwaysYes)).unwrap().broken);
    let broken = broken.unwrap();
    assert!([1, 3].contains(&broken.promise), "{broken:?}");
}
