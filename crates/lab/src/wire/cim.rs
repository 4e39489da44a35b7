//! CIM instances and how a host puts them on the wire (spec 5.4).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};

use super::names;
pub use super::reference::Reference;
use super::schema::ClassSpec;
use super::xml::escape;

/// A property's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Null,
    Bool(bool),
    Number(u64),
    Text(String),
    /// With the offset that it is shown in; Hyper-V's own classes use UTC, `Win32_*` the host's zone.
    Datetime(DateTime<FixedOffset>),
    Interval(TimeDelta),
    Reference(Reference),
    List(Vec<Value>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}
impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}
impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Self::Bool(b)
    }
}
impl From<u16> for Value {
    fn from(n: u16) -> Self {
        Self::Number(n.into())
    }
}
impl From<u32> for Value {
    fn from(n: u32) -> Self {
        Self::Number(n.into())
    }
}
impl From<u64> for Value {
    fn from(n: u64) -> Self {
        Self::Number(n)
    }
}
impl From<TimeDelta> for Value {
    fn from(d: TimeDelta) -> Self {
        Self::Interval(d)
    }
}
impl From<DateTime<Utc>> for Value {
    fn from(t: DateTime<Utc>) -> Self {
        Self::Datetime(t.fixed_offset())
    }
}
impl From<DateTime<FixedOffset>> for Value {
    fn from(t: DateTime<FixedOffset>) -> Self {
        Self::Datetime(t)
    }
}
impl From<Reference> for Value {
    fn from(r: Reference) -> Self {
        Self::Reference(r)
    }
}
impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(v: Option<T>) -> Self {
        v.map_or(Self::Null, Into::into)
    }
}
impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(v: Vec<T>) -> Self {
        Self::List(v.into_iter().map(Into::into).collect())
    }
}

/// A date that was never: 1601-01-01T00:00:00Z for `None`.
#[must_use]
pub fn instant_or_never(t: Option<DateTime<Utc>>) -> Value {
    t.unwrap_or_else(never).into()
}

/// 1601-01-01T00:00:00Z, what WMI shows for "never".
#[must_use]
pub fn never() -> DateTime<Utc> {
    const SECONDS_BEFORE_1970: i64 = -11_644_473_600;
    DateTime::from_timestamp(SECONDS_BEFORE_1970, 0).unwrap_or_default()
}

/// One row of a class. Every property of the class is present, `Null` until set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    pub spec: &'static ClassSpec,
    values: BTreeMap<&'static str, Value>,
}

impl Instance {
    /// A row with every property null.
    #[must_use]
    pub fn of(spec: &'static ClassSpec) -> Self {
        Self {
            spec,
            values: spec
                .properties
                .iter()
                .map(|(name, _)| (*name, Value::Null))
                .collect(),
        }
    }

    /// Sets a property; a name that the class does not have is left out (a test walks every row for that).
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        match self.values.iter_mut().find(|(n, _)| **n == name) {
            Some((_, slot)) => *slot = value.into(),
            None => debug_assert!(false, "{} has no property {name}", self.spec.name),
        }
        self
    }

    /// A property's value, its name compared without case; `None` when the class does not have it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| v)
    }

    /// The row's key values as a reference.
    #[must_use]
    pub fn reference(&self) -> Reference {
        let keys = self.spec.keys.iter().map(|key| {
            let value = match self.values.get(key) {
                Some(Value::Text(text)) => text.clone(),
                Some(Value::Number(n)) => n.to_string(),
                _ => String::new(),
            };
            ((*key).to_owned(), value)
        });
        Reference {
            namespace: self.spec.namespace.to_owned(),
            class: self.spec.name.to_owned(),
            keys: keys.collect(),
        }
    }

    /// The element of WS-Transfer and WS-Enumeration: properties sorted by name, nulls as `xsi:nil`, empty arrays absent.
    /// `only` restricts it to the columns of a query.
    #[must_use]
    pub fn to_xml(&self, only: Option<&[String]>) -> String {
        let class = self.spec.name;
        let mut out = format!(
            "<p:{class} xmlns:xsi=\"{}\" xmlns:p=\"{}\" xmlns:cim=\"{}\" xsi:type=\"p:{class}_Type\">",
            names::XSI,
            names::class_uri(self.spec.namespace, class),
            names::CIM,
        );
        for (name, value) in &self.values {
            if only.is_none_or(|only| only.iter().any(|column| column.eq_ignore_ascii_case(name))) {
                let list = self.spec.kind(name).is_some_and(|(_, list)| list);
                property(&mut out, name, value, list);
            }
        }
        let _ = write!(out, "</p:{class}>");
        out
    }

    /// The row as CIM-XML text, the form of embedded instances; properties without a value are left out.
    #[must_use]
    pub fn to_cim_xml(&self) -> String {
        let mut out = format!("<INSTANCE CLASSNAME=\"{}\">", self.spec.name);
        for (name, value) in &self.values {
            let Some((kind, _)) = self.spec.kind(name) else {
                continue;
            };
            match value {
                Value::Null => {}
                Value::List(items) if items.is_empty() => {}
                Value::List(items) => {
                    let _ = write!(
                        out,
                        "<PROPERTY.ARRAY NAME=\"{name}\" TYPE=\"{}\"><VALUE.ARRAY>",
                        kind.cim_xml()
                    );
                    for item in items {
                        let _ = write!(out, "<VALUE>{}</VALUE>", escape(&cim_xml_text(item)));
                    }
                    out.push_str("</VALUE.ARRAY></PROPERTY.ARRAY>");
                }
                value => {
                    let text = escape(&cim_xml_text(value));
                    let _ = write!(
                        out,
                        "<PROPERTY NAME=\"{name}\" TYPE=\"{}\"><VALUE>{text}</VALUE></PROPERTY>",
                        kind.cim_xml()
                    );
                }
            }
        }
        out.push_str("</INSTANCE>");
        out
    }
}

