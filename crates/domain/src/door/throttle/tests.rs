use super::*;
use crate::door::hash::SecretKind;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn at(secs: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(1_000_000 + secs)
}

/// The table that a store keeps.
#[derive(Default)]
struct Table(BTreeMap<ThrottleKey, Tally>);

impl Table {
    fn attempt(&mut self, attempt: &LogInTry, now: DateTime<Utc>, right: bool) -> Gate {
        let keys = attempt.keys();
        let gate = strictest(
            keys.iter()
                .map(|key| key.limit().judge(self.0.get(key).copied(), now)),
        );
        if gate == Gate::Open {
            for key in &keys {
                let tally = key.limit().counted(self.0.get(key).copied(), now);
                match Some(tally).filter(|_| !right).or_else(|| forgiven(key, tally)) {
                    Some(tally) => _ = self.0.insert(key.clone(), tally),
                    None => _ = self.0.remove(key),
                }
            }
        }
        gate
    }
}

fn attempt(address: &str, device: Option<SecretHash>) -> LogInTry {
    LogInTry {
        account: "ada".parse().unwrap(),
        address: address.parse().unwrap(),
        device,
    }
}

#[test]
fn waits_double_up_to_their_longest_and_are_forgotten() {
    let limit = ThrottleKey::Account("ada".parse().unwrap()).limit();
    let wait = |failures| match limit.judge(
        Some(Tally {
            failures,
            last: at(0),
        }),
        at(0),
    ) {
        Gate::Open => 0,
        Gate::WaitUntil(until) => (until - at(0)).num_seconds(),
    };
    assert_eq!(
        [10, 11, 12, 13, 15, 16, 99, u32::MAX].map(wait),
        [0, 1, 2, 4, 16, 30, 30, 30]
    );
    let many = Some(Tally {
        failures: 99,
        last: at(0),
    });
    assert_eq!(limit.judge(many, at(29)), Gate::WaitUntil(at(30)));
    assert_eq!(limit.judge(many, at(30)), Gate::Open);
    assert_eq!(limit.counted(many, at(899)).failures, 100);
    assert_eq!(limit.counted(many, at(900)).failures, 1);
    assert_eq!(
        limit.judge(many, at(-500)),
        Gate::WaitUntil(at(-470)),
        "a clock that went back"
    );
}

#[test]
fn an_address_is_its_network_where_that_is_one_customers() {
    let of = |text: &str| Prefix::of(text.parse().unwrap());
    assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
    assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
    assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    assert_eq!(of("2001:db8::1").to_string(), "2001:db8::");
}

#[test]
fn a_guesser_at_one_address_gets_few_tries() {
    let mut table = Table::default();
    let guesser = attempt("192.0.2.66", None);
    let made = (0..86_400)
        .filter(|second| table.attempt(&guesser, at(*second), false) == Gate::Open)
        .count();
    assert!(made < 60, "{made} tries in a day");
}

#[test]
fn one_good_account_does_not_open_an_address_to_guessing_others() {
    let mut table = Table::default();
    let mut made = 0;
    for second in 0..86_400 {
        // Every second try is a right one under the guesser's own name.
        let name = if second % 2 == 0 {
            "mallory".to_owned()
        } else {
            format!("victim-{second}")
        };
        let attempt = LogInTry {
            account: name.parse().unwrap(),
            ..attempt("192.0.2.66", None)
        };
        let gate = table.attempt(&attempt, at(second), second % 2 == 0);
        made += usize::from(gate == Gate::Open && second % 2 == 1);
    }
    assert!(made < 60, "{made} guesses in a day");
}

#[test]
fn a_stranger_at_one_address_does_not_keep_a_person_out() {
    let mut table = Table::default();
    let (stranger, ada) = (attempt("192.0.2.66", None), attempt("198.51.100.1", None));
    for second in 0..7 * 86_400 {
        table.attempt(&stranger, at(second), false);
        // After the first hours the stranger waits longer than the account remembers: whenever ada comes she gets in.
        if second > 3_600 && second % 601 == 0 {
            let gate = table.attempt(&ada, at(second), true);
            let wait = if let Gate::WaitUntil(until) = gate {
                (until - at(second)).num_seconds()
            } else {
                0
            };
            assert!(wait <= 30, "{wait} s");
            assert_eq!(gate, Gate::Open, "in second {second}");
        }
    }
}

#[test]
fn strangers_at_any_number_of_addresses_do_not_touch_a_browser_that_was_logged_in() {
    let mut table = Table::default();
    let device = SecretHash::of(SecretKind::Device, b"ada's laptop");
    let ada = attempt("198.51.100.1", Some(device));
    for second in 0..86_400_u32 {
        let address = std::net::Ipv4Addr::from_bits(0x0A00_0000 + second).to_string();
        table.attempt(&attempt(&address, None), at(i64::from(second)), false);
        if second % 997 == 0 {
            assert_eq!(table.attempt(&ada, at(i64::from(second)), true), Gate::Open);
        }
    }
}

proptest! {
    #[test]
    fn a_wait_is_bounded_and_a_try_in_it_changes_nothing(tries in prop::collection::vec((0_i64..120, any::<bool>(), any::<bool>()), 1..120)) {
        let mut table = Table::default();
        let mut now = 0;
        for (pause, right, known) in tries {
            now += pause;
            let device = known.then(|| SecretHash::of(SecretKind::Device, b"d"));
            let before = table.0.clone();
            if let Gate::WaitUntil(until) = table.attempt(&attempt("192.0.2.1", device), at(now), right) {
                prop_assert!(until > at(now) && until <= at(now + 3_600));
                prop_assert_eq!(&table.0, &before);
            }
        }
    }

    #[test]
    fn an_account_that_does_not_exist_is_counted_like_any_other(name in "[a-z]{3,20}") {
        let unknown = LogInTry { account: name.parse().unwrap(), ..attempt("192.0.2.1", None) };
        let kinds = |attempt: &LogInTry| attempt.keys().map(|key| key.kind());
        prop_assert_eq!(kinds(&unknown), kinds(&attempt("192.0.2.1", None)));
        let (mut one, mut two) = (Table::default(), Table::default());
        for second in 0..60 {
            prop_assert_eq!(one.attempt(&unknown, at(second), false), two.attempt(&attempt("192.0.2.1", None), at(second), false));
        }
    }
}

#[test]
fn what_is_remembered_longest_is_the_limit_of_removal() {
    let keys = [
        attempt("192.0.2.1", None),
        attempt("192.0.2.1", Some(SecretHash([0; 32]))),
    ];
    for key in keys.iter().flat_map(LogInTry::keys) {
        let limit = key.limit();
        assert!(limit.forget_secs <= FORGET_SECS_MAX && limit.wait_secs_max < limit.forget_secs);
    }
}
