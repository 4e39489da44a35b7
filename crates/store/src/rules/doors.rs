//! What both databases say alike at the doors.

use super::{conflict, missing};
use crate::people::{NewPerson, Person};
use crate::sessions::NewSession;
use crate::tokens::NewToken;
use crate::traits::{Result, Scope};
use domain::audit::Happened;
use domain::door::recovery::RECOVERY_CODES;
use domain::door::scopes;
use domain::door::seat::{Role, Seat};

/// The most people, tokens, invitations, tenants or audit entries one page holds.
pub(crate) const DOORS_READ_MAX: u32 = 500;
/// The most rows one removal takes.
pub(crate) const PURGE_MAX: u32 = 1_000;
/// The most characters of a name for people.
const NAME_CHARS_MAX: usize = 120;
/// The most bytes kept of what a client says about itself.
const CLIENT_BYTES_MAX: usize = 200;

/// What only the site does is not there for a tenant.
pub(crate) fn site_only(scope: &Scope, what: &'static str) -> Result<()> {
    match scope.owner() {
        None => Ok(()),
        Some(_) => Err(missing(what, "of the site")),
    }
}

/// Refuses a name that pages could not show.
pub(crate) fn name_fits(what: &'static str, name: &str) -> Result<()> {
    let fits =
        !name.trim().is_empty() && name.chars().count() <= NAME_CHARS_MAX && !name.contains(char::is_control);
    if fits {
        Ok(())
    } else {
        Err(conflict(what, "with such a name"))
    }
}

/// Refuses a seat that is not the scope's to give.
pub(crate) fn seat_in(scope: &Scope, seat: &Seat) -> Result<()> {
    match (scope.owner(), seat.tenant()) {
        (None, _) => Ok(()),
        (Some(own), Some(tenant)) if own == tenant => Ok(()),
        (Some(_), Some(tenant)) => Err(missing("tenant", tenant)),
        (Some(_), None) => Err(missing("seat", "at the site")),
    }
}

/// Refuses somebody new who cannot be, whatever is stored.
pub(crate) fn new_person(scope: &Scope, new: &NewPerson) -> Result<()> {
    seat_in(scope, &new.seat)?;
    name_fits("person", &new.name)
}

/// Whether a person counts as an owner who can log in.
pub(crate) fn is_owner(person: &Person) -> bool {
    person.seat.role().code() == "owner" && person.disabled.is_none()
}

/// A site without an owner is one that nobody can put right.
pub(crate) fn keeps_an_owner(person: &Person, owners: u64) -> Result<()> {
    if is_owner(person) && owners <= 1 {
        return Err(conflict("person", format!("{}: the last owner", person.id)));
    }
    Ok(())
}

/// The seat after a change of role.
pub(crate) fn seat_after(person: &Person, from: Role, to: Role) -> Result<Seat> {
    if person.seat.role() != from {
        return Err(conflict("person", person.id));
    }
    Seat::new(to, person.seat.tenant().cloned()).ok_or_else(|| conflict("person", person.id))
}

/// Refuses a session of somebody who is out, and cuts what the client said.
pub(crate) fn new_session(person: &Person, new: &NewSession) -> Result<NewSession> {
    if person.disabled.is_some() {
        return Err(conflict("person", person.id));
    }
    let cut = |text: &str| text[..text.floor_char_boundary(CLIENT_BYTES_MAX)].to_owned();
    Ok(NewSession {
        from: cut(&new.from),
        agent: cut(&new.agent),
        ..new.clone()
    })
}

/// Refuses a token that its giver may not give.
pub(crate) fn new_token(giver: &Person, new: &NewToken, others: usize) -> Result<()> {
    name_fits("token", &new.name)?;
    if giver.disabled.is_some() {
        return Err(conflict("person", giver.id));
    }
    if others >= crate::tokens::TOKENS_MAX {
        return Err(conflict("token", "beyond the most that one person may have"));
    }
    scopes::grant(&giver.seat, &new.scopes, new.at, new.expires).map_err(|why| conflict("token", why))
}

pub(crate) fn recovery_fits(codes: usize) -> Result<()> {
    if codes > RECOVERY_CODES {
        return Err(conflict("recovery codes", "beyond a set"));
    }
    Ok(())
}

/// Refuses an entry that is not the scope's to write, or exceeds its bounds.
pub(crate) fn writable(scope: &Scope, happened: &Happened) -> Result<()> {
    match (scope.owner(), &happened.tenant) {
        (Some(own), tenant) if tenant.as_ref() != Some(own) => {
            return Err(missing("audit trail", "of another"));
        }
        _ => {}
    }
    happened.check().map_err(|why| conflict("audit entry", why))
}
