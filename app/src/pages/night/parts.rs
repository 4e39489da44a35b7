//! The night's panels.

mod beside;
mod causes;
mod chart;
mod risk;
mod tables;

pub use beside::{holds, notices, pauses};
pub use causes::{acknowledge, causes};
pub use chart::chart;
pub use risk::risk;
pub use tables::{findings, hosts, running};

use crate::components::{figure, none};
use crate::format;
use console::NightView;
use leptos::prelude::*;

/// The five answers, in the order in which they are asked, each with its denominator.
pub fn figures(night: &NightView) -> AnyView {
    let (owed, ended) = (night.owed, night.ended);
    let number = |n: u64, class: &'static str| {
        let class = if n > 0 { class } else { "" };
        view! { <span class=class>{format::count(n)}</span> }.into_any()
    };
    let open = format!("of {} open", format::count(owed.open));
    let (breach, breach_below) = match (&night.causes, owed.at_risk) {
        (None, _) => (none(), "not planned yet".to_owned()),
        (_, 0) => (
            number(0, ""),
            format!("last due {}", format::moment(&night.zone, night.as_of, night.due)),
        ),
        (_, n) => (
            number(n, "missed-text"),
            format!(
                "{} too late already · last due {}",
                format::count(owed.too_late),
                format::moment(&night.zone, night.as_of, night.due)
            ),
        ),
    };
    let lost = ended.overdue + ended.missed;
    let breached_below = format!(
        "{} overdue, {} missed · {} late, {} excused",
        format::count(ended.overdue),
        format::count(ended.missed),
        format::count(ended.late),
        format::count(ended.excused)
    );
    let causes = night.causes.iter().flatten().filter(|c| c.needs_person).count() as u64;
    let stuck_below = match owed.stuck {
        0 => "the others move by themselves".to_owned(),
        _ => format!("need a person · {}", format::things(causes, "cause", "causes")),
    };
    let limit = i64::from(night.freshness_limit_secs);
    let age = night
        .oldest_observation
        .map(|at| (night.as_of - at).num_seconds());
    let (fresh, fresh_below) = match age {
        None => (none(), "nothing was observed yet".to_owned()),
        Some(age) if age > limit => (
            view! { <span class="late-text">{format::span(age)}</span> }.into_any(),
            format!(
                "stale: {} not known",
                format::things(night.counts.unknown, "replica", "replicas")
            ),
        ),
        Some(age) => (
            format::span(age).into_any(),
            format!("the oldest look · believed for {}", format::span(limit)),
        ),
    };
    let met_below = format!(
        "{} running · {} not counted",
        format::count(owed.running),
        format::count(owed.excluded)
    );
    view! {
        <div class="figures">
            {figure("Will breach", breach, open.clone(), breach_below)}
            {figure("Breached, 24 hours", number(lost, "missed-text"), format!("of {} due", format::count(ended.total)), breached_below)}
            {figure("Stuck", number(owed.stuck, "late-text"), open, stuck_below)}
            {figure("Data", fresh, String::new(), fresh_below)}
            {figure("Met", number(owed.met, ""), format!("of {} · {}", format::count(owed.total), format::percent(owed.met, owed.total)), met_below)}
        </div>
    }
    .into_any()
}
