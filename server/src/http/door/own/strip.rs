//! Marks and bars as pictures. Shape and colour say the same; every bar has its words.

use crate::own::Bar;
use ::console::Mark;
use domain::obligation::OutcomeKind;
use std::fmt::Write as _;

/// Width of a day with the gap after it, and height, in pixels.
const STEP: usize = 4;
const HEIGHT: usize = 16;

/// What a day came to, in a word.
pub(super) fn word(kind: Option<OutcomeKind>) -> &'static str {
    match kind {
        Some(OutcomeKind::Met) => "met",
        Some(OutcomeKind::MetLate) => "met late",
        Some(OutcomeKind::Missed) => "missed",
        Some(OutcomeKind::Excused) => "excused",
        Some(OutcomeKind::Open) => "not over yet",
        Some(OutcomeKind::Excluded) => "not counted",
        None => "nothing owed",
    }
}

pub(super) fn mark_of(kind: OutcomeKind) -> Mark {
    match kind {
        OutcomeKind::Open => Mark::Open,
        OutcomeKind::Met => Mark::Met,
        OutcomeKind::MetLate => Mark::Late,
        OutcomeKind::Missed => Mark::Missed,
        OutcomeKind::Excused | OutcomeKind::Excluded => Mark::Excused,
    }
}

/// Full for met, the lower half for late, cut in two for missed, a ring for excused, dashed for open, a dash where nothing was owed.
pub(super) fn bars(bars: &[Bar], label: &str) -> String {
    let width = bars.len() * STEP;
    let mut svg = format!(
        r#"<svg class="strip" preserveAspectRatio="none" viewBox="0 0 {width} {HEIGHT}" role="img" aria-label="{label}">"#
    );
    for (n, bar) in bars.iter().enumerate() {
        let x = n * STEP;
        let (class, shape) = match bar.kind {
            Some(OutcomeKind::Met) => (
                "met",
                format!(r#"<rect class="fill" x="{x}" y="0.5" width="3" height="15"/>"#),
            ),
            Some(OutcomeKind::MetLate) => (
                "late",
                format!(
                    r#"<rect class="ground" x="{x}" y="0.5" width="3" height="7.5"/><rect class="fill" x="{x}" y="8" width="3" height="7.5"/>"#
                ),
            ),
            Some(OutcomeKind::Missed) => (
                "missed",
                format!(
                    r#"<rect class="solid" x="{x}" y="0.5" width="3" height="5"/><rect class="solid" x="{x}" y="10.5" width="3" height="5"/>"#
                ),
            ),
            Some(OutcomeKind::Excused) => (
                "excused",
                format!(r#"<rect class="ring" x="{x}.5" y="1" width="2" height="14"/>"#),
            ),
            Some(OutcomeKind::Open) => (
                "open",
                format!(r#"<rect class="ring dash" x="{x}.5" y="1" width="2" height="14"/>"#),
            ),
            Some(OutcomeKind::Excluded) | None => (
                "none",
                format!(r#"<rect class="ring" x="{x}" y="13" width="3" height="2"/>"#),
            ),
        };
        let (day, word) = (bar.day, word(bar.kind));
        let _ = write!(
            svg,
            r#"<g class="cell {class}"><title>{day} {word}</title>{shape}</g>"#
        );
    }
    svg += "</svg>";
    svg
}

/// A mark, 10 px.
pub(super) fn mark(mark: Mark) -> String {
    let (class, shape) = match mark {
        Mark::Met => ("met", r#"<circle cx="5" cy="5" r="5" class="fill"/>"#),
        Mark::Late => (
            "late",
            r#"<circle cx="5" cy="5" r="4.25" class="ring"/><path d="M5 .75a4.25 4.25 0 0 1 0 8.5z" class="fill"/>"#,
        ),
        Mark::Missed => (
            "missed",
            r#"<path d="M1.2 1.2l7.6 7.6M8.8 1.2l-7.6 7.6" class="cross"/>"#,
        ),
        Mark::Excused => ("excused", r#"<circle cx="5" cy="5" r="4.1" class="ring"/>"#),
        Mark::Running => (
            "running",
            r#"<circle cx="5" cy="5" r="4.25" class="ring dash"/><circle cx="5" cy="5" r="1.6" class="fill"/>"#,
        ),
        Mark::Unknown => (
            "unknown",
            r#"<rect x=".6" y=".6" width="8.8" height="8.8" rx="1.6" class="ring thin"/><path d="M1.2 5.6L5.6 1.2M1.6 8.8L8.8 1.6M4.6 9L9 4.6" class="ring thin"/>"#,
        ),
        Mark::Open => ("open", r#"<circle cx="5" cy="5" r="4.25" class="ring dash"/>"#),
    };
    format!(
        r#"<svg class="mark {class}" viewBox="0 0 10 10" width="10" height="10" aria-hidden="true">{shape}</svg>"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_has_its_own_shape_and_its_words() {
        let kinds = [
            Some(OutcomeKind::Met),
            Some(OutcomeKind::MetLate),
            Some(OutcomeKind::Missed),
            Some(OutcomeKind::Excused),
            Some(OutcomeKind::Open),
            None,
        ];
        let day = chrono::NaiveDate::MIN;
        let shapes: std::collections::BTreeSet<String> = kinds
            .into_iter()
            .map(|kind| {
                let svg = bars(&[Bar { day, kind }], "");
                assert!(svg.contains(word(kind)), "{svg}");
                let shape = svg.split("</title>").nth(1).unwrap();
                // Without its colour.
                shape.replace("solid", "fill").to_owned()
            })
            .collect();
        assert_eq!(shapes.len(), kinds.len());
    }
}
