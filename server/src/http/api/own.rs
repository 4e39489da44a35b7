//! `/api/v1/own`: a tenant's own things, for its people and their tokens. One file per endpoint; nothing here names a machine of the hoster's.

mod backups;
mod days;
mod events;
mod points;
mod replica;
mod replicas;
#[cfg(test)]
mod tests;
mod whole;
mod window;

pub(in crate::http) use events::stream;

use crate::doors::Visitor;
use crate::http::desk::Desk;
use crate::http::openapi::Operation;
use crate::http::problem::Problem;
use crate::http::state::AppState;
use crate::own::Own;
use axum::Router;

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .merge(whole::router())
        .merge(events::router())
        .merge(replicas::router())
        .merge(replica::router())
        .merge(points::router())
        .merge(backups::router())
        .merge(days::router())
        .merge(window::router())
}

pub(super) fn operations() -> Vec<Operation> {
    [
        whole::operations(),
        replicas::operations(),
        replica::operations(),
        points::operations(),
        backups::operations(),
        days::operations(),
        window::operations(),
        events::operations(),
    ]
    .concat()
}

fn nothing() -> Problem {
    Problem::missing("there is no such machine, or not for you")
}

/// The wall lets nobody of the hoster here.
fn own(desk: &Desk, visitor: &Visitor) -> Result<Own, Problem> {
    desk.own(visitor).ok_or_else(nothing)
}
