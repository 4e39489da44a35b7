//! The range of the SLA's screen in the URL, both ways, and what its chart comes to. Pure.

use crate::urlq::escape;
use chrono::{Datelike, Days, Months, NaiveDate};
use console::{DayFigures, InvalidId, SlaQuery, UiError};

/// Reads whose figures and which days. What means nothing is an error, not a guess.
pub fn query(get: impl Fn(&str) -> Option<String>) -> Result<SlaQuery, UiError> {
    let given = |key: &str| get(key).map(|v| v.trim().to_owned()).filter(|v| !v.is_empty());
    let tenant = given("tenant")
        .map(|t| t.parse().map_err(|e: InvalidId| invalid("tenant", e.to_string())))
        .transpose()?;
    let day = |key: &str| {
        given(key)
            .map(|text| {
                date(&text).ok_or_else(|| invalid(key, format!("`{text}` is no day: write 2026-11-22")))
            })
            .transpose()
    };
    let (from, to) = match given("month") {
        Some(text) => {
            let first = date(&format!("{text}-01"))
                .ok_or_else(|| invalid("month", format!("`{text}` is no month: write 2026-11")))?;
            (Some(first), Some(last_of(first)))
        }
        None => (day("from")?, day("to")?),
    };
    match (from, to) {
        (Some(from), Some(to)) if to < from => {
            Err(invalid("to", "the last day is before the first".to_owned()))
        }
        (Some(from), Some(to)) if (to - from).num_days() >= SlaQuery::DAYS_MAX => Err(invalid(
            "to",
            format!("at most {} days at once", SlaQuery::DAYS_MAX),
        )),
        (Some(_), None) => Err(invalid("to", "the last day is missing".to_owned())),
        (None, Some(_)) => Err(invalid("from", "the first day is missing".to_owned())),
        _ => Ok(SlaQuery { tenant, from, to }),
    }
}

fn invalid(field: &str, text: String) -> UiError {
    UiError::Invalid {
        field: field.to_owned(),
        text,
    }
}

fn date(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .ok()
        .filter(|day| day.to_string() == text)
}

/// The last day of a month.
pub fn last_of(first: NaiveDate) -> NaiveDate {
    first
        .checked_add_months(Months::new(1))
        .and_then(|next| next.checked_sub_days(Days::new(1)))
        .unwrap_or(first)
}

/// The month that a range is, if it is one.
pub fn month(from: NaiveDate, to: NaiveDate) -> Option<NaiveDate> {
    (from.day() == 1 && to == last_of(from)).then_some(from)
}

/// `November 2026`, or `3 Nov 2026 – 9 Nov 2026`.
pub fn range(from: NaiveDate, to: NaiveDate) -> String {
    match month(from, to) {
        Some(first) => first.format("%B %Y").to_string(),
        None => format!("{} – {}", crate::format::date(from), crate::format::date(to)),
    }
}

/// The address of a tenant's month.
pub fn month_href(tenant: Option<&str>, first: NaiveDate) -> String {
    let tenant = tenant
        .map(|t| format!("tenant={}&", escape(t)))
        .unwrap_or_default();
    format!("/sla?{tenant}month={}", first.format("%Y-%m"))
}

/// The address of the same range for another tenant.
pub fn range_href(tenant: Option<&str>, from: NaiveDate, to: NaiveDate) -> String {
    match month(from, to) {
        Some(first) => month_href(tenant, first),
        None => {
            let tenant = tenant
                .map(|t| format!("tenant={}&", escape(t)))
                .unwrap_or_default();
            format!("/sla?{tenant}from={from}&to={to}")
        }
    }
}

/// The months before and after the range's first day.
pub fn neighbours(from: NaiveDate) -> (Option<NaiveDate>, Option<NaiveDate>) {
    let first = from.with_day(1);
    (
        first.and_then(|m| m.checked_sub_months(Months::new(1))),
        first.and_then(|m| m.checked_add_months(Months::new(1))),
    )
}

/// Days lost or excused: what the chart draws, since what was met would drown it.
pub fn lost(day: &DayFigures) -> u64 {
    day.tally.late + day.tally.missed + day.tally.excused
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<SlaQuery, UiError> {
        query(|key| {
            pairs
                .iter()
                .find(|(k, _)| *k == key)
                .map(|(_, v)| (*v).to_owned())
        })
    }

    #[test]
    fn a_month_is_its_days_and_back() {
        let q = read(&[("month", "2028-02"), ("tenant", "contoso")]).expect("a month");
        let (from, to) = (q.from.expect("from"), q.to.expect("to"));
        assert_eq!(
            (from.to_string(), to.to_string()),
            ("2028-02-01".into(), "2028-02-29".into())
        );
        assert_eq!(
            range_href(Some("contoso"), from, to),
            "/sla?tenant=contoso&month=2028-02"
        );
        assert_eq!(range(from, to), "February 2028");
    }

    #[test]
    fn a_range_stays_a_range() {
        let q = read(&[("from", "2026-11-03"), ("to", "2026-11-09")]).expect("a range");
        let (from, to) = (q.from.expect("from"), q.to.expect("to"));
        assert_eq!(range_href(None, from, to), "/sla?from=2026-11-03&to=2026-11-09");
        assert_eq!(read(&[]), Ok(SlaQuery::default()));
    }

    #[test]
    fn a_range_that_means_nothing_is_named() {
        for (field, pairs) in [
            ("month", &[("month", "2026-13")][..]),
            ("from", &[("from", "3.11.2026"), ("to", "2026-11-09")]),
            ("to", &[("from", "2026-11-09"), ("to", "2026-11-03")]),
            ("to", &[("from", "2024-11-09"), ("to", "2026-11-03")]),
            ("to", &[("from", "2026-11-09")]),
            ("from", &[("to", "2026-11-09")]),
            ("tenant", &[("tenant", "../x")]),
        ] {
            assert!(
                matches!(read(pairs), Err(UiError::Invalid { field: found, .. }) if found == field),
                "{pairs:?}"
            );
        }
    }
}
