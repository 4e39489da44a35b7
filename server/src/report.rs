//! The SLA report of one month: one document, from which the page, the table and the JSON are written. Nothing is computed a second time: every
//! figure is `domain::sla::figures`', and every percentage is the same string in all three.

pub mod csv;
mod gather;
pub mod html;
pub mod json;
mod plain;

pub use gather::{ReportError, ReportStore, Whose, gather, newest, tenants};
pub use plain::Plain;

use domain::obligation::OutcomeKind;
use domain::sla::{Figures, Ratio};
use std::str::FromStr;

/// So many lost days are told with their story; of an outage of the whole site the tenants' own reports tell the rest.
pub const STORIES_MAX: usize = 5_000;

/// What a percentage is; stands on every form of the report.
pub const PERCENT_WORDS: &str = "Percentages are cut off after two digits, never rounded up: 100.00 % is printed only where every day was kept.";

/// How the traffic is computed; stands beside its number.
pub const TRAFFIC_WORDS: &str = "The bytes that were read from replicas' disks at the hoster's site for the restore points taken between the opening of \
    the month's first day and the opening of the day after its last. A backup of the primaries that reads the same extents would have sent them over the tenant's \
    link, before compression.";

/// Under whose name the report is handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brand {
    pub name: Plain,
    /// `#1f7a5a`, as the hoster set it.
    pub accent: Option<String>,
    /// As an address that holds the picture itself: the page is whole when it is kept.
    pub logo: Option<String>,
}

/// For whom the report is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edition {
    /// With who corrected what, by name.
    Hoster,
    /// The hoster's people are the hoster: their names are not the tenant's.
    Tenant,
}

impl Edition {
    /// As in a query.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Hoster => "hoster",
            Self::Tenant => "tenant",
        }
    }
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Hoster => "The hoster's edition, with the names of those who corrected days",
            Self::Tenant => "The tenant's edition",
        }
    }
    /// What asks for it, after another parameter.
    fn query(self) -> &'static str {
        match self {
            Self::Hoster => "&edition=hoster",
            Self::Tenant => "&edition=tenant",
        }
    }
}

impl FromStr for Edition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "hoster" => Ok(Self::Hoster),
            "tenant" => Ok(Self::Tenant),
            _ => Err(format!("`{text}` is no edition of a report: hoster or tenant")),
        }
    }
}

/// Whether anything of the month may still change but by a correction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finality {
    Final,
    /// The month is in progress, or days of it are open.
    InProgress,
}

/// Whether the target was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    Kept,
    Broken,
    /// The month is in progress, and no more days are lost than the target allows.
    SoFar,
    NothingOwed,
}

impl Kept {
    /// By days lost against days that the targets in force allow to be lost.
    #[must_use]
    pub fn of(figures: &Figures, finality: Finality) -> Self {
        if figures.contract.of == 0 && figures.tally.open == 0 {
            Self::NothingOwed
        } else if figures.budget.left < 0 {
            Self::Broken
        } else if finality == Finality::InProgress {
            Self::SoFar
        } else {
            Self::Kept
        }
    }
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Broken => "not kept",
            Self::SoFar => "kept so far",
            Self::NothingOwed => "nothing was owed",
        }
    }
}

/// A policy version that days of the month were opened under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    pub name: Plain,
    pub version: u32,
    /// Percent, two digits.
    pub target: String,
}

/// One tenant's share of the month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    pub tenant: Plain,
    pub raw: Ratio,
    pub contract: Ratio,
    pub late: u64,
    pub kept: Kept,
}

/// One replica's share of the month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub tenant: Plain,
    pub replica: Plain,
    pub raw: Ratio,
    pub contract: Ratio,
    pub late: u64,
    /// What each day of the month came to, the first first; `None` where there was no obligation.
    pub days: Vec<Option<OutcomeKind>>,
}

/// The longest time of a replica without a point; instants on the tenant's wall clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    pub tenant: Plain,
    pub replica: Plain,
    pub from: Plain,
    pub to: Plain,
    pub secs: u64,
}

