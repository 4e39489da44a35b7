//! Disks, and what the host said.

use super::super::model::is_stale;
use crate::components::{empty, panel, panel_of, told};
use crate::format;
use console::ReplicaView;
use leptos::prelude::*;

/// The disks that a point must hold.
pub fn disks(r: &ReplicaView) -> AnyView {
    let rows = r
        .disks
        .iter()
        .map(|d| view! { <li class="mono">{d.clone()}</li> })
        .collect_view();
    let note = format!(
        "all, or no point · as of {}",
        format::clock_secs(&r.zone, r.as_of)
    );
    let body = if r.disks.is_empty() {
        empty("The host has named no disk yet.")
    } else {
        view! { <ul class="list plain">{rows}</ul> }.into_any()
    };
    panel("disks", "Disks", note, body)
}

/// The host's own words.
pub fn facts(r: &ReplicaView) -> AnyView {
    let rows = r
        .facts
        .iter()
        .map(|f| {
            let raw = f
                .raw
                .clone()
                .map(|raw| view! { <span class="mono dim">" " {raw}</span> });
            view! { <div><dt>{f.label.clone()}</dt><dd>{told(&r.zone, r.as_of, &f.value)}{raw}</dd></div> }
        })
        .collect_view();
    let note = r.verdict.observed.map_or_else(
        || "never read".to_owned(),
        |at| {
            format!(
                "read {} ago · as of {}",
                format::age(r.as_of, at),
                format::clock_secs(&r.zone, r.as_of)
            )
        },
    );
    let body = if r.facts.is_empty() {
        empty("Nothing was read on a host yet: the next survey brings it.")
    } else {
        view! { <dl class="facts two">{rows}</dl> }.into_any()
    };
    panel_of("facts", "What the host said", note, is_stale(r), body)
}
