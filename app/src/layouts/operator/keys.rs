//! Keyboard: `/` search, `j`/`k` rows, `g` then a letter for a screen.

use leptos::ev;
use leptos::leptos_dom::helpers::window_event_listener;
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, KeyboardEvent};

/// Listens from hydration on, as long as the frame stands.
pub fn keyboard() {
    let navigate = use_navigate();
    let after_g = StoredValue::new(false);
    Effect::new(move || {
        let navigate = navigate.clone();
        let handle = window_event_listener(ev::keydown, move |event: KeyboardEvent| {
            if event.ctrl_key() || event.meta_key() || event.alt_key() || typing(&event) {
                return;
            }
            let key = event.key();
            if after_g.get_value() {
                after_g.set_value(false);
                if let Some(path) = screen(&key) {
                    event.prevent_default();
                    navigate(path, Default::default());
                    return;
                }
            }
            match key.as_str() {
                "/" => {
                    event.prevent_default();
                    focus("#search");
                }
                "j" => step(1),
                "k" => step(-1),
                "g" => after_g.set_value(true),
                _ => {}
            }
        });
        on_cleanup(move || handle.remove());
    });
}

fn screen(key: &str) -> Option<&'static str> {
    match key {
        "n" => Some("/"),
        "r" => Some("/replicas"),
        "p" => Some("/points"),
        "a" => Some("/attempts"),
        "s" => Some("/sla"),
        "t" => Some("/policies"),
        "h" => Some("/holds"),
        "y" => Some("/activity"),
        _ => None,
    }
}

fn typing(event: &KeyboardEvent) -> bool {
    let target = event.target().and_then(|t| t.dyn_into::<Element>().ok());
    target.is_some_and(|e| matches!(e.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT"))
}

fn focus(selector: &str) -> bool {
    let found = document().query_selector(selector).ok().flatten();
    found
        .and_then(|e| e.dyn_into::<HtmlElement>().ok())
        .is_some_and(|e| e.focus().is_ok())
}

/// Moves the focus by one row; rows are numbered by `data-row`, their link takes the focus.
fn step(by: i32) {
    let here = document()
        .active_element()
        .and_then(|e| e.closest("[data-row]").ok().flatten());
    let at = here
        .and_then(|row| row.get_attribute("data-row"))
        .and_then(|n| n.parse::<i32>().ok());
    let next = match at {
        Some(at) => at + by,
        None => 0,
    };
    focus(&format!("[data-row=\"{next}\"] a"));
}
