//! Where a page of a list begins: the row that it follows, never a count, so rows that come and go meanwhile shift nothing.
//! A cursor is fields joined by `~`; it is no secret and gives no right: what it names is looked for in the asker's scope only.

use super::fault;
use ::console::UiError;
use chrono::{DateTime, TimeDelta, Utc};
use std::future::Future;
use std::str::FromStr;
use store::traits::StoreError;

/// Joins fields; what is no letter, digit, `-`, `_` or `.` is written as `*` and two hexadecimal digits.
pub(super) fn write<const N: usize>(fields: [String; N]) -> String {
    let escaped = fields.map(|field| {
        field
            .bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
                other => format!("*{other:02x}"),
            })
            .collect::<String>()
    });
    escaped.join("~")
}

/// Takes exactly `N` fields apart.
pub(super) fn read<const N: usize>(text: &str) -> Result<[String; N], UiError> {
    let fields: Option<Vec<String>> = text.split('~').map(unescaped).collect();
    fields.and_then(|it| it.try_into().ok()).ok_or_else(invalid)
}

/// A text as a place in each list, to see that reading it ends well. For fuzzers.
#[doc(hidden)]
pub fn places(text: &str) {
    let _fields = (read::<2>(text), read::<3>(text), read::<7>(text), instant(text));
    if let Ok(fields) = read::<3>(text) {
        let again = read::<3>(&write(fields.clone()));
        assert_eq!(again, Ok(fields), "another place");
    }
}

fn unescaped(field: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field.bytes();
    while let Some(byte) = rest.next() {
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        bytes.push(match byte {
            b'*' => u8::try_from(digit(rest.next())? * 16 + digit(rest.next())?).ok()?,
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

pub(super) fn invalid() -> UiError {
    UiError::Invalid {
        field: "cursor".to_owned(),
        text: "it is no place in this list: take a page's own `next` or `previous`, or leave it away"
            .to_owned(),
    }
}

pub(super) fn parsed<T: FromStr>(field: &str) -> Result<T, UiError> {
    field.parse().map_err(|_| invalid())
}

/// An instant as a field: microseconds of the Unix epoch, which is how exactly the store keeps it.
pub(super) fn stamp(at: DateTime<Utc>) -> String {
    at.timestamp_micros().to_string()
}

pub(super) fn instant(field: &str) -> Result<DateTime<Utc>, UiError> {
    DateTime::from_timestamp_micros(parsed(field)?).ok_or_else(invalid)
}

/// The bound for a store that pages by time alone: rows of the same instant are asked for again, and the seen ones left out.
pub(super) fn just_after(at: DateTime<Utc>) -> DateTime<Utc> {
    at.checked_add_signed(TimeDelta::microseconds(1)).unwrap_or(at)
}

/// Up to `limit` rows that `follow` the cursor, in the store's order, and whether there are more. As long as rows of the
/// cursor's own instant fill what was asked for, more is asked for.
pub(super) async fn page<T, F>(
    limit: u32,
    ask: impl Fn(u32) -> F,
    follow: impl Fn(&T) -> bool,
) -> Result<(Vec<T>, bool), UiError>
where
    F: Future<Output = Result<Vec<T>, StoreError>>,
{
    let limit_rows = limit as usize;
    let mut asked = limit + 1;
    loop {
        let found = ask(asked).await.map_err(fault::ui)?;
        let whole = found.len() < asked as usize;
        let mut rows: Vec<T> = found.into_iter().filter(&follow).collect();
        if rows.len() > limit_rows || whole {
            let more = rows.len() > limit_rows;
            rows.truncate(limit_rows);
            return Ok((rows, more));
        }
        asked = asked.saturating_mul(2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_survive_the_way_through_a_cursor() {
        let fields = ["a~b*c".to_owned(), String::new(), "Zürich 03".to_owned()];
        let text = write(fields.clone());
        assert!(
            text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'&'),
            "{text}"
        );
        assert_eq!(read::<3>(&text), Ok(fields));
        for wrong in ["", "a~b", "a~b~c~d", "a~b~*4", "a~b~*zz", "a~b~*ff"] {
            assert_eq!(read::<3>(wrong), Err(invalid()), "{wrong}");
        }
    }

    #[tokio::test]
    async fn rows_of_one_instant_are_neither_lost_nor_shown_twice() {
        // Eleven rows of the same instant, and a store that knows the instant only.
        let all: Vec<u32> = (0..11).rev().collect();
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let ask = |asked: u32| {
                let rows = all.iter().take(asked as usize).copied().collect();
                async move { Ok(rows) }
            };
            let (rows, more) = page(2, ask, |row: &u32| after.is_none_or(|after| *row < after))
                .await
                .unwrap();
            after = rows.last().copied();
            seen.extend(rows);
            if !more {
                break;
            }
        }
        assert_eq!(seen, all);
    }
}
