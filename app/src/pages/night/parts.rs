//! The night's panels.

mod causes;
mod chart;
mod tables;

pub use causes::causes;
pub use chart::chart;
pub use tables::{findings, hosts, running};

use crate::components::figure;
use crate::format;
use console::NightView;
use leptos::prelude::*;

/// The five numbers, each with its denominator.
pub fn figures(night: &NightView) -> AnyView {
    let c = night.counts;
    let open = c.total - (c.met + c.excused).min(c.total);
    let left = (night.due - night.as_of).num_seconds();
    let due = if left > 0 {
        format!(
            "due {} · {} left",
            format::moment(&night.zone, night.as_of, night.due),
            format::span(left)
        )
    } else {
        format!("was due {}", format::moment(&night.zone, night.as_of, night.due))
    };
    let of_total = format!("of {}", format::count(c.total));
    let number = |n: u64, class: &'static str| {
        let class = if n > 0 { class } else { "" };
        view! { <span class=class>{format::count(n)}</span> }.into_any()
    };
    let attempts = format!(
        "{} · {}",
        format::things(c.attempts, "attempt", "attempts"),
        format::things(c.deferrals, "deferral", "deferrals")
    );
    let others = match c.failed {
        0 => "the others clear by themselves".to_owned(),
        n => format!("{} failed tonight", format::count(n)),
    };
    view! {
        <div class="figures">
            {figure("Still owed", number(open, ""), of_total.clone(), due)}
            {figure("Need a person", number(c.needs_person + c.failed, "missed-text"), format!("of {} waiting", format::count(c.waiting + c.failed)), others)}
            {figure("Not known", number(c.unknown, "late-text"), of_total, "never green, never skipped".to_owned())}
            {figure("Running", number(c.running, ""), String::new(), format!("{} clear, in line for a slot", format::count(c.ready)))}
            {figure("Met", number(c.met, ""), format::percent(c.met, c.total), attempts)}
        </div>
    }
    .into_any()
}
