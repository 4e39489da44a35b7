//! What the frame asks for.

use crate::errors::Fault;
use console::Bar;
use leptos::prelude::*;
use leptos::server_fn::codec::Json;

#[server(prefix = "/fn", endpoint = "bar", input = Json)]
pub async fn load_bar() -> Result<Bar, Fault> {
    use crate::errors::{answer, console};
    let viewer = use_context::<console::Viewer>();
    answer(console()?.bar().await.map(|bar| Bar { viewer, ..bar }))
}
