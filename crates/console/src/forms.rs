//! The plain forms of the screens: where they are sent and by which names, for `app`, which draws them, and the server, which takes
//! them. All are `POST`, `application/x-www-form-urlencoded`, and carry `back`, a path on this server.
//!
//! A form that was done is answered with a redirect to `back`, which asks for the words of [`Told`] (`/holds?told=hold`); one that was
//! not, with its status and the reason in the first line of a plain text, naming the field. A document with scripts shows that line
//! beside the form, one without shows the text.
//!
//! | path | fields |
//! |---|---|
//! | `/forms/hold` | `on` (`host`, `tenant`, `replica`), `name` (its id), `until` (an instant, or `4h`, `90m`, `2d`), `reason` |
//! | `/forms/lift` | `id` of a hold |
//! | `/forms/acknowledge` | `cause` (its key), `until`, `note` |
//! | `/forms/correct` | `replica`, `day` (`2026-11-22`), `change` (`excuse`, `attribute`, `restore`), `owner` (`provider`, `tenant`, `external`; not read with `restore`), `reason` |
//! | `/forms/cancel` | `attempt`, `reason` |
//! | `/forms/assign` | `to` (`site`, `tenant`, `replica`), `name` (its id; not read for the site), `policy` (empty takes it away) |
//! | `/forms/tenant` | `id`, `name`, `zone` (IANA; UTC when empty) |
//! | `/forms/rule` | `tenant`, `kind` (`trust-group`, `primary`, `storage-path`), `text`, `change` (`add`, `remove`) |
//! | `/forms/frame` | `tenant`, `open`, `due` (at or before `open`: on the next day), `minutes_min`, `change` (`set`, `take`; with `take` the rest is not read) |
//! | `/forms/brand` | `multipart/form-data`: `tenant`, `name`, `accent`, `logo` (a file; empty keeps the one that is there), `logo_off` (`on` takes it away) |
//! | `/forms/policy` | [`PolicyForm`] |

use domain::calendar::{WallTime, WindowRule};
use domain::code::Code;
use domain::policy::{BasisPoints, OwedDays, PauseTerms, RetryTerms, Terms};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::str::FromStr;

/// The fields of `/forms/policy`, all as written by a person: the whole terms of a new version.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyForm {
    pub id: String,
    pub name: String,
    /// `20:00`, in the tenant's zone.
    pub open: String,
    pub due: String,
    /// A checkbox: `on` when the due time is on the next day; absent when not.
    #[serde(default)]
    pub due_next_day: String,
    /// `every`, `none`, or `mon tue wed thu fri sat sun` in part; absent means every.
    #[serde(default)]
    pub owed_days: String,
    /// Percent with at most two decimals: `99.5`.
    pub target: String,
    pub priority: String,
    pub failures_max: String,
    pub failure_wait_secs: String,
    pub failure_wait_secs_max: String,
    pub freshness_secs: String,
    pub hold_secs_max: String,
    /// `never` or `allowed`; the two below are read only with `allowed`.
    pub pause: String,
    #[serde(default)]
    pub pause_secs_max: String,
    #[serde(default)]
    pub pause_per_night_max: String,
    /// Longest times between two looks where they differ from the defaults, one a word: `B1=60 B5=900`. Mostly empty.
    #[serde(default)]
    pub looks: String,
    pub back: String,
}

/// A field that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` is not valid: {text}")]
pub struct InvalidField {
    pub field: &'static str,
    pub text: String,
}

impl PolicyForm {
    /// The terms that were written. Ranges are checked by [`Terms::check`].
    ///
    /// # Errors
    /// The first field that cannot be read.
    pub fn terms(&self) -> Result<Terms, InvalidField> {
        let next_day = match self.due_next_day.as_str() {
            "" => false,
            "on" => true,
            other => return invalid("due_next_day", format!("`{other}` is not `on`")),
        };
        let open: WallTime = read("open", &self.open)?;
        let due: WallTime = read("due", &self.due)?;
        let window = WindowRule::new(open, due, next_day).or_else(|e| invalid("due", e.to_string()))?;
        let pause = match self.pause.as_str() {
            "never" => PauseTerms::Never,
            "allowed" => PauseTerms::Allowed {
                secs_max: read("pause_secs_max", &self.pause_secs_max)?,
                per_night_max: read("pause_per_night_max", &self.pause_per_night_max)?,
            },
            other => return invalid("pause", format!("`{other}` is none of: never, allowed")),
        };
        Ok(Terms {
            name: self.name.trim().to_owned(),
            window,
            target_bp: target(&self.target)?,
            retry: RetryTerms {
                failures_max: read("failures_max", &self.failures_max)?,
                failure_wait_secs: read("failure_wait_secs", &self.failure_wait_secs)?,
                failure_wait_secs_max: read("failure_wait_secs_max", &self.failure_wait_secs_max)?,
                look_secs_max: looks(&self.looks)?,
            },
            freshness_secs: read("freshness_secs", &self.freshness_secs)?,
            hold_secs_max: read("hold_secs_max", &self.hold_secs_max)?,
            pause,
            priority: read("priority", &self.priority)?,
            owed_days: match self.owed_days.trim() {
                "" => OwedDays::EVERY,
                days => read("owed_days", days)?,
            },
        })
    }

