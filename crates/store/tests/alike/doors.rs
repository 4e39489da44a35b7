//! Deeds at the doors, over so few people, secrets and instants that they meet.
#![expect(clippy::unwrap_used, reason = "constants of a test")]

use crate::world::{SITE, World, told};
use chrono::{DateTime, TimeDelta, Utc};
use domain::audit::{AuditOutcome, Happened, Who};
use domain::calendar::{WindowRule, Zone};
use domain::door::hash::SecretHash;
use domain::door::login::LoginName;
use domain::door::mapping::{Mapping, MappingRule};
use domain::door::permission::Permission;
use domain::door::seat::{Role, Seat};
use domain::door::session::SessionStage;
use domain::door::throttle::LogInTry;
use domain::door::totp::TotpStep;
use domain::door::window::WindowFrame;
use domain::ids::{InvitationId, PersonId, SessionId, TenantId, TokenId};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use store::conformance::Store;
use store::invitations::NewInvitation;
use store::people::NewPerson;
use store::sessions::NewSession;
use store::tokens::NewToken;
use store::traits::Scope;
use uuid::Uuid;

const DEEDS: u8 = 26;
const PEOPLE: u8 = 4;
const TENANTS: [&str; 3] = ["contoso", "fabrikam", "nobody"];

/// What is done, by whom, to what. The numbers mean what the deed makes of them.
#[derive(Debug, Clone)]
pub struct Door {
    kind: u8,
    scope: u8,
    a: u8,
    b: u8,
    c: u8,
    /// Half hours after the world's beginning, and some nanoseconds.
    at: i64,
}

pub fn any() -> impl Strategy<Value = Door> {
    (
        0..DEEDS,
        prop_oneof![3 => Just(0_u8), 2 => 1..4_u8],
        0..PEOPLE,
        0..6_u8,
        0..6_u8,
        0..60_i64,
    )
        .prop_map(|(kind, scope, a, b, c, at)| Door {
            kind,
            scope,
            a,
            b,
            c,
            at,
        })
}

fn id(number: u8) -> Uuid {
    Uuid::from_u128(u128::from(number))
}

fn hash(number: u8) -> SecretHash {
    SecretHash([number; 32])
}

fn login(number: u8) -> LoginName {
    ["ada", "vic", "olga", "otto"][usize::from(number) % 4]
        .parse()
        .unwrap()
}

fn tenant(number: u8) -> TenantId {
    TENANTS[usize::from(number) % 3].parse().unwrap()
}

fn scope(number: u8) -> Scope {
    if number == 0 {
        SITE
    } else {
        Scope::Tenant(tenant(number - 1))
    }
}

fn seat(number: u8) -> Seat {
    let role = Role::ALL[usize::from(number) % 5];
    Seat::new(role, None)
        .or_else(|| Seat::new(role, Some(tenant(number % 2))))
        .unwrap()
}

fn rule(tenant_number: u8, number: u8) -> Mapping {
    let kind = MappingRule::KINDS[usize::from(number) % 3];
    let text = ["T", "*.a.example", r"D:\R\C"][usize::from(number) % 3];
    Mapping {
        tenant: tenant(tenant_number),
        rule: MappingRule::new(kind, text).unwrap(),
    }
}

fn newcomer(door: &Door, at: DateTime<Utc>) -> NewPerson {
    NewPerson {
        id: PersonId(id(door.a)),
        login: login(door.a + door.c % 2),
        name: "Somebody".to_owned(),
        seat: seat(door.b),
        password: "first".to_owned(),
        at,
    }
}

fn attempt(door: &Door) -> LogInTry {
    LogInTry {
        account: login(door.a),
        address: std::net::IpAddr::from([192, 0, 2, door.b % 2]),
        device: (door.c == 0).then(|| hash(door.c)),
    }
}

fn instant(world: &World, door: &Door) -> DateTime<Utc> {
    world.seed.at + TimeDelta::minutes(30 * door.at) + TimeDelta::nanoseconds(door.at * 700)
}

