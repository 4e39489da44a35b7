//! The tag of what we make on a host: `stillpoint-<attempt>-<token>`, the checkpoint's name and the export folder's.

use domain::ids::{AttemptId, FencingToken, PointId, ReplicaId};
use hyperv::host::Tag;

const PREFIX: &str = "stillpoint-";

/// The tag of an attempt, with the token of its claim.
#[must_use]
pub fn tag(attempt: AttemptId, token: FencingToken) -> Tag {
    Tag(format!("{PREFIX}{attempt}-{token}"))
}

/// Reads a tag; `None` for anything that is not exactly one.
#[must_use]
pub fn parse(name: &str) -> Option<(AttemptId, FencingToken)> {
    let (attempt, token) = name.strip_prefix(PREFIX)?.rsplit_once('-')?;
    let read = (attempt.parse().ok()?, FencingToken(token.parse().ok()?));
    // Only what we would write ourselves: no other spelling of a UUID, no leading zeros.
    (tag(read.0, read.1).0 == name).then_some(read)
}

/// Where new ids come from. One seam, so that a simulation can be played again.
pub trait Ids: Send + Sync {
    /// One that nobody has.
    fn uuid(&self) -> uuid::Uuid;
}

/// The product's: random.
#[derive(Debug, Clone, Copy, Default)]
pub struct RandomIds;

impl Ids for RandomIds {
    fn uuid(&self) -> uuid::Uuid {
        uuid::Builder::from_random_bytes(rand::random()).into_uuid()
    }
}

pub(crate) fn new_attempt(ids: &dyn Ids) -> AttemptId {
    AttemptId(ids.uuid())
}
pub(crate) fn new_point(ids: &dyn Ids) -> PointId {
    PointId(ids.uuid())
}
pub(crate) fn new_replica(ids: &dyn Ids) -> ReplicaId {
    ReplicaId(ids.uuid())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_read_back_and_nothing_else_is() {
        let attempt = new_attempt(&RandomIds);
        let tag = tag(attempt, FencingToken(7));
        assert_eq!(parse(&tag.0), Some((attempt, FencingToken(7))));
        for other in [
            "stillpoint-x-1",
            "veeam-1",
            &format!("stillpoint-{attempt}-07"),
            &format!("{}x", tag.0),
        ] {
            assert_eq!(parse(other), None, "{other}");
        }
    }
}
