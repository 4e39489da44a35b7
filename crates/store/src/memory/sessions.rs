//! Sessions.

use super::{MemoryStore, Tables};
use crate::people::Person;
use crate::rules::doors::{PURGE_MAX, new_session, site_only};
use crate::rules::{conflict, kept, missing};
use crate::sessions::{NewSession, SESSION_SECS_MAX, SESSIONS_MAX, Session, SessionStore};
use crate::traits::{Result, Scope};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use domain::door::hash::SecretHash;
use domain::door::session::{SessionRule, SessionStage};
use domain::ids::{PersonId, SessionId};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
pub(super) struct Sessions {
    rows: BTreeMap<SessionId, (SecretHash, Session)>,
    hashes: BTreeMap<SecretHash, SessionId>,
    of_person: BTreeMap<PersonId, BTreeSet<SessionId>>,
}

impl Sessions {
    fn remove(&mut self, id: SessionId) {
        if let Some((hash, session)) = self.rows.remove(&id) {
            self.hashes.remove(&hash);
            if let Some(ids) = self.of_person.get_mut(&session.person) {
                ids.remove(&id);
            }
        }
    }

    pub(super) fn end_of(&mut self, person: PersonId, keep: Option<SessionId>) -> u64 {
        let ids = self.of_person.get(&person).into_iter().flatten();
        let ending: Vec<SessionId> = ids.copied().filter(|id| Some(*id) != keep).collect();
        for id in &ending {
            self.remove(*id);
        }
        ending.len() as u64
    }

    /// Used last first.
    fn of(&self, person: PersonId) -> Vec<&Session> {
        let ids = self.of_person.get(&person).into_iter().flatten();
        let mut rows: Vec<&Session> = ids
            .filter_map(|id| self.rows.get(id))
            .map(|(_, row)| row)
            .collect();
        rows.sort_by_key(|row| Reverse((row.last_seen, row.id)));
        rows
    }
}

impl Tables {
    fn session(&self, scope: &Scope, id: SessionId) -> Result<&(SecretHash, Session)> {
        let row = self.sessions.rows.get(&id);
        let row = row.filter(|(_, session)| self.people.person(scope, session.person).is_ok());
        row.ok_or_else(|| missing("session", id))
    }

    fn session_open(&mut self, scope: &Scope, new: &NewSession) -> Result<Session> {
        let new = new_session(self.people.person(scope, new.person)?, new)?;
        let rows = self.sessions.of(new.person);
        let ending: Vec<SessionId> = rows.iter().skip(SESSIONS_MAX - 1).map(|row| row.id).collect();
        let ends = |id: Option<SessionId>| id.is_none_or(|id| ending.contains(&id));
        let same = self.sessions.rows.contains_key(&new.id).then_some(new.id);
        if !ends(same) || !ends(self.sessions.hashes.get(&new.hash).copied()) {
            return Err(conflict("session", new.id));
        }
        for id in ending {
            self.sessions.remove(id);
        }
        let session = Session {
            id: new.id,
            person: new.person,
            stage: new.stage,
            created: kept(new.at),
            last_seen: kept(new.at),
            from: new.from,
            agent: new.agent,
        };
        let sessions = &mut self.sessions;
        sessions.rows.insert(new.id, (new.hash, session.clone()));
        sessions.hashes.insert(new.hash, new.id);
        sessions.of_person.entry(new.person).or_default().insert(new.id);
        Ok(session)
    }
}

#[async_trait]
impl SessionStore for MemoryStore {
    async fn session_open(&self, scope: &Scope, new: &NewSession) -> Result<Session> {
        self.write(|tables| tables.session_open(scope, new))
    }

    async fn session_of(
        &self,
        scope: &Scope,
        hash: &SecretHash,
        now: DateTime<Utc>,
    ) -> Result<Option<(Session, Person)>> {
        Ok(self.read(|tables| {
            let (_, session) = tables.sessions.rows.get(tables.sessions.hashes.get(hash)?)?;
            let person = tables.people.person(scope, session.person).ok()?;
            let rule = SessionRule::of(session.stage, &person.seat);
            let holds = person.disabled.is_none() && rule.holds(session.created, session.last_seen, now);
            holds.then(|| (session.clone(), person.clone()))
        }))
    }

    async fn session_touch(&self, scope: &Scope, id: SessionId, at: DateTime<Utc>) -> Result<()> {
        self.write(|tables| {
            tables.session(scope, id)?;
            if let Some((_, session)) = tables.sessions.rows.get_mut(&id) {
                session.last_seen = session.last_seen.max(kept(at));
            }
            Ok(())
        })
    }

    async fn session_rotate(
        &self,
        scope: &Scope,
        id: SessionId,
        from: &SecretHash,
        to: &SecretHash,
        stage: SessionStage,
        at: DateTime<Utc>,
    ) -> Result<Session> {
        self.write(|tables| {
            let (hash, session) = tables.session(scope, id)?;
            let taken = tables.sessions.hashes.get(to).is_some_and(|of| *of != id);
            if hash != from || taken {
                return Err(conflict("session", id));
            }
            let session = Session {
                stage,
                created: kept(at),
                last_seen: kept(at),
                ..session.clone()
            };
            tables.sessions.hashes.remove(from);
            tables.sessions.hashes.insert(*to, id);
            tables.sessions.rows.insert(id, (*to, session.clone()));
            Ok(session)
        })
    }

    async fn sessions(&self, scope: &Scope, person: PersonId) -> Result<Vec<Session>> {
        self.read(|tables| {
            tables.people.person(scope, person)?;
            Ok(tables.sessions.of(person).into_iter().cloned().collect())
        })
    }

    async fn session_end(&self, scope: &Scope, id: SessionId) -> Result<()> {
        self.write(|tables| {
            tables.session(scope, id)?;
            tables.sessions.remove(id);
            Ok(())
        })
    }

    async fn sessions_end(&self, scope: &Scope, person: PersonId, keep: Option<SessionId>) -> Result<u64> {
        self.write(|tables| {
            tables.people.person(scope, person)?;
            Ok(tables.sessions.end_of(person, keep))
        })
    }

    async fn sessions_purge(&self, scope: &Scope, now: DateTime<Utc>, limit: u32) -> Result<u64> {
        site_only(scope, "session")?;
        let edge = kept(now - TimeDelta::seconds(SESSION_SECS_MAX));
        self.write(|tables| {
            let rows = tables.sessions.rows.values();
            let old = rows
                .map(|(_, row)| (row.created, row.id))
                .filter(|(created, _)| *created <= edge);
            let mut old: Vec<_> = old.collect();
            old.sort_unstable();
            old.truncate(limit.min(PURGE_MAX) as usize);
            for (_, id) in &old {
                tables.sessions.remove(*id);
            }
            Ok(old.len() as u64)
        })
    }
}
