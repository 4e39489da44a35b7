//! The deeds over the store of this process's memory.

use super::*;
use chrono::TimeDelta;
use domain::attribution::Attribution;
use domain::obligation::{Change, ObligationKey, Outcome, OutcomeKind, Owner, effective};
use domain::policy::Terms;
use store::MemoryStore;
use store::conformance::Seed;
use store::holds::HoldTarget;
use store::policies::Assignee;

struct World {
    store: MemoryStore,
    seed: Seed,
}

impl World {
    async fn new() -> Self {
        let store = MemoryStore::default();
        let seed = Seed::plant(&store).await.unwrap();
        Self { store, seed }
    }

    /// Ada's, so many hours after the seed.
    fn hands(&self, hours: i64) -> Deeds {
        let known = Known {
            tenants: [self.seed.ours.tenant.clone()].into(),
            hosts: [self.seed.ours.host.clone()].into(),
        };
        let now = self.seed.at + TimeDelta::hours(hours);
        Deeds::new(Arc::new(self.store.clone()), known, "ada", now).unwrap()
    }

    fn hold(&self, until: Until) -> NewHold {
        NewHold {
            target: HoldTarget::Replica {
                replica: self.seed.ours.id,
            },
            until,
            reason: " Storage is exchanged ".to_owned(),
        }
    }

    async fn missed(&self) -> ObligationKey {
        let owed = self.seed.owed(&self.seed.ours, 0).unwrap();
        self.store
            .obligations_open(std::slice::from_ref(&owed))
            .await
            .unwrap();
        let outcome = Outcome::Missed {
            attribution: Attribution {
                owner: Owner::Provider,
                cause: None,
                shares: Vec::new(),
                window_secs: 43_200,
                gap_secs: 43_200,
                usable_secs: 600,
            },
        };
        self.store
            .obligation_close(owed.key, &outcome, owed.window.next_open)
            .await
            .unwrap();
        owed.key
    }

    fn correction(&self, change: Change) -> NewCorrection {
        NewCorrection {
            replica: self.seed.ours.id,
            day: self.seed.day(0),
            change,
            reason: "their line was cut".to_owned(),
        }
    }
}

#[track_caller]
fn field<T: std::fmt::Debug>(outcome: Result<T, DeedError>) -> &'static str {
    match outcome {
        Err(DeedError::Field { field, .. }) => field,
        other => panic!("no field: {other:?}"),
    }
}

const HOUR: Until = Until::For { secs: 3_600 };

#[tokio::test]
async fn a_hold_holds_until_its_end_or_until_it_is_lifted() {
    let world = World::new().await;
    let hold = world.hands(0).hold(world.hold(HOUR)).await.unwrap();
    assert_eq!(
        (hold.reason.as_str(), hold.author.as_str()),
        ("Storage is exchanged", "ada")
    );
    assert_eq!(hold.until, world.seed.at + TimeDelta::hours(1));
    let late = world.hands(1).lift(hold.id).await;
    assert!(matches!(late, Err(DeedError::Conflict(_))), "{late:?}");
    let hold = world.hands(1).hold(world.hold(HOUR)).await.unwrap();
    assert!(world.hands(1).lift(hold.id).await.unwrap().lifted.is_some());
    let none = world.hands(1).lift(7).await;
    assert!(
        matches!(none, Err(DeedError::Missing { what: "hold", .. })),
        "{none:?}"
    );
}

#[tokio::test]
async fn a_hold_that_cannot_be_names_the_field() {
    let world = World::new().await;
    let hands = world.hands(0);
    for until in [
        Until::For { secs: 0 },
        Until::For {
            secs: hold::HOLD_SECS_MAX + 1,
        },
        Until::For { secs: u64::MAX },
        Until::At(world.seed.at),
        Until::At(world.seed.at + TimeDelta::days(91)),
        Until::At(DateTime::<Utc>::MAX_UTC),
    ] {
        assert_eq!(field(hands.hold(world.hold(until)).await), "until", "{until:?}");
    }
    hands
        .hold(world.hold(Until::For {
            secs: hold::HOLD_SECS_MAX,
        }))
        .await
        .unwrap();
    for reason in [" ", "a\nb", &"x".repeat(written::REASON_CHARS_MAX + 1)] {
        let new = NewHold {
            reason: reason.to_owned(),
            ..world.hold(HOUR)
        };
        assert_eq!(field(hands.hold(new).await), "reason");
    }
    let whole = NewHold {
        reason: "ü".repeat(written::REASON_CHARS_MAX),
        ..world.hold(HOUR)
    };
    hands.hold(whole).await.unwrap();
}

