//! Restore points as whoever they belong to sees them.

use super::Own;
use ::console::{PointId, ReplicaId, UiError};
use chrono::{DateTime, Utc};
use store::records::PointHead;

/// One restore point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnPoint {
    pub id: PointId,
    pub taken: DateTime<Utc>,
    pub sealed: DateTime<Utc>,
    /// Bytes that the disks held, and those of them that were new to the vault.
    pub read_bytes: u64,
    pub added_bytes: u64,
    /// What proves it, in a sentence.
    pub evidence: String,
    pub disks: Vec<OwnDisk>,
}

/// One disk of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnDisk {
    pub index: u32,
    pub name: String,
    /// As the machine sees it; `None` where it was not written down.
    pub size_bytes: Option<u64>,
}

impl OwnPoint {
    /// Of a stored head.
    #[must_use]
    pub fn of(head: PointHead) -> Self {
        let disks = head.disks.as_array().into_iter().flatten();
        let disk = |disk: &serde_json::Value| {
            Some(OwnDisk {
                index: u32::try_from(disk["index"].as_u64()?).ok()?,
                name: disk["name"].as_str()?.to_owned(),
                size_bytes: disk["size_bytes"].as_u64(),
            })
        };
        let looks = if head.looks == 1 { "look" } else { "looks" };
        Self {
            id: head.id,
            taken: head.taken,
            sealed: head.sealed,
            read_bytes: head.read_bytes,
            added_bytes: head.added_bytes,
            evidence: format!(
                "Crash-consistent. No change touched the disks until the copy was complete: proven by {} {looks}, sealed and signed.",
                head.looks
            ),
            disks: disks.filter_map(disk).collect(),
        }
    }
}

impl Own {
    /// A page of a machine's restore points, newest first; how many there are, and where the next page begins.
    ///
    /// # Errors
    /// `NotFound` for what is not the tenant's; a cursor that is none.
    pub async fn points(
        &self,
        replica: ReplicaId,
        after: Option<&str>,
        limit: u32,
    ) -> Result<(Vec<OwnPoint>, u64, Option<String>), UiError> {
        let (heads, total, next) = self.screens.own_points(replica, after, limit).await?;
        Ok((heads.into_iter().map(OwnPoint::of).collect(), total, next))
    }
}
