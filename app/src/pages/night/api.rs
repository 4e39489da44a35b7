//! What the night asks for.

use crate::errors::Fault;
use console::NightView;
use leptos::prelude::*;
use leptos::server_fn::codec::Json;

#[server(prefix = "/fn", endpoint = "night", input = Json)]
pub async fn night() -> Result<NightView, Fault> {
    use crate::errors::{answer, console};
    answer(console()?.night().await)
}
