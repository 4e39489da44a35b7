use super::*;
use proptest::prelude::*;

fn rule(open: &str, due: &str, next: bool) -> WindowRule {
    WindowRule::new(open.parse().unwrap(), due.parse().unwrap(), next).unwrap()
}
fn zone(name: &str) -> Zone {
    name.parse().unwrap()
}
fn day(text: &str) -> SlaDay {
    text.parse().unwrap()
}
fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}
fn hours(w: DayWindow) -> i64 {
    (w.due - w.open).num_hours()
}

#[test]
fn a_night_over_the_change_of_clocks_is_an_hour_longer_or_shorter() {
    let (berlin, night) = (zone("Europe/Berlin"), rule("22:00", "06:00", true));
    assert_eq!(hours(window(berlin, night, day("2026-03-27")).unwrap()), 8);
    assert_eq!(hours(window(berlin, night, day("2026-03-28")).unwrap()), 7);
    assert_eq!(hours(window(berlin, night, day("2026-10-24")).unwrap()), 9);
}

#[test]
fn days_have_23_and_25_hours_where_clocks_change() {
    let (berlin, whole) = (zone("Europe/Berlin"), rule("00:00", "00:00", true));
    assert_eq!(hours(window(berlin, whole, day("2026-03-29")).unwrap()), 23);
    assert_eq!(hours(window(berlin, whole, day("2026-10-25")).unwrap()), 25);
}

#[test]
fn a_skipped_wall_time_is_the_next_instant() {
    // 02:30 does not exist on 2026-03-29 in Berlin; the clocks go from 02:00 to 03:00 CEST = 01:00 UTC.
    let w = window(
        zone("Europe/Berlin"),
        rule("02:30", "08:00", false),
        day("2026-03-29"),
    )
    .unwrap();
    assert_eq!(w.open, at("2026-03-29T01:00:00Z"));
}

#[test]
fn a_wall_time_that_occurs_twice_opens_early_and_is_due_late() {
    let berlin = zone("Europe/Berlin");
    let opens = window(berlin, rule("02:30", "08:00", false), day("2026-10-25")).unwrap();
    assert_eq!(opens.open, at("2026-10-25T00:30:00Z"));
    let due = window(berlin, rule("22:00", "02:30", true), day("2026-10-24")).unwrap();
    assert_eq!(due.due, at("2026-10-25T01:30:00Z"));
}

#[test]
fn due_never_comes_after_the_next_open_also_where_that_occurs_twice() {
    let w = window(
        zone("Europe/Berlin"),
        rule("02:30", "02:30", true),
        day("2026-10-24"),
    )
    .unwrap();
    assert_eq!(w.due, w.next_open);
    assert_eq!(w.due, at("2026-10-25T00:30:00Z"));
}

#[test]
fn a_date_that_a_zone_skips_is_no_day_and_the_one_before_lasts_until_the_one_after() {
    let (apia, night) = (zone("Pacific/Apia"), rule("20:00", "04:00", true));
    assert_eq!(window(apia, night, day("2011-12-30")), None);
    let before = window(apia, night, day("2011-12-29")).unwrap();
    assert_eq!(
        before.next_open,
        window(apia, night, day("2011-12-31")).unwrap().open
    );
    assert!(before.due <= before.next_open);
    assert_eq!(
        opening(apia, night, before.open, before.next_open + TimeDelta::seconds(1)).len(),
        2
    );
    assert_eq!(
        current(apia, night, before.next_open - TimeDelta::seconds(1))
            .unwrap()
            .0,
        day("2011-12-29")
    );
}

#[test]
fn the_standard_night_is_a_window_like_any_other() {
    assert_eq!(WindowRule::NIGHT, rule("20:00", "08:00", true));
}

#[test]
fn windows_that_cannot_be_are_refused() {
    let new = |open: &str, due: &str, next| {
        WindowRule::new(open.parse().unwrap(), due.parse().unwrap(), next).map_err(|e| e.to_string())
    };
    assert!(new("22:00", "23:00", true).unwrap_err().contains("overlap"));
    assert!(new("22:00", "23:00", false).unwrap_err().contains("60 minutes"));
    assert!(new("22:00", "06:00", false).unwrap_err().contains("0 minutes"));
    assert!(new("00:00", "04:00", false).is_ok());
    assert!(new("22:00", "22:00", true).is_ok());
}

#[test]
fn a_day_is_written_in_one_way() {
    for text in [
        "2026-1-02",
        "2026-13-01",
        "02.01.2026",
        "",
        "2026-02-30",
        "+2026-01-2",
    ] {
        assert!(text.parse::<SlaDay>().is_err(), "{text}");
    }
}

/// Every zone, every day of 2020-2035: what the promises of the calendar rest on.
#[test]
fn in_every_zone_the_days_of_2020_to_2035_tile_time_without_hole_or_overlap() {
    let rules = [
        rule("22:00", "06:00", true),
        rule("00:00", "04:00", false),
        rule("02:30", "02:30", true),
        rule("23:30", "03:30", true),
    ];
    for zone in Zone::all() {
        for rule in rules {
            let mut date = day("2020-01-01");
            let mut opened: Option<DateTime<Utc>> = None;
            while date < day("2035-12-31") {
                if let Some(w) = window(zone, rule, date) {
                    assert!(!w.is_empty(), "{zone} {rule} {date}: an empty window");
                    assert!(
                        w.due <= w.next_open,
                        "{zone} {rule} {date}: due after the next open"
                    );
                    if let Some(expected) = opened {
                        assert_eq!(w.open, expected, "{zone} {rule} {date}: a hole or an overlap");
                    }
                    opened = Some(w.next_open);
                }
                date = date.succ().unwrap();
            }
        }
    }
}

fn any_zone() -> impl Strategy<Value = Zone> {
    proptest::sample::select(Zone::all().collect::<Vec<_>>())
}
fn any_rule() -> impl Strategy<Value = WindowRule> {
    (0_u16..1440, 0_u16..1440, any::<bool>()).prop_filter_map("a window", |(open, due, next)| {
        let time = |m: u16| WallTime::from_hm(m / 60, m % 60).unwrap();
        WindowRule::new(time(open), time(due), next).ok()
    })
}
/// 2020-01-01 to 2035-12-31.
fn any_instant() -> impl Strategy<Value = DateTime<Utc>> {
    (1_577_836_800_i64..2_082_672_000).prop_map(|secs| DateTime::from_timestamp(secs, 0).unwrap())
}

proptest! {
    #[test]
    fn every_instant_belongs_to_exactly_one_day(zone in any_zone(), rule in any_rule(), now in any_instant()) {
        let (date, w) = current(zone, rule, now).unwrap();
        prop_assert!(w.open <= now && now < w.next_open);
        prop_assert!(!w.is_empty());
        for other in [date.pred().unwrap(), date.succ().unwrap()] {
            if let Some(o) = window(zone, rule, other) {
                prop_assert!(o.next_open <= w.open || w.next_open <= o.open);
            }
        }
    }

    #[test]
    fn days_opened_in_pieces_are_the_days_opened_at_once(
        zone in any_zone(), rule in any_rule(), from in any_instant(), cut in 0_i64..1_000_000,
    ) {
        let to = from + TimeDelta::seconds(1_000_000);
        let middle = from + TimeDelta::seconds(cut);
        let mut pieces = opening(zone, rule, from, middle);
        pieces.extend(opening(zone, rule, middle, to));
        prop_assert_eq!(pieces, opening(zone, rule, from, to));
    }
}
