//! Instants and intervals in the three spellings of the protocol.
//!
//! Over WS-Management a `datetime` is ISO 8601 (`cim:Datetime`, `cim:Interval`); inside CIM-XML text it is the WMI string
//! (`20261122201500.000000+060`, `00000000000500.000000:000`). "Never" is the year 1601.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, TimeDelta, Utc};

/// A text that is no instant or interval.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct InvalidTime {
    pub text: String,
    pub expected: &'static str,
}

fn invalid(text: &str, expected: &'static str) -> InvalidTime {
    InvalidTime {
        text: text.chars().take(60).collect(),
        expected,
    }
}

/// Reads an instant; `None` for "never" (any time of 1601-01-01).
///
/// # Errors
/// [`InvalidTime`]; a time without an offset is refused, since nobody can say when it was.
pub fn instant(text: &str) -> Result<Option<DateTime<Utc>>, InvalidTime> {
    let text = text.trim();
    let parsed = if text.contains('T') || text.contains('t') {
        DateTime::parse_from_rfc3339(text)
            .map(|time| time.to_utc())
            .map_err(|_| invalid(text, "an instant such as 2026-07-29T14:11:00.026Z"))?
    } else {
        wmi_instant(text).ok_or_else(|| invalid(text, "an instant such as 20260729141100.026037+000"))?
    };
    Ok((parsed.date_naive() != never_day()).then_some(parsed))
}

fn never_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(1601, 1, 1).unwrap_or(NaiveDate::MIN)
}

/// Reads an interval in milliseconds, cut down to whole ones.
///
/// # Errors
/// [`InvalidTime`]; years and months have no length and are refused unless zero.
pub fn interval_ms(text: &str) -> Result<u64, InvalidTime> {
    let text = text.trim();
    if text.starts_with('P') {
        iso_interval(text).ok_or_else(|| invalid(text, "an interval such as P0DT0H5M0S"))
    } else {
        wmi_interval(text).ok_or_else(|| invalid(text, "an interval such as 00000000000500.000000:000"))
    }
}

/// Digits only, so that `+5` or ` 5` is not a number here.
fn digits<T: std::str::FromStr>(text: &str) -> Option<T> {
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

fn iso_interval(text: &str) -> Option<u64> {
    let body = text.strip_prefix('P')?;
    let (days, clock) = match body.split_once('T') {
        Some((days, clock)) if !clock.is_empty() => (days, clock),
        Some(_) => return None,
        None => (body, ""),
    };
    if days.is_empty() && clock.is_empty() {
        return None;
    }
    let date = parts(
        days,
        &[
            ('Y', None),
            ('M', None),
            ('W', Some(604_800_000)),
            ('D', Some(86_400_000)),
        ],
    )?;
    let time = parts(
        clock,
        &[('H', Some(3_600_000)), ('M', Some(60_000)), ('S', Some(1000))],
    )?;
    date.checked_add(time)
}

/// Sums `<number><unit>` groups in the order of `units`; a unit without a length must count zero.
fn parts(mut text: &str, units: &[(char, Option<u64>)]) -> Option<u64> {
    let mut total = 0_u64;
    for (unit, ms) in units {
        let Some((number, rest)) = text.split_once(*unit) else {
            continue;
        };
        text = rest;
        total = total.checked_add(match (unit, ms) {
            (_, None) => (digits::<u64>(number)? == 0).then_some(0)?,
            ('S', Some(_)) => seconds_ms(number)?,
            (_, Some(ms)) => digits::<u64>(number)?.checked_mul(*ms)?,
        })?;
    }
    text.is_empty().then_some(total)
}

fn seconds_ms(number: &str) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    digits::<u64>(whole)?
        .checked_mul(1000)?
        .checked_add(fraction_ms(fraction)?)
}

fn fraction_ms(fraction: &str) -> Option<u64> {
    if fraction.is_empty() || fraction.len() > 18 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits(&format!("{fraction:0<3}")[..3])
}

