//! The doors over a real store, a clock by hand, and, but where their time is the question, hashes that cost nothing.

mod account;
mod log_in;
mod reset;

use super::secret::Secret;
use super::*;
use chrono::TimeDelta;
use domain::audit::{Head, verify};
use domain::calendar::Zone;
use domain::door::seat::Seat;
use domain::door::seat::{Role, SiteRole, TenantRole};
use domain::door::totp::STEP_SECS;
use std::collections::BTreeSet;
use std::sync::Mutex;
use store::SqliteStore;
use totp_rs::{Builder, Secret as TotpSecret};

struct Site {
    doors: Doors,
    store: SqliteStore,
    clock: Arc<Mutex<DateTime<Utc>>>,
    _dir: tempfile::TempDir,
}

impl Site {
    async fn new() -> Self {
        Self::with(Hasher::quick().await.unwrap()).await
    }

    async fn with(hasher: Hasher) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(dir.path().join("stillpoint.db")).await.unwrap();
        let clock = Arc::new(Mutex::new(DateTime::from_timestamp(1_800_000_000, 0).unwrap()));
        let shown = Arc::clone(&clock);
        let now: MachineNow = Arc::new(move || *shown.lock().unwrap());
        let doors = Doors::new(
            Arc::new(store.clone()),
            hasher,
            DoorKey::of(&[7; 32]).unwrap(),
            now,
        );
        let tenants = ["contoso", "fabrikam"].map(|id| (id.parse().unwrap(), id.to_owned(), Zone::UTC));
        doors.tenants(&tenants).await.unwrap();
        Self {
            doors,
            store,
            clock,
            _dir: dir,
        }
    }

    async fn seeded() -> Self {
        let site = Self::new().await;
        site.doors.seed(&"contoso".parse().unwrap()).await.unwrap();
        site
    }

    fn later(&self, secs: i64) {
        *self.clock.lock().unwrap() += TimeDelta::seconds(secs);
    }

    async fn log_in(&self, login: &str, password: &str) -> Result<Given, DoorFault> {
        self.doors
            .log_in(&comer(), login, password.to_owned().into())
            .await
    }

    async fn visitor(&self, login: &str) -> Visitor {
        let given = self.log_in(login, DEMO_PASSWORD).await.unwrap();
        self.by(&given).await.unwrap()
    }

    async fn by(&self, given: &Given) -> Option<Visitor> {
        self.doors
            .by_session(given.session.reveal(), comer().address)
            .await
            .unwrap()
    }

    async fn deeds(&self) -> Vec<String> {
        let all = self.store.audit_after(&BEFORE, 0, 1000).await.unwrap();
        verify(Head::GENESIS, &all, None).unwrap();
        all.into_iter().map(|entry| entry.happened.deed).collect()
    }
}

fn right() -> secrecy::SecretString {
    DEMO_PASSWORD.to_owned().into()
}

fn comer() -> Comer {
    Comer {
        address: [192, 0, 2, 7].into(),
        agent: "a browser".to_owned(),
        device: None,
    }
}

#[tokio::test]
async fn the_first_owner_comes_by_a_link_that_opens_once_and_the_next_start_makes_the_old_one_void() {
    let site = Site::new().await;
    let old = site.doors.first_owner().await.unwrap().unwrap();
    let code = site.doors.first_owner().await.unwrap().unwrap();
    let join = async |code: &Secret| {
        let password = "correct horse battery".to_owned().into();
        site.doors
            .join(&comer(), code.reveal(), "ada", "Ada", password)
            .await
    };
    assert_eq!(join(&old).await.unwrap_err(), DoorFault::NoInvitation);
    let given = join(&code).await.unwrap();
    let visitor = site.by(&given).await.unwrap();
    assert_eq!(visitor.seat().role(), Role::Site(SiteRole::Owner));
    assert_eq!(join(&code).await.unwrap_err(), DoorFault::NoInvitation);
    assert!(
        site.doors.first_owner().await.unwrap().is_none(),
        "while there is an owner there is no such link"
    );
    assert_eq!(site.deeds().await, ["person.join", "session.open"]);
}

#[tokio::test]
async fn a_wrong_password_a_name_that_nobody_has_and_somebody_who_is_out_are_answered_alike() {
    let site = Site::seeded().await;
    let owner = site.visitor("owner").await;
    let viewer = site.visitor("tenant-viewer").await;
    site.doors.person_put_out(&owner, viewer.person.id).await.unwrap();
    for (login, password) in [
        ("operator", "not the password"),
        ("nobody-here", DEMO_PASSWORD),
        ("not-a-name", DEMO_PASSWORD),
        ("no name at all!", DEMO_PASSWORD),
        ("tenant-viewer", DEMO_PASSWORD),
        ("operator", &"x".repeat(100_000)),
    ] {
        assert_eq!(
            site.log_in(login, password).await.unwrap_err(),
            DoorFault::Wrong,
            "{login}"
        );
    }
}

