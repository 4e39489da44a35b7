//! One operation of the API, as its endpoint describes it.

use super::schema::{Schema, between, text};
use super::tag::Tag;
use serde_json::Value;
use std::collections::BTreeMap;

/// Where a parameter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Path,
    Query,
    Header,
}

#[derive(Debug, Clone)]
pub struct Parameter {
    pub place: Place,
    pub name: &'static str,
    pub schema: Schema,
    pub says: String,
    pub required: bool,
    /// One that an example asks with.
    pub example: Option<Value>,
}

#[derive(Debug, Clone)]
pub struct Answer {
    pub says: String,
    pub media: &'static str,
    pub schema: Schema,
    /// Other forms of it, as text.
    pub also: Vec<&'static str>,
}

/// Method and address with what goes in and what comes out.
#[derive(Debug, Clone)]
pub struct Operation {
    pub method: &'static str,
    pub path: &'static str,
    pub tag: Tag,
    /// For generated clients.
    pub id: &'static str,
    pub summary: &'static str,
    pub description: &'static str,
    pub parameters: Vec<Parameter>,
    pub body: Option<(Schema, Value)>,
    pub answers: BTreeMap<u16, Answer>,
    /// Statuses of problems beyond those that follow from its shape.
    pub problems: BTreeMap<u16, &'static str>,
    /// A write that does no more when it is done twice.
    pub again: bool,
}

const JSON: &str = "application/json";

impl Operation {
    pub fn get(path: &'static str, tag: Tag, id: &'static str, summary: &'static str) -> Self {
        Self::new("GET", path, tag, id, summary)
    }

    /// A write.
    pub fn post(path: &'static str, tag: Tag, id: &'static str, summary: &'static str) -> Self {
        Self::new("POST", path, tag, id, summary)
    }

    fn new(
        method: &'static str,
        path: &'static str,
        tag: Tag,
        id: &'static str,
        summary: &'static str,
    ) -> Self {
        Self {
            method,
            path,
            tag,
            id,
            summary,
            description: "",
            parameters: Vec::new(),
            body: None,
            answers: BTreeMap::new(),
            problems: BTreeMap::new(),
            again: false,
        }
    }

    /// What it is for.
    #[must_use]
    pub fn says(mut self, says: &'static str) -> Self {
        self.description = says;
        self
    }

    /// A part of the path.
    #[must_use]
    pub fn path(self, name: &'static str, schema: Schema, says: &str) -> Self {
        self.parameter(Place::Path, name, schema, says, true)
    }

    /// A parameter that may be left away.
    #[must_use]
    pub fn query(self, name: &'static str, schema: Schema, says: &str) -> Self {
        self.parameter(Place::Query, name, schema, says, false)
    }

    #[must_use]
    pub fn header(self, name: &'static str, schema: Schema, says: &str) -> Self {
        self.parameter(Place::Header, name, schema, says, false)
    }

    /// A parameter without which nothing is answered.
    #[must_use]
    pub fn needs(self, name: &'static str, schema: Schema, says: &str, example: &str) -> Self {
        let mut this = self.parameter(Place::Query, name, schema, says, true);
        if let Some(last) = this.parameters.last_mut() {
            last.example = Some(Value::from(example));
        }
        this
    }

    fn parameter(
        mut self,
        place: Place,
        name: &'static str,
        schema: Schema,
        says: &str,
        required: bool,
    ) -> Self {
        self.parameters.push(Parameter {
            place,
            name,
            schema,
            says: says.to_owned(),
            required,
            example: None,
        });
        self
    }

    /// Page by page: `cursor`, and `limit` from 1 to 500.
    #[must_use]
    pub fn paged(self, rows: u32) -> Self {
        self.query(
            "cursor",
            text(),
            "A page's `next`, as it is, with the same other parameters.",
        )
        .query(
            "limit",
            between(1, 500),
            &format!("Rows of a page; {rows} if not given."),
        )
    }

    /// What is posted, and one that could be.
    #[must_use]
    pub fn body(mut self, schema: Schema, example: Value) -> Self {
        self.body = Some((schema, example));
        self
    }

    #[must_use]
    pub fn answers(self, status: u16, says: &str, schema: Schema) -> Self {
        self.answers_as(status, says, JSON, schema)
    }

    #[must_use]
    pub fn answers_as(mut self, status: u16, says: &str, media: &'static str, schema: Schema) -> Self {
        let answer = Answer {
            says: says.to_owned(),
            media,
            schema,
            also: Vec::new(),
        };
        self.answers.insert(status, answer);
        self
    }

    /// Another form of what succeeds, as text.
    #[must_use]
    pub fn also(mut self, media: &'static str) -> Self {
        if let Some(mut last) = self.answers.last_entry() {
            last.get_mut().also.push(media);
        }
        self
    }

    /// A problem beyond the usual, and when.
    #[must_use]
    pub fn or(mut self, status: u16, says: &'static str) -> Self {
        self.problems.insert(status, says);
        self
    }

    /// Doing it twice does no more than doing it once, or is refused: after a crash it may be begun again by its key.
    #[must_use]
    pub fn again(mut self) -> Self {
        self.again = true;
        self
    }

    pub fn is_write(&self) -> bool {
        self.method != "GET"
    }
}
