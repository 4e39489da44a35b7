//! Promises 1, 9, 13 and 14 on paper: a sealed point's evidence says that it was clear, watched, of a host that is trusted, not held too long,
//! of every disk, and of its own tenant's machine.

use super::{SITE, Scene, breach, read};
use crate::drive::depot::Taken;
use crate::drive::site::Breach;
use domain::evidence::JobLook;
use domain::ids::PointId;
use domain::observation::HostTrust;
use domain::verdict::Verdict;
use std::collections::BTreeSet;
use store::records::Point;
use store::traits::{AttemptStore as _, ReplicaStore as _};

/// The proof allows no more between two looks.
const GAP_SECS_MAX: i64 = 60;
/// The end is noticed by the next look.
const HELD_SLACK_SECS: i64 = 60;

/// Points that have been read.
#[derive(Debug, Default)]
pub struct Papers {
    known: BTreeSet<PointId>,
}

impl Papers {
    pub fn check(&mut self, scene: &Scene<'_>) -> Option<Breach> {
        match self.compare(scene) {
            Ok(found) => found,
            Err(breach) => Some(breach),
        }
    }

    fn compare(&mut self, scene: &Scene<'_>) -> Result<Option<Breach>, Breach> {
        let points = read(scene.store.points(&SITE, None))?;
        let taken = scene.depot.taken();
        for point in points.into_iter().filter(|point| self.known.insert(point.id)) {
            let replica = read(scene.store.replica(&SITE, point.replica))?;
            if let Some(why) = unproven(&point) {
                return Ok(breach(
                    1,
                    format!("point {} of {} is sealed, and {why}", point.id, point.name),
                ));
            }
            let hold = &point.evidence.hold;
            let held = (hold.export_ended - hold.checkpoint_started).num_seconds();
            if held > scene.hold_secs_max + HELD_SLACK_SECS {
                let text = format!(
                    "point {} is sealed after a hold of {held} s, {} s are allowed",
                    point.id, scene.hold_secs_max
                );
                return Ok(breach(13, text));
            }
            let Some(taken) = taken.get(&point.snapshot) else {
                return Ok(breach(
                    1,
                    format!("point {} is sealed, and nothing was taken in for it", point.id),
                ));
            };
            if point.evidence.disks.len() != taken.contents.len() {
                let text = format!("the evidence of point {} does not name every disk", point.id);
                return Ok(breach(14, text));
            }
            if let Some(why) = mixed(&point, taken, &replica.vm.to_string()) {
                return Ok(breach(
                    9,
                    format!("point {} of tenant {} {why}", point.id, point.tenant),
                ));
            }
        }
        Ok(None)
    }
}

/// What is missing of the evidence.
fn unproven(point: &Point) -> Option<String> {
    let evidence = &point.evidence;
    if evidence.verdict_before != Verdict::Clear || evidence.verdict_at != Verdict::Clear {
        return Some("the gate was not clear".to_owned());
    }
    if !matches!(evidence.basis, HostTrust::Enrolled { .. }) {
        return Some("its host is not enrolled".to_owned());
    }
    let hold = &evidence.hold;
    let looks: Vec<&JobLook> = std::iter::once(&hold.before).chain(&hold.looks).collect();
    for pair in looks.windows(2) {
        let (one, next) = (pair.first()?, pair.last()?);
        if (next.host_time - one.host_time).num_seconds() > GAP_SECS_MAX {
            return Some(format!(
                "nobody looked between {} and {}",
                one.host_time, next.host_time
            ));
        }
        if one.boot != next.boot {
            return Some("its host restarted meanwhile".to_owned());
        }
        if one.last_apply != next.last_apply {
            return Some("its last apply moved meanwhile".to_owned());
        }
    }
    let watched = looks.len() > 1 && looks.last()?.host_time >= hold.export_ended;
    (!watched).then(|| "nobody looked at the end of the export".to_owned())
}

/// Whose else's it is.
fn mixed(point: &Point, taken: &Taken, vm: &str) -> Option<String> {
    if taken.tenant != point.tenant || taken.replica != point.replica {
        return Some(format!("names a snapshot of tenant {}", taken.tenant));
    }
    let foreign =
        |content: &&crate::drive::site::Content| content.vm != vm || content.tenant != point.tenant.as_str();
    let content = taken.contents.iter().find(foreign)?;
    Some(format!(
        "holds disk {} of {}, a machine of {}",
        content.disk, content.vm, content.tenant
    ))
}
