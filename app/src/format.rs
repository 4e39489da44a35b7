//! Numbers, instants and spans in words. Pure: the same text on the server and in the browser.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Utc};
use console::Zone;

/// A span in whole seconds: `14 s`, `3 min`, `2 h 10 min`, `3 d 4 h`.
pub fn span(secs: i64) -> String {
    let secs = secs.max(0);
    let (d, h, m) = (secs / 86_400, secs / 3600 % 24, secs / 60 % 60);
    match (d, h, m) {
        (0, 0, 0) => format!("{secs} s"),
        (0, 0, m) => format!("{m} min"),
        (0, h, 0) => format!("{h} h"),
        (0, h, m) => format!("{h} h {m:02} min"),
        (d, 0, _) => format!("{d} d"),
        (d, h, _) => format!("{d} d {h} h"),
    }
}

/// What is left beside what an attempt takes: `4 h 06 min`, `20 min too late`.
pub fn slack(secs: i64) -> String {
    if secs < 0 {
        format!("{} too late", span(-secs))
    } else {
        span(secs)
    }
}

/// With a real minus: `−2`.
pub fn signed(n: i64) -> String {
    let digits = count(n.unsigned_abs());
    if n < 0 { format!("−{digits}") } else { digits }
}

/// A share as the SLA's figures round it: `99.95 %`; `—` of nothing.
pub fn share(ratio: console::Ratio) -> String {
    ratio.pct.map_or_else(|| "—".to_owned(), |pct| format!("{pct} %"))
}

/// Its denominator: `60 of 62`.
pub fn of(ratio: console::Ratio) -> String {
    format!("{} of {}", count(ratio.met), count(ratio.of))
}

/// How long before `as_of` an instant was.
pub fn age(as_of: DateTime<Utc>, at: DateTime<Utc>) -> String {
    span((as_of - at).num_seconds())
}

/// A short span in milliseconds: `850 ms`, `1.2 s`, `3 min`.
pub fn span_ms(ms: u64) -> String {
    match ms {
        0..=999 => format!("{ms} ms"),
        1000..=9_999 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
        _ => span(i64::try_from(ms / 1000).unwrap_or(i64::MAX)),
    }
}

/// The instant when something is looked at next, from `as_of`: `in 20 s`, `now`.
pub fn ahead(as_of: DateTime<Utc>, at: DateTime<Utc>) -> String {
    let secs = (at - as_of).num_seconds();
    if secs <= 0 {
        "now".to_owned()
    } else {
        format!("in {}", span(secs))
    }
}

/// Wall-clock hours and minutes.
pub fn clock(zone: &Zone, at: DateTime<Utc>) -> String {
    zone.local(at).format("%H:%M").to_string()
}

/// Wall-clock with seconds.
pub fn clock_secs(zone: &Zone, at: DateTime<Utc>) -> String {
    zone.local(at).format("%H:%M:%S").to_string()
}

/// An instant as near things are told: `22:57` today, `Sat 00:51` this week, `9 Nov 00:51`, `9 Nov 2025`.
pub fn moment(zone: &Zone, as_of: DateTime<Utc>, at: DateTime<Utc>) -> String {
    near(zone.local(as_of), zone.local(at), "%H:%M")
}

/// The same with seconds.
pub fn moment_secs(zone: &Zone, as_of: DateTime<Utc>, at: DateTime<Utc>) -> String {
    near(zone.local(as_of), zone.local(at), "%H:%M:%S")
}

fn near(today: NaiveDateTime, at: NaiveDateTime, time: &str) -> String {
    let days = (today.date() - at.date()).num_days();
    let text = at.format(time);
    match days {
        0 => text.to_string(),
        -6..=6 => format!("{} {text}", at.format("%a")),
        _ if today.year() == at.year() => format!("{} {text}", at.format("%-d %b")),
        _ => at.format("%-d %b %Y").to_string(),
    }
}

/// The full instant, for titles: `2026-11-22 22:57:03 Europe/Berlin`.
pub fn full(zone: &Zone, at: DateTime<Utc>) -> String {
    format!("{} {}", zone.local(at).format("%Y-%m-%d %H:%M:%S"), zone.name)
}

/// `Sunday 22 November`.
pub fn day(day: NaiveDate) -> String {
    day.format("%A %-d %B").to_string()
}

/// `9 Nov 2026`.
pub fn date(day: NaiveDate) -> String {
    day.format("%-d %b %Y").to_string()
}

/// Bytes with decimal units: `512 MB`, `3.4 GB`.
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 6] = ["B", "kB", "MB", "GB", "TB", "PB"];
    let mut unit = 0;
    let mut scale = 1_u64;
    while n / scale >= 1000 && unit + 1 < UNITS.len() {
        scale *= 1000;
        unit += 1;
    }
    let whole = n / scale;
    if unit > 0 && whole < 10 {
        format!("{whole}.{} {}", n % scale / (scale / 10), UNITS[unit])
    } else {
        format!("{whole} {}", UNITS[unit])
    }
}

/// A count with thousands separators: `10,214`.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `n` things: `1 replica`, `40 replicas`.
pub fn things(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

/// A share with one decimal: `71.9 %`; `—` of nothing.
pub fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "—".to_owned();
    }
    let tenths = u128::from(part) * 1000 / u128::from(whole);
    format!("{}.{} %", tenths / 10, tenths % 10)
}

/// The middle of a long id left out: `5B2F…A41C`.
pub fn short_id(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    if chars.len() <= 12 {
        return text.to_owned();
    }
    let head: String = chars[..4].iter().collect();
    let tail: String = chars[chars.len() - 4..].iter().collect();
    format!("{head}…{tail}")
}

/// The first letter in upper case.
pub fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    #[test]
    fn spans_grow_their_unit_with_their_length() {
        let told: Vec<String> = [-3, 14, 185, 3600, 7800, 259_200, 273_600].map(span).to_vec();
        assert_eq!(
            told,
            ["0 s", "14 s", "3 min", "1 h", "2 h 10 min", "3 d", "3 d 4 h"]
        );
    }

    #[test]
    fn slack_that_is_used_up_is_told_in_words() {
        assert_eq!([slack(14_760), slack(-1_200)], ["4 h 06 min", "20 min too late"]);
    }

    #[test]
    fn an_instant_names_its_day_only_when_it_is_not_today() {
        let now = at("2026-11-22T12:00:00Z");
        let zone = Zone::utc();
        assert_eq!(moment(&zone, now, at("2026-11-22T01:52:00Z")), "01:52");
        assert_eq!(moment(&zone, now, at("2026-11-21T22:10:00Z")), "Sat 22:10");
        assert_eq!(moment(&zone, now, at("2026-11-09T06:00:00Z")), "9 Nov 06:00");
        assert_eq!(moment(&zone, now, at("2025-11-09T06:00:00Z")), "9 Nov 2025");
    }

    #[test]
    fn numbers_are_written_with_unit_and_separator() {
        assert_eq!(
            [0, 999, 3_420_000_000, 512_000_000, 67_108_864].map(bytes),
            ["0 B", "999 B", "3.4 GB", "512 MB", "67 MB"]
        );
        assert_eq!(
            [7, 999, 10_214, 1_234_567].map(count),
            ["7", "999", "10,214", "1,234,567"]
        );
        assert_eq!(
            (percent(7342, 10_214), percent(0, 0), percent(1, 1)),
            ("71.8 %".into(), "—".into(), "100.0 %".into())
        );
    }
}
