use super::calibration::{brier, calibration_error, reliability};
use super::*;
use proptest::prelude::*;

fn tenant() -> TenantId {
    "contoso".parse().unwrap()
}
fn met(share: f64) -> Day {
    Day {
        end: End::Met { share },
        apply_deferrals: 2,
    }
}
fn lost(cause: Option<Code>, from: f64) -> Day {
    Day {
        end: End::Lost { cause, from },
        apply_deferrals: 2,
    }
}
fn today<'a>(tenant: &'a TenantId, days: &'a [Day]) -> Today<'a> {
    Today {
        tenant,
        days,
        state: State::Free,
        slack_secs: 20_000,
        expected_secs: 600,
        not_before_secs: 0,
        passed: 0.2,
        room: None,
        apply_deferrals: 0,
    }
}
fn risk(estimate: Estimate) -> (u16, Reason) {
    match estimate {
        Estimate::Risk {
            probability_bp,
            reason,
        } => (probability_bp.get(), reason),
        Estimate::None { .. } => panic!("there is history enough"),
    }
}

#[test]
fn without_a_week_of_history_there_is_no_estimate() {
    let (t, days) = (tenant(), vec![met(0.1); 6]);
    assert_eq!(
        estimate(&Site::default(), &today(&t, &days)),
        Estimate::None {
            days_seen: 6,
            days_needed: 7
        }
    );
    assert!(!estimate(&Site::default(), &today(&t, &days)).is_at_risk());
}

#[test]
fn a_replica_that_is_always_met_is_at_little_risk() {
    let (t, days) = (tenant(), vec![met(0.3); 28]);
    let site = Site::learn([], [(600, 550); 200], days.iter().map(|d| (&t, *d)));
    let (bp, reason) = risk(estimate(&site, &today(&t, &days)));
    assert!(bp < 100, "{bp}");
    assert_eq!(reason, Reason::Record { lost: 0, of: 28 });
    assert_eq!(
        reason.sentence(),
        "Of 28 days that were still open at this point of the window, 0 were lost."
    );
}

#[test]
fn a_resync_that_outlasts_the_slack_names_how_many_did() {
    let (t, days) = (tenant(), vec![met(0.3); 28]);
    // 40 of 60 last 9 hours, 20 only one.
    let lasted = (0..60).map(|n| (Code::B5, if n < 40 { 32_400 } else { 3_600 }, true));
    let site = Site::learn(lasted, [(600, 550); 200], days.iter().map(|d| (&t, *d)));
    let blocked = Today {
        state: State::Blocked {
            code: Code::B5,
            lasted_secs: 7_200,
        },
        ..today(&t, &days)
    };
    let estimate = estimate(&site, &blocked);
    assert!(estimate.is_at_risk());
    let (bp, reason) = risk(estimate);
    assert!((9_000..=9_950).contains(&bp), "{bp}");
    assert_eq!(
        reason.sentence(),
        "Blocked by resynchronization (B5) for 2 hours, with 5 hours 33 minutes to spare; of 40 here that lasted as long, 40 outlasted that."
    );
}

#[test]
fn a_hold_until_after_due_leaves_no_hope_and_so_does_giving_up() {
    let (t, days) = (tenant(), vec![met(0.3); 28]);
    let site = Site::default();
    let held = Today {
        not_before_secs: 30_000,
        ..today(&t, &days)
    };
    assert_eq!(risk(estimate(&site, &held)).0, 10_000);
    let given_up = Today {
        state: State::GivenUp,
        ..today(&t, &days)
    };
    assert_eq!(risk(estimate(&site, &given_up)), (10_000, Reason::GivenUp));
}

