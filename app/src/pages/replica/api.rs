//! What the replica's screen asks for, and the one thing it can start.

use crate::errors::Fault;
use console::{ReplicaId, ReplicaView, Requested};
use leptos::prelude::*;
use leptos::server_fn::codec::Json;

#[server(prefix = "/fn", endpoint = "replica", input = Json)]
pub async fn replica(id: ReplicaId) -> Result<ReplicaView, Fault> {
    use crate::errors::{answer, console};
    answer(console()?.replica(id).await)
}

/// A plain form, so it works without JavaScript; the answer leads back to the replica.
#[server(prefix = "/fn", endpoint = "back_up_now")]
pub async fn back_up_now(id: ReplicaId) -> Result<Requested, Fault> {
    use crate::errors::{answer, console};
    let requested = answer(console()?.backup_now(id).await)?;
    leptos_axum::redirect(&format!("/replicas/{id}?requested=1"));
    Ok(requested)
}
