use super::*;
use crate::attribution::{Held, attribute};
use crate::calendar::{SlaDay, window};
use crate::ids::{PointId, ReplicaId};
use crate::obligation::{Change, ObligationKey, effective};
use crate::policy::Terms;
use chrono::TimeDelta;

/// 20:00 to 08:00 in Berlin, in winter: 19:00 to 07:00 UTC.
fn obligation() -> Obligation {
    let terms = Terms::standard();
    let zone = "Europe/Berlin".parse().unwrap();
    let day: SlaDay = "2026-11-22".parse().unwrap();
    let window = window(zone, terms.window, day).unwrap();
    Obligation {
        key: ObligationKey {
            replica: ReplicaId(uuid::Uuid::from_u128(1)),
            day,
        },
        tenant: "contoso".parse().unwrap(),
        zone,
        policy: "standard".parse().unwrap(),
        policy_version: 1,
        terms,
        window,
        opened_at: window.open,
        excluded: None,
    }
}
/// Minutes after the window's open.
fn at(minutes: i64) -> DateTime<Utc> {
    obligation().window.open + TimeDelta::minutes(minutes)
}
fn held(code: Code, owner: Owner, from: i64, to: i64) -> Held {
    Held {
        code,
        owner,
        from: at(from),
        to: at(to),
    }
}
fn lost(held: &[Held]) -> crate::attribution::Attribution {
    attribute(&obligation().window, held, 600)
}
fn point() -> PointId {
    PointId(uuid::Uuid::from_u128(9))
}
fn tell(outcome: &Outcome, tries: &Tries<'_>, now: i64) -> Vec<String> {
    let story = obligation().story(outcome, tries, None, at(now));
    std::iter::once(story.headline).chain(story.sentences).collect()
}

#[test]
fn a_day_that_was_met_says_when_and_after_what() {
    let met = Outcome::Met {
        point: point(),
        taken: at(393),
        sealed: at(401),
    };
    let tries = Tries {
        attempts: 2,
        failures: 1,
        deferrals: &[(Code::B3, 1), (Code::B1, 14), (Code::B2, 0)],
        blocked: None,
    };
    assert_eq!(
        tell(&met, &tries, 720),
        [
            "Met at 02:41 after 14 deferrals by log applies and 1 by a failed apply.",
            "The host accepted the checkpoint at 02:33; the restore point was sealed 5 hours 19 minutes before it was due at 08:00.",
            "1 of 2 attempts failed.",
        ]
    );
    let plain = Tries {
        attempts: 1,
        deferrals: &[(Code::B1, 1)],
        ..Tries::default()
    };
    assert_eq!(
        tell(&met, &plain, 720)[0],
        "Met at 02:41 after 1 deferral by a log apply."
    );
    assert_eq!(tell(&met, &Tries::default(), 720)[0], "Met at 02:41.");
}

#[test]
fn an_open_day_says_what_is_next() {
    let tries = Tries {
        deferrals: &[(Code::B5, 1)],
        blocked: Some((Code::B5, at(-120))),
        ..Tries::default()
    };
    assert_eq!(
        tell(&Outcome::Open, &Tries::default(), -30),
        ["Opens at 20:00.", "No attempt was made.", "It is due by 08:00."]
    );
    assert_eq!(
        tell(&Outcome::Open, &tries, 60),
        [
            "Open: due by 08:00, in 11 hours.",
            "Blocked by resynchronization (B5) since 2026-11-22 18:00, for 3 hours, until the resynchronization completes.",
            "Whose move it is: the operator and the tenant.",
            "There was 1 deferral by resynchronization.",
            "A backup sealed after 08:00 and before 20:00 counts as late.",
        ]
    );
    assert_eq!(
        tell(&Outcome::Open, &tries, 725)[0],
        "Overdue since 08:00, for 5 minutes."
    );
    assert_eq!(
        tell(&Outcome::Open, &tries, 725)[4],
        "A backup sealed before 20:00 still counts as late; after that the day is missed."
    );
}

#[test]
fn a_late_day_says_how_late_and_why() {
    let late = Outcome::MetLate {
        point: point(),
        taken: at(780),
        sealed: at(792),
        attribution: lost(&[held(Code::B1, Owner::Provider, 0, 690)]),
    };
    let tries = Tries {
        attempts: 2,
        failures: 1,
        deferrals: &[(Code::B1, 3)],
        blocked: None,
    };
    assert_eq!(
        tell(&late, &tries, 800),
        [
            "Met late at 09:12 after 3 deferrals by log applies.",
            "That was 1 hour 12 minutes after it was due at 08:00; the checkpoint was accepted at 09:00.",
            "Nothing of the tenant's or of others stood in the window 20:00-08:00; what took the most of it was log applies (B1).",
            "Of the window's 12 hours, log applies (B1) took 11 hours 30 minutes.",
            "Up to the provider.",
            "1 of 2 attempts failed.",
            "The restore point is whole and counts for this day; the day counts as late.",
        ]
    );
}

