//! An address that leads nowhere.

use crate::components::mark;
use crate::errors::set_status;
use console::Mark;
use leptos::prelude::*;
use leptos_meta::Title;

/// Says so, with the status that says so.
#[component]
pub fn NotFound() -> impl IntoView {
    set_status(404);
    view! {
        <Title text="Not found"/>
        <main id="main" class="alone">
            <div class="notice error">
                <h1>{mark(Mark::Missed)} " Not found"</h1>
                <p>"There is no page at this address."</p>
                <p><a href="/">"To the night"</a></p>
            </div>
        </main>
    }
}
