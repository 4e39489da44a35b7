//! Server-sent events wake the resources; without them the page asks again now and then.

use leptos::leptos_dom::helpers::{set_interval_with_handle, set_timeout};
use leptos::prelude::*;
use std::time::Duration;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::EventSource;

/// Where the events come from.
const EVENTS: &str = "/api/v1/events";
/// Names of the events of the stream, and the unnamed one.
const NAMES: [&str; 6] = ["message", "replica", "attempt", "point", "host", "finding"];
/// A burst of events makes one refresh, and refreshes are at least this far apart.
const DEBOUNCE: Duration = Duration::from_millis(1500);
/// Without a connection the page asks this often, in seconds.
const POLL_SECS: u32 = 10;
/// With one it asks all the same: in a quiet hour no event says that the ages on screen have grown.
const CALM_SECS: u32 = 20;
/// Real seconds without an answer after which what stands on the screen is stale.
const STALE_SECS: u32 = 45;

/// What the screens know of the connection. All of it is at rest on the server and at hydration.
#[derive(Clone, Copy)]
pub struct Live {
    version: RwSignal<u32>,
    connected: RwSignal<bool>,
    tick: RwSignal<u32>,
    pending: RwSignal<bool>,
    answered: RwSignal<u32>,
}

/// Puts [`Live`] into the context.
pub fn provide_live() {
    provide_context(Live {
        version: RwSignal::new(0),
        connected: RwSignal::new(false),
        tick: RwSignal::new(0),
        pending: RwSignal::new(false),
        answered: RwSignal::new(0),
    });
}

/// The connection's state, for a resource's source.
pub fn use_live() -> Live {
    expect_context()
}

impl Live {
    /// Changes when something changed on the server: a resource takes it into its source.
    pub fn version(self) -> u32 {
        self.version.get()
    }

    /// Whether events arrive.
    pub fn connected(self) -> bool {
        self.connected.get()
    }

    /// Real seconds since hydration, tracked.
    pub fn seconds(self) -> u32 {
        self.tick.get()
    }

    /// The same, untracked: the base from which a view counts on.
    pub fn seconds_now(self) -> u32 {
        self.tick.get_untracked()
    }

    /// The server answered just now.
    pub fn answered(self) {
        self.answered.set(self.tick.get_untracked());
    }

    /// Whether the last answer is so old that nothing on the screen can be believed any more, tracked.
    pub fn stale(self) -> bool {
        self.tick.get().wrapping_sub(self.answered.get()) > STALE_SECS
    }

    /// Asks all resources to load again, soon and once.
    pub fn refresh_soon(self) {
        if self.pending.get_untracked() {
            return;
        }
        self.pending.set(true);
        set_timeout(
            move || {
                self.pending.set(false);
                self.version.update(|v| *v = v.wrapping_add(1));
            },
            DEBOUNCE,
        );
    }

    /// Opens the event stream and starts the clock. In the browser only, once.
    pub fn connect(self) {
        let beat = move || {
            self.tick.update(|t| *t = t.wrapping_add(1));
            let every = if self.connected.get_untracked() {
                CALM_SECS
            } else {
                POLL_SECS
            };
            if self.tick.get_untracked().is_multiple_of(every) {
                self.refresh_soon();
            }
        };
        // Without a timer the ages stand still, which their instant beside them tells.
        drop(set_interval_with_handle(beat, Duration::from_secs(1)));
        let Ok(source) = EventSource::new(EVENTS) else {
            return;
        };
        let open = Closure::<dyn Fn()>::new(move || self.connected.set(true));
        let error = Closure::<dyn Fn()>::new(move || self.connected.set(false));
        let news = Closure::<dyn Fn()>::new(move || self.refresh_soon());
        source.set_onopen(Some(open.as_ref().unchecked_ref()));
        source.set_onerror(Some(error.as_ref().unchecked_ref()));
        for name in NAMES {
            drop(source.add_event_listener_with_callback(name, news.as_ref().unchecked_ref()));
        }
        // They live as long as the page.
        open.forget();
        error.forget();
        news.forget();
    }
}
