//! The story of an obligation in sentences: what became of it, why, whose it was and what comes next. Instants are told on the tenant's
//! wall clock.

mod why;

use crate::code::Code;
use crate::obligation::{Correction, Exclusion, Obligation, Outcome, Owner};
use crate::words::{count, list, span};
use chrono::{DateTime, Utc};

/// A page's headline and what stands below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Story {
    pub headline: String,
    pub sentences: Vec<String>,
}

/// What was tried for an obligation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tries<'a> {
    /// Attempts that ended, deferrals left out.
    pub attempts: u32,
    /// Of these, those that failed.
    pub failures: u32,
    /// How often an attempt was put off, by what. Each code once.
    pub deferrals: &'a [(Code, u32)],
    /// What blocks it now.
    pub blocked: Option<(Code, DateTime<Utc>)>,
}

impl Obligation {
    /// Its story at `now`. `outcome` is the effective one; `correction` the newest appended, if any.
    #[must_use]
    pub fn story(
        &self,
        outcome: &Outcome,
        tries: &Tries<'_>,
        correction: Option<&Correction>,
        now: DateTime<Utc>,
    ) -> Story {
        let mut story = match outcome {
            Outcome::Open => self.open(tries, now),
            Outcome::Met { taken, sealed, .. } => self.met(*taken, *sealed, tries),
            Outcome::MetLate {
                taken,
                sealed,
                attribution,
                ..
            } => {
                let headline = format!("Met late at {}{}.", self.wall(*sealed), after(tries.deferrals));
                let lateness = if sealed > &self.window.due {
                    format!(
                        "That was {} after it was due at {}; the checkpoint was accepted at {}.",
                        length(self.window.due, *sealed),
                        self.wall(self.window.due),
                        self.wall(*taken)
                    )
                } else {
                    format!("The checkpoint was accepted at {}.", self.wall(*taken))
                };
                let mut sentences = vec![lateness];
                sentences.push(format!("{}.", why::capital(&why::lost(attribution, self))));
                sentences.extend(why::shares(attribution));
                sentences.push(up_to(attribution.owner).to_owned());
                sentences.extend(failures(tries));
                sentences.push(
                    "The restore point is whole and counts for this day; the day counts as late.".to_owned(),
                );
                Story { headline, sentences }
            }
            Outcome::Missed { attribution } => {
                let mut sentences = vec![up_to(attribution.owner).to_owned()];
                sentences.extend(why::shares(attribution));
                sentences.extend(tried(tries));
                sentences.extend(failures(tries));
                sentences.push(CLOSED.to_owned());
                Story {
                    headline: format!("Missed: {}.", why::lost(attribution, self)),
                    sentences,
                }
            }
            Outcome::Excused {
                owner,
                why,
                attribution,
            } => {
                let by_rule = attribution.excuse().is_some_and(|(_, rule)| rule == *why);
                let reason = if by_rule {
                    why::lost(attribution, self)
                } else {
                    why.trim_end_matches('.').to_owned()
                };
                let mut sentences = vec![up_to(*owner).to_owned()];
                if !by_rule {
                    sentences.push(format!(
                        "By the blockers that were seen, {}.",
                        why::lost(attribution, self)
                    ));
                }
                sentences.extend(why::shares(attribution));
                sentences.extend(tried(tries));
                sentences.extend(failures(tries));
                sentences.push(
                    "The day counts in the raw figure and not in the contractual one; the next day stands on its own."
                        .to_owned(),
                );
                Story {
                    headline: format!("Excused: {reason}."),
                    sentences,
                }
            }
            Outcome::Excluded { exclusion } => self.excluded_story(exclusion),
        };
        if let Some(correction) = correction {
            story.sentences.push(format!(
                "Corrected by {} at {}: {}.",
                correction.author,
                self.zone.wall(correction.at),
                correction.reason.trim_end_matches('.')
            ));
        }
        story
    }

    fn met(&self, taken: DateTime<Utc>, sealed: DateTime<Utc>, tries: &Tries<'_>) -> Story {
        let mut sentences = vec![format!(
            "The host accepted the checkpoint at {}; the restore point was sealed {} before it was due at {}.",
            self.wall(taken),
            length(sealed, self.window.due),
            self.wall(self.window.due)
        )];
        sentences.extend(failures(tries));
        Story {
            headline: format!("Met at {}{}.", self.wall(sealed), after(tries.deferrals)),
            sentences,
        }
    }

