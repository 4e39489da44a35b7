//! A small WQL: `SELECT columns FROM Class WHERE ...` and `ASSOCIATORS OF {path} WHERE ...`.
//!
//! Comparison follows WMI: text without case, null equals nothing but null, arrays cannot be compared.

mod read;

pub use read::parse;

use chrono::{DateTime, FixedOffset, NaiveDateTime};

use super::cim::{Instance, Reference, Value};
use super::schema::ClassSpec;

/// Longest query read.
pub const QUERY_BYTES_MAX: usize = 16 * 1024;
/// Deepest nesting of brackets and NOT.
pub const NESTING_MAX: usize = 24;

/// Why a query was refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub struct QueryError(pub String);

/// A query, parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Query {
    Select(Select),
    Associators(Associators),
}

/// `SELECT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Select {
    /// `None` for `*`.
    pub columns: Option<Vec<String>>,
    pub class: String,
    pub condition: Option<Condition>,
}

/// `ASSOCIATORS OF {source} WHERE AssocClass=… ResultClass=…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Associators {
    pub source: Reference,
    pub association: Option<String>,
    pub result: Option<String>,
}

/// The part behind `WHERE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
    Not(Box<Condition>),
    Compare {
        property: String,
        operator: Operator,
        literal: Literal,
    },
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Like,
}

/// What a property is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    Null,
    Bool(bool),
    Number(i128),
    Text(String),
}

impl Select {
    /// Checks names and types against the class.
    ///
    /// # Errors
    /// [`QueryError`] naming the column or property that the class does not have or cannot compare.
    pub fn check(&self, spec: &ClassSpec) -> Result<(), QueryError> {
        for column in self.columns.iter().flatten() {
            if spec.kind(column).is_none() {
                return Err(QueryError(format!("{} has no property {column}", spec.name)));
            }
        }
        self.condition
            .as_ref()
            .map_or(Ok(()), |condition| condition.check(spec))
    }

    /// Whether a row is selected.
    #[must_use]
    pub fn selects(&self, row: &Instance) -> bool {
        self.condition
            .as_ref()
            .is_none_or(|condition| condition.holds(row))
    }
}

impl Condition {
    fn check(&self, spec: &ClassSpec) -> Result<(), QueryError> {
        match self {
            Self::And(a, b) | Self::Or(a, b) => a.check(spec).and_then(|()| b.check(spec)),
            Self::Not(a) => a.check(spec),
            Self::Compare {
                property, literal, ..
            } => match spec.kind(property) {
                None => Err(QueryError(format!("{} has no property {property}", spec.name))),
                Some((_, true)) if *literal != Literal::Null => Err(QueryError(format!(
                    "{property} is an array and cannot be compared"
                ))),
                Some(_) => Ok(()),
            },
        }
    }

    fn holds(&self, row: &Instance) -> bool {
        match self {
            Self::And(a, b) => a.holds(row) && b.holds(row),
            Self::Or(a, b) => a.holds(row) || b.holds(row),
            Self::Not(a) => !a.holds(row),
            Self::Compare {
                property,
                operator,
                literal,
            } => row
                .get(property)
                .is_some_and(|value| compare(value, *operator, literal)),
        }
    }
}

fn compare(value: &Value, operator: Operator, literal: &Literal) -> bool {
    let null = match value {
        Value::Null => true,
        Value::List(items) => items.is_empty(),
        _ => false,
    };
    match (null, literal) {
        (null, Literal::Null) => match operator {
            Operator::Equal => null,
            Operator::Unequal => !null,
            _ => false,
        },
        (true, _) => false,
        (false, literal) => compare_present(value, operator, literal),
    }
}