/// One property or out parameter in the class's prefix `p`.
pub fn property(out: &mut String, name: &str, value: &Value, list: bool) {
    match value {
        Value::Null if list => {}
        Value::Null => {
            let _ = write!(out, "<p:{name} xsi:nil=\"true\"/>");
        }
        Value::List(items) => items.iter().for_each(|item| property(out, name, item, list)),
        value => {
            let _ = write!(out, "<p:{name}>{}</p:{name}>", wire_text(value));
        }
    }
}

fn wire_text(value: &Value) -> String {
    match value {
        Value::Null | Value::List(_) => String::new(),
        Value::Bool(b) => b.to_string(),
        Value::Number(n) => n.to_string(),
        Value::Text(text) => escape(text),
        Value::Datetime(t) => format!("<cim:Datetime>{}</cim:Datetime>", datetime_text(t)),
        Value::Interval(d) => format!("<cim:Interval>{}</cim:Interval>", interval_text(*d)),
        Value::Reference(reference) => reference.to_xml(),
    }
}

/// ISO 8601 with microseconds where there are any.
#[must_use]
pub fn datetime_text(t: &DateTime<FixedOffset>) -> String {
    let zone = if t.offset().local_minus_utc() == 0 {
        "Z".to_owned()
    } else {
        t.format("%:z").to_string()
    };
    let fraction = if t.timestamp_subsec_micros() == 0 {
        ""
    } else {
        "%.6f"
    };
    format!("{}{zone}", t.format(&format!("%Y-%m-%dT%H:%M:%S{fraction}")))
}

/// `P0DT0H5M0S`, with microseconds where there are any.
#[must_use]
pub fn interval_text(d: TimeDelta) -> String {
    let s = d.num_seconds();
    let micros = d.subsec_nanos() / 1000;
    let fraction = if micros == 0 {
        String::new()
    } else {
        format!(".{micros:06}")
    };
    format!(
        "P{}DT{}H{}M{}{fraction}S",
        s / 86400,
        s / 3600 % 24,
        s / 60 % 60,
        s % 60
    )
}

fn cim_xml_text(value: &Value) -> String {
    match value {
        Value::Datetime(t) => {
            let minutes = t.offset().local_minus_utc() / 60;
            format!(
                "{}{}{:03}",
                t.format("%Y%m%d%H%M%S%.6f"),
                if minutes < 0 { '-' } else { '+' },
                minutes.abs()
            )
        }
        Value::Interval(d) => {
            let s = d.num_seconds();
            let (days, h, m, micros) = (s / 86400, s / 3600 % 24, s / 60 % 60, d.subsec_nanos() / 1000);
            format!("{days:08}{h:02}{m:02}{:02}.{micros:06}:000", s % 60)
        }
        Value::Reference(reference) => reference.to_path("."),
        Value::Bool(b) => b.to_string(),
        Value::Number(n) => n.to_string(),
        Value::Text(text) => text.clone(),
        Value::Null | Value::List(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::schema;
    use crate::wire::xml;

    #[test]
    fn nulls_are_nil_and_empty_arrays_are_absent() {
        let row = Instance::of(&schema::COMPUTER_SYSTEM)
            .with("Name", "A")
            .with("OperationalStatus", vec![2u16, 11]);
        let root = xml::parse(&row.to_xml(None)).unwrap();
        let ns = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/virtualization/v2/Msvm_ComputerSystem";
        assert_eq!(
            root.child(ns, "InstallDate")
                .unwrap()
                .attribute(names::XSI, "nil"),
            Some("true")
        );
        assert!(root.child(ns, "StatusDescriptions").is_none());
        assert_eq!(
            root.children
                .iter()
                .filter(|c| c.name == "OperationalStatus")
                .count(),
            2
        );
        let names: Vec<_> = root.children.iter().map(|c| c.name.clone()).collect();
        assert!(names.is_sorted());
    }

    #[test]
    fn times_have_the_shape_of_a_real_host() {
        assert_eq!(datetime_text(&never().fixed_offset()), "1601-01-01T00:00:00Z");
        let t = DateTime::parse_from_rfc3339("2026-07-29T16:11:00.026037+02:00").unwrap();
        assert_eq!(datetime_text(&t), "2026-07-29T16:11:00.026037+02:00");
        assert_eq!(cim_xml_text(&t.into()), "20260729161100.026037+120");
        assert_eq!(interval_text(TimeDelta::seconds(300)), "P0DT0H5M0S");
        assert_eq!(interval_text(TimeDelta::milliseconds(3250)), "P0DT0H0M3.250000S");
        assert_eq!(
            cim_xml_text(&TimeDelta::seconds(300).into()),
            "00000000000500.000000:000"
        );
    }
}
