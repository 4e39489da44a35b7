//! What the viewer may do. What the server would refuse is not offered; who is not known is offered nothing.

use console::{Permission, Viewer};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// What whoever looks may do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct May(Option<Viewer>);

impl May {
    /// Of whoever the server says.
    pub fn of(viewer: Option<Viewer>) -> Self {
        Self(viewer)
    }

    /// Whether it is theirs.
    pub fn to(&self, permission: Permission) -> bool {
        self.0.as_ref().is_some_and(|viewer| viewer.may(permission))
    }
}

/// The frame's answer, asked for once with the page: what is taken from a role meanwhile is refused by the server.
pub type Hands = OnceResource<May>;

/// For a page inside the frame: taken where the page is made, awaited where it is drawn.
pub fn hands() -> Option<Hands> {
    use_context::<Hands>()
}

/// What they may do.
pub async fn may(hands: Option<Hands>) -> May {
    match hands {
        Some(hands) => hands.await,
        None => May::default(),
    }
}