#[test]
fn a_missed_day_says_why_and_whose_it_was() {
    let nothing = Outcome::Missed {
        attribution: lost(&[]),
    };
    assert_eq!(
        tell(&nothing, &Tries::default(), 1_440),
        [
            "Missed: nothing blocked the replica in the window 20:00-08:00, yet no backup was sealed by due.",
            "Up to the provider.",
            "No attempt was made.",
            CLOSED,
        ]
    );
    let enough = Outcome::Missed {
        attribution: lost(&[
            held(Code::B5, Owner::Tenant, 0, 300),
            held(Code::B3, Owner::Provider, 300, 720),
        ]),
    };
    assert_eq!(
        tell(&enough, &Tries::default(), 1_440)[..2],
        [
            "Missed: blockers of others left a gap of 7 hours in the window 20:00-08:00, and 10 minutes is enough; what took the most of it was failed applies (B3).",
            "Up to the provider.",
        ]
    );
    let resync = lost(&[held(Code::B5, Owner::Tenant, 3, 720)]);
    let missed = Outcome::Missed {
        attribution: resync.clone().owned_by(Owner::External),
    };
    let tries = Tries {
        attempts: 2,
        failures: 2,
        ..Tries::default()
    };
    assert_eq!(
        tell(&missed, &tries, 1_440),
        [
            "Missed: resynchronization (B5) left no gap of 10 minutes in the window 20:00-08:00; the longest was 3 minutes.",
            "Up to neither the provider nor the tenant.",
            "Of the window's 12 hours, resynchronization (B5) took 11 hours 57 minutes.",
            "Both attempts failed.",
            CLOSED,
        ]
    );
}

#[test]
fn an_excused_day_names_the_rule_or_the_person() {
    let attribution = lost(&[held(Code::B5, Owner::Tenant, -60, 900)]);
    let (owner, why) = attribution.excuse().unwrap();
    let excused = Outcome::Excused {
        owner,
        why,
        attribution: attribution.clone(),
    };
    let lines = tell(&excused, &Tries::default(), 1_440);
    assert_eq!(
        lines[0],
        "Excused: resynchronization (B5) left no gap of 10 minutes in the window 20:00-08:00; there was none at all."
    );
    assert_eq!(lines[1], "Up to the tenant.");

    let o = obligation();
    let correction = Correction {
        key: o.key,
        seq: 1,
        at: at(1_500),
        author: "ann".to_owned(),
        reason: "The carrier's line was cut.".to_owned(),
        change: Change::Excuse {
            owner: Owner::External,
        },
    };
    let closed = Outcome::Missed {
        attribution: lost(&[]),
    };
    let outcome = effective(&closed, std::slice::from_ref(&correction));
    let story = o.story(&outcome, &Tries::default(), Some(&correction), at(1_600));
    assert_eq!(story.headline, "Excused: The carrier's line was cut.");
    assert_eq!(
        story.sentences,
        [
            "Up to neither the provider nor the tenant.",
            "By the blockers that were seen, nothing blocked the replica in the window 20:00-08:00, yet no backup was sealed by due.",
            "No attempt was made.",
            "The day counts in the raw figure and not in the contractual one; the next day stands on its own.",
            "Corrected by ann at 2026-11-23 21:00: The carrier's line was cut.",
        ]
    );
}

#[test]
fn a_day_that_does_not_count_says_why() {
    let cases = [
        (
            Exclusion::Appeared { first_seen: at(75) },
            [
                "Not counted: the replica was first seen after the day had opened.",
                "It was first seen at 21:15, the day opened at 20:00; it counts from the next day.",
            ],
        ),
        (
            Exclusion::Agreed {
                reason: "maintenance".to_owned(),
                author: "ann".to_owned(),
            },
            [
                "Not counted: agreed before the day opened (maintenance).",
                "Entered by ann; the day is in no figure.",
            ],
        ),
        (
            Exclusion::Absent {
                since: at(-60),
                until: at(75),
            },
            [
                "Not counted: the replica was on no host when the day opened.",
                "It was seen on no host from 2026-11-22 19:00 to 21:15.",
            ],
        ),
        (
            Exclusion::NoWindow,
            [
                "Not counted: the window of that day does not exist.",
                "The clocks of Europe/Berlin skip the whole window; the day is in no figure.",
            ],
        ),
    ];
    for (exclusion, lines) in cases {
        assert_eq!(
            tell(&Outcome::Excluded { exclusion }, &Tries::default(), 10),
            lines
        );
    }
}
