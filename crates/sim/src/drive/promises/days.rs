//! Promises 4 and 5: what was frozen stays as it was, closed days stay closed, and a day is sealed for once.

use super::counted::Counted;
use super::{SITE, Scene, breach, read};
use crate::drive::site::Breach;
use domain::obligation::{Obligation, ObligationKey, Outcome};
use std::collections::BTreeMap;
use store::obligations::{AttemptEnd, ObligationAttempt, ObligationRow, ObligationStore as _};
use store::traits::AttemptStore as _;

/// What was seen of each day.
#[derive(Debug, Default)]
pub struct Days {
    frozen: BTreeMap<ObligationKey, Obligation>,
    closed: BTreeMap<ObligationKey, ObligationRow>,
    counted: Counted,
}

impl Days {
    /// How many days are closed.
    #[must_use]
    pub fn closed(&self) -> usize {
        self.closed.len()
    }

    pub fn check(&mut self, scene: &Scene<'_>) -> Option<Breach> {
        self.compare(scene).err()
    }

    fn compare(&mut self, scene: &Scene<'_>) -> Result<(), Breach> {
        for live in read(scene.store.obligations_live())? {
            let key = live.obligation.key;
            if self.closed.contains_key(&key) {
                return Err(broken(5, format!("{key} was closed and is open again")));
            }
            self.frozen.entry(key).or_insert_with(|| live.obligation.clone());
        }
        for (key, frozen) in &self.frozen {
            let row = read(scene.store.obligation(&SITE, *key))?;
            if row.obligation != *frozen {
                return Err(broken(
                    5,
                    format!("what was frozen when {key} opened has changed"),
                ));
            }
            let tried = read(scene.store.attempts_of(&SITE, *key))?;
            self.counted.tally(scene, *key, &tried)?;
            if row.closed_at.is_none() {
                continue;
            }
            restorable(scene, &row)?;
            let known = self.closed.entry(*key).or_insert_with(|| row.clone());
            let same = known.outcome == row.outcome && known.closed_at == row.closed_at;
            if !same || !row.corrections.starts_with(&known.corrections) {
                return Err(broken(5, format!("{key} was closed and has changed")));
            }
            known.corrections.clone_from(&row.corrections);
            self.counted.closed(scene, &row)?;
            let sealed = tried
                .iter()
                .filter(|it| it.end == Some(AttemptEnd::Sealed))
                .count();
            if sealed > 1 {
                self.sealed_twice(scene, &row, &tried)?;
            }
        }
        Ok(())
    }

    /// Where a new policy lets two days overlap, a point may serve the one and its attempt have been made for the other.
    fn sealed_twice(
        &self,
        scene: &Scene<'_>,
        row: &ObligationRow,
        tried: &[ObligationAttempt],
    ) -> Result<(), Breach> {
        let key = row.obligation.key;
        let mut points = read(scene.store.points(&SITE, Some(key.replica)))?;
        points.retain(|it| tried.iter().any(|tried| tried.attempt == it.evidence.attempt));
        points.retain(|it| !self.counted.is_spent_elsewhere(it.id, key));
        if points.len() < 2 {
            return Ok(());
        }
        let told: Vec<String> = points
            .iter()
            .map(|it| format!("{} sealed {}", it.taken, it.sealed))
            .collect();
        let window = &row.obligation.window;
        let text = format!(
            "{} attempts have sealed for {key} ({} to {}): {}",
            points.len(),
            window.open,
            window.due,
            told.join("; ")
        );
        Err(broken(4, text))
    }
}

/// Promise 1: a day is kept by nothing that nobody could restore.
fn restorable(scene: &Scene<'_>, row: &ObligationRow) -> Result<(), Breach> {
    let (Outcome::Met { point, .. } | Outcome::MetLate { point, .. }) = &row.outcome else {
        return Ok(());
    };
    let sealed = read(scene.store.point(&SITE, *point))?;
    if scene.depot.visible().contains_key(&sealed.snapshot) {
        return Ok(());
    }
    let text = format!(
        "{} is met by point {point}, whose snapshot file was never written",
        row.obligation.key
    );
    Err(broken(1, text))
}

fn broken(promise: u8, text: String) -> Breach {
    breach(promise, text).unwrap_or(Breach {
        promise,
        text: String::new(),
    })
}
