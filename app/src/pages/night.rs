//! Home: what will breach before its due time, what is breached, what is stuck, and whether the data is fresh.

mod api;
mod model;
mod parts;

pub use model::chance;

use crate::components::form::done;
use crate::components::{error_notice, loading};
use crate::format;
use crate::live::use_live;
use crate::may::{May, hands, may};
use console::{NightView, Permission};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use parts::{acknowledge, causes, chart, figures, findings, holds, hosts, notices, pauses, risk, running};

/// The operator's first screen. `?ack=` opens the form for a cause, `?told=` says what a form did.
#[component]
pub fn Night() -> impl IntoView {
    let live = use_live();
    let url = use_query_map();
    let hands = hands();
    let asked = Memo::new(move |_| (url.read().get("told"), url.read().get("ack")));
    let night = Resource::new(move || live.version(), |_| api::night());
    view! {
        <Title text="Night"/>
        <Transition fallback=loading>
            {move || {
                let (told, ack) = asked.get();
                Suspend::new(async move {
                    let may = may(hands).await;
                    match night.await {
                        Ok(night) => page(&night, &may, told, ack),
                        Err(fault) => error_notice(&fault),
                    }
                })
            }}
        </Transition>
    }
}

fn page(night: &NightView, may: &May, told: Option<String>, ack: Option<String>) -> AnyView {
    let (can_hold, can_acknowledge) = (may.to(Permission::Hold), may.to(Permission::Acknowledge));
    let hold = can_hold.then(|| view! { <a class="button" href="/holds#new">"Hold…"</a> });
    let ack = ack.filter(|_| can_acknowledge);
    let zones = match night.owed.zones {
        0 | 1 => String::new(),
        n => format!(" in {n} time zones"),
    };
    let owe = format!(
        "{} of {}{zones} owe a restore point before their own due time. Every one is crash-consistent: a replica VM is off. Times in {}.",
        format::things(night.owed.total, "replica", "replicas"),
        format::things(night.owed.tenants, "tenant", "tenants"),
        night.zone.name,
    );
    view! {
        <div class="head">
            <div><h1>"Night of " {format::day(night.day)}</h1><p class="sub">{owe}</p></div>
            <div class="actions">{hold}</div>
        </div>
        {done(told)}
        {ack.map(|key| acknowledge(night, &key))}
        {pauses(night)}
        {figures(night)}
        {chart(night)}
        {risk(night)}
        <div class="columns">
            <div>{causes(night, can_acknowledge)}{running(night)}</div>
            <div>{hosts(night)}{holds(night, can_hold)}{notices(night)}{findings(night)}</div>
        </div>
    }
    .into_any()
}
