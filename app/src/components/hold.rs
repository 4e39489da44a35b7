//! Holds as a list, wherever they are shown.

use super::moment;
use crate::format;
use chrono::{DateTime, Utc};
use console::{HoldRow, Zone};
use leptos::prelude::*;

/// One line each: what is held, until when, why and by whom, and the way to lift it for who may.
pub fn hold_list(holds: &[HoldRow], zone: &Zone, as_of: DateTime<Utc>, can_lift: bool) -> AnyView {
    let row = |h: &HoldRow| {
        let name = match h.replica {
            Some(id) => view! { <a href=format!("/replicas/{id}")>{h.name.clone()}</a> }.into_any(),
            None => h.name.clone().into_any(),
        };
        let lift = can_lift.then(|| {
            let label = format!("Lift the hold on {}", h.name);
            view! { " · " <a class="act" href=format!("/holds?lift={}", h.id) aria-label=label>"Lift…"</a> }
        });
        view! {
            <li>
                <div class="line"><b>{super::mark(console::Mark::Late)} " " <span class="dim">{capital_on(h)} " "</span>{name}</b><span class="dim">"until " {moment(zone, as_of, h.until)}</span></div>
                <p>{h.reason.clone()} <span class="dim">" · " {h.author.clone()} {keeps(h)}</span> {lift}</p>
            </li>
        }
    };
    view! { <ul class="list">{holds.iter().map(row).collect_view()}</ul> }.into_any()
}

/// `Host`, `Tenant`, `Replica`.
pub fn capital_on(hold: &HoldRow) -> String {
    format::capital(&hold.on)
}

fn keeps(hold: &HoldRow) -> Option<String> {
    (hold.keeps > 0).then(|| {
        format!(
            " · keeps {} open",
            format::things(hold.keeps, "obligation", "obligations")
        )
    })
}