#[test]
fn a_day_that_a_resync_took_says_nothing_about_a_later_hour_of_a_replica_that_is_free() {
    let t = tenant();
    let days: Vec<Day> = (0..28)
        .map(|n| {
            if n < 14 {
                lost(Some(Code::B5), 0.1)
            } else {
                met(0.3)
            }
        })
        .collect();
    let site = Site::learn([], [], []);
    let early = Today {
        passed: 0.0,
        ..today(&t, &days)
    };
    let (bp, reason) = risk(estimate(&site, &early));
    assert!(bp > 3_000, "{bp}");
    assert_eq!(reason, Reason::Record { lost: 14, of: 28 });
    let (bp, _) = risk(estimate(&site, &today(&t, &days)));
    assert!(bp < 500, "{bp}");
}

#[test]
fn the_reason_is_told_in_words_whatever_it_is() {
    let room = Room {
        needed_secs: 7_200,
        free_secs: 3_600,
        place: Place::Host,
    };
    let cases = [
        (
            Reason::Short { slack_secs: -60 },
            "An attempt is expected to end 1 minute after it is due.",
        ),
        (
            Reason::Short { slack_secs: 60 },
            "There is only 1 minute to spare beside what an attempt is expected to take.",
        ),
        (
            Reason::Running {
                secs: 900,
                expected_secs: 600,
            },
            "An attempt has run for 15 minutes of the 10 minutes that are expected.",
        ),
        (
            Reason::Room(room),
            "This and what comes before it on the host need 2 hours of slots; until it is due there is 1 hour.",
        ),
        (
            Reason::Record { lost: 1, of: 1 },
            "Of 1 day that was still open at this point of the window, 1 was lost.",
        ),
        (
            Reason::Record { lost: 0, of: 0 },
            "No day of this replica was still open at this point of the window.",
        ),
        (
            Reason::Applies {
                deferrals: 9,
                most: 2,
            },
            "9 deferrals by log applies so far; no day before had more than 2.",
        ),
    ];
    for (reason, sentence) in cases {
        assert_eq!(reason.sentence(), sentence);
    }
}

#[test]
fn the_state_comes_from_the_decision_and_the_newest_look() {
    let at = |secs: i64| DateTime::from_timestamp(1_800_000_000 + secs, 0).unwrap();
    let blocked = |since| Seen::Blocked {
        code: Code::B5,
        since: at(since),
        at: at(90),
    };
    let wait = |why| Move::Wait {
        why,
        next: at(200),
        watch: false,
    };
    let lasts = |lasted_secs| State::Blocked {
        code: Code::B5,
        lasted_secs,
    };
    let cases = [
        (Move::GiveUp { failures: 8 }, blocked(0), None, State::GivenUp),
        (
            Move::Running,
            blocked(0),
            Some(at(40)),
            State::Running { secs: 60 },
        ),
        (wait(Wait::NotOpen), blocked(0), None, lasts(100)),
        (wait(Wait::NotOpen), Seen::Clear { at: at(90) }, None, State::Free),
        (
            wait(Wait::Blocked {
                code: Code::B5,
                since: at(50),
            }),
            Seen::Clear { at: at(0) },
            None,
            lasts(50),
        ),
        (Move::Start { pause: true }, blocked(0), None, State::Free),
    ];
    for (what, seen, since, state) in cases {
        assert_eq!(State::of(&what, &seen, since, at(100)), state);
    }
}

// What is true of the model, whatever it has learnt.

fn any_day() -> impl Strategy<Value = Day> {
    let end = prop_oneof![
        (0.0..=1.0_f64).prop_map(|share| End::Met { share }),
        (proptest::option::of(0..Code::ALL.len()), 0.0..=1.0_f64).prop_map(|(code, from)| End::Lost {
            cause: code.map(|n| Code::ALL[n]),
            from
        }),
    ];
    (end, 0_u32..40).prop_map(|(end, apply_deferrals)| Day { end, apply_deferrals })
}
fn any_state() -> impl Strategy<Value = State> {
    prop_oneof![
        Just(State::Free),
        (0..Code::ALL.len(), 0_u32..200_000).prop_map(|(c, lasted_secs)| State::Blocked {
            code: Code::ALL[c],
            lasted_secs
        }),
        (0_u32..9_000).prop_map(|secs| State::Running { secs }),
    ]
}
fn any_site() -> impl Strategy<Value = Site> {
    let lasted =
        (0..Code::ALL.len(), 0_u32..200_000, any::<bool>()).prop_map(|(c, s, e)| (Code::ALL[c], s, e));
    (
        proptest::collection::vec(lasted, 0..60),
        proptest::collection::vec((0_u32..2_000, 0_u32..9_000), 0..30),
        proptest::collection::vec(any_day(), 0..60),
    )
        .prop_map(|(lasted, attempts, days)| {
            let t = tenant();
            Site::learn(lasted, attempts, days.into_iter().map(|d| (&t, d)))
        })
}