/// A day that was late, missed or excused. Excluded ones are in the replicas' lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    /// `2026-10-25`.
    pub day: String,
    pub tenant: Plain,
    pub replica: Plain,
    /// `late`, `missed` or `excused`.
    pub outcome: &'static str,
    /// `provider`, `tenant` or `external`.
    pub whose: &'static str,
    /// One sentence: why.
    pub story: Plain,
    /// One sentence: what came after it. Empty where the story is not told here.
    pub next: Plain,
}

/// An appended change of a closed day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Corrected {
    pub day: String,
    pub tenant: Plain,
    pub replica: Plain,
    /// `excused`, `attributed` or `restored`.
    pub kind: &'static str,
    /// Whose the day became: `provider`, `tenant` or `external`; `None` where what was found first holds again.
    pub whose: Option<&'static str>,
    pub author: Plain,
    pub reason: Plain,
    pub at: Plain,
}

/// The report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    edition: Edition,
    pub name: Plain,
    pub brand: Brand,
    /// `2026-10`.
    pub month: String,
    pub zone: Plain,
    pub made_at: Plain,
    pub finality: Finality,
    pub policies: Vec<Policy>,
    pub figures: Figures,
    /// Each tenant's, where the report is of all of them.
    pub tenants: Vec<Share>,
    pub worst: Option<Line>,
    pub longest_gap: Option<Gap>,
    pub lines: Vec<Line>,
    pub days: Vec<Day>,
    pub corrections: Vec<Corrected>,
    /// See [`TRAFFIC_WORDS`].
    pub traffic_bytes: u64,
}

/// All that a report is made of, whoever it is for.
#[derive(Debug, Clone)]
pub struct Material {
    pub name: Plain,
    pub brand: Brand,
    pub month: String,
    pub zone: Plain,
    pub made_at: Plain,
    pub finality: Finality,
    pub policies: Vec<Policy>,
    pub figures: Figures,
    /// Each tenant's, where the report is of all of them.
    pub tenants: Vec<Share>,
    pub worst: Option<Line>,
    pub longest_gap: Option<Gap>,
    pub lines: Vec<Line>,
    pub days: Vec<Day>,
    pub corrections: Vec<Corrected>,
    pub traffic_bytes: u64,
}

impl Report {
    /// The one way to make a report, so that the tenant's edition can carry nothing that is the hoster's.
    #[must_use]
    pub fn of(material: Material, edition: Edition) -> Self {
        let Material {
            name,
            brand,
            month,
            zone,
            made_at,
            finality,
            policies,
            figures,
            tenants,
            worst,
            longest_gap,
            lines,
            days,
            mut corrections,
            traffic_bytes,
        } = material;
        if edition == Edition::Tenant {
            for one in &mut corrections {
                one.author = Plain::of("the hoster");
            }
        }
        Self {
            edition,
            name,
            brand,
            month,
            zone,
            made_at,
            finality,
            policies,
            figures,
            tenants,
            worst,
            longest_gap,
            lines,
            days,
            corrections,
            traffic_bytes,
        }
    }
    #[must_use]
    pub fn edition(&self) -> Edition {
        self.edition
    }
    #[must_use]
    pub fn kept(&self) -> Kept {
        Kept::of(&self.figures, self.finality)
    }
    #[must_use]
    pub fn finality_words(&self) -> &'static str {
        match self.finality {
            Finality::Final => "final",
            Finality::InProgress => {
                "not final: days of this month are still open, the figures are as of the instant it was made"
            }
        }
    }
}

/// How a day is marked in the strips of a replica: a letter of its own, so that print and the colour-blind lose nothing.
#[must_use]
pub fn letter(kind: Option<OutcomeKind>) -> &'static str {
    match kind {
        Some(OutcomeKind::Met) => "M",
        Some(OutcomeKind::MetLate) => "L",
        Some(OutcomeKind::Missed) => "X",
        Some(OutcomeKind::Excused) => "E",
        Some(OutcomeKind::Excluded) => "-",
        Some(OutcomeKind::Open) => "o",
        None => ".",
    }
}

/// What the letters of [`letter`] mean.
pub const LETTERS_WORDS: &str =
    "M met, L met late, X missed, E excused, - excluded by contract, o open, . no obligation";

/// Percent with two digits, cut off; `none` where nothing was owed.
#[must_use]
pub fn percent(ratio: Ratio) -> String {
    ratio.pct.map_or_else(|| "none".to_owned(), |pct| pct.to_string())
}

#[cfg(test)]
mod tests;
