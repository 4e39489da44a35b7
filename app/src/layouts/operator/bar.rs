//! The bar's parts: scope, freshness, clock, theme.

use crate::components::mark;
use crate::format;
use crate::live::Live;
use console::{Bar, Mark};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// Which tenants are looked at: a list of links, so it works without JavaScript.
pub fn scope(bar: &Bar) -> AnyView {
    let tenants = bar
        .tenants
        .iter()
        .map(|t| {
            let href = format!("/replicas?tenant={}", crate::urlq::escape(&t.id));
            view! { <li><a href=href>{t.name.clone()}<span class="count">{format::count(t.replicas)}</span></a></li> }
        })
        .collect_view();
    view! {
        <details class="scope">
            <summary>"All tenants" <span aria-hidden="true">" ▾"</span></summary>
            <ul>
                <li><a href="/replicas">"All tenants"<span class="count">{format::count(bar.replicas)}</span></a></li>
                {tenants}
            </ul>
        </details>
    }
    .into_any()
}

/// World seconds that passed since this bar was made.
fn passed(live: Live, base: u32, speed: u32) -> i64 {
    i64::from(live.seconds().wrapping_sub(base)) * i64::from(speed)
}

/// `live · oldest observation 14 s`. Stale turns hatched.
pub fn freshness(bar: &Bar, live: Live, base: u32) -> AnyView {
    let age = bar.oldest_observation.map(|at| (bar.as_of - at).num_seconds());
    let (limit, speed) = (i64::from(bar.freshness_limit_secs), bar.speed);
    let now = move || age.map(|age| age + passed(live, base, speed));
    let state = move || match now() {
        None => (Mark::Unknown, "nothing observed yet"),
        Some(age) if age > limit => (Mark::Unknown, "stale"),
        Some(_) if live.connected() => (Mark::Met, "live"),
        Some(_) => (Mark::Open, "as loaded"),
    };
    view! {
        <span class="freshness">
            {move || mark(state().0)}
            <span>
                <b>{move || state().1}</b>
                <span class="dim wide">{move || now().map(|age| format!(" · oldest observation {}", format::span(age)))}</span>
            </span>
        </span>
    }
    .into_any()
}

/// The world's clock with its zone, and its speed where that is not 1.
pub fn clock(bar: &Bar, live: Live, base: u32) -> AnyView {
    let (as_of, zone, speed) = (bar.as_of, bar.zone.clone(), bar.speed);
    let name = zone.name.clone();
    let text = move || {
        format::clock(
            &zone,
            as_of + chrono::TimeDelta::seconds(passed(live, base, speed)),
        )
    };
    let fast = (speed > 1).then(|| view! { <span class="dim">" ×" {speed}</span> });
    view! { <span class="clock wide">{text} <span class="dim">" " {name}</span>{fast}</span> }.into_any()
}

/// A plain form: the cookie is set by the server. CSS shows the theme that is not on.
pub fn theme_switch() -> impl IntoView {
    let location = use_location();
    let back = move || {
        let (path, query) = (location.pathname.get(), location.search.get());
        if query.is_empty() {
            path
        } else {
            format!("{path}?{}", query.trim_start_matches('?'))
        }
    };
    view! {
        <form class="theme" method="post" action="/theme">
            <input type="hidden" name="back" value=back/>
            <button class="to-dark" name="to" value="dark" title="Dark theme">"Dark"</button>
            <button class="to-light" name="to" value="light" title="Light theme">"Light"</button>
        </form>
    }
}