proptest! {
    #[test]
    fn more_slack_and_more_room_never_raise_the_risk(
        site in any_site(), days in proptest::collection::vec(any_day(), 7..40), state in any_state(),
        slack in -50_000_i64..90_000, more in 0_i64..90_000, expected in 0_u32..9_000, passed in -0.1..1.1_f64,
        needed in 0_u64..90_000, free in 0_u64..90_000, wait in 0_u32..50_000,
    ) {
        let t = tenant();
        let room = |free_secs| Some(Room { needed_secs: needed, free_secs, place: Place::Host });
        let less = Today {
            state, slack_secs: slack, expected_secs: expected, not_before_secs: wait, passed, room: room(free), ..today(&t, &days)
        };
        let easier = [
            Today { slack_secs: slack + more, ..less },
            Today { not_before_secs: wait / 2, ..less },
            Today { room: room(free + more.unsigned_abs()), ..less },
        ];
        let (harder, _) = risk(estimate(&site, &less));
        prop_assert!(harder <= 10_000);
        for easy in easier {
            prop_assert!(risk(estimate(&site, &easy)).0 <= harder);
        }
    }

    /// True of the prior only: at a site whose resyncs all last an hour, one that has lasted for 59 minutes is nearly over.
    #[test]
    fn while_nothing_is_known_a_longer_blockade_is_a_greater_risk(
        code in 0..Code::ALL.len(), lasted in 0_u32..200_000, longer in 0_u32..200_000, more in 0_u32..200_000,
    ) {
        let (site, code) = (Site::default(), Code::ALL[code]);
        prop_assert!(site.outlasts(code, lasted + longer, more) >= site.outlasts(code, lasted, more));
    }

    #[test]
    fn one_more_lost_day_never_lowers_the_risk(
        site in any_site(), days in proptest::collection::vec(any_day(), 7..40), passed in 0.0..=1.0_f64,
    ) {
        let t = tenant();
        let mut worse = days.clone();
        worse.push(lost(None, 0.0));
        let before = Today { passed, ..today(&t, &days) };
        let after = Today { passed, ..today(&t, &worse) };
        prop_assert!(risk(estimate(&site, &after)).0 >= risk(estimate(&site, &before)).0);
    }
}

// A small world of another make than the model's priors: lengths are log-normal, replicas differ, blockers come at any time.

struct Dice(u64);

