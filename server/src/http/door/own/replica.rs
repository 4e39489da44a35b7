//! `GET /own/replicas/{id}`: one machine of a tenant. `POST /own/replicas/{id}/backup`: asks for one attempt now.

use super::{LostRow, lost_row, of, pct, strip};
use crate::doors::{Doors, Visitor};
use crate::http::desk::{Desk, not_asked};
use crate::http::door::leaf::{Frame, Theme, nothing_here, page, trouble};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use crate::own::{Own, OwnPoint, deed};
use ::console::ReplicaId;
use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use chrono::NaiveDate;
use domain::door::permission::Permission;
use domain::door::wish::{WISH_HOURS, WISH_WAIT_MINUTES, WISHES_OF_REPLICA_MAX};
use serde::Deserialize;
use std::sync::Arc;

/// Restore points of a page.
const POINTS: u32 = 20;

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/own/replicas/{id}", get(show))
        .route("/own/replicas/{id}/backup", post(back_up))
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    points: Option<String>,
    #[serde(default)]
    told: String,
}

struct PointRow {
    taken: String,
    sealed: String,
    read: String,
    added: String,
    evidence: String,
    disks: Vec<DiskLink>,
}

struct DiskLink {
    href: String,
    name: String,
    size: String,
}

#[derive(Template)]
#[template(path = "own_replica.html")]
struct Page {
    frame: Frame,
    id: String,
    name: String,
    zone: &'static str,
    as_of: String,
    mark: String,
    title: &'static str,
    code: String,
    sentence: &'static str,
    whose: &'static str,
    until: &'static str,
    since: Option<String>,
    observed: Option<String>,
    today: String,
    held: Option<String>,
    every: String,
    first_seen: String,
    raw: String,
    raw_of: String,
    contract: String,
    contract_of: String,
    from: NaiveDate,
    to: NaiveDate,
    bars: String,
    owed: bool,
    lost: Vec<LostRow>,
    points: Vec<PointRow>,
    points_total: u64,
    points_next: Option<String>,
    /// Whether disks may be taken home.
    downloads: bool,
    /// Whether a backup may be asked for, and what was asked for lately.
    hands: bool,
    wishes: Vec<(String, String)>,
    limits: String,
    fault: Option<String>,
}

async fn show(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    theme: Theme,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    let (Some(own), Ok(id)) = (desk.own(&visitor), id.parse()) else {
        return nothing_here();
    };
    let mut frame = Frame::inside("Your machine", theme, &visitor);
    if asked.told == "requested" {
        frame.said = Some("Requested: one attempt is made now. What comes of it is shown here.");
    }
    answered(
        &desk,
        &own,
        &visitor,
        theme,
        frame,
        id,
        asked.points.as_deref(),
        None,
    )
    .await
}

async fn back_up(
    State(desk): State<Arc<Desk>>,
    State(doors): State<Arc<Doors>>,
    visitor: Visitor,
    theme: Theme,
    Path(id): Path<String>,
) -> Response {
    let (Some(own), Ok(id)) = (desk.own(&visitor), id.parse::<ReplicaId>()) else {
        return nothing_here();
    };
    match deed::back_up_now(&own, &doors, &visitor, id).await {
        Ok(_) => {
            desk.done().await;
            Redirect::to(&format!("/own/replicas/{id}?told=requested")).into_response()
        }
        Err(why) => {
            let frame = Frame::inside("Your machine", theme, &visitor);
            answered(
                &desk,
                &own,
                &visitor,
                theme,
                frame,
                id,
                None,
                Some(not_asked(why)),
            )
            .await
        }
    }
}

#[expect(
    clippy::too_many_arguments,
    reason = "what a page is made of, named one by one"
)]
async fn answered(
    desk: &Desk,
    own: &Own,
    visitor: &Visitor,
    theme: Theme,
    frame: Frame,
    id: ReplicaId,
    points: Option<&str>,
    fault: Option<Problem>,
) -> Response {
    let status = fault.as_ref().map_or(StatusCode::OK, |fault| fault.words().0);
    match drawn(desk, own, visitor, frame, id, points, fault).await {
        Ok(leaf) => page(status, &leaf.frame.clone(), &leaf),
        Err(problem) => trouble(&problem, theme, visitor),
    }
}

async fn drawn(
    desk: &Desk,
    own: &Own,
    visitor: &Visitor,
    frame: Frame,
    id: ReplicaId,
    points: Option<&str>,
    fault: Option<Problem>,
) -> Result<Page, Problem> {
    let it = own.replica(id).await?;
    let (points, points_total, points_next) = own.points(id, points, POINTS).await?;
    let wall = |at| own.wall(at);
    Ok(Page {
        frame,
        id: id.to_string(),
        name: it.name,
        zone: own.zone.name(),
        as_of: wall(own.now),
        mark: strip::mark(it.state.mark),
        title: it.state.title,
        code: it.state.code.map_or_else(String::new, |code| code.to_string()),
        sentence: it.state.sentence,
        whose: it.state.whose,
        until: it.state.until,
        since: it.state.since.map(wall),
        observed: it.state.observed.map(wall),
        today: it.today,
        held: it.held.map(wall),
        every: domain::words::span(u64::from(it.interval_secs)),
        first_seen: wall(it.first_seen),
        raw: pct(it.raw),
        raw_of: of(it.raw),
        contract: pct(it.contract),
        contract_of: of(it.contract),
        from: it.from,
        to: it.to,
        bars: strip::bars(&it.bars, &format!("{} met", of(it.raw))),
        owed: it.raw.of > 0,
        lost: it.lost.into_iter().map(lost_row).collect(),
        points: points.into_iter().map(|point| point_row(point, own)).collect(),
        points_total,
        points_next,
        downloads: desk.home.is_some() && visitor.allows(Permission::DownloadDisk),
        hands: visitor.allows(Permission::BackUpNow),
        wishes: it.wishes.into_iter().map(|it| (wall(it.at), it.author)).collect(),
        limits: format!(
            "At most {WISHES_OF_REPLICA_MAX} within {WISH_HOURS} hours, {WISH_WAIT_MINUTES} minutes apart."
        ),
        fault: fault.map(|fault| sentence(fault.words().1)),
    })
}

fn point_row(point: OwnPoint, own: &Own) -> PointRow {
    let id = point.id;
    let disks = point.disks.into_iter().map(|disk| DiskLink {
        href: format!("/api/v1/points/{id}/disks/{}", disk.index),
        name: disk.name,
        size: disk.size_bytes.map_or_else(String::new, bytes),
    });
    PointRow {
        taken: own.wall(point.taken),
        sealed: own.wall(point.sealed),
        read: bytes(point.read_bytes),
        added: bytes(point.added_bytes),
        evidence: point.evidence,
        disks: disks.collect(),
    }
}

/// `1.4 GiB`, cut after one place.
fn bytes(bytes: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let step = units.iter().enumerate().skip(1);
    let (power, unit) = step
        .take_while(|(power, _)| bytes >> (10 * power) > 0)
        .last()
        .unwrap_or((0, &"B"));
    if power == 0 {
        return format!("{bytes} B");
    }
    let tenths = (u128::from(bytes) * 10) >> (10 * power);
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

/// As a sentence.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().collect::<String>());
    format!("{}{}.", first.unwrap_or_default(), chars.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_told_in_the_unit_that_fits_and_never_rounded_up() {
        for (number, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1_610_612_735, "1.4 GiB"),
            (u64::MAX, "16383.9 PiB"),
        ] {
            assert_eq!(bytes(number), text);
        }
    }
}
