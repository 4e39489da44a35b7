//! The replica's panels.

mod calendar;
mod hands;
mod head;
mod owed;
mod side;
mod verdict;

use super::Asked;
use super::api::BackUpNow;
use crate::components::form::done;
use crate::components::{empty, panel, timeline};
use crate::format;
use crate::may::May;
use crate::pages::lists::{attempt_table, point_table};
use console::{Permission, ReplicaView};
use leptos::prelude::*;

/// Everything below the bar.
pub fn page(r: &ReplicaView, may: &May, back_up: ServerAction<BackUpNow>, asked: Asked) -> AnyView {
    view! {
        {head::head(r, may, back_up)}
        {head::notice(back_up, asked.requested)}
        {done(asked.told)}
        {asked.deed.map(|deed| hands::hand(r, may, &deed))}
        {head::figures(r)}
        {owed::owed(r)}
        {verdict::verdict(r)}
        {timeline(&r.timeline, &r.zone, r.as_of)}
        <div class="columns">
            <div>{attempts(r)}{points(r)}{side::facts(r)}</div>
            <div>{owed::holds(r, may.to(Permission::Hold))}{calendar::calendar(r)}{owed::pauses(r)}{side::disks(r)}</div>
        </div>
    }
    .into_any()
}

fn attempts(r: &ReplicaView) -> AnyView {
    let note = format!(
        "{}, {} · as of {}",
        format::things(u64::from(r.attempts_tonight), "attempt", "attempts"),
        format::things(u64::from(r.deferrals_tonight), "deferral", "deferrals"),
        format::clock_secs(&r.zone, r.as_of)
    );
    let body = if r.attempts.is_empty() {
        empty("No attempt yet in this night.")
    } else {
        attempt_table(&r.attempts, &r.zone, r.as_of, false)
    };
    panel("attempts", "Retry history, this night", note, body)
}

fn points(r: &ReplicaView) -> AnyView {
    let note = format!(
        "{} of {} · all crash-consistent · as of {}",
        r.points.len(),
        format::count(r.points_total),
        format::clock_secs(&r.zone, r.as_of)
    );
    let body = if r.points.is_empty() {
        empty("No restore point yet. The first still point of a night makes one.")
    } else {
        point_table(&r.points, &r.zone, r.as_of, false)
    };
    panel("points", "Restore points", note, body)
}
