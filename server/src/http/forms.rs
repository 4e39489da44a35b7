//! Plain forms of the screens: they work before the wasm loads. One file per form; each does its deed and leads back to the page it came
//! from (`back`, a path on this server), or says in words what was not right. Foreign origins are refused by the guard before.

mod acknowledge;
mod assign;
mod cancel;
mod correct;
mod hold;
mod lift;
mod own;
mod policy;
mod sent;
mod tenant;
#[cfg(test)]
mod tests;

use super::state::AppState;
use axum::Router;

/// All forms that are no server functions.
pub(super) fn router() -> Router<AppState> {
    Router::new()
        .merge(hold::router())
        .merge(lift::router())
        .merge(acknowledge::router())
        .merge(correct::router())
        .merge(assign::router())
        .merge(cancel::router())
        .merge(policy::router())
        .merge(tenant::router())
        .merge(own::router())
}