fn compare_present(value: &Value, operator: Operator, literal: &Literal) -> bool {
    match (value, literal) {
        (Value::Text(a), Literal::Text(b)) if operator == Operator::Like => {
            like(&a.to_lowercase(), &b.to_lowercase())
        }
        (Value::Text(a), Literal::Text(b)) => ordered(operator, a.to_lowercase().cmp(&b.to_lowercase())),
        (Value::Number(a), Literal::Number(b)) => ordered(operator, i128::from(*a).cmp(b)),
        (Value::Number(a), Literal::Text(b)) => b
            .trim()
            .parse()
            .is_ok_and(|b| ordered(operator, i128::from(*a).cmp(&b))),
        (Value::Text(a), Literal::Number(b)) => {
            a.trim().parse().is_ok_and(|a: i128| ordered(operator, a.cmp(b)))
        }
        (Value::Bool(a), Literal::Bool(b)) => ordered(operator, a.cmp(b)),
        (Value::Bool(a), Literal::Number(b)) => ordered(operator, i128::from(*a).cmp(b)),
        (Value::Bool(a), Literal::Text(b)) => ordered(operator, a.to_string().cmp(&b.to_lowercase())),
        (Value::Datetime(a), Literal::Text(b)) => dmtf(b).is_some_and(|b| ordered(operator, a.cmp(&b))),
        (Value::Reference(a), Literal::Text(b)) => match (Reference::from_path(b), operator) {
            (Some(b), Operator::Equal) => a.same(&b),
            (Some(b), Operator::Unequal) => !a.same(&b),
            _ => false,
        },
        _ => false,
    }
}

fn ordered(operator: Operator, order: std::cmp::Ordering) -> bool {
    match operator {
        Operator::Equal | Operator::Like => order.is_eq(),
        Operator::Unequal => order.is_ne(),
        Operator::Less => order.is_lt(),
        Operator::LessOrEqual => order.is_le(),
        Operator::Greater => order.is_gt(),
        Operator::GreaterOrEqual => order.is_ge(),
    }
}

/// `%` for any text, `_` for one character, `[a-c]` for one of a set. Linear in the product of both lengths.
fn like(text: &str, pattern: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let tokens = tokens(pattern);
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    for token in tokens {
        let mut next = vec![false; text.len() + 1];
        match token {
            Token::Any => {
                let mut seen = false;
                for (at, slot) in next.iter_mut().enumerate() {
                    seen = seen || reached[at];
                    *slot = seen;
                }
            }
            Token::One(set) => {
                for (at, c) in text.iter().enumerate() {
                    next[at + 1] = reached[at] && set.as_ref().is_none_or(|set| set.contains(*c));
                }
            }
        }
        reached = next;
    }
    reached.last().copied().unwrap_or(false)
}

enum Token {
    Any,
    /// `None` matches every character.
    One(Option<Set>),
}

struct Set {
    not: bool,
    ranges: Vec<(char, char)>,
}

impl Set {
    fn contains(&self, c: char) -> bool {
        self.ranges.iter().any(|(a, b)| (*a..=*b).contains(&c)) != self.not
    }
}

fn tokens(pattern: &str) -> Vec<Token> {
    let chars: Vec<char> = pattern.chars().collect();
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(c) = chars.get(at) {
        at += 1;
        match c {
            '%' => out.push(Token::Any),
            '_' => out.push(Token::One(None)),
            '[' => match chars[at..].iter().position(|c| *c == ']') {
                Some(end) if end > 0 => {
                    out.push(Token::One(Some(set(&chars[at..at + end]))));
                    at += end + 1;
                }
                _ => out.push(Token::One(Some(Set {
                    not: false,
                    ranges: vec![('[', '[')],
                }))),
            },
            c => out.push(Token::One(Some(Set {
                not: false,
                ranges: vec![(*c, *c)],
            }))),
        }
    }
    out
}

fn set(inside: &[char]) -> Set {
    let (not, mut rest) = match inside {
        ['^', rest @ ..] if !rest.is_empty() => (true, rest),
        all => (false, all),
    };
    let mut ranges = Vec::new();
    loop {
        rest = match rest {
            [a, '-' | '=', b, more @ ..] => {
                ranges.push((*a, *b));
                more
            }
            [a, more @ ..] => {
                ranges.push((*a, *a));
                more
            }
            [] => break,
        };
    }
    Set { not, ranges }
}

