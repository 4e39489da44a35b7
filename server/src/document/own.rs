//! A tenant's own things in JSON. Nothing of the hoster's machines is in it.

use super::figures::ratio;
use super::stamp;
use crate::own::{Bar, Brand, Lost, Moving, Own, OwnPoint, OwnReplica, OwnRow, OwnWindow, State};
use domain::calendar::Zone;
use domain::sla::Figures;
use serde_json::{Value, json};
use store::obligations::DayHead;

fn state(state: &State) -> Value {
    json!({
        "code": state.code, "title": state.title, "sentence": state.sentence, "whose": state.whose, "until": state.until,
        "since": state.since.map(stamp), "observed": state.observed.map(stamp),
    })
}

fn bar(bar: &Bar) -> Value {
    json!({ "day": bar.day, "counts_as": bar.kind })
}

/// The tenant itself.
pub fn whole(own: &Own, figures: &Figures, brand: &Brand) -> Value {
    let (from, to) = own.span();
    let accent = brand.accent.map(|accent| accent.colour().to_string());
    json!({
        "as_of": stamp(own.now), "tenant": own.tenant, "name": own.name, "zone": own.zone.name(), "from": from, "to": to,
        "raw": ratio(figures.raw), "contract": ratio(figures.contract), "late": figures.tally.late,
        "missed": figures.tally.missed, "excused": figures.tally.excused, "excluded": figures.tally.excluded,
        "open": figures.tally.open,
        "brand": { "name": brand.name, "accent": accent, "logo": brand.has_logo.then_some("/own/logo") },
    })
}

/// A machine in the list.
pub fn row(row: &OwnRow) -> Value {
    json!({
        "id": row.id, "name": row.name, "state": state(&row.state), "raw": ratio(row.tally.raw()),
        "contract": ratio(row.tally.contract()), "points": row.points, "newest_point": row.newest.map(stamp),
    })
}

/// A lost day.
fn lost(lost: &Lost) -> Value {
    json!({
        "day": lost.day, "counts_as": lost.kind, "owner": lost.owner, "why": lost.why, "next": lost.next,
        "corrected": lost.corrected,
    })
}

/// One machine whole, but for its restore points.
pub fn replica(it: &OwnReplica, own: &Own) -> Value {
    json!({
        "as_of": stamp(own.now), "zone": own.zone.name(), "id": it.id, "name": it.name, "replicates_every_secs": it.interval_secs,
        "first_seen": stamp(it.first_seen), "state": state(&it.state), "today": it.today, "day": it.day.as_ref().map(day),
        "from": it.from, "to": it.to, "raw": ratio(it.raw), "contract": ratio(it.contract),
        "days": it.bars.iter().map(bar).collect::<Vec<_>>(), "lost": it.lost.iter().map(lost).collect::<Vec<_>>(),
        "newest_point": it.newest.map(stamp), "held_until": it.held.map(stamp),
        "asked": it.wishes.iter().map(|wish| json!({ "at": stamp(wish.at), "by": wish.author })).collect::<Vec<_>>(),
    })
}

/// A restore point, with where its disks are fetched.
pub fn point(point: &OwnPoint) -> Value {
    let disk = |disk: &crate::own::OwnDisk| {
        json!({
            "index": disk.index, "name": disk.name, "size_bytes": disk.size_bytes,
            "download": format!("/api/v1/points/{}/disks/{}", point.id, disk.index),
        })
    };
    json!({
        "id": point.id, "taken": stamp(point.taken), "sealed": stamp(point.sealed), "read_bytes": point.read_bytes,
        "added_bytes": point.added_bytes, "consistency": "crash-consistent", "evidence": point.evidence,
        "disks": point.disks.iter().map(disk).collect::<Vec<_>>(),
    })
}

/// One SLA day.
pub fn day(day: &DayHead) -> Value {
    json!({
        "replica": day.replica, "day": day.day, "open": stamp(day.window.open), "due": stamp(day.window.due),
        "next_open": stamp(day.window.next_open), "counts_as": day.kind, "owner": day.owner, "corrected": day.corrected,
        "taken": day.taken.map(stamp),
    })
}

/// Where the window is and may lie.
pub fn window(window: &OwnWindow, zone: Zone) -> Value {
    json!({
        "zone": zone.name(), "policies": window.policies, "own": window.own, "asked": window.asked, "frame": window.frame,
        "moved": window.moved.map(stamp),
    })
}

/// What a move does.
pub fn moving(moving: &Moving) -> Value {
    json!({
        "to": moving.to, "from_day": moving.from, "left_out": moving.left_out, "sentence": moving.sentence,
    })
}
