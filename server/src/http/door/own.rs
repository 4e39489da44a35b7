//! `GET /own`: what a tenant's people see of their own machines: 90 days as bars and a figure, one sentence per day that was lost. No name
//! of the hoster's machines is on it. People of the hoster are led to the Night.

use super::leaf::{Frame, Theme, page};
use crate::doors::Visitor;
use crate::figures::{Range, report};
use crate::http::desk::Desk;
use crate::http::problem::Problem;
use crate::http::state::AppState;
use ::console::{Console, SlaQuery};
use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::calendar::SlaDay;
use domain::ids::{ReplicaId, TenantId};
use domain::obligation::OutcomeKind;
use domain::sla::Ratio;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use store::obligations::DayHead;

/// Days of the bars.
const DAYS: u64 = 90;
/// Restore points looked through for the newest of each machine.
const HEADS: u32 = 1_000;
/// Width of a day, in pixels.
const STEP: usize = 4;

pub(super) fn router() -> Router<AppState> {
    Router::new().route("/own", get(show))
}

/// One day's bar.
struct Bar {
    x: usize,
    class: &'static str,
    title: String,
}

struct Machine {
    name: String,
    bars: Vec<Bar>,
    pct: String,
    of: String,
    newest: String,
}

struct Lost {
    name: String,
    day: NaiveDate,
    outcome: String,
    whose: String,
    story: String,
}

#[derive(Template)]
#[template(path = "own.html")]
struct Own {
    frame: Frame,
    tenant: String,
    from: NaiveDate,
    to: NaiveDate,
    raw: String,
    raw_of: String,
    contract: String,
    contract_of: String,
    width: usize,
    machines: Vec<Machine>,
    lost: Vec<Lost>,
    lost_total: u64,
    /// Whether any day is over.
    owed: bool,
    as_of: String,
}

async fn show(
    State(desk): State<Arc<Desk>>,
    State(console): State<Arc<dyn Console>>,
    visitor: Visitor,
    theme: Theme,
) -> Result<Response, Problem> {
    let Some(tenant) = visitor.seat().tenant().cloned() else {
        return Ok(Redirect::to("/").into_response());
    };
    let own = drawn(&desk, console.as_ref(), &visitor, &tenant, theme).await?;
    Ok(page(StatusCode::OK, &own.frame.clone(), &own))
}

async fn drawn(
    desk: &Desk,
    console: &dyn Console,
    visitor: &Visitor,
    tenant: &TenantId,
    theme: Theme,
) -> Result<Own, Problem> {
    let now = desk.now();
    let scope = visitor.scope();
    let to = now.date_naive();
    let from = to - Days::new(DAYS - 1);
    let range = Range {
        scope: scope.clone(),
        replica: None,
        from: SlaDay(from),
        to: SlaDay(to),
    };
    let figures = report(desk.store.as_ref(), &range, now)
        .await
        .map_err(crate::http::desk::failed)?;
    let heads = desk.store.day_heads(&scope, None, range.from, range.to).await;
    let heads = heads.map_err(crate::http::desk::failed)?;
    let query = SlaQuery {
        tenant: Some(tenant.clone()),
        from: Some(from),
        to: Some(to),
    };
    let view = console.sla(query).await?;
    let mut days: BTreeMap<ReplicaId, HashMap<NaiveDate, &DayHead>> = BTreeMap::new();
    for head in &heads {
        days.entry(head.replica).or_default().insert(head.day.0, head);
    }
    let heads = desk.store.point_heads(&scope, None, None, HEADS).await;
    let mut newest: HashMap<ReplicaId, DateTime<Utc>> = HashMap::new();
    for head in heads.map_err(crate::http::desk::failed)? {
        // Newest first.
        newest.entry(head.replica).or_insert(head.taken);
    }
    let nothing = HashMap::new();
    let mut machines: Vec<Machine> = figures
        .replicas
        .values()
        .map(|replica| {
            let own = days.get(&replica.id).unwrap_or(&nothing);
            machine(&replica.name, own, from, newest.get(&replica.id).copied())
        })
        .collect();
    machines.sort_by(|a, b| a.name.cmp(&b.name));
    let lost = view.losses.into_iter().map(|loss| Lost {
        name: loss.name,
        day: loss.day,
        outcome: loss.outcome,
        whose: loss.whose,
        story: loss.story,
    });
    Ok(Own {
        frame: Frame::inside("Your machines", theme, visitor),
        tenant: view.name.unwrap_or_else(|| tenant.to_string()),
        from,
        to,
        raw: pct(view.figures.raw),
        raw_of: of(view.figures.raw),
        contract: pct(view.figures.contract),
        contract_of: of(view.figures.contract),
        width: DAYS as usize * STEP,
        machines,
        lost: lost.collect(),
        lost_total: view.losses_total,
        owed: view.figures.raw.of > 0,
        as_of: instant(now),
    })
}

fn machine(
    name: &str,
    days: &HashMap<NaiveDate, &DayHead>,
    from: NaiveDate,
    newest: Option<DateTime<Utc>>,
) -> Machine {
    let (mut bars, mut met, mut owed) = (Vec::new(), 0, 0);
    for (n, day) in from.iter_days().take(DAYS as usize).enumerate() {
        let kind = days.get(&day).map(|head| head.kind);
        match kind {
            Some(OutcomeKind::Met) => (met, owed) = (met + 1, owed + 1),
            Some(OutcomeKind::MetLate | OutcomeKind::Missed | OutcomeKind::Excused) => owed += 1,
            Some(OutcomeKind::Open | OutcomeKind::Excluded) | None => {}
        }
        let (class, words) = look(kind);
        bars.push(Bar {
            x: n * STEP,
            class,
            title: format!("{day} {words}"),
        });
    }
    let ratio = Ratio::new(met, owed);
    Machine {
        name: name.to_owned(),
        bars,
        pct: pct(ratio),
        of: of(ratio),
        newest: newest.map_or_else(|| "none yet".to_owned(), instant),
    }
}

fn look(kind: Option<OutcomeKind>) -> (&'static str, &'static str) {
    match kind {
        Some(OutcomeKind::Met) => ("met", "met"),
        Some(OutcomeKind::MetLate) => ("late", "met late"),
        Some(OutcomeKind::Missed) => ("missed", "missed"),
        Some(OutcomeKind::Excused) => ("excused", "excused"),
        Some(OutcomeKind::Open) => ("open", "not over yet"),
        Some(OutcomeKind::Excluded) | None => ("none", "nothing owed"),
    }
}

/// Cut after two places, never rounded up.
fn pct(ratio: Ratio) -> String {
    ratio.pct.map_or_else(|| "—".to_owned(), |pct| format!("{pct} %"))
}

fn of(ratio: Ratio) -> String {
    format!("{} of {} days", ratio.met, ratio.of)
}

fn instant(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}
