//! What a run came to.

use super::Stage;
use crate::drive::Driven;
use crate::drive::promises::SITE;
use domain::attempt::{AttemptState, Deferral};
use futures::FutureExt as _;
use std::collections::BTreeMap;
use store::traits::AttemptStore as _;

impl Stage {
    /// When everything happened, and what there is in the end.
    fn fingerprint(&self, trace: u64) -> u64 {
        let attempts = self.store.attempts(&SITE, None, None, u32::MAX).now_or_never();
        let points = self.store.points(&SITE, None).now_or_never();
        let ends = serde_json::to_vec(&attempts.and_then(Result::ok)).unwrap_or_default();
        let points = serde_json::to_vec(&points.and_then(Result::ok)).unwrap_or_default();
        mixed(mixed(trace, &ends), &points)
    }

    /// What it came to.
    pub fn driven(&self, seed: u64, steps: u64) -> Driven {
        let state = self.lock();
        let attempts = self.store.attempts(&SITE, None, None, u32::MAX).now_or_never();
        let attempts = attempts.and_then(Result::ok).unwrap_or_default();
        let count = |name: &str| attempts.iter().filter(|it| kind(&it.state) == name).count();
        let mut reasons = BTreeMap::new();
        for attempt in &attempts {
            *reasons.entry(reason(&attempt.state)).or_insert(0) += 1;
        }
        Driven {
            seed,
            steps: self.chaos.calls(),
            wakes: self.clock.steps(),
            faults: self.chaos.faults(),
            secs: (self.clock.ms() - self.start) / 1000,
            kills: state.kills,
            attempts: attempts.len(),
            sealed: count("sealed"),
            deferred: count("deferred"),
            failed: count("failed"),
            reasons,
            days_closed: state.promises.days_closed(),
            pauses: self.shared.site().primaries.iter().map(|p| p.pauses).sum(),
            fingerprint: self.fingerprint(state.trace),
            replay: format!("stillpoint sim --faults --seed {seed} --steps {steps}"),
            broken: state.broken.clone(),
        }
    }
}

/// FNV-1a.
fn mixed(trace: u64, bytes: &[u8]) -> u64 {
    let mix = |trace: u64, byte: &u8| (trace ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(trace, mix)
}

/// Why an attempt ended as it did, in one word.
fn reason(state: &AttemptState) -> String {
    let text = |value: serde_json::Value, key: &str| value[key].as_str().unwrap_or("?").to_owned();
    match state {
        AttemptState::Running { .. } => "running".to_owned(),
        AttemptState::Sealed { .. } => "sealed".to_owned(),
        AttemptState::Failed { failure, .. } => {
            let failure = serde_json::to_value(failure).unwrap_or_default();
            format!("failed: {}", text(failure, "failure"))
        }
        AttemptState::Deferred { reason, .. } => {
            let code = match reason {
                Deferral::Blocked { blocker } => blocker.code(),
                Deferral::Refused { blocker, .. } => blocker.as_ref().map_or("refused", |it| it.code()),
                Deferral::Unknown { .. } => "unknown",
            };
            format!("deferred: {code}")
        }
    }
}

fn kind(state: &AttemptState) -> &'static str {
    match state {
        AttemptState::Running { .. } => "running",
        AttemptState::Deferred { .. } => "deferred",
        AttemptState::Failed { .. } => "failed",
        AttemptState::Sealed { .. } => "sealed",
    }
}
