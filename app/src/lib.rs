//! The screens: server-rendered, then hydrated; usable without JavaScript.
//!
//! **Invariant:** everything shown comes through `console::Console`; no clock, randomness, locale or time zone takes part in
//! the first render, so server and browser print the same.

#![recursion_limit = "256"]

mod app;
mod axis;
mod components;
mod errors;
mod format;
mod layouts;
mod live;
mod may;
mod pages;
mod theme;
mod urlq;

pub use app::{App, shell};
pub use theme::THEME_COOKIE;

/// The browser's entry: takes over the page that the server rendered.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(App);
}