    fn open(&self, tries: &Tries<'_>, now: DateTime<Utc>) -> Story {
        let window = &self.window;
        let (due, next_open) = (self.wall(window.due), self.wall(window.next_open));
        let (headline, next) = if now < window.open {
            (
                format!("Opens at {}.", self.wall(window.open)),
                format!("It is due by {due}."),
            )
        } else if now < window.due {
            (
                format!("Open: due by {due}, in {}.", length(now, window.due)),
                format!("A backup sealed after {due} and before {next_open} counts as late."),
            )
        } else {
            (
                format!("Overdue since {due}, for {}.", length(window.due, now)),
                format!(
                    "A backup sealed before {next_open} still counts as late; after that the day is missed."
                ),
            )
        };
        let mut sentences = Vec::new();
        if let Some((code, since)) = tries.blocked {
            let lasted = if since < now {
                format!(", for {}", length(since, now))
            } else {
                String::new()
            };
            sentences.push(format!(
                "Blocked by {} ({code}) since {}{lasted}, until {}.",
                code.noun(),
                self.wall(since),
                code.release()
            ));
            sentences.push(format!("Whose move it is: {}.", code.actor().words()));
        }
        sentences.extend(tried(tries));
        sentences.extend(failures(tries));
        sentences.push(next);
        Story { headline, sentences }
    }

    fn excluded_story(&self, exclusion: &Exclusion) -> Story {
        let (headline, sentence) = match exclusion {
            Exclusion::Appeared { first_seen } => (
                "Not counted: the replica was first seen after the day had opened.".to_owned(),
                format!(
                    "It was first seen at {}, the day opened at {}; it counts from the next day.",
                    self.wall(*first_seen),
                    self.wall(self.window.open)
                ),
            ),
            Exclusion::Agreed { reason, author } => (
                format!(
                    "Not counted: agreed before the day opened ({}).",
                    reason.trim_end_matches('.')
                ),
                format!("Entered by {author}; the day is in no figure."),
            ),
            Exclusion::Absent { since, until } => (
                "Not counted: the replica was on no host when the day opened.".to_owned(),
                format!(
                    "It was seen on no host from {} to {}.",
                    self.wall(*since),
                    self.wall(*until)
                ),
            ),
            Exclusion::NoWindow => (
                "Not counted: the window of that day does not exist.".to_owned(),
                format!(
                    "The clocks of {} skip the whole window; the day is in no figure.",
                    self.zone
                ),
            ),
        };
        Story {
            headline,
            sentences: vec![sentence],
        }
    }

    /// An instant on the tenant's wall clock; the date is left out where the window makes it plain.
    fn wall(&self, at: DateTime<Utc>) -> String {
        let near = self.window.open <= at && at < self.window.next_open;
        if near || at == self.window.next_open {
            self.zone.wall_time(at)
        } else {
            self.zone.wall(at)
        }
    }
}

const CLOSED: &str =
    "The day is closed: a correction with a reason may be appended, and the next day stands on its own.";

/// Whose it was, as a sentence.
#[must_use]
pub fn up_to(owner: Owner) -> &'static str {
    match owner {
        Owner::Provider => "Up to the provider.",
        Owner::Tenant => "Up to the tenant.",
        Owner::External => "Up to neither the provider nor the tenant.",
    }
}

fn length(from: DateTime<Utc>, to: DateTime<Utc>) -> String {
    span(u64::try_from((to - from).num_seconds()).unwrap_or(0))
}

/// `14 deferrals by log applies and 1 by a failed apply`; `None` without any.
fn deferred(deferrals: &[(Code, u32)]) -> Option<String> {
    let mut most: Vec<_> = deferrals.iter().filter(|(_, n)| *n > 0).collect();
    most.sort_by_key(|(code, n)| (std::cmp::Reverse(*n), *code));
    let parts: Vec<String> = most
        .iter()
        .enumerate()
        .map(|(at, (code, n))| {
            let n = u64::from(*n);
            let number = if at == 0 {
                count(n, "deferral", "deferrals")
            } else {
                n.to_string()
            };
            format!("{number} by {}", if n == 1 { code.noun() } else { code.nouns() })
        })
        .collect();
    (!parts.is_empty()).then(|| list(&parts))
}

fn after(deferrals: &[(Code, u32)]) -> String {
    deferred(deferrals).map_or(String::new(), |all| format!(" after {all}"))
}

/// What was tried without success.
fn tried(tries: &Tries<'_>) -> Option<String> {
    match deferred(tries.deferrals) {
        Some(all) => Some(format!("There were {all}.").replace("There were 1 ", "There was 1 ")),
        None if tries.attempts == 0 => Some("No attempt was made.".to_owned()),
        None => None,
    }
}

fn failures(tries: &Tries<'_>) -> Option<String> {
    let (attempts, failed) = (u64::from(tries.attempts), u64::from(tries.failures));
    match (attempts, failed) {
        (_, 0) => None,
        (1, 1) => Some("The only attempt failed.".to_owned()),
        (2, 2) => Some("Both attempts failed.".to_owned()),
        (all, some) if all == some => Some(format!("All {all} attempts failed.")),
        (all, some) => Some(format!("{some} of {} failed.", count(all, "attempt", "attempts"))),
    }
}

#[cfg(test)]
mod tests;