/// Does it and tells what came of it.
pub async fn perform(world: &World, store: &impl Store, door: &Door) -> String {
    let at = instant(world, door);
    let (scope, person) = (&scope(door.scope), PersonId(id(door.a)));
    let session = SessionId(id(door.b));
    match door.kind {
        0 => told(
            store
                .tenant_create(scope, &tenant(door.a), "A tenant", Zone::UTC, at)
                .await,
        ),
        1..=3 => told(store.person_create(scope, &newcomer(door, at)).await),
        4 => {
            let roles = [door.b, door.c].map(|role| Role::ALL[usize::from(role) % 5]);
            told(store.person_role(scope, person, roles[0], roles[1]).await)
        }
        5 => told(store.person_disable(scope, person, at).await),
        6 => told(store.person_enable(scope, person).await),
        7 => {
            let words = ["first", "second", "third"];
            let word = |number: u8| words[usize::from(number) % 3];
            told(
                store
                    .password_change(scope, person, word(door.b), word(door.c), Some(session))
                    .await,
            )
        }
        8 => told(store.totp_put(scope, person, &[door.b]).await),
        9 => told(store.totp_use(scope, person, TotpStep(i64::from(door.b))).await),
        10 => told(store.totp_clear(scope, person, Some(session)).await),
        11 => told(
            store
                .recovery_put(scope, person, &[hash(door.b), hash(door.c)])
                .await,
        ),
        12 => told(store.recovery_use(scope, person, &hash(door.b), at).await),
        13 | 14 => {
            let stage = SessionStage::ALL[usize::from(door.at % 2 == 0)];
            let (from, agent) = ("192.0.2.1".to_owned(), "x".repeat(usize::from(door.c) * 50));
            let new = NewSession {
                id: session,
                hash: hash(door.c),
                person,
                stage,
                at,
                from,
                agent,
            };
            told(store.session_open(scope, &new).await)
        }
        15 => told(store.session_touch(scope, session, at).await),
        16 => {
            let stage = SessionStage::Open;
            told(
                store
                    .session_rotate(scope, session, &hash(door.a), &hash(door.c), stage, at)
                    .await,
            )
        }
        17 => told(store.session_end(scope, session).await),
        18 => told(store.sessions_purge(scope, at, u32::from(door.b)).await),
        19 => {
            let all = Permission::ALL;
            let scopes: BTreeSet<_> = [door.b, door.c]
                .iter()
                .map(|number| all[usize::from(*number) * 2 % all.len()])
                .collect();
            let (name, expires) = ("a token".to_owned(), at + TimeDelta::hours(i64::from(door.c)));
            let new = NewToken {
                id: TokenId(id(door.b)),
                hash: hash(door.c),
                person,
                name,
                scopes,
                at,
                expires,
            };
            told(store.token_create(scope, &new).await)
        }
        20 if door.c < 3 => told(store.token_revoke(scope, TokenId(id(door.b)), at).await),
        20 => told(store.token_used(scope, TokenId(id(door.b)), at).await),
        21 => {
            let (author, expires) = ("ada".to_owned(), at + TimeDelta::hours(5));
            let new = NewInvitation {
                id: InvitationId(id(door.b)),
                hash: hash(door.c),
                seat: seat(door.a),
                author,
                at,
                expires,
            };
            told(store.invite(scope, &new).await)
        }
        22 if door.c < 3 => told(store.invitation_revoke(scope, InvitationId(id(door.b)), at).await),
        22 => told(
            store
                .invitation_accept(scope, &hash(door.b), &newcomer(door, at))
                .await,
        ),
        23 if door.at == 7 => told(store.log_in_purge(scope, at, 9).await),
        23 if door.c == 1 => told(store.device_remember(scope, person, &hash(door.b), at).await),
        23 if door.c == 2 => told(store.log_in_forgive(scope, &attempt(door)).await),
        23 => told(store.log_in_try(scope, &attempt(door), at).await),
        24 => {
            let happened = Happened {
                at,
                who: Who::Nobody,
                from: None,
                deed: ["a.b", "", "c"][usize::from(door.b) % 3].to_owned(),
                object: String::new(),
                tenant: (door.c > 2).then(|| tenant(door.c)),
                outcome: AuditOutcome::ALL[usize::from(door.a) % 3],
                details: BTreeMap::new(),
            };
            told(store.audit_append(scope, &happened).await)
        }
        _ => tenants(store, scope, door, at).await,
    }
}

async fn tenants(store: &impl Store, scope: &Scope, door: &Door, at: DateTime<Utc>) -> String {
    let of = &tenant(door.a);
    match door.b {
        0 => told(store.mapping_add(scope, &rule(door.a, door.c), "ada", at).await),
        1 => told(store.mapping_remove(scope, &rule(door.a, door.c)).await),
        2 => {
            let frame = WindowFrame {
                within: WindowRule::NIGHT,
                minutes_min: 60,
            };
            told(store.tenant_frame(scope, of, Some(&frame)).await)
        }
        3 => {
            let from = (door.c > 3).then_some(WindowRule::NIGHT);
            let to = (door.c != 2).then_some(WindowRule::NIGHT);
            told(store.tenant_window(scope, of, from, to, at).await)
        }
        4 => {
            let from = (door.c > 3).then_some(of);
            told(store.secret_replace(from, "key", &[door.c], &[door.c % 3]).await)
        }
        _ => told(store.secret_remove(None, "key", &[door.c]).await),
    }
}

/// Everything that can be asked at the doors, one line per question.
pub async fn view(world: &World, store: &impl Store) -> Vec<String> {
    let mut lines = Vec::new();
    let now = world.seed.at + TimeDelta::hours(12);
    for number in 0..4 {
        let scope = &scope(number);
        let mut line = |answer: String| lines.push(format!("{scope:?}: {answer}"));
        line(told(store.tenants(scope, None, 9).await));
        line(told(store.tenants(scope, Some(&tenant(0)), 1).await));
        line(told(store.mappings(scope).await));
        line(told(store.persons(scope, None, 9).await));
        line(told(store.persons(scope, Some(&login(1)), 1).await));
        line(told(store.owners(scope).await));
        line(told(store.tokens(scope, None, 9).await));
        line(told(store.tokens(scope, Some((now, TokenId(id(2)))), 2).await));
        line(told(store.invitations(scope, None, 9).await));
        line(told(
            store
                .invitations(scope, Some((now, InvitationId(id(2)))), 2)
                .await,
        ));
        line(told(store.audit_page(scope, None, 9).await));
        line(told(store.audit_after(scope, 2, 2).await));
        line(told(store.audit_head(scope).await));
        for number in 0..PEOPLE {
            let person = PersonId(id(number));
            line(told(store.credentials(scope, &login(number)).await));
            line(told(store.sessions(scope, person).await));
            line(told(store.recovery_left(scope, person).await));
            line(told(store.device_known(scope, &login(number), &hash(1)).await));
        }
        for number in 0..6 {
            line(told(store.session_of(scope, &hash(number), now).await));
            line(told(store.token_of(scope, &hash(number), now).await));
            line(told(store.invitation_of(scope, &hash(number), now).await));
        }
    }
    lines.push(told(store.secret_names(None, 9).await));
    lines
}
