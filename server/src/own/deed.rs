//! What tenants do to their own, with its line in the trail: told with the machine's name and, where it was refused, with why.

use super::{Moving, NotAsked, Own};
use crate::doors::{DoorFault, Doors, Visitor};
use ::console::{ReplicaId, Requested, UiError};
use domain::calendar::WindowRule;
use domain::door::permission::Permission;

/// So soon the trail may be asked again.
const RETRY_SECS: u32 = 15;

/// Asks for a backup, and writes it down.
///
/// # Errors
/// Why not; that is written down too, unless there is no such machine.
pub async fn back_up_now(
    own: &Own,
    doors: &Doors,
    visitor: &Visitor,
    id: ReplicaId,
) -> Result<Requested, NotAsked> {
    let untold = |_: DoorFault| NotAsked::Failed;
    let name = own.name_of(id).await.ok_or(NotAsked::Missing)?;
    // What cannot be written down is not begun.
    doors.can_tell().await.map_err(untold)?;
    let asked = own.back_up_now(id, visitor.author()).await;
    let refused = asked.as_ref().err().map(ToString::to_string);
    let told = doors.tell_own(visitor, Permission::BackUpNow, &name, refused.as_deref());
    told.await.map_err(untold)?;
    asked.map(|(_, requested)| requested)
}

/// Moves the window, and writes it down.
///
/// # Errors
/// Why not, which is written down too.
pub async fn move_window(
    own: &Own,
    doors: &Doors,
    visitor: &Visitor,
    from: Option<WindowRule>,
    to: Option<WindowRule>,
) -> Result<Moving, UiError> {
    let untold = |_: DoorFault| UiError::Unavailable {
        what: "the audit trail".to_owned(),
        retry_secs: RETRY_SECS,
    };
    doors.can_tell().await.map_err(untold)?;
    let moved = own.move_window(from, to).await;
    let object = to.map_or_else(
        || "back to the policy's window".to_owned(),
        |to| format!("to {to}"),
    );
    let refused = moved.as_ref().err().map(ToString::to_string);
    let told = doors.tell_own(visitor, Permission::MoveWindow, &object, refused.as_deref());
    told.await.map_err(untold)?;
    moved
}