#[tokio::test]
async fn only_what_is_known_can_be_held() {
    let world = World::new().await;
    for (target, what) in [
        (
            HoldTarget::Host {
                host: "hv-r-99".parse().unwrap(),
            },
            "host",
        ),
        (
            HoldTarget::Tenant {
                tenant: world.seed.theirs.tenant.clone(),
            },
            "tenant",
        ),
        (
            HoldTarget::Replica {
                replica: domain::ids::ReplicaId(uuid::Uuid::nil()),
            },
            "replica",
        ),
    ] {
        let new = NewHold {
            target,
            ..world.hold(HOUR)
        };
        let refused = world.hands(0).hold(new).await;
        assert!(
            matches!(&refused, Err(DeedError::Missing { what: found, .. }) if *found == what),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn a_cause_is_acknowledged_as_the_night_names_it() {
    let world = World::new().await;
    let acknowledge = |cause: &str| {
        let hands = world.hands(0);
        let cause = cause.to_owned();
        async move {
            let new = NewAcknowledgement {
                cause,
                until: HOUR,
                note: "ticket 7".to_owned(),
            };
            hands.acknowledge(new).await
        }
    };
    for cause in [
        "host:hv-r-01:B5",
        "host:hv-r-01:refused:UN",
        "tenant:contoso:full",
        "vault:full",
        "total:full",
        "hold:00ff00ff00ff00ff",
    ] {
        acknowledge(cause).await.unwrap();
    }
    for cause in [
        "",
        "B5",
        "host:hv-r-01",
        "host:hv-r-01:",
        "host:HV:B5",
        "host:hv-r-01:a:b:c",
        "vault",
        "hold:a b",
    ] {
        assert_eq!(field(acknowledge(cause).await), "cause", "{cause}");
    }
    for cause in ["host:hv-r-99:B5", "tenant:nobody:full"] {
        let refused = acknowledge(cause).await;
        assert!(matches!(refused, Err(DeedError::Missing { .. })), "{refused:?}");
    }
}

#[tokio::test]
async fn a_missed_day_is_excused_attributed_and_restored_and_the_original_stays() {
    let world = World::new().await;
    let key = world.missed().await;
    let hands = world.hands(48);
    let nothing = hands.correct(world.correction(Change::Restore)).await;
    assert!(matches!(nothing, Err(DeedError::Conflict(_))), "{nothing:?}");
    let owner = Owner::Tenant;
    for (change, kind) in [
        (Change::Excuse { owner }, OutcomeKind::Excused),
        (Change::Restore, OutcomeKind::Missed),
        (Change::Attribute { owner }, OutcomeKind::Missed),
    ] {
        let row = hands.correct(world.correction(change)).await.unwrap();
        assert_eq!(effective(&row.outcome, &row.corrections).kind(), kind);
        assert_eq!(row.outcome.kind(), OutcomeKind::Missed);
    }
    let row = world.store.obligation(&SITE, key).await.unwrap();
    assert_eq!(row.corrections.len(), 3);
    assert!(row.corrections.iter().all(|it| it.author == "ada"));
}

#[tokio::test]
async fn a_day_that_cannot_be_corrected_says_why() {
    let world = World::new().await;
    let hands = world.hands(48);
    let excuse = |owner| world.correction(Change::Excuse { owner });
    let none = hands.correct(excuse(Owner::Tenant)).await;
    assert!(
        matches!(
            none,
            Err(DeedError::Missing {
                what: "obligation",
                ..
            })
        ),
        "{none:?}"
    );
    let owed = world.seed.owed(&world.seed.ours, 0).unwrap();
    world
        .store
        .obligations_open(std::slice::from_ref(&owed))
        .await
        .unwrap();
    let open = hands.correct(excuse(Owner::Tenant)).await;
    assert!(
        matches!(&open, Err(DeedError::Conflict(text)) if text.contains("still open")),
        "{open:?}"
    );
    world
        .store
        .obligation_close(owed.key, &world.seed.met(), owed.window.next_open)
        .await
        .unwrap();
    let met = hands.correct(excuse(Owner::Tenant)).await;
    assert!(
        matches!(&met, Err(DeedError::Conflict(text)) if text.contains("was met")),
        "{met:?}"
    );
    assert_eq!(field(hands.correct(excuse(Owner::Provider)).await), "owner");
}

#[tokio::test]
async fn terms_that_cannot_be_are_refused_by_their_name() {
    let world = World::new().await;
    let hands = world.hands(0);
    let gold = "gold".parse().unwrap();
    let refused = hands
        .put_policy(
            &gold,
            &Terms {
                priority: 9,
                ..Terms::standard()
            },
        )
        .await;
    assert_eq!(field(refused), "priority");
    let terms = Terms {
        priority: 5,
        ..Terms::standard()
    };
    assert_eq!(hands.put_policy(&gold, &terms).await.unwrap().version, 1);
    assert_eq!(hands.put_policy(&gold, &terms).await.unwrap().version, 1);
}

#[tokio::test]
async fn the_sites_policy_stays_and_others_come_and_go() {
    let world = World::new().await;
    let hands = world.hands(0);
    let standard = "standard".parse().unwrap();
    let ours = Assignee::Tenant {
        tenant: world.seed.ours.tenant.clone(),
    };
    let nothing = hands.assign(&ours, None).await;
    assert!(matches!(nothing, Err(DeedError::Conflict(_))), "{nothing:?}");
    hands.assign(&ours, Some(&standard)).await.unwrap();
    hands.assign(&ours, None).await.unwrap();
    let site = hands.assign(&Assignee::Site, None).await;
    assert!(matches!(site, Err(DeedError::Conflict(_))), "{site:?}");
    let theirs = Assignee::Tenant {
        tenant: world.seed.theirs.tenant.clone(),
    };
    let unknown = hands.assign(&theirs, Some(&standard)).await;
    assert!(
        matches!(unknown, Err(DeedError::Missing { what: "tenant", .. })),
        "{unknown:?}"
    );
    let missing = hands.assign(&ours, Some(&"gold".parse().unwrap())).await;
    assert!(
        matches!(missing, Err(DeedError::Missing { what: "policy", .. })),
        "{missing:?}"
    );
}

#[test]
fn an_end_is_an_instant_or_a_length_of_time() {
    for (text, secs) in [("45s", 45), ("90m", 5_400), ("4h", 14_400), ("2d", 172_800)] {
        assert_eq!(text.parse(), Ok(Until::For { secs }));
    }
    let six: DateTime<Utc> = "2026-11-22T18:00:00Z".parse().unwrap();
    for text in [
        "2026-11-22 18:00",
        "2026-11-22 18:00Z",
        " 2026-11-22T19:00:00+01:00 ",
    ] {
        assert_eq!(text.parse(), Ok(Until::At(six)), "{text}");
    }
    for wrong in [
        "",
        "4",
        "h",
        "-4h",
        "+4h",
        "4 h",
        "4w",
        "tomorrow",
        "2026-11-22",
        "2026-11-22 25:00",
        "2026-02-30 18:00",
        "99999999999999999999d",
        "9999999999999999999d",
    ] {
        assert!(wrong.parse::<Until>().is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn an_author_is_a_name() {
    let world = World::new().await;
    for author in ["", " ", "a\tb", &"x".repeat(121)] {
        let deeds = Deeds::new(
            Arc::new(world.store.clone()),
            Known::default(),
            author,
            world.seed.at,
        );
        assert!(matches!(deeds, Err(DeedError::Field { field: "author", .. })));
    }
}

#[tokio::test]
async fn a_tenant_is_created_once_and_mapped_by_rules_that_can_be() {
    let world = World::new().await;
    let deeds = world.hands(1);
    let new = |id: &str, name: &str, zone: &str| NewTenant {
        id: id.to_owned(),
        name: name.to_owned(),
        zone: zone.to_owned(),
    };
    let made = deeds
        .create_tenant(new("tailspin", " Tailspin Toys ", "Europe/Berlin"))
        .await;
    let made = made.unwrap();
    assert_eq!(
        (made.name.as_str(), made.zone.name()),
        ("Tailspin Toys", "Europe/Berlin")
    );
    let ours = world.seed.ours.tenant.as_str();
    for (new, word) in [
        (new("tailspin", "x", ""), "already"),
        (new(ours, "x", ""), "config.toml"),
        (new("No Id", "x", ""), "id"),
        (new("x", " ", ""), "name"),
        (new("x", "x", "Moon/Base"), "zone"),
    ] {
        let error = deeds.create_tenant(new).await.unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
    let rule = deeds
        .mapping("tailspin", "primary", "*.tailspin.example")
        .await
        .unwrap();
    deeds.map_tenant(&rule).await.unwrap();
    let again = deeds.map_tenant(&rule).await.unwrap_err();
    assert!(matches!(again, DeedError::Conflict(_)), "{again}");
    for (tenant, kind, text, word) in [
        ("nobody", "primary", "*.x.example", "nobody"),
        ("tailspin", "colour", "x", "kind"),
        ("tailspin", "primary", "*", "text"),
        ("tailspin", "storage-path", "D:", "text"),
    ] {
        let error = deeds.mapping(tenant, kind, text).await.unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
    deeds.unmap_tenant(&rule).await.unwrap();
    let gone = deeds.unmap_tenant(&rule).await.unwrap_err().to_string();
    assert!(gone.contains("config.toml"), "{gone}");
    // What was created here can be held and given a policy like what is configured.
    let hold = NewHold {
        target: HoldTarget::Tenant {
            tenant: "tailspin".parse().unwrap(),
        },
        ..world.hold(Until::For { secs: 3_600 })
    };
    deeds.hold(hold).await.unwrap();
}
