//! What the alarm remembers beside the outbox.

use super::MemoryStore;
use crate::alarm::{AlarmStore, BreachRow};
use crate::rules::{kept, missing};
use crate::traits::Result;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::calendar::SlaDay;
use domain::ids::ReplicaId;
use domain::obligation::ObligationKey;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
pub(super) struct Alarm {
    rows: BTreeMap<(DateTime<Utc>, ReplicaId, SlaDay), BreachRow>,
    keys: BTreeSet<ObligationKey>,
    signs: BTreeMap<String, DateTime<Utc>>,
}

#[async_trait]
impl AlarmStore for MemoryStore {
    async fn notice_keys(&self) -> Result<Vec<String>> {
        Ok(self.read(|tables| tables.notices.keys()))
    }

    async fn breaches_put(&self, breaches: &[BreachRow]) -> Result<()> {
        self.write(|tables| {
            let unknown = breaches.iter().find(|it| !tables.obligations.is_known(it.key));
            if let Some(breach) = unknown {
                return Err(missing("obligation", breach.key));
            }
            for breach in breaches {
                if tables.alarm.keys.insert(breach.key) {
                    let due = kept(breach.due);
                    let row = BreachRow {
                        due,
                        ..breach.clone()
                    };
                    let place = (due, breach.key.replica, breach.key.day);
                    tables.alarm.rows.insert(place, row);
                }
            }
            Ok(())
        })
    }

    async fn breaches_since(&self, from: DateTime<Utc>) -> Result<Vec<BreachRow>> {
        let from = kept(from);
        Ok(self.read(|tables| {
            let rows = tables.alarm.rows.iter().rev();
            let mut since: Vec<BreachRow> = rows
                .take_while(|((due, ..), _)| *due >= from)
                .map(|(_, row)| row.clone())
                .collect();
            since.reverse();
            since
        }))
    }

    async fn sign_put(&self, watcher: &str, at: DateTime<Utc>) -> Result<()> {
        self.write(|tables| {
            let at = kept(at);
            let newest = tables.alarm.signs.entry(watcher.to_owned()).or_insert(at);
            *newest = at.max(*newest);
            Ok(())
        })
    }

    async fn signs(&self) -> Result<Vec<(String, DateTime<Utc>)>> {
        Ok(self.read(|tables| {
            let signs = tables.alarm.signs.iter();
            signs.map(|(watcher, at)| (watcher.clone(), *at)).collect()
        }))
    }
}
