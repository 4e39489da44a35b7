//! `GET /own/settings`: the tenant's window, where it may lie, and what a move would do (`open`, `due`). `POST /own/window`: moves it.

use crate::doors::{Doors, Visitor};
use crate::http::desk::Desk;
use crate::http::door::leaf::{Frame, Theme, nothing_here, page, trouble};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use crate::own::{Own, deed, moved_from};
use askama::Template;
use axum::Router;
use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use domain::calendar::WindowRule;
use domain::door::permission::Permission;
use serde::Deserialize;
use std::sync::Arc;

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/own/settings", get(show))
        .route("/own/window", post(change))
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    open: Option<String>,
    due: Option<String>,
    /// The policy's is to be tried.
    #[serde(default)]
    policy: String,
    #[serde(default)]
    told: String,
}

#[derive(Debug, Deserialize)]
struct Sent {
    /// Where it was seen: `20:00-08:00`, or empty.
    from: String,
    to: String,
}

/// What a move would do.
struct Tried {
    sentence: String,
    to: String,
}

#[derive(Template)]
#[template(path = "own_settings.html")]
struct Page {
    frame: Frame,
    zone: &'static str,
    as_of: String,
    now: String,
    policies: String,
    /// As the form sends it back.
    from: String,
    has_own: bool,
    /// What was asked for lies outside of the frame now.
    taken_back: Option<String>,
    moved: Option<String>,
    frame_words: Option<String>,
    hours_min: String,
    hands: bool,
    open: String,
    due: String,
    tried: Option<Tried>,
    fault: Option<String>,
}

async fn show(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    theme: Theme,
    Query(asked): Query<Asked>,
) -> Response {
    let Some(own) = desk.own(&visitor) else {
        return nothing_here();
    };
    answered(&own, &visitor, theme, asked, None).await
}

async fn change(
    State(desk): State<Arc<Desk>>,
    State(doors): State<Arc<Doors>>,
    visitor: Visitor,
    theme: Theme,
    Form(sent): Form<Sent>,
) -> Response {
    let Some(own) = desk.own(&visitor) else {
        return nothing_here();
    };
    let rules = moved_from(&sent.from).and_then(|from| Ok((from, moved_from(&sent.to)?)));
    let moved = match rules {
        Ok((from, to)) => deed::move_window(&own, &doors, &visitor, from, to)
            .await
            .map(drop),
        Err(error) => Err(error),
    };
    match moved {
        Ok(()) => Redirect::to("/own/settings?told=moved").into_response(),
        Err(error) => answered(&own, &visitor, theme, Asked::default(), Some(error.into())).await,
    }
}

async fn answered(
    own: &Own,
    visitor: &Visitor,
    theme: Theme,
    asked: Asked,
    fault: Option<Problem>,
) -> Response {
    let status = fault.as_ref().map_or(StatusCode::OK, |fault| fault.words().0);
    match drawn(own, visitor, theme, asked, fault).await {
        Ok((tried, leaf)) => page(tried.unwrap_or(status), &leaf.frame.clone(), &leaf),
        Err(problem) => trouble(&problem, theme, visitor),
    }
}

/// The page, and the status of what was tried where that cannot be.
async fn drawn(
    own: &Own,
    visitor: &Visitor,
    theme: Theme,
    asked: Asked,
    fault: Option<Problem>,
) -> Result<(Option<StatusCode>, Page), Problem> {
    let there = own.window().await?;
    let mut frame = Frame::inside("Your window", theme, visitor);
    if asked.told == "moved" {
        frame.said = Some("Moved. Days that are open keep their window; the next one opens by this.");
    }
    let hands = visitor.allows(Permission::MoveWindow);
    let (open, due) = (asked.open.unwrap_or_default(), asked.due.unwrap_or_default());
    let (mut tried, mut fault, mut status) = (None, fault, None);
    let wanted = match (asked.policy.as_str(), open.is_empty() && due.is_empty()) {
        ("yes", _) => Some(Ok(None)),
        (_, false) => Some(moved_from(&format!("{open}-{due}"))),
        _ => None,
    };
    if let Some(wanted) = wanted.filter(|_| hands) {
        let moving = match wanted {
            Ok(to) => own.moving(to).await,
            Err(error) => Err(error),
        };
        match moving {
            Ok(moving) => {
                tried = Some(Tried {
                    sentence: moving.sentence,
                    to: moving.to.map_or_else(String::new, short),
                });
            }
            Err(error) => {
                let problem = Problem::from(error);
                status = Some(problem.words().0);
                fault = Some(problem);
            }
        }
    }
    let names: Vec<String> = there.policies.iter().map(ToString::to_string).collect();
    let policies = names.join(", ");
    let shown = there.own.or(there.asked).or(there.policies.first().copied());
    let text = |given: String, rule: fn(WindowRule) -> String| match given.is_empty() {
        true => shown.map_or_else(String::new, rule),
        false => given,
    };
    let hours_min = there.frame.map_or(0, |frame| u64::from(frame.minutes_min) * 60);
    let page = Page {
        frame,
        zone: own.zone.name(),
        as_of: own.wall(own.now),
        now: there
            .own
            .map_or_else(|| policies.clone(), |rule| rule.to_string()),
        from: there.asked.map_or_else(String::new, short),
        has_own: there.asked.is_some(),
        taken_back: there
            .asked
            .filter(|_| there.own.is_none())
            .map(|rule| rule.to_string()),
        moved: there.moved.map(|at| own.wall(at)),
        frame_words: there.frame.map(|frame| frame.within.to_string()),
        hours_min: domain::words::span(hours_min),
        hands,
        open: text(open, |rule| rule.open().to_string()),
        due: text(due, |rule| rule.due().to_string()),
        tried,
        fault: fault.map(|fault| fault.words().1.to_owned()),
        policies,
    };
    Ok((status, page))
}

/// As forms send it.
fn short(rule: WindowRule) -> String {
    format!("{}-{}", rule.open(), rule.due())
}
