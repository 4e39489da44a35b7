//! Looking for what was changed.

use super::{AuditEntry, Head, canonical};

/// Where a chain is broken, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    #[error("entry {seq} is missing: entry {found} follows {}", seq - 1)]
    Missing { seq: u64, found: u64 },
    #[error("entry {seq} comes twice or out of order")]
    OutOfOrder { seq: u64 },
    #[error("entry {seq} is not what was written, or what came before it is not")]
    Changed { seq: u64 },
    #[error("the chain ends at entry {last}, but entry {remembered} was there: the end was cut off")]
    Truncated { last: u64, remembered: u64 },
    #[error("entry {seq} is whole, but not the one that was remembered: the chain was written anew")]
    Rewritten { seq: u64 },
}

/// Checks entries that follow `start` in order, and that the chain still holds the head that was remembered, if one was.
///
/// # Errors
/// The first entry at which it is broken.
pub fn verify<'a>(
    start: Head,
    entries: impl IntoIterator<Item = &'a AuditEntry>,
    remembered: Option<Head>,
) -> Result<Head, Broken> {
    let mut head = start;
    recalled(head, remembered)?;
    for entry in entries {
        head = follow(head, entry)?;
        recalled(head, remembered)?;
    }
    match remembered {
        Some(remembered) if remembered.seq > head.seq => Err(Broken::Truncated {
            last: head.seq,
            remembered: remembered.seq,
        }),
        _ => Ok(head),
    }
}

/// One step of [`verify`], for a chain that is read in pages.
///
/// # Errors
/// When the entry does not follow.
pub fn follow(head: Head, entry: &AuditEntry) -> Result<Head, Broken> {
    let seq = head.seq + 1;
    if entry.seq > seq {
        return Err(Broken::Missing {
            seq,
            found: entry.seq,
        });
    }
    if entry.seq < seq {
        return Err(Broken::OutOfOrder { seq: entry.seq });
    }
    if canonical::link(head.hash, seq, &entry.happened) != entry.hash {
        return Err(Broken::Changed { seq });
    }
    Ok(entry.head())
}

fn recalled(head: Head, remembered: Option<Head>) -> Result<(), Broken> {
    match remembered {
        Some(remembered) if remembered.seq == head.seq && remembered.hash != head.hash => {
            Err(Broken::Rewritten { seq: head.seq })
        }
        _ => Ok(()),
    }
}
