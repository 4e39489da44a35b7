//! Promise 8: clean-up is part of success. What an attempt made is gone soon after it has ended, or a finding names it.

use super::{SITE, Scene, breach, disturbed, read};
use crate::Ms;
use crate::drive::site::Breach;
use domain::attempt::AttemptState;
use domain::ids::AttemptId;
use std::collections::BTreeMap;
use store::traits::{AttemptStore as _, ReplicaStore as _};

/// A sweep every two minutes, and what it needs.
const TIME: Ms = 420_000;
/// Whatever troubles the hosts meanwhile.
const LONG: Ms = crate::HOUR;

/// What is there although its attempt is over, and since when that is so.
#[derive(Debug, Default)]
pub struct Leftovers {
    since: BTreeMap<String, Ms>,
}

impl Leftovers {
    pub fn check(&mut self, scene: &Scene<'_>) -> Option<Breach> {
        match self.look(scene) {
            Ok(left) => left,
            Err(breach) => Some(breach),
        }
    }

    fn look(&mut self, scene: &Scene<'_>) -> Result<Option<Breach>, Breach> {
        let mut there: Vec<(String, AttemptId)> = Vec::new();
        let (standing, troubled) = {
            let site = scene.shared.site();
            let checkpoints = site
                .machines
                .iter()
                .flat_map(|m| m.checkpoints.iter().filter(|c| c.ours));
            let named: Vec<String> = checkpoints.map(|c| c.name.clone()).collect();
            (named, disturbed(&site))
        };
        for name in standing {
            if let Some((attempt, _)) = engine::names::parse(&name) {
                there.push((format!("checkpoint {name}"), attempt));
            }
        }
        for entry in std::fs::read_dir(scene.staging).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if let Some((attempt, _)) = engine::names::parse(&name) {
                there.push((format!("export folder {name}"), attempt));
            }
        }
        let now = scene.now();
        let quiet = scene.quiet_since.max(troubled);
        let mut left = BTreeMap::new();
        for (what, attempt) in there {
            if !over(scene, attempt)? {
                continue;
            }
            let since = self.since.get(&what).copied().unwrap_or(now);
            left.insert(what, since);
        }
        self.since = left;
        // A request that is lost here and there excuses nobody for ever.
        let long = |since: Ms| now - since.max(scene.up_since) > LONG;
        let late = self
            .since
            .iter()
            .find(|(_, since)| now - (**since).max(quiet) > TIME || long(**since));
        let Some((what, since)) = late else {
            return Ok(None);
        };
        let findings = read(scene.store.findings(&SITE))?;
        if findings.iter().any(|finding| finding.kind == "left-behind") {
            return Ok(None);
        }
        Ok(breach(
            8,
            format!(
                "{what} is still there {} s after its attempt was over",
                (now - since) / 1000
            ),
        ))
    }
}

/// Whether nobody works on it any more.
fn over(scene: &Scene<'_>, id: AttemptId) -> Result<bool, Breach> {
    let attempt = read(scene.store.attempt(&SITE, id))?;
    let lease = read(scene.store.lease(attempt.replica))?;
    let running = matches!(attempt.state, AttemptState::Running { .. });
    Ok(!running && lease.is_none_or(|lease| lease.attempt != id))
}