/// `ddddddddHHMMSS.mmmmmm:000`.
fn wmi_interval(text: &str) -> Option<u64> {
    if text.len() != 25 || !text.is_ascii() || &text[14..15] != "." || &text[21..] != ":000" {
        return None;
    }
    let days: u64 = digits(&text[..8])?;
    let hours: u64 = digits(&text[8..10])?;
    let minutes: u64 = digits(&text[10..12])?;
    let seconds: u64 = digits(&text[12..14])?;
    let micros: u64 = digits(&text[15..21])?;
    if hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    Some((((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000 + micros / 1000)
}

/// `yyyymmddHHMMSS.mmmmmm±UUU`, the offset in minutes.
fn wmi_instant(text: &str) -> Option<DateTime<Utc>> {
    if text.len() != 25 || !text.is_ascii() || &text[14..15] != "." {
        return None;
    }
    let date = NaiveDate::from_ymd_opt(digits(&text[..4])?, digits(&text[4..6])?, digits(&text[6..8])?)?;
    let time = date.and_hms_micro_opt(
        digits(&text[8..10])?,
        digits(&text[10..12])?,
        digits(&text[12..14])?,
        digits(&text[15..21])?,
    )?;
    let minutes: i64 = digits(&text[22..])?;
    let offset = match &text[21..22] {
        "+" => minutes,
        "-" => -minutes,
        _ => return None,
    };
    Some(time.checked_sub_signed(TimeDelta::minutes(offset))?.and_utc())
}

/// Writes an instant as the WMI string, which CIM-XML text wants. Years outside 0..=9999 have no such spelling.
#[must_use]
pub fn to_wmi(time: DateTime<Utc>) -> Option<String> {
    let utc = FixedOffset::east_opt(0)?;
    let time = time.with_timezone(&utc);
    (0..=9999).contains(&time.year()).then(|| {
        format!(
            "{}.{:06}+000",
            time.format("%Y%m%d%H%M%S"),
            time.timestamp_subsec_micros() % 1_000_000
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check_instant(text: &str, expect: &str) {
        let got = instant(text).unwrap().unwrap();
        assert_eq!(got.to_rfc3339(), expect, "{text}");
    }

    #[test]
    fn instants_of_every_spelling_are_read_in_utc() {
        check_instant("2026-07-29T14:11:00.026037Z", "2026-07-29T14:11:00.026037+00:00");
        check_instant("2026-07-29T23:11:00+09:00", "2026-07-29T14:11:00+00:00");
        check_instant("20260729141100.026037+000", "2026-07-29T14:11:00.026037+00:00");
        check_instant("20260729231100.000000+540", "2026-07-29T14:11:00+00:00");
        check_instant("20260729091100.000000-300", "2026-07-29T14:11:00+00:00");
    }

    #[test]
    fn the_year_1601_is_never() {
        assert_eq!(instant("1601-01-01T00:00:00Z"), Ok(None));
        assert_eq!(instant("16010101000000.000000+000"), Ok(None));
    }

    #[test]
    fn an_instant_without_offset_or_out_of_range_is_refused() {
        for text in [
            "2026-07-29T14:11:00",
            "2026-13-01T00:00:00Z",
            "",
            "T",
            "2026****141100.000000+000",
            "é",
        ] {
            assert!(instant(text).is_err(), "{text}");
        }
    }

    #[test]
    fn intervals_are_read_in_milliseconds() {
        for (text, ms) in [
            ("P0DT0H5M0S", 300_000),
            ("PT5M", 300_000),
            ("P1DT0H0M0.5S", 86_400_500),
            ("P0Y0M0DT0H0M1.2345S", 1234),
            ("PT0S", 0),
            ("00000000000500.000000:000", 300_000),
            ("00000001000001.250000:000", 86_401_250),
        ] {
            assert_eq!(interval_ms(text), Ok(ms), "{text}");
        }
        for text in [
            "P",
            "PT",
            "P1Y",
            "P1M",
            "PT5",
            "P5",
            "PT1S1H",
            "-PT1S",
            "0000000000050.000000:000",
            "",
            "PT+5S",
        ] {
            assert!(interval_ms(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_time_reading_panic(text in "\\PC{0,40}") {
            let _ = instant(&text);
            let _ = interval_ms(&text);
        }

        #[test]
        fn a_wmi_instant_is_read_back_as_it_was_written(micros in -11_000_000_000_000_000_i64..200_000_000_000_000_000) {
            let time = DateTime::from_timestamp_micros(micros).unwrap();
            prop_assert_eq!(instant(&to_wmi(time).unwrap()).unwrap(), Some(time));
        }
    }
}