    /// The form that asks for these terms: what a new version begins with.
    #[must_use]
    pub fn of(id: &str, terms: &Terms) -> Self {
        let (pause, secs, nights) = match terms.pause {
            PauseTerms::Never => ("never", String::new(), String::new()),
            PauseTerms::Allowed {
                secs_max,
                per_night_max,
            } => ("allowed", secs_max.to_string(), per_night_max.to_string()),
        };
        let looks: Vec<String> = terms
            .retry
            .look_secs_max
            .iter()
            .map(|(code, secs)| format!("{code}={secs}"))
            .collect();
        Self {
            id: id.to_owned(),
            name: terms.name.clone(),
            open: terms.window.open().to_string(),
            due: terms.window.due().to_string(),
            due_next_day: if terms.window.due_next_day() { "on" } else { "" }.to_owned(),
            owed_days: terms.owed_days.to_string(),
            target: crate::terms::percent(terms.target_bp),
            priority: terms.priority.to_string(),
            failures_max: terms.retry.failures_max.to_string(),
            failure_wait_secs: terms.retry.failure_wait_secs.to_string(),
            failure_wait_secs_max: terms.retry.failure_wait_secs_max.to_string(),
            freshness_secs: terms.freshness_secs.to_string(),
            hold_secs_max: terms.hold_secs_max.to_string(),
            pause: pause.to_owned(),
            pause_secs_max: secs,
            pause_per_night_max: nights,
            looks: looks.join(" "),
            back: String::new(),
        }
    }
}

fn invalid<T>(field: &'static str, text: String) -> Result<T, InvalidField> {
    Err(InvalidField { field, text })
}

fn read<T: FromStr<Err: std::fmt::Display>>(field: &'static str, text: &str) -> Result<T, InvalidField> {
    let text = text.trim();
    if text.is_empty() {
        return invalid(field, "it is empty".to_owned());
    }
    text.parse().or_else(|e| invalid(field, format!("`{text}`: {e}")))
}

/// `99.5` and `99.50` are 9950 hundredths of a percent; a comma is taken for a point.
fn target(text: &str) -> Result<BasisPoints, InvalidField> {
    let text = text.trim().trim_end_matches('%').trim().replace(',', ".");
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let value = (!whole.is_empty() && whole.len() <= 3 && part.len() <= 2 && digits(whole) && digits(part))
        .then(|| format!("{whole}{part:0<2}").parse::<u16>().ok())
        .flatten()
        .and_then(BasisPoints::new);
    value.map_or_else(
        || {
            invalid(
                "target",
                format!("`{text}` is no share: write 99.5, with at most two decimals"),
            )
        },
        Ok,
    )
}

fn looks(text: &str) -> Result<BTreeMap<Code, u32>, InvalidField> {
    let mut all = BTreeMap::new();
    for word in text.split_whitespace() {
        let pair = word.split_once('=');
        let read = pair.and_then(|(code, secs)| Some((code.parse::<Code>().ok()?, secs.parse().ok()?)));
        let Some((code, secs)) = read else {
            return invalid(
                "looks",
                format!("`{word}`: write a code and seconds, such as B5=900"),
            );
        };
        all.insert(code, secs);
    }
    Ok(all)
}

/// What a screen says after a form was done. Only these words are taken from a URL: nobody can put sentences on our screens by a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    Hold,
    Lift,
    Acknowledge,
    Correct,
    Cancel,
    Assign,
    Policy,
    Backup,
    Tenant,
    Rule,
    Frame,
    Brand,
}

