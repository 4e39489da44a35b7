//! A tenant moves its own window: inside the frame that the hoster allows, and no shorter than it says.

use crate::calendar::WindowRule;
use serde::{Deserialize, Serialize};

const DAY_MINUTES: u32 = 24 * 60;

/// Where a tenant's window may lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowFrame {
    /// The window lies inside, on this day or the one before: 18:00 to 10:00 allows 01:00 to 06:00.
    pub within: WindowRule,
    /// The least length. A window that fits no night's work would make misses that are nobody's.
    pub minutes_min: u16,
}

impl WindowFrame {
    /// Whether any window fits it.
    ///
    /// # Errors
    /// When its own least length is longer than it is.
    pub fn check(&self) -> Result<(), FrameTooShort> {
        let (from, until) = ends(self.within);
        let minutes = until - from;
        if u32::from(self.minutes_min) <= minutes {
            return Ok(());
        }
        Err(FrameTooShort {
            within: self.within,
            minutes,
            minutes_min: self.minutes_min,
        })
    }
}

/// A frame that no window fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{within} is {minutes} minutes long, so no window of at least {minutes_min} fits it")]
pub struct FrameTooShort {
    pub within: WindowRule,
    pub minutes: u32,
    pub minutes_min: u16,
}

/// Why a window is not allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WindowRefused {
    #[error("your hoster has not opened your window for changes")]
    NoFrame,
    #[error("the window {window} is {minutes} minutes long; at least {minutes_min} are needed")]
    TooShort {
        window: WindowRule,
        minutes: u32,
        minutes_min: u16,
    },
    #[error("the window {window} is not inside {within}")]
    Outside { window: WindowRule, within: WindowRule },
}

fn ends(rule: WindowRule) -> (u32, u32) {
    let over = if rule.due_next_day() { DAY_MINUTES } else { 0 };
    (
        u32::from(rule.open().minutes()),
        u32::from(rule.due().minutes()) + over,
    )
}

/// Whether a tenant may have this window. Without a frame it may not move it at all.
///
/// # Errors
/// The first reason against it.
pub fn check(frame: Option<&WindowFrame>, window: WindowRule) -> Result<(), WindowRefused> {
    let frame = frame.ok_or(WindowRefused::NoFrame)?;
    let ((open, due), (from, until)) = (ends(window), ends(frame.within));
    if due - open < u32::from(frame.minutes_min) {
        return Err(WindowRefused::TooShort {
            window,
            minutes: due - open,
            minutes_min: frame.minutes_min,
        });
    }
    let inside = |shift: u32| from <= open + shift && due + shift <= until;
    if inside(0) || inside(DAY_MINUTES) {
        return Ok(());
    }
    Err(WindowRefused::Outside {
        window,
        within: frame.within,
    })
}

/// The tenant's own window as far as it counts: a frame that became narrower, or was taken away, takes the window back with it. `None`: the
/// policy's holds.
#[must_use]
pub fn in_effect(frame: Option<&WindowFrame>, own: Option<WindowRule>) -> Option<WindowRule> {
    own.filter(|own| check(frame, *own).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rule(open: &str, due: &str, next: bool) -> WindowRule {
        WindowRule::new(open.parse().unwrap(), due.parse().unwrap(), next).unwrap()
    }

    fn frame() -> WindowFrame {
        WindowFrame {
            within: rule("18:00", "10:00", true),
            minutes_min: 300,
        }
    }

    #[test]
    fn a_window_lies_in_the_frame_of_this_day_or_the_one_before() {
        for (window, allowed) in [
            (rule("20:00", "08:00", true), true),
            (rule("18:00", "10:00", true), true),
            (rule("01:00", "06:00", false), true),
            (rule("18:00", "23:00", false), true),
            (rule("17:59", "08:00", true), false),
            (rule("20:00", "10:01", true), false),
            (rule("09:00", "17:00", false), false),
        ] {
            assert_eq!(check(Some(&frame()), window).is_ok(), allowed, "{window}");
        }
        let short = check(Some(&frame()), rule("20:00", "00:59", true)).unwrap_err();
        assert!(
            matches!(short, WindowRefused::TooShort { minutes: 299, .. }),
            "{short}"
        );
        assert_eq!(
            check(None, rule("20:00", "08:00", true)),
            Err(WindowRefused::NoFrame)
        );
    }

    #[test]
    fn a_frame_that_got_narrower_takes_the_window_back() {
        let own = Some(rule("20:00", "08:00", true));
        assert_eq!(in_effect(Some(&frame()), own), own);
        let narrow = WindowFrame {
            within: rule("21:00", "08:00", true),
            ..frame()
        };
        assert_eq!(in_effect(Some(&narrow), own), None);
        assert_eq!(in_effect(None, own), None);
        assert_eq!(in_effect(Some(&frame()), None), None);
    }

    #[test]
    fn a_frame_that_no_window_fits_is_refused() {
        assert!(frame().check().is_ok());
        let tight = WindowFrame {
            minutes_min: 961,
            ..frame()
        };
        assert_eq!(tight.check().unwrap_err().minutes, 960);
    }

    proptest! {
        /// Minute by minute on a ring of two days: the same answer by another way.
        #[test]
        fn every_minute_of_an_allowed_window_is_in_the_frame(open in 0_u16..1440, due in 0_u16..1440, next in any::<bool>()) {
            let wall = |minutes: u16| crate::calendar::WallTime::from_hm(minutes / 60, minutes % 60).unwrap();
            if let Ok(window) = WindowRule::new(wall(open), wall(due), next) {
                let (from, until) = ends(window);
                let inside = (from..=until).all(|minute| !(601..1080).contains(&(minute % DAY_MINUTES)));
                let allowed = check(Some(&frame()), window);
                prop_assert_eq!(allowed.is_ok(), inside && until - from >= 300);
            }
        }
    }
}
