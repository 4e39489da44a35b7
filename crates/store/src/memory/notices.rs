//! The outbox.

use super::MemoryStore;
use crate::notices::{Notice, NoticeStore};
use crate::rules::{LINES_READ_MAX, kept, missing};
use crate::traits::Result;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashSet};

#[derive(Default)]
pub(super) struct Notices {
    rows: BTreeMap<i64, Notice>,
    keys: HashSet<String>,
    undelivered: BTreeSet<i64>,
}

impl Notices {
    pub(super) fn keys(&self) -> Vec<String> {
        let mut keys: Vec<String> = self.keys.iter().cloned().collect();
        keys.sort_unstable();
        keys
    }

    /// One that is still to be delivered; `None` when it was.
    fn waiting(&mut self, id: i64) -> Result<Option<&mut Notice>> {
        let notice = self.rows.get_mut(&id).ok_or_else(|| missing("notice", id))?;
        Ok(notice.delivered.is_none().then_some(notice))
    }
}

#[async_trait]
impl NoticeStore for MemoryStore {
    async fn notice_put(&self, key: &str, kind: &str, body: &Value, at: DateTime<Utc>) -> Result<bool> {
        self.write(|tables| {
            let notices = &mut tables.notices;
            if !notices.keys.insert(key.to_owned()) {
                return Ok(false);
            }
            let id = notices.rows.last_key_value().map_or(1, |(id, _)| id + 1);
            let notice = Notice {
                id,
                key: key.to_owned(),
                kind: kind.to_owned(),
                at: kept(at),
                body: body.clone(),
                tries: 0,
                next: Some(kept(at)),
                delivered: None,
                last_error: None,
            };
            notices.rows.insert(id, notice);
            notices.undelivered.insert(id);
            Ok(true)
        })
    }

    async fn notices_due(&self, now: DateTime<Utc>, limit: u32) -> Result<Vec<Notice>> {
        let (now, limit) = (kept(now), limit.min(LINES_READ_MAX) as usize);
        Ok(self.read(|tables| {
            let undelivered = tables.notices.undelivered.iter();
            undelivered
                .filter_map(|id| tables.notices.rows.get(id))
                .filter(|notice| notice.next.is_some_and(|next| next <= now))
                .take(limit)
                .cloned()
                .collect()
        }))
    }

    async fn notice_delivered(&self, id: i64, at: DateTime<Utc>) -> Result<()> {
        self.write(|tables| {
            if let Some(notice) = tables.notices.waiting(id)? {
                notice.tries += 1;
                notice.next = None;
                notice.delivered = Some(kept(at));
                tables.notices.undelivered.remove(&id);
            }
            Ok(())
        })
    }

    async fn notice_failed(&self, id: i64, error: &str, next: Option<DateTime<Utc>>) -> Result<()> {
        self.write(|tables| {
            if let Some(notice) = tables.notices.waiting(id)? {
                notice.tries += 1;
                notice.next = next.map(kept);
                notice.last_error = Some(error.to_owned());
            }
            Ok(())
        })
    }

    async fn notices(&self, limit: u32) -> Result<Vec<Notice>> {
        let limit = limit.min(LINES_READ_MAX) as usize;
        Ok(self.read(|tables| tables.notices.rows.values().rev().take(limit).cloned().collect()))
    }
}
