use super::*;

use governor::clock::FakeRelativeClock;
use std::time::Duration;

const TIGHT: Rate = rate(2, 3);

fn limits(keys_max: usize) -> (Limits<FakeRelativeClock>, FakeRelativeClock) {
    let clock = FakeRelativeClock::default();
    (Limits::of([TIGHT; 3], keys_max, clock.clone()), clock)
}

fn v4(number: u32) -> IpAddr {
    IpAddr::from(number.to_be_bytes())
}

#[test]
fn so_many_at_once_and_then_as_many_as_the_rate_gives_back() {
    let (limits, clock) = limits(100);
    for _ in 0..3 {
        assert_eq!(limits.stranger(v4(1)), Ok(()));
    }
    assert_eq!(
        limits.stranger(v4(1)),
        Err(1),
        "the next half second gives one back"
    );
    assert_eq!(limits.stranger(v4(2)), Ok(()), "another address is another's");
    clock.advance(Duration::from_millis(500));
    assert_eq!(limits.stranger(v4(1)), Ok(()));
    assert_eq!(limits.stranger(v4(1)), Err(1));
}

#[test]
fn whoever_has_half_an_ipv6_address_is_one() {
    let (limits, _) = limits(100);
    for last in 1..=3 {
        let address = IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, last]);
        assert_eq!(limits.stranger(address), Ok(()));
    }
    let same = IpAddr::from([0x2001, 0xdb8, 0, 1, 7, 7, 7, 7]);
    assert!(limits.stranger(same).is_err());
    let mapped = IpAddr::from([0, 0, 0, 0, 0, 0xffff, 0, 1]);
    for _ in 0..3 {
        assert_eq!(limits.stranger(mapped), Ok(()));
    }
    assert!(limits.stranger(v4(1)).is_err(), "written as IPv6 it is the same");
}

#[test]
fn a_flood_of_addresses_takes_no_more_memory_and_is_forgotten() {
    let (limits, clock) = limits(50);
    for number in 0..5_000 {
        let _ = limits.stranger(v4(number));
    }
    let kept = limits.strangers.limiter.len();
    let most = 50 + usize::try_from(SHARES).unwrap();
    assert!(kept <= most, "{kept} of at most {most}");
    clock.advance(Duration::from_secs(60));
    for number in 0..=SWEEP_EVERY {
        let _ = limits.stranger(v4(number % 7));
    }
    assert!(limits.strangers.limiter.len() <= 50);
    assert_eq!(limits.stranger(v4(9_999)), Ok(()));
}

#[test]
fn reads_and_writes_are_counted_apart_and_the_program_gives_as_much_as_it_says() {
    for (rate, at_once) in [(READS, 100), (WRITES, 50), (STRANGERS, 50)] {
        let clock = FakeRelativeClock::default();
        let bucket = Bucket::new(rate, KEYS_MAX, clock.clone());
        let key = Key::Somebody(Uuid::from_u128(1));
        let taken = (0..1_000).filter(|_| bucket.check(key).is_ok()).count();
        assert_eq!(taken, at_once);
        clock.advance(Duration::from_secs(1));
        let taken = (0..1_000).filter(|_| bucket.check(key).is_ok()).count();
        assert_eq!(taken, usize::try_from(rate.a_second.get()).unwrap());
    }
}
