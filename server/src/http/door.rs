//! The doors as pages: rendered here, plain forms, no script needed. One file per page.

mod audit;
mod join;
pub(super) mod leaf;
mod log_in;
mod log_out;
mod me;
mod own;
mod people;
mod reports;
mod reset;
mod second_factor;
mod tokens;

use super::state::AppState;
use axum::Router;

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .merge(log_in::router())
        .merge(second_factor::router())
        .merge(log_out::router())
        .merge(join::router())
        .merge(reset::router())
        .merge(me::router())
        .merge(people::router())
        .merge(tokens::router())
        .merge(own::router())
        .merge(reports::router())
        .merge(audit::router())
}
