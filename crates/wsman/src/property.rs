//! Typed reading of a row's properties. What cannot be read is an error that names class and property, never a default.

use crate::cimxml;
use crate::instance::{EndpointReference, Instance, Value};
use crate::limits::Limits;
use crate::time;
use chrono::{DateTime, Utc};
use std::str::FromStr;

/// A property that is missing or not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{class}.{property} is {problem}")]
pub struct PropertyError {
    pub class: String,
    pub property: String,
    pub problem: String,
}

impl Instance {
    /// An error about one of this row's properties.
    #[must_use]
    pub fn wrong(&self, property: &str, problem: impl Into<String>) -> PropertyError {
        PropertyError {
            class: self.class.clone(),
            property: property.to_owned(),
            problem: problem.into(),
        }
    }

    fn value(&self, property: &str) -> Option<&Value> {
        self.properties
            .get(property)
            .filter(|value| **value != Value::Null)
    }

    fn scalar(&self, property: &str) -> Result<Option<&str>, PropertyError> {
        match self.value(property) {
            None => Ok(None),
            Some(Value::Text(text) | Value::DateTime(text) | Value::Interval(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(property, "not one plain value")),
        }
    }

    /// A string; `None` when null or absent.
    ///
    /// # Errors
    /// [`PropertyError`] when it is not a scalar.
    pub fn text(&self, property: &str) -> Result<Option<&str>, PropertyError> {
        self.scalar(property)
    }

    /// A string that must be there and not be empty.
    ///
    /// # Errors
    /// [`PropertyError`].
    pub fn text_required(&self, property: &str) -> Result<&str, PropertyError> {
        let text = self.scalar(property)?.filter(|text| !text.is_empty());
        text.ok_or_else(|| self.wrong(property, "missing"))
    }

    /// A number; `None` when null or absent.
    ///
    /// # Errors
    /// [`PropertyError`] when it is not a number of that range.
    pub fn number<N: FromStr>(&self, property: &str) -> Result<Option<N>, PropertyError> {
        self.scalar(property)?
            .map(|text| self.parse_number(property, text))
            .transpose()
    }

    /// A number that must be there.
    ///
    /// # Errors
    /// [`PropertyError`].
    pub fn number_required<N: FromStr>(&self, property: &str) -> Result<N, PropertyError> {
        self.number(property)?
            .ok_or_else(|| self.wrong(property, "missing"))
    }

    fn parse_number<N: FromStr>(&self, property: &str, text: &str) -> Result<N, PropertyError> {
        text.trim().parse().map_err(|_| {
            self.wrong(
                property,
                format!(
                    "`{}`, not a number in range",
                    text.chars().take(40).collect::<String>()
                ),
            )
        })
    }

    /// A boolean in any case, since hosts differ; `None` when null or absent.
    ///
    /// # Errors
    /// [`PropertyError`] for any other word.
    pub fn boolean(&self, property: &str) -> Result<Option<bool>, PropertyError> {
        match self.scalar(property)?.map(str::trim) {
            None => Ok(None),
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(_) => Err(self.wrong(property, "neither true nor false")),
        }
    }

    /// All values of an array of strings; empty when null or absent.
    ///
    /// # Errors
    /// [`PropertyError`] when an element is not a scalar.
    pub fn texts(&self, property: &str) -> Result<Vec<&str>, PropertyError> {
        let values = match self.value(property) {
            None => &[],
            Some(Value::Array(values)) => &values[..],
            Some(value) => std::slice::from_ref(value),
        };
        let texts = values.iter().map(|value| match value {
            Value::Text(text) => Ok(text.as_str()),
            _ => Err(self.wrong(property, "not an array of plain values")),
        });
        texts.collect()
    }

    /// All values of an array of numbers; empty when null or absent.
    ///
    /// # Errors
    /// [`PropertyError`] when an element is not a number of that range.
    pub fn numbers<N: FromStr>(&self, property: &str) -> Result<Vec<N>, PropertyError> {
        self.texts(property)?
            .into_iter()
            .map(|text| self.parse_number(property, text))
            .collect()
    }

    /// An instant; `None` when null, absent or "never" (1601).
    ///
    /// # Errors
    /// [`PropertyError`].
    pub fn instant(&self, property: &str) -> Result<Option<DateTime<Utc>>, PropertyError> {
        let read = self.scalar(property)?.map(time::instant).transpose();
        read.map(Option::flatten)
            .map_err(|error| self.wrong(property, format!("wrong: {error}")))
    }

    /// An instant that must be there.
    ///
    /// # Errors
    /// [`PropertyError`].
    pub fn instant_required(&self, property: &str) -> Result<DateTime<Utc>, PropertyError> {
        self.instant(property)?
            .ok_or_else(|| self.wrong(property, "missing"))
    }

    /// An interval in milliseconds; `None` when null or absent.
    ///
    /// # Errors
    /// [`PropertyError`].
    pub fn interval_ms(&self, property: &str) -> Result<Option<u64>, PropertyError> {
        let read = self.scalar(property)?.map(time::interval_ms).transpose();
        read.map_err(|error| self.wrong(property, format!("wrong: {error}")))
    }

    /// A reference; `None` when null or absent.
    ///
    /// # Errors
    /// [`PropertyError`] when it is something else.
    pub fn reference(&self, property: &str) -> Result<Option<&EndpointReference>, PropertyError> {
        match self.value(property) {
            None => Ok(None),
            Some(Value::Reference(reference)) => Ok(Some(reference)),
            Some(_) => Err(self.wrong(property, "not a reference")),
        }
    }

    /// An embedded instance: an element tree, or CIM-XML text.
    ///
    /// # Errors
    /// [`PropertyError`] when the text is no CIM-XML.
    pub fn embedded(&self, property: &str) -> Result<Option<Instance>, PropertyError> {
        match self.value(property) {
            None => Ok(None),
            Some(Value::Embedded(instance)) => Ok(Some(instance.clone())),
            Some(Value::Text(text)) => cimxml::parse(text, &Limits::default())
                .map(Some)
                .map_err(|error| self.wrong(property, format!("not an embedded instance: {error}"))),
            Some(_) => Err(self.wrong(property, "not an embedded instance")),
        }
    }
}