#[tokio::test]
async fn who_keeps_failing_waits_and_the_wait_ends() {
    let site = Site::seeded().await;
    let mut waited = None;
    for _ in 0..40 {
        match site.log_in("operator", "guess after guess").await {
            Err(DoorFault::Wait { secs }) => waited = Some(secs),
            other => assert_eq!(other.unwrap_err(), DoorFault::Wrong),
        }
    }
    assert!(waited.is_some());
    // The right password waits as well.
    assert!(matches!(
        site.log_in("operator", DEMO_PASSWORD).await,
        Err(DoorFault::Wait { .. })
    ));
    site.later(3_700);
    site.log_in("operator", DEMO_PASSWORD).await.unwrap();
}

#[tokio::test]
async fn with_an_authenticator_the_password_alone_opens_nothing_and_no_code_opens_twice() {
    let site = Site::seeded().await;
    let visitor = site.visitor("operator").await;
    let begun = site.doors.second_factor_begin(&visitor, right()).await.unwrap();
    assert!(begun.uri.starts_with("otpauth://totp/"), "{}", begun.uri);
    let secret = TotpSecret::try_from_base32(&begun.secret).unwrap();
    let totp = Builder::new()
        .with_secret(secret.as_bytes().to_vec())
        .with_account_name("x")
        .build()
        .unwrap();
    let code = |steps: i64| {
        let now = site.clock.lock().unwrap().timestamp() + steps * STEP_SECS;
        totp.generate(now.try_into().unwrap()).to_string()
    };
    assert!(
        site.doors
            .second_factor_confirm(&visitor, "000000")
            .await
            .is_err()
    );
    // Until it was shown to be there it is not asked for.
    assert_eq!(
        site.log_in("operator", DEMO_PASSWORD).await.unwrap().what,
        Let::In
    );
    let codes = site
        .doors
        .second_factor_confirm(&visitor, &code(0))
        .await
        .unwrap();
    assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), 10);

    let given = site.log_in("operator", DEMO_PASSWORD).await.unwrap();
    assert_eq!(given.what, Let::Further);
    assert!(
        site.by(&given).await.is_none(),
        "the password alone opens nothing"
    );
    let further = async |given: &Given, code: &str| {
        site.doors
            .second_factor(&comer(), given.session.reveal(), code)
            .await
    };
    assert_eq!(
        further(&given, &code(0)).await.unwrap_err(),
        DoorFault::WrongCode,
        "it was used to confirm"
    );
    let inside = further(&given, &code(1)).await.unwrap();
    assert!(site.by(&inside).await.is_some());
    assert_eq!(
        further(&given, &code(1)).await.unwrap_err(),
        DoorFault::Over,
        "the secret before it is another now"
    );
    let again = site.log_in("operator", DEMO_PASSWORD).await.unwrap();
    assert_eq!(further(&again, &code(1)).await.unwrap_err(), DoorFault::WrongCode);
    further(&again, &codes[3].to_lowercase()).await.unwrap();
    let third = site.log_in("operator", DEMO_PASSWORD).await.unwrap();
    assert_eq!(
        further(&third, &codes[3]).await.unwrap_err(),
        DoorFault::WrongCode
    );
}

#[tokio::test]
async fn who_knows_the_password_cannot_try_codes_for_ever() {
    let site = Site::seeded().await;
    let visitor = site.visitor("operator").await;
    let begun = site.doors.second_factor_begin(&visitor, right()).await.unwrap();
    let secret = TotpSecret::try_from_base32(&begun.secret).unwrap();
    let totp = Builder::new().with_secret(secret.as_bytes().to_vec());
    let totp = totp.with_account_name("x").build().unwrap();
    let now = site.clock.lock().unwrap().timestamp();
    let shown = totp.generate(now.try_into().unwrap()).to_string();
    site.doors.second_factor_confirm(&visitor, &shown).await.unwrap();
    let mut waited = false;
    for n in 0..12 {
        // Never from the same place, so that only the account's tally can hold them up.
        let comer = Comer {
            address: [198, 51, 100, n].into(),
            ..comer()
        };
        let password = DEMO_PASSWORD.to_owned().into();
        let tried = match site.doors.log_in(&comer, "operator", password).await {
            Ok(given) => {
                let cookie = given.session.reveal();
                site.doors.second_factor(&comer, cookie, "000000").await
            }
            refused => refused,
        };
        waited |= matches!(tried, Err(DoorFault::Wait { .. }));
    }
    assert!(waited, "24 tries, and none had to wait");
}

