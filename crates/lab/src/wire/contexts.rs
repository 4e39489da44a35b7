//! Enumerations between two pulls.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use super::fault::Fault;

/// A context that nobody pulls for so long is forgotten (`EnumerationTimeoutms`).
pub const IDLE_MAX: Duration = Duration::from_secs(60);
/// Open contexts per host; more is `QuotaLimit`.
pub const CONTEXTS_MAX: usize = 500;
/// Upper bound for `MaxElements`.
pub const BATCH_ITEMS_MAX: usize = 32_000;

#[derive(Debug)]
struct Context {
    items: VecDeque<String>,
    used: Instant,
}

/// Open enumerations of one host. Machine time, never the world's.
#[derive(Debug, Default)]
pub struct Contexts {
    open: HashMap<Uuid, Context>,
}

/// Some items and what remains.
#[derive(Debug, PartialEq, Eq)]
pub struct Batch {
    pub items: Vec<String>,
    /// `None` at the end of the sequence.
    pub context: Option<Uuid>,
}

impl Contexts {
    /// Keeps items for later pulls under a new context.
    ///
    /// # Errors
    /// `QuotaLimit` when too many are open.
    pub fn keep(&mut self, items: VecDeque<String>, now: Instant) -> Result<Uuid, Fault> {
        self.open
            .retain(|_, context| now.duration_since(context.used) <= IDLE_MAX);
        if self.open.len() >= CONTEXTS_MAX {
            return Err(Fault::quota());
        }
        let id = super::random_id();
        self.open.insert(id, Context { items, used: now });
        Ok(id)
    }

    /// Takes the next items; the context changes with every pull.
    ///
    /// # Errors
    /// `InvalidEnumerationContext` for one that is not open, `EncodingLimit` when not one item fits into `bytes`.
    pub fn pull(&mut self, id: &str, items_max: usize, bytes: usize, now: Instant) -> Result<Batch, Fault> {
        let key = key(id)?;
        let context = self.open.remove(&key).ok_or_else(Fault::context)?;
        if now.duration_since(context.used) > IDLE_MAX {
            return Err(Fault::context());
        }
        let mut rest = context.items;
        let items = take(&mut rest, items_max, bytes)?;
        let context = if rest.is_empty() {
            None
        } else {
            Some(self.keep(rest, now)?)
        };
        Ok(Batch { items, context })
    }

    /// Forgets a context.
    ///
    /// # Errors
    /// `InvalidEnumerationContext` for one that is not open.
    pub fn release(&mut self, id: &str) -> Result<(), Fault> {
        self.open.remove(&key(id)?).map(|_| ()).ok_or_else(Fault::context)
    }

    /// How many are open.
    #[must_use]
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether none is open.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }
}

fn key(id: &str) -> Result<Uuid, Fault> {
    Uuid::parse_str(id.trim().trim_start_matches("uuid:")).map_err(|_| Fault::context())
}

/// As many items from the front as may be sent.
///
/// # Errors
/// `EncodingLimit` when not even the first fits.
pub fn take(rest: &mut VecDeque<String>, items_max: usize, bytes: usize) -> Result<Vec<String>, Fault> {
    let mut left = bytes;
    let mut items = Vec::new();
    while items.len() < items_max.clamp(1, BATCH_ITEMS_MAX) {
        match rest.front() {
            Some(item) if item.len() <= left => left -= item.len(),
            Some(_) if items.is_empty() => return Err(Fault::encoding_limit("MaxEnvelopeSize")),
            _ => break,
        }
        items.extend(rest.pop_front());
    }
    Ok(items)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three() -> VecDeque<String> {
        ["a", "b", "c"].map(str::to_owned).into()
    }

    #[test]
    fn the_context_changes_with_every_pull_and_ends_with_the_last_item() {
        let now = Instant::now();
        let mut contexts = Contexts::default();
        let first = contexts.keep(three(), now).unwrap();
        let batch = contexts.pull(&format!("uuid:{first}"), 2, 100, now).unwrap();
        assert_eq!(batch.items, ["a", "b"]);
        let second = batch.context.unwrap();
        assert_eq!(
            contexts
                .pull(&first.to_string(), 1, 100, now)
                .unwrap_err()
                .subcode,
            "n:InvalidEnumerationContext"
        );
        assert_eq!(
            contexts.pull(&second.to_string(), 9, 100, now).unwrap().context,
            None
        );
        assert!(contexts.is_empty());
    }

    #[test]
    fn a_context_idles_away_after_a_minute() {
        let now = Instant::now();
        let mut contexts = Contexts::default();
        let id = contexts.keep(three(), now).unwrap();
        let later = now + IDLE_MAX + Duration::from_millis(1);
        assert!(contexts.pull(&id.to_string(), 1, 100, later).is_err());
    }

    #[test]
    fn what_does_not_fit_waits_for_the_next_pull() {
        let mut rest: VecDeque<String> = ["aaaa", "bbbb"].map(str::to_owned).into();
        assert_eq!(take(&mut rest, 10, 5).unwrap(), ["aaaa"]);
        assert!(take(&mut rest, 10, 3).is_err());
    }
}
