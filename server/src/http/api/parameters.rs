//! Query parameters: each read once by name, each refusal naming it, none ignored.

use crate::http::problem::Problem;
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use std::fmt::Display;
use std::str::FromStr;

/// The parameters of one request that were not read yet.
#[derive(Debug)]
pub(in crate::http) struct Parameters(Vec<(String, String)>);

#[cfg(test)]
std::thread_local! {
    /// Every name that was looked for on this thread: what an endpoint reads is compared with what it says that it reads.
    pub(in crate::http) static READ: std::cell::RefCell<std::collections::BTreeSet<String>> = Default::default();
}

impl<S: Send + Sync> FromRequestParts<S> for Parameters {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Query::<Vec<(String, String)>>::from_request_parts(parts, state)
            .await
            .map(|Query(all)| Self(all))
            .map_err(|rejection| Problem::parameter("query", rejection.body_text()))
    }
}

impl Parameters {
    /// The text of a parameter. An empty one is refused: whether everything was meant, or a value is missing, nobody can tell.
    pub(in crate::http) fn text(&mut self, name: &str) -> Result<Option<String>, Problem> {
        #[cfg(test)]
        READ.with(|read| read.borrow_mut().insert(name.to_owned()));
        let mut found = None;
        let mut twice = false;
        self.0.retain_mut(|(key, value)| {
            if key == name {
                twice |= found.is_some();
                found = Some(std::mem::take(value));
            }
            key != name
        });
        if twice {
            return Err(Problem::parameter(name, "is given twice"));
        }
        if found.as_deref() == Some("") {
            return Err(Problem::parameter(name, "is empty: leave it out"));
        }
        Ok(found)
    }

    pub(in crate::http) fn parsed<T: FromStr<Err: Display>>(
        &mut self,
        name: &str,
    ) -> Result<Option<T>, Problem> {
        self.text(name)?
            .map(|text| text.parse().map_err(|error| Problem::parameter(name, error)))
            .transpose()
    }

    /// A whole number within bounds.
    pub(in crate::http) fn number(
        &mut self,
        name: &str,
        default: u32,
        least: u32,
        most: u32,
    ) -> Result<u32, Problem> {
        let Some(text) = self.text(name)? else {
            return Ok(default);
        };
        text.parse()
            .ok()
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| {
                Problem::parameter(name, format!("`{text}` is not a number from {least} to {most}"))
            })
    }

    /// Whatever is left was not asked for: a misspelt filter must not show everything.
    pub(in crate::http) fn end(self) -> Result<(), Problem> {
        match self.0.into_iter().next() {
            None => Ok(()),
            Some((name, _)) => Err(Problem::parameter(name, "is no parameter of this endpoint")),
        }
    }
}
