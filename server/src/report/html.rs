//! The report as a page that prints: no script, nothing from elsewhere, its style inline under the caller's nonce.

use super::{Day, Edition, Kept, LETTERS_WORDS, PERCENT_WORDS, Report, TRAFFIC_WORDS, letter, percent};
use askama::Template;
use domain::obligation::OutcomeKind;
use domain::sla::Ratio;
use indicatif::{DecimalBytes, HumanCount};

/// Replicas that the page shows, the worst first; table and JSON hold all.
pub const LINES_MAX: usize = 500;
/// Lost days that the page shows; table and JSON hold all.
pub const DAYS_MAX: usize = 1_000;

/// How and where the page is shown.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// The content security policy's of this answer; empty where there is none.
    pub nonce: String,
    /// `dark`, `light`, or empty: as the system says.
    pub theme: &'static str,
    /// `None`: a file of its own, which leads nowhere.
    pub place: Option<Place>,
}

/// Where a page stands, and what lies beside it.
#[derive(Debug, Clone)]
pub struct Place {
    /// Without a query.
    pub address: String,
    /// The list of reports.
    pub list: &'static str,
    /// Whether the reader may have either edition.
    pub either: bool,
}

impl Place {
    /// The address of a form in this edition.
    fn form(&self, form: &str, edition: Edition) -> String {
        let edition = if self.either { edition.query() } else { "" };
        format!("{}?form={form}{edition}", self.address)
    }
    /// The address and the words of the other edition.
    fn other(&self, edition: Edition) -> Option<(String, &'static str)> {
        self.either.then(|| match edition {
            Edition::Hoster => (self.address.clone(), "As the tenant finds it"),
            Edition::Tenant => (
                format!("{}?edition=hoster", self.address),
                "With the names of those who corrected days",
            ),
        })
    }
}

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    report: &'a Report,
    shown: &'a Shown,
    percent_words: &'static str,
    traffic_words: &'static str,
    letters_words: &'static str,
}

impl Page<'_> {
    /// Askama hands references over; a share is small enough for both.
    fn percent(&self, ratio: &Ratio) -> String {
        match ratio.pct {
            Some(_) => format!("{} %", percent(*ratio)),
            None => percent(*ratio),
        }
    }
    fn many(&self, ratio: &Ratio) -> String {
        format!("{} of {} days", HumanCount(ratio.met), HumanCount(ratio.of))
    }
    fn mark(&self, kind: &Option<OutcomeKind>) -> &'static str {
        letter(*kind)
    }
    fn class(&self, kind: &Option<OutcomeKind>) -> &'static str {
        match kind {
            Some(OutcomeKind::Met) => "met",
            Some(OutcomeKind::MetLate) => "late",
            Some(OutcomeKind::Missed) => "missed",
            Some(OutcomeKind::Excused) => "excused",
            Some(OutcomeKind::Excluded | OutcomeKind::Open) | None => "none",
        }
    }
    /// The mark of a lost day's outcome.
    fn outcome(&self, day: &Day) -> (&'static str, &'static str) {
        let kind = Some(match day.outcome {
            "late" => OutcomeKind::MetLate,
            "missed" => OutcomeKind::Missed,
            _ => OutcomeKind::Excused,
        });
        (self.class(&kind), letter(kind))
    }
    fn is_hosters(&self) -> bool {
        self.report.edition() == Edition::Hoster
    }
    fn verdict(&self) -> &'static str {
        match self.report.kept() {
            Kept::Kept => "kept",
            Kept::Broken => "broken",
            Kept::SoFar | Kept::NothingOwed => "open",
        }
    }
    fn bytes(&self) -> String {
        DecimalBytes(self.report.traffic_bytes).to_string()
    }
    fn bytes_exact(&self) -> String {
        HumanCount(self.report.traffic_bytes).to_string()
    }
    fn lines_left(&self) -> usize {
        self.report.lines.len().saturating_sub(LINES_MAX)
    }
    fn days_left(&self) -> usize {
        self.report.days.len().saturating_sub(DAYS_MAX)
    }
}

/// `3 d 1 h`, `1 h 5 min`, `40 s`: the two largest units.
pub(super) fn span(secs: &u64) -> String {
    let parts = [
        (secs / 86_400, "d"),
        (secs / 3_600 % 24, "h"),
        (secs / 60 % 60, "min"),
        (secs % 60, "s"),
    ];
    let first = parts.iter().position(|(count, _)| *count > 0).unwrap_or(3);
    let shown = parts.iter().skip(first).take(2).filter(|(count, _)| *count > 0);
    let text: Vec<String> = shown.map(|(count, unit)| format!("{count} {unit}")).collect();
    if text.is_empty() {
        "0 s".to_owned()
    } else {
        text.join(" ")
    }
}

/// The page.
///
/// # Errors
/// The template's; writing to memory does not fail.
pub fn html(report: &Report, shown: &Shown) -> Result<String, askama::Error> {
    Page {
        report,
        shown,
        percent_words: PERCENT_WORDS,
        traffic_words: TRAFFIC_WORDS,
        letters_words: LETTERS_WORDS,
    }
    .render()
}