#[tokio::test]
async fn what_no_rule_remembers_is_swept_away() {
    let site = Site::seeded().await;
    let visitor = site.visitor("operator").await;
    let kept = async || {
        site.store
            .sessions(&BEFORE, visitor.person.id)
            .await
            .unwrap()
            .len()
    };
    site.doors.sweep().await.unwrap();
    assert_eq!(kept().await, 1, "it still holds");
    site.later(2 * 86_400);
    site.doors.sweep().await.unwrap();
    assert_eq!(kept().await, 0);
}

#[tokio::test]
async fn a_new_password_ends_every_other_session_and_the_old_one_is_asked_for() {
    let site = Site::seeded().await;
    let other = site.log_in("operator", DEMO_PASSWORD).await.unwrap();
    let visitor = site.visitor("operator").await;
    let change = async |old: &str, new: &str| {
        site.doors
            .password_change(&visitor, old.to_owned().into(), new.to_owned().into())
            .await
    };
    assert!(matches!(
        change("wrong one", "another good password").await,
        Err(DoorFault::Field {
            field: "password",
            ..
        })
    ));
    assert!(matches!(
        change(DEMO_PASSWORD, "short").await,
        Err(DoorFault::Field { field: "new", .. })
    ));
    change(DEMO_PASSWORD, "another good password").await.unwrap();
    assert!(site.by(&other).await.is_none());
    assert_eq!(
        site.log_in("operator", DEMO_PASSWORD).await.unwrap_err(),
        DoorFault::Wrong
    );
    site.log_in("operator", "another good password").await.unwrap();
}

#[tokio::test]
async fn a_session_ends_by_idleness_by_age_and_by_hand() {
    let site = Site::seeded().await;
    let idle = site.log_in("operator", DEMO_PASSWORD).await.unwrap();
    site.later(3_601);
    assert!(site.by(&idle).await.is_none());
    let used = site.log_in("operator", DEMO_PASSWORD).await.unwrap();
    for _ in 0..13 {
        assert!(site.by(&used).await.is_some());
        site.later(3_500);
    }
    assert!(site.by(&used).await.is_none(), "half a day is enough");
    let visitor = site.visitor("operator").await;
    let other = site.visitor("operator").await;
    let By::Session(id) = other.by else {
        panic!("a session")
    };
    site.doors.session_revoke(&visitor, id).await.unwrap();
    let own = site.doors.own(&visitor).await.unwrap();
    assert!(own.sessions.iter().all(|session| session.id != id));
    let auditor = site.visitor("auditor").await;
    let By::Session(theirs) = auditor.by else {
        panic!("a session")
    };
    let not_own = site.doors.session_revoke(&visitor, theirs).await;
    assert_eq!(not_own.unwrap_err(), DoorFault::Missing("session"));
}

#[tokio::test]
async fn an_admin_seats_people_of_the_own_tenant_only() {
    let site = Site::seeded().await;
    let admin = site.visitor("tenant-admin").await;
    let operator = site.visitor("operator").await;
    let seat = |tenant: &str| Seat::Tenant {
        tenant: tenant.parse().unwrap(),
        role: TenantRole::Viewer,
    };
    for forbidden in [
        seat("fabrikam"),
        Seat::Site {
            role: SiteRole::Auditor,
        },
    ] {
        assert_eq!(
            site.doors.invite(&admin, forbidden).await.unwrap_err(),
            DoorFault::Missing("place")
        );
    }
    assert_eq!(
        site.doors
            .person_put_out(&admin, operator.person.id)
            .await
            .unwrap_err(),
        DoorFault::Missing("person")
    );
    let code = site.doors.invite(&admin, seat("contoso")).await.unwrap();
    let password = || "correct horse battery".to_owned().into();
    let joined = site
        .doors
        .join(&comer(), code.reveal(), "eve@contoso.example", "Eve", password())
        .await
        .unwrap();
    let eve = site.by(&joined).await.unwrap();
    assert_eq!(eve.seat(), &seat("contoso"));
    site.doors
        .person_role(&admin, eve.person.id, Role::Tenant(TenantRole::Admin))
        .await
        .unwrap();
    assert!(site.by(&joined).await.is_none(), "another role ends the sessions");
    let of_site = site
        .doors
        .person_role(&admin, eve.person.id, Role::Site(SiteRole::Owner))
        .await;
    assert!(of_site.is_err());
    site.doors.person_put_out(&admin, eve.person.id).await.unwrap();
    let out = site.log_in("eve@contoso.example", "correct horse battery").await;
    assert_eq!(out.unwrap_err(), DoorFault::Wrong);
    site.doors.person_let_in(&admin, eve.person.id).await.unwrap();
    site.log_in("eve@contoso.example", "correct horse battery")
        .await
        .unwrap();
    let unused = site.doors.invite(&admin, seat("contoso")).await.unwrap();
    let listed = site.doors.people(&admin, None).await.unwrap();
    assert!(
        listed
            .people
            .iter()
            .all(|person| person.seat.tenant() == Some(&"contoso".parse().unwrap()))
    );
    site.doors
        .invitation_revoke(&admin, listed.invitations[0].id)
        .await
        .unwrap();
    let gone = site
        .doors
        .join(&comer(), unused.reveal(), "mallory", "M", password())
        .await;
    assert_eq!(gone.unwrap_err(), DoorFault::NoInvitation);
}

