//! Home: what runs, what is blocked and why.

mod api;
mod model;
mod parts;

use crate::components::{error_notice, loading};
use crate::format;
use crate::live::use_live;
use console::NightView;
use leptos::prelude::*;
use leptos_meta::Title;
use parts::{causes, chart, figures, findings, hosts, running};

/// The operator's first screen.
#[component]
pub fn Night() -> impl IntoView {
    let live = use_live();
    let night = Resource::new(move || live.version(), |_| api::night());
    view! {
        <Title text="Night"/>
        <Transition fallback=loading>
            {move || Suspend::new(async move {
                match night.await {
                    Ok(night) => page(&night),
                    Err(fault) => error_notice(&fault),
                }
            })}
        </Transition>
    }
}

fn page(night: &NightView) -> AnyView {
    let owe = format!(
        "{} of {} owe a restore point by {} {}. Every one is crash-consistent: a replica VM is off.",
        format::things(night.counts.total, "replica", "replicas"),
        format::things(night.counts.tenants, "tenant", "tenants"),
        format::moment(&night.zone, night.as_of, night.due),
        night.zone.name,
    );
    view! {
        <div class="head"><div><h1>"Night of " {format::day(night.day)}</h1><p class="sub">{owe}</p></div></div>
        {figures(night)}
        {chart(night)}
        <div class="columns">
            <div>{causes(night)}{running(night)}</div>
            <div>{hosts(night)}{findings(night)}</div>
        </div>
    }
    .into_any()
}