/// A DMTF date, `yyyymmddHHMMSS.ffffff+mmm`, or RFC 3339.
fn dmtf(text: &str) -> Option<DateTime<FixedOffset>> {
    let text = text.trim();
    if let Ok(t) = DateTime::parse_from_rfc3339(text) {
        return Some(t);
    }
    let local = NaiveDateTime::parse_from_str(text.get(..21)?, "%Y%m%d%H%M%S%.6f").ok()?;
    let minutes: i32 = text.get(22..)?.parse().ok()?;
    let minutes = match text.get(21..22)? {
        "+" => minutes,
        "-" => -minutes,
        _ => return None,
    };
    local
        .and_local_timezone(FixedOffset::east_opt(minutes.checked_mul(60)?)?)
        .single()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::schema;

    fn row() -> Instance {
        Instance::of(&schema::CONCRETE_JOB)
            .with("InstanceID", "AB-12")
            .with("JobType", 108u16)
            .with("JobState", 4u16)
            .with("Cancellable", true)
            .with("ElementName", "Änderungen anwenden")
            .with(
                "StartTime",
                DateTime::parse_from_rfc3339("2026-11-22T20:00:00Z").unwrap(),
            )
    }

    fn selected(condition: &str) -> bool {
        let text = format!("SELECT * FROM Msvm_ConcreteJob WHERE {condition}");
        let Query::Select(select) = parse(&text).unwrap() else {
            panic!("{text}")
        };
        select.check(&schema::CONCRETE_JOB).unwrap();
        select.selects(&row())
    }

    #[test]
    fn conditions_select_as_wmi_does() {
        let table = [
            ("JobType = 108", true),
            ("JobType='108'", true),
            ("JobType <> 108", false),
            ("JobType != 108", false),
            ("jobtype > 107 AND JobState < 7", true),
            ("JobType = 1 OR JobState >= 4", true),
            ("JobType = 1 OR JobState = 4 AND Cancellable = FALSE", false),
            ("(JobType = 1 OR JobState = 4) AND Cancellable = TRUE", true),
            ("NOT JobType = 108", false),
            ("InstanceID = 'ab-12'", true),
            ("InstanceID = \"ab-12\"", true),
            ("InstanceID LIKE 'AB%'", true),
            ("InstanceID LIKE '%13'", false),
            ("InstanceID LIKE '_b-[0-9]_'", true),
            ("InstanceID LIKE '[^a]%'", false),
            ("ElementName LIKE '%ÄNDER%'", true),
            ("Owner = 'x'", false),
            ("Owner <> 'x'", false),
            ("Owner IS NULL", true),
            ("Owner = NULL", true),
            ("InstanceID IS NOT NULL", true),
            ("StatusDescriptions IS NULL", true),
            ("StartTime > '20261122190000.000000+000'", true),
            ("StartTime >= '20261122210000.000000+060'", true),
            ("StartTime < '2026-11-22T20:00:00Z'", false),
        ];
        for (condition, expected) in table {
            assert_eq!(selected(condition), expected, "{condition}");
        }
    }

    #[test]
    fn a_reference_is_compared_with_a_path() {
        let job = Reference::v2("Msvm_ConcreteJob", &[("InstanceID", "J1")]);
        let row = Instance::of(&schema::AFFECTED_JOB_ELEMENT).with("AffectingElement", job);
        let path = r#"\\\\HV01\\root\\virtualization\\v2:Msvm_ConcreteJob.InstanceID=\"j1\""#;
        let text = format!("SELECT * FROM Msvm_AffectedJobElement WHERE AffectingElement = \"{path}\"");
        let Query::Select(select) = parse(&text).unwrap() else {
            panic!()
        };
        assert!(select.selects(&row));
    }

    #[test]
    fn unknown_properties_and_arrays_are_refused() {
        for bad in [
            "SELECT Nope FROM Msvm_ConcreteJob",
            "SELECT * FROM Msvm_ConcreteJob WHERE Nope = 1",
        ] {
            let Query::Select(select) = parse(bad).unwrap() else {
                panic!()
            };
            assert!(select.check(&schema::CONCRETE_JOB).is_err(), "{bad}");
        }
        let Query::Select(select) = parse("SELECT * FROM X WHERE OperationalStatus = 2").unwrap() else {
            panic!()
        };
        assert!(select.check(&schema::CONCRETE_JOB).is_err());
    }
}