impl Told {
    const ALL: [(Self, &'static str); 12] = [
        (Self::Hold, "hold"),
        (Self::Lift, "lift"),
        (Self::Acknowledge, "acknowledge"),
        (Self::Correct, "correct"),
        (Self::Cancel, "cancel"),
        (Self::Assign, "assign"),
        (Self::Policy, "policy"),
        (Self::Backup, "backup"),
        (Self::Tenant, "tenant"),
        (Self::Rule, "rule"),
        (Self::Frame, "frame"),
        (Self::Brand, "brand"),
    ];

    /// The word in the URL.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(told, _)| *told == self)
            .map_or("", |(_, word)| word)
    }

    /// From the URL; an unknown word says nothing.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(_, known)| *known == word)
            .map(|(told, _)| *told)
    }

    /// What came of it. Never more than is known: what runs elsewhere was requested.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Hold => {
                "Held: nothing starts there until the hold ends or is lifted. What runs already goes on."
            }
            Self::Lift => "Lifted: the next plan counts what was held again.",
            Self::Acknowledge => {
                "Acknowledged: no notice is sent for this cause until it changes or the time is over."
            }
            Self::Correct => "Corrected: the correction was appended, and what the day was closed as stays.",
            Self::Cancel => {
                "Requested: the attempt ends at its next step and takes back what it made on the host."
            }
            Self::Assign => {
                "Assigned: it applies from the next SLA day that opens; days that are open keep their terms."
            }
            Self::Policy => {
                "Saved as a new version: it applies from the next SLA day that opens; days that are open keep their terms."
            }
            Self::Tenant => "Created: no replica is this tenant's before a rule claims it.",
            Self::Rule => {
                "Changed: replicas are bound by it from the next look at their host, within a minute or so."
            }
            Self::Frame => {
                "Saved: a window that does not fit it any more gives way to the policy's from the next SLA day that opens."
            }
            Self::Brand => "Saved: the tenant's pages look so from now on.",
            Self::Backup => {
                "Requested: one attempt is made now. What came of it stands in the retry history; if a blocker puts it off, the night's plan goes on as before."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_terms_asks_for_these_terms() {
        let mut terms = Terms::standard();
        assert_eq!(PolicyForm::of("standard", &terms).terms(), Ok(terms.clone()));
        terms.pause = PauseTerms::Allowed {
            secs_max: 60,
            per_night_max: 3,
        };
        terms.retry.look_secs_max.insert(Code::B5, 900);
        terms.target_bp = BasisPoints::new(9_905).expect("a share");
        terms.owed_days = "mon tue fri".parse().expect("days");
        assert_eq!(PolicyForm::of("standard", &terms).terms(), Ok(terms));
    }

    #[test]
    fn a_field_that_cannot_be_read_is_named() {
        let good = PolicyForm::of("standard", &Terms::standard());
        type Spoil = fn(&mut PolicyForm);
        let cases: [(&str, Spoil); 9] = [
            ("owed_days", |f| f.owed_days = "workdays".into()),
            ("open", |f| f.open = "8 pm".into()),
            ("due", |f| f.due = "20:30".into()),
            ("due_next_day", |f| f.due_next_day = "yes".into()),
            ("target", |f| f.target = "99.955".into()),
            ("priority", |f| f.priority = " ".into()),
            ("failures_max", |f| f.failures_max = "-1".into()),
            ("pause_secs_max", |f| f.pause = "allowed".into()),
            ("looks", |f| f.looks = "B5:900".into()),
        ];
        for (field, spoil) in cases {
            let mut form = good.clone();
            spoil(&mut form);
            assert_eq!(form.terms().map_err(|e| e.field), Err(field));
        }
    }

    #[test]
    fn shares_are_read_as_people_write_them() {
        let read = |text| target(text).ok().map(BasisPoints::get);
        assert_eq!(
            ["99.5", "99,50 %", "100", "0.07", "7."].map(read),
            [9_950, 9_950, 10_000, 7, 700].map(Some)
        );
        assert_eq!(["", ".5", "100.01", "99.955", "x", "-1"].map(read), [None; 6]);
    }

    #[test]
    fn every_deed_has_its_word_and_other_words_say_nothing() {
        for (told, word) in Told::ALL {
            assert_eq!((Told::of(word), told.word()), (Some(told), word));
        }
        assert_eq!(Told::of("You were hacked"), None);
    }
}
