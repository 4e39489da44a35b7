//! What the list asks for.

use crate::errors::Fault;
use console::{ReplicaQuery, ReplicasPage};
use leptos::prelude::*;
use leptos::server_fn::codec::Json;

#[server(prefix = "/fn", endpoint = "replicas", input = Json)]
pub async fn replicas(query: ReplicaQuery) -> Result<ReplicasPage, Fault> {
    use crate::errors::{answer, console};
    answer(console()?.replicas(query).await)
}
