//! Invitations: a link that gives one seat, once.

use super::seat::{Seat, SiteRole};
use chrono::{DateTime, TimeDelta, Utc};

/// How long an invitation of a person holds.
pub const INVITATION_HOURS: i64 = 72;
/// How long the link that makes the first owner holds; a restart without any owner makes another.
pub const FIRST_OWNER_HOURS: i64 = 24;

/// What became of an invitation so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvitationState {
    pub expires: DateTime<Utc>,
    pub used: Option<DateTime<Utc>>,
    pub revoked: Option<DateTime<Utc>>,
}

/// Why an invitation gives nothing. Whoever holds the link hears one answer for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvitationOver {
    #[error("the invitation was used already")]
    Used,
    #[error("the invitation was taken back")]
    Revoked,
    #[error("the invitation is too old")]
    Expired,
}

impl InvitationState {
    /// Whether it may be used now.
    ///
    /// # Errors
    /// Why not.
    pub fn check(self, now: DateTime<Utc>) -> Result<(), InvitationOver> {
        if self.used.is_some() {
            return Err(InvitationOver::Used);
        }
        if self.revoked.is_some() {
            return Err(InvitationOver::Revoked);
        }
        if now >= self.expires {
            return Err(InvitationOver::Expired);
        }
        Ok(())
    }
}

/// When an invitation made now ends.
#[must_use]
pub fn expires(now: DateTime<Utc>) -> DateTime<Utc> {
    now + TimeDelta::hours(INVITATION_HOURS)
}

/// The seat and end of the link that begins a site. `None` while somebody can be owner: the link is no way around log-ins.
#[must_use]
pub fn first_owner(owners: u64, now: DateTime<Utc>) -> Option<(Seat, DateTime<Utc>)> {
    let seat = Seat::Site {
        role: SiteRole::Owner,
    };
    (owners == 0).then(|| (seat, now + TimeDelta::hours(FIRST_OWNER_HOURS)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::hours(hours)
    }

    #[test]
    fn an_invitation_is_good_once_until_it_ends_or_is_taken_back() {
        let fresh = InvitationState {
            expires: expires(at(0)),
            used: None,
            revoked: None,
        };
        assert_eq!(fresh.check(at(71)), Ok(()));
        assert_eq!(fresh.check(at(72)), Err(InvitationOver::Expired));
        let used = InvitationState {
            used: Some(at(1)),
            ..fresh
        };
        assert_eq!(used.check(at(2)), Err(InvitationOver::Used));
        let revoked = InvitationState {
            revoked: Some(at(1)),
            ..fresh
        };
        assert_eq!(revoked.check(at(2)), Err(InvitationOver::Revoked));
    }

    #[test]
    fn a_first_owner_is_made_only_while_there_is_none() {
        let (seat, ends) = first_owner(0, at(0)).unwrap();
        assert_eq!((seat.to_string().as_str(), ends), ("owner", at(24)));
        assert_eq!(first_owner(1, at(0)), None);
    }
}
