//! What the point's screen asks for.

use crate::errors::Fault;
use console::{PointId, PointView};
use leptos::prelude::*;
use leptos::server_fn::codec::Json;

#[server(prefix = "/fn", endpoint = "point", input = Json)]
pub async fn point(id: PointId) -> Result<PointView, Fault> {
    use crate::errors::{answer, console};
    answer(console()?.point(id).await)
}
