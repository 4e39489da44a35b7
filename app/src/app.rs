//! The document around the screens, and the routes.

use crate::layouts::Operator;
use crate::live::{Live, provide_live};
use crate::pages::{Attempts, Night, NotFound, Point, Points, Replica, Replicas};
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
                <script type="module" nonce=nonce>{COPY}</script>
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
