//! Writes that carry a key.

use super::MemoryStore;
use crate::once::{ONCE_MAX, ONCE_SECS, OnceAnswer, OnceAsk, OnceBy, OnceFound, OnceRow, OnceStore, judge};
use crate::rules::doors::{PURGE_MAX, site_only};
use crate::rules::{conflict, kept};
use crate::traits::{Result, Scope};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use std::cmp::Reverse;
use std::collections::BTreeMap;

#[derive(Default)]
pub(super) struct Once(BTreeMap<OnceBy, OnceRow>);

impl Once {
    fn open(&mut self, by: &OnceBy, run: u32) -> Result<&mut OnceRow> {
        let row = self.0.get_mut(by);
        row.filter(|row| row.run == run && row.answer.is_none())
            .ok_or_else(|| conflict("key", &by.key))
    }
}

#[async_trait]
impl OnceStore for MemoryStore {
    async fn once_begin(&self, scope: &Scope, ask: &OnceAsk) -> Result<OnceFound> {
        let ask = OnceAsk {
            at: kept(ask.at),
            lease: kept(ask.lease),
            ..ask.clone()
        };
        self.write(|tables| {
            tables.people.person(scope, ask.by.person)?;
            let rows = &mut tables.once.0;
            let found = judge(rows.get(&ask.by), &ask);
            if let OnceFound::Begun { run } = found {
                let row = OnceRow {
                    request: ask.request,
                    begun: ask.at,
                    run,
                    lease: ask.lease,
                    answer: None,
                };
                rows.insert(ask.by.clone(), row);
                let own = rows
                    .iter()
                    .filter(|(by, _)| (by.person, by.token) == (ask.by.person, ask.by.token));
                let mut own: Vec<_> = own
                    .map(|(by, row)| Reverse((row.begun, by.key.clone(), by.clone())))
                    .collect();
                own.sort();
                for Reverse((_, _, by)) in own.into_iter().skip(ONCE_MAX) {
                    rows.remove(&by);
                }
            }
            Ok(found)
        })
    }

    async fn once_answer(&self, scope: &Scope, by: &OnceBy, run: u32, answer: &OnceAnswer) -> Result<()> {
        self.write(|tables| {
            tables.people.person(scope, by.person)?;
            tables.once.open(by, run)?.answer = Some(answer.clone());
            Ok(())
        })
    }

    async fn once_release(&self, scope: &Scope, by: &OnceBy, run: u32) -> Result<()> {
        self.write(|tables| {
            tables.people.person(scope, by.person)?;
            tables.once.open(by, run)?;
            tables.once.0.remove(by);
            Ok(())
        })
    }

    async fn once_purge(&self, scope: &Scope, now: DateTime<Utc>, limit: u32) -> Result<u64> {
        site_only(scope, "keys of writes")?;
        let edge = kept(now - TimeDelta::seconds(ONCE_SECS));
        self.write(|tables| {
            let rows = &mut tables.once.0;
            let old = rows.iter().filter(|(_, row)| row.begun <= edge);
            let mut old: Vec<_> = old.map(|(by, row)| (row.begun, by.clone())).collect();
            old.sort();
            old.truncate(limit.min(PURGE_MAX) as usize);
            for (_, by) in &old {
                rows.remove(by);
            }
            Ok(old.len() as u64)
        })
    }
}
