//! What the lists ask for.

use crate::errors::Fault;
use console::{AttemptQuery, AttemptsPage, PointQuery, PointsPage};
use leptos::prelude::*;
use leptos::server_fn::codec::Json;

#[server(prefix = "/fn", endpoint = "points", input = Json)]
pub async fn points(query: PointQuery) -> Result<PointsPage, Fault> {
    use crate::errors::{answer, console};
    answer(console()?.points(query).await)
}

#[server(prefix = "/fn", endpoint = "attempts", input = Json)]
pub async fn attempts(query: AttemptQuery) -> Result<AttemptsPage, Fault> {
    use crate::errors::{answer, console};
    answer(console()?.attempts(query).await)
}
