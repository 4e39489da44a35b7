//! A tenant's own pages: `GET /own`, all its machines: what is the case now, 90 days as bars and a figure, one sentence per day that was
//! lost. No name of the hoster's machines is on them. People of the hoster are led to the Night.

mod events;
mod look;
mod replica;
mod settings;
mod strip;
#[cfg(test)]
mod tests;

use super::leaf::{Frame, Theme, page, trouble};
use crate::doors::Visitor;
use crate::http::desk::{Desk, failed};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use crate::own::{Lost, Own, OwnRow};
use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use chrono::NaiveDate;
use domain::sla::Ratio;
use std::collections::HashMap;
use std::sync::Arc;

/// Lost days that are told; the rest are on the machines' own pages.
const LOST_MAX: usize = 60;

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/own", get(show))
        .merge(events::router())
        .merge(look::router())
        .merge(replica::router())
        .merge(settings::router())
}

struct Machine {
    id: String,
    name: String,
    mark: String,
    state: &'static str,
    code: String,
    bars: String,
    pct: String,
    of: String,
    newest: String,
}

/// A lost day, to be read.
struct LostRow {
    id: String,
    name: String,
    day: NaiveDate,
    mark: String,
    word: &'static str,
    whose: &'static str,
    why: String,
    next: String,
    corrected: bool,
}

#[derive(Template)]
#[template(path = "own.html")]
struct Page {
    frame: Frame,
    tenant: String,
    zone: &'static str,
    from: NaiveDate,
    to: NaiveDate,
    raw: String,
    raw_of: String,
    contract: String,
    contract_of: String,
    machines: Vec<Machine>,
    lost: Vec<LostRow>,
    lost_total: usize,
    /// Whether any day is over.
    owed: bool,
    as_of: String,
}

async fn show(State(desk): State<Arc<Desk>>, visitor: Visitor, theme: Theme) -> Response {
    let Some(own) = desk.own(&visitor) else {
        return Redirect::to("/").into_response();
    };
    match drawn(&own, Frame::inside("Your machines", theme, &visitor)).await {
        Ok(leaf) => page(StatusCode::OK, &leaf.frame.clone(), &leaf),
        Err(problem) => trouble(&problem, theme, &visitor),
    }
}

async fn drawn(own: &Own, frame: Frame) -> Result<Page, Problem> {
    let (from, to) = own.span();
    let figures = own.figures().await.map_err(failed)?;
    let (rows, days) = own.rows().await?;
    let names: HashMap<_, _> = rows.iter().map(|row| (row.id, row.name.clone())).collect();
    let lost = own.lost(&days, &names, LOST_MAX).await.map_err(failed)?;
    let tally = figures.whole.tally;
    let lost_total = tally.late + tally.missed + tally.excused;
    Ok(Page {
        frame,
        tenant: own.name.clone(),
        zone: own.zone.name(),
        from,
        to,
        raw: pct(figures.whole.raw),
        raw_of: of(figures.whole.raw),
        contract: pct(figures.whole.contract),
        contract_of: of(figures.whole.contract),
        machines: rows.iter().map(|row| machine(row, own)).collect(),
        lost: lost.into_iter().map(lost_row).collect(),
        lost_total: usize::try_from(lost_total).unwrap_or(usize::MAX),
        owed: figures.whole.raw.of > 0,
        as_of: own.wall(own.now),
    })
}

fn machine(row: &OwnRow, own: &Own) -> Machine {
    let raw = row.tally.raw();
    Machine {
        id: row.id.to_string(),
        name: row.name.clone(),
        mark: strip::mark(row.state.mark),
        state: row.state.title,
        code: row.state.code.map_or_else(String::new, |code| code.to_string()),
        bars: strip::bars(&row.bars, &format!("{} met", of(raw))),
        pct: pct(raw),
        of: of(raw),
        newest: row
            .newest
            .map_or_else(|| "none yet".to_owned(), |at| own.wall(at)),
    }
}

fn lost_row(lost: Lost) -> LostRow {
    LostRow {
        id: lost.replica.to_string(),
        name: lost.name,
        day: lost.day,
        mark: strip::mark(strip::mark_of(lost.kind)),
        word: strip::word(Some(lost.kind)),
        whose: lost.whose,
        why: lost.why,
        next: lost.next,
        corrected: lost.corrected,
    }
}

/// Cut after two places, never rounded up.
fn pct(ratio: Ratio) -> String {
    ratio.pct.map_or_else(|| "—".to_owned(), |pct| format!("{pct} %"))
}

fn of(ratio: Ratio) -> String {
    format!("{} of {} days", ratio.met, ratio.of)
}
