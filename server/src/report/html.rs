//! The report as a page that prints: no script, nothing from elsewhere, its style inline under the caller's nonce.

use super::{PERCENT_WORDS, Report, TRAFFIC_WORDS, percent};
use askama::Template;
use domain::sla::Ratio;

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    report: &'a Report,
    nonce: &'a str,
    percent_words: &'static str,
    traffic_words: &'static str,
}

impl Page<'_> {
    /// Askama hands references over; a share is small enough for both.
    fn percent(&self, ratio: &Ratio) -> String {
        percent(*ratio)
    }
}

/// The page. `nonce` is the content security policy's of this answer.
///
/// # Errors
/// The template's; writing to memory does not fail.
pub fn html(report: &Report, nonce: &str) -> Result<String, askama::Error> {
    Page {
        report,
        nonce,
        percent_words: PERCENT_WORDS,
        traffic_words: TRAFFIC_WORDS,
    }
    .render()
}