#[tokio::test]
async fn the_last_owner_stays_and_nobody_puts_themselves_out() {
    let site = Site::seeded().await;
    let owner = site.visitor("owner").await;
    assert!(matches!(
        site.doors.person_put_out(&owner, owner.person.id).await,
        Err(DoorFault::Conflict(_))
    ));
    let less = site
        .doors
        .person_role(&owner, owner.person.id, Role::Site(SiteRole::Auditor))
        .await;
    assert!(matches!(less, Err(DoorFault::Conflict(_))));
}

#[tokio::test]
async fn pages_of_the_trail_follow_each_other_and_their_links_tell_no_number() {
    let site = Site::seeded().await;
    for _ in 0..130 {
        site.log_in("tenant-viewer", DEMO_PASSWORD).await.unwrap();
    }
    let admin = site.visitor("tenant-admin").await;
    let (first, next) = site.doors.audit(&admin, None).await.unwrap();
    let (second, last) = site.doors.audit(&admin, next.as_deref()).await.unwrap();
    assert_eq!((first.len(), second.len(), last), (100, 31, None));
    let operator = site.visitor("operator").await;
    let stolen = site.doors.audit(&operator, next.as_deref()).await;
    assert_eq!(
        stolen.unwrap_err(),
        DoorFault::Missing("page"),
        "a cursor is one person's"
    );
    assert_eq!(
        site.doors.audit(&admin, Some("31")).await.unwrap_err(),
        DoorFault::Missing("page")
    );
}

#[tokio::test]
async fn a_token_opens_what_it_was_given_until_it_is_revoked_or_its_giver_is_out() {
    let site = Site::seeded().await;
    let (owner, admin) = (site.visitor("owner").await, site.visitor("tenant-admin").await);
    let scopes = |codes: &[&str]| {
        codes
            .iter()
            .map(|code| code.parse().unwrap())
            .collect::<BTreeSet<_>>()
    };
    for (name, codes, days) in [
        ("", &["sla:read"][..], 90),
        ("x", &[], 90),
        ("x", &["holds:manage"], 90),
        ("x", &["people:manage"], 90),
        ("x", &["sla:read"], 0),
        ("x", &["sla:read"], 401),
    ] {
        let refused = site.doors.token_make(&admin, name, scopes(codes), days).await;
        assert!(
            matches!(refused, Err(DoorFault::Field { .. })),
            "{name} {codes:?} {days}"
        );
    }
    let reads = scopes(&["sla:read", "replicas:read"]);
    let key = site
        .doors
        .token_make(&admin, "billing", reads.clone(), 90)
        .await
        .unwrap();
    let by = async |key: &Secret| site.doors.by_token(key.reveal(), comer().address).await.unwrap();
    let visitor = by(&key).await.unwrap();
    assert_eq!((visitor.may, visitor.person.id), (reads.clone(), admin.person.id));
    let listed = site.doors.tokens(&admin).await.unwrap();
    assert_eq!(listed[0].name, "billing");
    site.doors.token_revoke(&admin, listed[0].id).await.unwrap();
    assert!(by(&key).await.is_none());
    let other = site.doors.token_make(&admin, "backup", reads, 1).await.unwrap();
    site.doors.person_put_out(&owner, admin.person.id).await.unwrap();
    assert!(by(&other).await.is_none(), "its giver is out");
    site.doors.person_let_in(&owner, admin.person.id).await.unwrap();
    assert!(by(&other).await.is_some());
    site.later(86_401);
    assert!(by(&other).await.is_none(), "its day is over");
}
