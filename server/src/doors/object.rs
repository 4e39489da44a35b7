//! What a deed is, and what it is done to: said by whoever does it, read by whoever tells the trail (the wall, a command).

use domain::audit::{DETAIL_BYTES_MAX, DETAILS_MAX};
use domain::ids::TenantId;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};

/// What was said of a deed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// The deed's own name in the trail: `hold.begin`.
    pub deed: Option<&'static str>,
    /// A thing in words, and whose it is.
    pub object: Option<(String, Option<TenantId>)>,
    /// What it was changed to, until when, why. No secrets.
    pub details: BTreeMap<String, String>,
}

/// Where it is said: clones share it.
#[derive(Debug, Clone, Default)]
pub struct Object(Arc<Mutex<Said>>);

impl Object {
    /// `tenant` reads of it, too.
    pub fn say(&self, words: impl Into<String>, tenant: Option<&TenantId>) {
        self.change(|said| said.object = Some((words.into(), tenant.cloned())));
    }

    /// The deed's own name.
    pub fn deed(&self, name: &'static str) {
        self.change(|said| said.deed = Some(name));
    }

    /// One more word on it. The most are [`DETAILS_MAX`], each of [`DETAIL_BYTES_MAX`]: longer ones are cut when they are written.
    pub fn detail(&self, key: &str, value: impl Display) {
        let mut value = value.to_string();
        // Nobody fills the memory either: what is cut later is cut here.
        if value.len() > 4 * DETAIL_BYTES_MAX {
            value = value.chars().take(DETAIL_BYTES_MAX).collect();
        }
        self.change(|said| {
            if said.details.len() < DETAILS_MAX || said.details.contains_key(key) {
                said.details.insert(key.to_owned(), value);
            }
        });
    }

    /// What was said so far.
    #[must_use]
    pub fn said(&self) -> Said {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(&self, how: impl FnOnce(&mut Said)) {
        how(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
