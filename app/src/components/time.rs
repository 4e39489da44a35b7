//! Instants with the full time behind them.

use crate::format;
use chrono::{DateTime, SecondsFormat, Utc};
use console::Zone;
use leptos::prelude::*;

fn element(zone: &Zone, at: DateTime<Utc>, text: String) -> AnyView {
    let machine = at.to_rfc3339_opts(SecondsFormat::Secs, true);
    view! { <time datetime=machine title=format::full(zone, at)>{text}</time> }.into_any()
}

/// `22:57`, `Sat 00:51`, `9 Nov 00:51`.
pub fn moment(zone: &Zone, as_of: DateTime<Utc>, at: DateTime<Utc>) -> AnyView {
    element(zone, at, format::moment(zone, as_of, at))
}

/// The same with seconds.
pub fn moment_secs(zone: &Zone, as_of: DateTime<Utc>, at: DateTime<Utc>) -> AnyView {
    element(zone, at, format::moment_secs(zone, as_of, at))
}

/// `in 20 s`; without an instant we are woken by a change.
pub fn ahead(zone: &Zone, as_of: DateTime<Utc>, at: Option<DateTime<Utc>>) -> AnyView {
    match at {
        Some(at) => element(zone, at, format::ahead(as_of, at)),
        None => "on change".into_any(),
    }
}
