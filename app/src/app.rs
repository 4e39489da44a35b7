//! The document around the screens, and the routes.

use crate::layouts::Operator;
use crate::live::{Live, provide_live};
use crate::pages::{
    Activity, Attempts, Day, Findings, Holds, Night, NotFound, Point, Points, Policies, Replica, Replicas,
    Sla, Tenants,
};
use crate::theme::theme_of_request;
use leptos::prelude::*;
use leptos_meta::{MetaTags, Title, provide_meta_context};
use leptos_router::SsrMode;
use leptos_router::components::{ParentRoute, Route, Router, Routes};
use leptos_router::path;

/// Loads the bindings and starts them. Written out here because leptos' own tag names the module by an environment
/// variable of the build, and a wrong guess leaves a page that never wakes.
const START: &str = "import('/pkg/stillpoint.js').then(m => m.default({ module_or_path: '/pkg/stillpoint_bg.wasm' }).then(() => m.hydrate()));";

/// The copy buttons: the command to the clipboard, or, where the browser does not let us, selected for the reader's own copy.
const COPY: &str = "document.addEventListener('click', e => { const b = e.target.closest?.('[data-copy]'); if (!b) return; \
const pre = b.closest('.command').querySelector('pre'); const done = () => { b.setAttribute('data-copy', 'done'); \
setTimeout(() => b.setAttribute('data-copy', ''), 2000); }; const select = () => getSelection().selectAllChildren(pre); \
navigator.clipboard ? navigator.clipboard.writeText(pre.textContent).then(done, select) : select(); });";

/// Forms of deeds: sent in the background, so that a refusal stands beside what was written and nothing of it is lost. A form that
/// was done leads on as it would without this.
const DEED: &str = "document.addEventListener('submit', async e => { const f = e.target; if (!f.matches?.('form[data-deed]')) return; \
e.preventDefault(); const out = f.querySelector('output'), go = f.querySelector('[type=submit]'); out.textContent = ''; go.disabled = true; \
try { const a = await fetch(f.action, { method: 'POST', body: new URLSearchParams(new FormData(f)) }); \
if (a.ok && a.redirected) return location.assign(a.url); out.textContent = (await a.text()).split('\\n')[0]; } \
catch { out.textContent = 'The server cannot be reached: try again.'; } go.disabled = false; });";

/// Signs of somebody at the screen, at most once a minute: what the page asks by itself does not keep a session from ending idle.
const HERE: &str = "let told = 0; for (const sign of ['pointerdown', 'keydown']) document.addEventListener(sign, () => { \
if (Date.now() - told < 60000) return; told = Date.now(); navigator.sendBeacon('/me/here'); }, { passive: true });";

/// The HTML document.
pub fn shell(_options: LeptosOptions) -> impl IntoView {
    let nonce = leptos::nonce::use_nonce();
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=theme_of_request()>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                <link rel="preload" href="/fonts/inter.woff2" r#as="font" type="font/woff2" crossorigin="anonymous"/>
                <link rel="stylesheet" href="/pkg/stillpoint.css"/>
                <link rel="modulepreload" href="/pkg/stillpoint.js"/>
                <link rel="preload" href="/pkg/stillpoint_bg.wasm" r#as="fetch" type="application/wasm" crossorigin="anonymous"/>
                <script type="module" nonce=nonce.clone()>{START}</script>
                <script type="module" nonce=nonce.clone()>{COPY}</script>
                <script type="module" nonce=nonce.clone()>{DEED}</script>
                <script type="module" nonce=nonce>{HERE}</script>
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

/// Everything inside the body.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    provide_live();
    mark_hydrated();
    view! {
        <Title formatter=|text: String| if text.is_empty() { "Stillpoint".to_owned() } else { format!("{text} · Stillpoint") }/>
        <Router>
            <Routes fallback=NotFound>
                <ParentRoute path=path!("") view=Operator ssr=SsrMode::Async>
                    <Route path=path!("") view=Night ssr=SsrMode::Async/>
                    <Route path=path!("replicas") view=Replicas ssr=SsrMode::Async/>
                    <Route path=path!("replicas/:id") view=Replica ssr=SsrMode::Async/>
                    <Route path=path!("replicas/:id/days/:day") view=Day ssr=SsrMode::Async/>
                    <Route path=path!("sla") view=Sla ssr=SsrMode::Async/>
                    <Route path=path!("policies") view=Policies ssr=SsrMode::Async/>
                    <Route path=path!("holds") view=Holds ssr=SsrMode::Async/>
                    <Route path=path!("tenants") view=Tenants ssr=SsrMode::Async/>
                    <Route path=path!("findings") view=Findings ssr=SsrMode::Async/>
                    <Route path=path!("activity") view=Activity ssr=SsrMode::Async/>
                    <Route path=path!("points") view=Points ssr=SsrMode::Async/>
                    <Route path=path!("points/:id") view=Point ssr=SsrMode::Async/>
                    <Route path=path!("attempts") view=Attempts ssr=SsrMode::Async/>
                </ParentRoute>
            </Routes>
        </Router>
    }
}

/// Effects run in the browser only, after hydration: the marker that tests wait for, and the live connection.
fn mark_hydrated() {
    let live = expect_context::<Live>();
    Effect::new(move || {
        live.connect();
        if let Some(body) = document().body() {
            // The attribute is for tests: a page without it works all the same.
            drop(body.set_attribute("data-hydrated", "true"));
        }
    });
}
