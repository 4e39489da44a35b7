//! The hoster's frame: rail, bar, content.

mod api;
mod bar;
mod keys;

use crate::live::use_live;
use crate::may::{Hands, May};
use bar::{clock, freshness, scope, theme_switch};
use console::{Bar, Permission};
use keys::keyboard;
use leptos::prelude::*;
use leptos_router::components::{A, Form, Outlet};
use leptos_router::hooks::use_query_map;

/// Rail, bar and the page inside. The outlet stands outside every Suspense.
#[component]
pub fn Operator() -> impl IntoView {
    let live = use_live();
    let bar = Resource::new(move || live.version(), |_| api::load_bar());
    // Before the pages: they ask what they may offer.
    provide_context::<Hands>(OnceResource::new(async {
        May::of(api::load_bar().await.ok().and_then(|bar| bar.viewer))
    }));
    keyboard();
    // In the browser only: the frame's own question tells when the server answered last.
    Effect::new(move || {
        if bar.get().is_some_and(|answer| answer.is_ok()) {
            live.answered();
        }
    });
    let stale = Memo::new(move |_| live.stale());
    let count = move |of: fn(&Bar) -> String| {
        view! {
            <Transition>
                {move || Suspend::new(async move { bar.await.ok().map(|bar| view! { <span class="count">{of(&bar)}</span> }) })}
            </Transition>
        }
    };
    view! {
        <a class="skip" href="#main">"To the content"</a>
        <nav class="rail" aria-label="Screens">
            <a class="brand" href="/">{logo()}<span>"Stillpoint"</span></a>
            <ul>
                <li><A href="/" exact=true>"Night" {count(night_count)}</A></li>
                <li><A href="/replicas">"Replicas" {count(|b| crate::format::count(b.replicas))}</A></li>
            </ul>
            <h2>"Evidence"</h2>
            <ul>
                <li><A href="/sla">"SLA"</A></li>
                <li><a href="/reports" rel="external">"Reports"</a></li>
                <li><A href="/points">"Restore points"</A></li>
                <li><A href="/attempts">"Attempts"</A></li>
                <li><A href="/findings">"Findings" {count(|b| if b.findings > 0 { crate::format::count(b.findings) } else { String::new() })}</A></li>
                <li><A href="/activity">"Activity"</A></li>
            </ul>
            <h2>"Terms"</h2>
            <ul>
                <li><A href="/policies">"Policies"</A></li>
                <li><A href="/tenants">"Tenants"</A></li>
                <li><A href="/holds">"Holds" {count(|b| if b.holds > 0 { crate::format::count(b.holds) } else { String::new() })}</A></li>
            </ul>
        </nav>
        <div class="side">
            <header class="bar">
                <Transition>
                    {move || Suspend::new(async move { bar.await.ok().map(|bar| scope(&bar)) })}
                </Transition>
                {search()}
                <div class="state">
                    <Transition>
                        {move || Suspend::new(async move {
                            match bar.await {
                                Ok(bar) => {
                                    let base = live.seconds_now();
                                    view! { {freshness(&bar, live, base)} {clock(&bar, live, base)} }.into_any()
                                }
                                Err(_) => view! { <span class="late-text">"freshness not known"</span> }.into_any(),
                            }
                        })}
                    </Transition>
                    {theme_switch()}
                    <Transition>
                        {move || Suspend::new(async move { bar.await.ok().and_then(|bar| bar.viewer).map(person) })}
                    </Transition>
                </div>
            </header>
            <main id="main" tabindex="-1" class:stale=stale>
                <p class="old" role="status">{move || stale.get().then_some("The server has not answered for a while: what stands here is old.")}</p>
                <Outlet/>
            </main>
        </div>
    }
}

/// Who is in, and the way out. These pages are the server's own: they are loaded, not routed.
fn person(viewer: console::Viewer) -> AnyView {
    let leaf = |permission, href: &'static str, words: &'static str| {
        viewer
            .may(permission)
            .then(|| view! { <a href=href rel="external">{words}</a> })
    };
    let people = leaf(Permission::ManagePeople, "/people", "People");
    let tokens = leaf(Permission::ManageTokens, "/tokens", "Tokens");
    let audit = leaf(Permission::SeeAudit, "/audit", "Audit");
    view! {
        <span class="person">
            {people}
            {tokens}
            {audit}
            <a href="/api/docs" rel="external">"API"</a>
            <a href="/me" rel="external">{viewer.login}</a>
            <form method="post" action="/logout"><button type="submit" class="plain">"Log out"</button></form>
        </span>
    }
    .into_any()
}

/// What the night asks for first: risk, else what waits.
fn night_count(b: &Bar) -> String {
    match (b.at_risk, b.waiting) {
        (Some(n @ 1..), _) => format!("{} at risk", crate::format::count(n)),
        (_, n @ 1..) => format!("{} waiting", crate::format::count(n)),
        _ => String::new(),
    }
}

fn search() -> impl IntoView {
    let query = use_query_map();
    let text = move || query.read().get("q").unwrap_or_default();
    view! {
        <Form method="get" action="/replicas" attr:class="search" attr:role="search">
            <input id="search" type="search" name="q" placeholder="Find a replica, tenant, host…" aria-label="Find a replica, tenant or host" autocomplete="off" maxlength="200" value=text prop:value=text/>
            <kbd aria-hidden="true">"/"</kbd>
        </Form>
    }
}

fn logo() -> impl IntoView {
    view! {
        <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" class="logo">
            <path d="M6.2 3.2a8 8 0 1 0 7.6 0" class="ring"/>
            <circle cx="10" cy="10" r="2.6" class="fill"/>
        </svg>
    }
}