impl Dice {
    fn share(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        f64::from(u32::try_from((z ^ (z >> 31)) >> 32).unwrap()) / f64::from(u32::MAX)
    }
    fn log_normal(&mut self, median: f64, sigma: f64) -> f64 {
        let (a, b) = (self.share().max(1e-9), self.share());
        median * (sigma * (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos()).exp()
    }
}

const WINDOW: f64 = 28_800.0;

/// One night: the time without a blocker that the replica needs, and a resync from .. to (seconds after the open).
struct Night {
    needs: f64,
    resync: Option<(f64, f64)>,
    takes: f64,
}

impl Night {
    fn new(dice: &mut Dice, slowness: f64) -> Self {
        let resync = (dice.share() < 0.25).then(|| {
            let from = dice.share() * WINDOW * 1.2 - 0.2 * WINDOW;
            (from, from + dice.log_normal(9_000.0, 1.0))
        });
        Self {
            needs: -dice.share().max(1e-9).ln() * slowness,
            resync,
            takes: dice.log_normal(600.0, 0.3),
        }
    }
    /// Seconds after the open without a resync until `at`.
    fn usable(&self, at: f64) -> f64 {
        let lost = self
            .resync
            .map_or(0.0, |(from, to)| (to.min(at) - from.max(0.0)).max(0.0));
        at - lost
    }
    fn sealed(&self) -> f64 {
        let start = match self.resync {
            Some((from, to)) if from <= self.needs && to > 0.0 => self.needs + to - from.max(0.0),
            _ => self.needs,
        };
        start + self.takes
    }
    fn day(&self) -> Day {
        let sealed = self.sealed();
        let end = if sealed <= WINDOW {
            End::Met {
                share: sealed / WINDOW,
            }
        } else {
            let took = self.usable(WINDOW) < WINDOW / 2.0 || self.needs < WINDOW / 2.0;
            let cause = self.resync.filter(|_| took);
            End::Lost {
                cause: cause.map(|_| Code::B5),
                from: cause.map_or(0.0, |(from, _)| (from / WINDOW).max(0.0)),
            }
        };
        Day {
            end,
            apply_deferrals: 0,
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "seconds of a night"
)]
fn whole(secs: f64) -> u32 {
    secs.max(0.0) as u32
}

#[test]
fn forecasts_of_a_world_that_the_model_was_not_made_from_come_true_as_often_as_they_say() {
    let mut dice = Dice(7);
    let t = tenant();
    let slowness: Vec<f64> = (0..300).map(|_| dice.log_normal(6_000.0, 0.8)).collect();
    let nights = |dice: &mut Dice| -> Vec<Vec<Night>> {
        let of = |s: &f64, dice: &mut Dice| (0..28).map(|_| Night::new(dice, *s)).collect();
        slowness.iter().map(|s| of(s, dice)).collect()
    };
    let past = nights(&mut dice);
    let days: Vec<Vec<Day>> = past.iter().map(|r| r.iter().map(Night::day).collect()).collect();
    let all = || past.iter().flatten();
    let site = Site::learn(
        all()
            .filter_map(|n| n.resync)
            .map(|(from, to)| (Code::B5, whole(to - from), true)),
        all().map(|n| (600, whole(n.takes))),
        days.iter().flatten().map(|d| (&t, *d)),
    );
    let mut forecasts = Vec::new();
    for (nights, days) in nights(&mut dice).iter().zip(&days) {
        for night in nights {
            let now = dice.share() * WINDOW;
            // What runs already is another matter.
            if night.sealed() - night.takes <= now {
                continue;
            }
            let state = match night.resync {
                Some((from, to)) if from <= now && now < to => State::Blocked {
                    code: Code::B5,
                    lasted_secs: whole(now - from),
                },
                _ => State::Free,
            };
            let look = Today {
                state,
                slack_secs: i64::from(whole(WINDOW)) - 600 - i64::from(whole(now)),
                passed: night.usable(now) / WINDOW,
                ..today(&t, days)
            };
            if let Estimate::Risk { probability_bp, .. } = estimate(&site, &look) {
                forecasts.push((probability_bp, night.sealed() > WINDOW));
            }
        }
    }
    let bins = reliability(&forecasts, 10);
    let error = calibration_error(&bins).unwrap();
    let skill = brier(&forecasts).unwrap().skill().unwrap();
    let table: String = bins
        .iter()
        .map(|b| {
            format!(
                "\n{} n={} said {:.2} was {:.2}",
                b.from_bp, b.count, b.forecast, b.observed
            )
        })
        .collect();
    assert!(forecasts.len() > 1_000, "{}", forecasts.len());
    assert!(error < 0.05, "error {error:.3}, skill {skill:.3}{table}");
    assert!(skill > 0.2, "error {error:.3}, skill {skill:.3}{table}");
}
