//! Reading a row's columns as the domain's types; what cannot be read names table, column and row.

use crate::rules::countable;
use crate::traits::{Result, StoreError};
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use domain::calendar::SlaDay;
use serde::de::DeserializeOwned;
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Row, Sqlite, Type};
use std::str::FromStr;

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// One row of `table` and the column that names it.
pub(super) struct Cells<'r> {
    row: &'r SqliteRow,
    table: &'static str,
    key: &'static str,
}

impl<'r> Cells<'r> {
    pub(super) fn new(row: &'r SqliteRow, table: &'static str, key: &'static str) -> Self {
        Self { row, table, key }
    }

    pub(super) fn unreadable(&self, column: &'static str, source: Cause) -> StoreError {
        let row = self
            .row
            .try_get::<String, _>(self.key)
            .or_else(|_| self.row.try_get::<i64, _>(self.key).map(|key| key.to_string()))
            .unwrap_or_else(|_| "without a key".to_owned());
        StoreError::Inconsistent {
            table: self.table,
            column,
            row,
            source,
        }
    }

    /// A column as SQLite gives it: `String`, `i64`, `Vec<u8>` or an `Option` of these.
    pub(super) fn raw<T: Decode<'r, Sqlite> + Type<Sqlite>>(&self, column: &'static str) -> Result<T> {
        self.row
            .try_get(column)
            .map_err(|source| self.unreadable(column, Box::new(source)))
    }

    /// A text that parses: ids.
    pub(super) fn parsed<T>(&self, column: &'static str) -> Result<T>
    where
        T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
    {
        self.parse(column, &self.raw::<String>(column)?)
    }

    pub(super) fn parsed_opt<T>(&self, column: &'static str) -> Result<Option<T>>
    where
        T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
    {
        self.raw::<Option<String>>(column)?
            .map(|text| self.parse(column, &text))
            .transpose()
    }

    fn parse<T>(&self, column: &'static str, text: &str) -> Result<T>
    where
        T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
    {
        text.parse()
            .map_err(|source: T::Err| self.unreadable(column, Box::new(source)))
    }

    pub(super) fn json<T: DeserializeOwned>(&self, column: &'static str) -> Result<T> {
        let text: String = self.raw(column)?;
        serde_json::from_str(&text).map_err(|source| self.unreadable(column, Box::new(source)))
    }

    pub(super) fn json_opt<T: DeserializeOwned>(&self, column: &'static str) -> Result<Option<T>> {
        let text: Option<String> = self.raw(column)?;
        text.map(|text| serde_json::from_str(&text))
            .transpose()
            .map_err(|source| self.unreadable(column, Box::new(source)))
    }

    pub(super) fn time(&self, column: &'static str) -> Result<DateTime<Utc>> {
        self.instant(column, self.raw(column)?)
    }

    pub(super) fn time_opt(&self, column: &'static str) -> Result<Option<DateTime<Utc>>> {
        self.raw::<Option<i64>>(column)?
            .map(|micros| self.instant(column, micros))
            .transpose()
    }

    fn instant(&self, column: &'static str, micros: i64) -> Result<DateTime<Utc>> {
        DateTime::from_timestamp_micros(micros)
            .ok_or_else(|| self.unreadable(column, format!("{micros} is not an instant").into()))
    }

    /// A count that is never negative.
    pub(super) fn count<T: TryFrom<i64, Error: std::error::Error + Send + Sync + 'static>>(
        &self,
        column: &'static str,
    ) -> Result<T> {
        let number: i64 = self.raw(column)?;
        T::try_from(number).map_err(|source| self.unreadable(column, Box::new(source)))
    }
}

/// A `day` column's zero, 1970-01-01, as chrono counts days.
const DAY_ZERO: i32 = 719_163;

impl Cells<'_> {
    pub(super) fn day(&self, column: &'static str) -> Result<SlaDay> {
        let number: i64 = self.raw(column)?;
        day_of(number).ok_or_else(|| self.unreadable(column, format!("{number} is not a day").into()))
    }

    pub(super) fn text(&self, column: &'static str) -> Result<String> {
        self.raw(column)
    }

    /// One of a few names.
    pub(super) fn named<T: Copy>(
        &self,
        column: &'static str,
        all: &[T],
        name: impl Fn(T) -> &'static str,
    ) -> Result<T> {
        self.named_opt(column, all, name)?
            .ok_or_else(|| self.unreadable(column, "it is empty".into()))
    }

    pub(super) fn named_opt<T: Copy>(
        &self,
        column: &'static str,
        all: &[T],
        name: impl Fn(T) -> &'static str,
    ) -> Result<Option<T>> {
        let Some(text) = self.raw::<Option<&str>>(column)? else {
            return Ok(None);
        };
        all.iter()
            .copied()
            .find(|one| name(*one) == text)
            .map(Some)
            .ok_or_else(|| self.unreadable(column, format!("`{text}` is unknown").into()))
    }
}

/// The day of a stored number, where there is one.
pub(super) fn day_of(number: i64) -> Option<SlaDay> {
    i32::try_from(number)
        .ok()
        .and_then(|number| number.checked_add(DAY_ZERO))
        .and_then(NaiveDate::from_num_days_from_ce_opt)
        .map(SlaDay)
}

/// A day as stored.
pub(super) fn day_number(day: SlaDay) -> i64 {
    i64::from(day.0.num_days_from_ce()) - i64::from(DAY_ZERO)
}

/// An instant as stored.
pub(super) fn micros(at: DateTime<Utc>) -> i64 {
    at.timestamp_micros()
}

/// A count as stored.
pub(super) fn stored(count: u64) -> i64 {
    countable(count)
}

/// A document as stored.
pub(super) fn document<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|source| StoreError::Database {
        action: "serialise a document",
        source: Box::new(source),
    })
}
