//! How long a log-in lasts, and when its secret is exchanged.

use super::seat::Seat;
use chrono::{DateTime, TimeDelta, Utc};

/// How far somebody has come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SessionStage {
    /// The password was right; the second factor is still asked for. Opens nothing but that page.
    SecondFactor,
    /// In.
    Open,
}

impl SessionStage {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::SecondFactor, Self::Open];
    /// As stored.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::SecondFactor => "second-factor",
            Self::Open => "open",
        }
    }
}

/// The two ends of a session, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionRule {
    /// Without a request for so long, it is over.
    pub idle_secs: i64,
    /// Over after so long, whatever happens.
    pub absolute_secs: i64,
}

/// Writing every request down would make each read a write: a session's last use is kept to the minute.
pub const TOUCH_SECS: i64 = 60;

impl SessionRule {
    /// The rule of a stage and seat: a hoster's session reaches every tenant and ends sooner.
    #[must_use]
    pub const fn of(stage: SessionStage, seat: &Seat) -> Self {
        match (stage, seat) {
            (SessionStage::SecondFactor, _) => Self {
                idle_secs: 300,
                absolute_secs: 300,
            },
            (SessionStage::Open, Seat::Site { .. }) => Self {
                idle_secs: 3_600,
                absolute_secs: 12 * 3_600,
            },
            (SessionStage::Open, Seat::Tenant { .. }) => Self {
                idle_secs: 2 * 3_600,
                absolute_secs: 24 * 3_600,
            },
        }
    }
    /// When a session of this rule is over at the latest.
    #[must_use]
    pub fn ends(self, created: DateTime<Utc>, last_seen: DateTime<Utc>) -> DateTime<Utc> {
        // A last use before the beginning is a clock that went back: the beginning counts.
        let idle = last_seen.max(created) + TimeDelta::seconds(self.idle_secs);
        idle.min(created + TimeDelta::seconds(self.absolute_secs))
    }
    /// Whether it still holds. One from the future does not: the clock went back, and how long ago that was is unknown.
    #[must_use]
    pub fn holds(self, created: DateTime<Utc>, last_seen: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        created <= now + TimeDelta::seconds(TOUCH_SECS) && now < self.ends(created, last_seen)
    }
    /// Whether a use at `now` is worth writing down.
    #[must_use]
    pub fn touch_due(last_seen: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        now - last_seen >= TimeDelta::seconds(TOUCH_SECS)
    }
}

/// What happens to somebody's sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionFate {
    /// The one at hand goes on under a new secret.
    Rotated,
    /// The one at hand goes on under a new secret, all others end.
    OthersEnd,
    /// All end.
    AllEnd,
}

/// What a session may live through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionEvent {
    LoggedIn,
    SecondFactorGiven,
    PasswordChanged,
    SecondFactorChanged,
    RightsChanged,
    PutOut,
}

impl SessionEvent {
    /// A secret known before somebody's rights grew must not open what they have now.
    #[must_use]
    pub const fn fate(self) -> SessionFate {
        match self {
            Self::LoggedIn | Self::SecondFactorGiven => SessionFate::Rotated,
            Self::PasswordChanged | Self::SecondFactorChanged => SessionFate::OthersEnd,
            Self::RightsChanged | Self::PutOut => SessionFate::AllEnd,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::door::seat::Role;
    use proptest::prelude::*;

    fn at(secs: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(1_000_000 + secs)
    }

    fn rules() -> Vec<SessionRule> {
        let seats = Role::ALL
            .into_iter()
            .filter_map(|role| Seat::new(role, None).or_else(|| Seat::new(role, "contoso".parse().ok())));
        seats
            .flat_map(|seat| SessionStage::ALL.map(|stage| SessionRule::of(stage, &seat)))
            .collect()
    }

    proptest! {
        #[test]
        fn a_session_ends_by_both_clocks(pick in 0_usize..10, seen in -100_i64..200_000, now in -200_i64..300_000) {
            let rule = rules()[pick];
            let holds = rule.holds(at(0), at(seen), at(now));
            let (idle, absolute) = (now - seen.max(0) < rule.idle_secs, now < rule.absolute_secs);
            prop_assert_eq!(holds, idle && absolute && now >= -TOUCH_SECS);
        }
    }

    #[test]
    fn half_a_log_in_is_short_and_a_hosters_is_shorter_than_a_tenants() {
        let owner = Seat::new(Role::ALL[0], None).unwrap();
        let viewer = Seat::new(Role::ALL[4], "contoso".parse().ok()).unwrap();
        let secs = |stage, seat| SessionRule::of(stage, seat).absolute_secs;
        assert_eq!(secs(SessionStage::SecondFactor, &owner), 300);
        assert!(secs(SessionStage::Open, &owner) < secs(SessionStage::Open, &viewer));
        assert!(SessionRule::touch_due(at(0), at(60)) && !SessionRule::touch_due(at(0), at(59)));
    }

    #[test]
    fn a_change_of_rights_leaves_no_session() {
        assert_eq!(SessionEvent::RightsChanged.fate(), SessionFate::AllEnd);
        assert_eq!(SessionEvent::PutOut.fate(), SessionFate::AllEnd);
        assert_eq!(SessionEvent::PasswordChanged.fate(), SessionFate::OthersEnd);
        assert_eq!(SessionEvent::LoggedIn.fate(), SessionFate::Rotated);
    }
}
