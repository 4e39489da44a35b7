//! The last days as cells: the marks' language in a row.

use super::{mark_class, mark_word};
use console::{DayMark, Mark};
use leptos::prelude::*;

const STEP: usize = 8;
const HEIGHT: usize = 16;

/// One cell per day, oldest left; a day that owed nothing is a short dash.
pub fn strip(days: &[DayMark]) -> AnyView {
    let width = days.len() * STEP;
    let label = summary(days);
    let cells = days
        .iter()
        .enumerate()
        .map(|(i, day)| cell(i * STEP, *day))
        .collect_view();
    view! {
        <svg class="strip" width=width height=HEIGHT viewBox=format!("0 0 {width} {HEIGHT}") role="img" aria-label=label>{cells}</svg>
    }
    .into_any()
}

/// The strip in words: `26 of 28 days met, 1 missed`.
fn summary(days: &[DayMark]) -> String {
    let count = |mark: Mark| days.iter().filter(|d| d.mark == Some(mark)).count();
    let owed = days
        .iter()
        .filter(|d| d.mark.is_some_and(|m| m != Mark::Open))
        .count();
    let mut text = format!("{} of {owed} days met", count(Mark::Met));
    for mark in [Mark::Late, Mark::Missed, Mark::Excused, Mark::Unknown] {
        let n = count(mark);
        if n > 0 {
            text.push_str(&format!(", {n} {}", mark_word(mark)));
        }
    }
    text
}

fn cell(x: usize, day: DayMark) -> AnyView {
    let x = x as f64 + 0.5;
    let Some(mark) = day.mark else {
        return view! { <path class="cell none" d=format!("M{} 15h4", x + 1.0)/> }.into_any();
    };
    let title = format!("{} {}", day.day.format("%-d %b"), mark_word(mark));
    let class = format!("cell {}", mark_class(mark));
    let shape = match mark {
        Mark::Met => view! { <rect x=x y=".5" width="6" height="15" rx="1" class="fill"/> }.into_any(),
        Mark::Late | Mark::Running => view! {
            <rect x=x y=".5" width="6" height="15" rx="1" class="ground"/>
            <rect x=x y="8" width="6" height="7.5" rx="1" class="fill"/>
        }
        .into_any(),
        Mark::Missed => view! {
            <rect x=x y=".5" width="6" height="15" rx="1" class="ground"/>
            <path d=format!("M{} 5.5l4 4m0 -4l-4 4", x + 1.0) class="cross"/>
        }
        .into_any(),
        Mark::Excused => {
            view! { <rect x=x + 0.5 y="1" width="5" height="14" rx="1" class="ring"/> }.into_any()
        }
        Mark::Unknown => view! {
            <path d=format!("M{x} 5l4 -4M{x} 10l6 -6M{x} 15l6 -6M{} 15l4 -4", x + 2.0) class="ring"/>
        }
        .into_any(),
        Mark::Open => {
            view! { <rect x=x + 0.5 y="1" width="5" height="14" rx="1" class="ring dash"/> }.into_any()
        }
    };
    view! { <g class=class><title>{title}</title>{shape}</g> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strip_says_in_words_what_it_shows() {
        let day = |mark| DayMark {
            day: chrono::NaiveDate::default(),
            mark,
        };
        let days = [
            None,
            Some(Mark::Met),
            Some(Mark::Met),
            Some(Mark::Missed),
            Some(Mark::Open),
        ]
        .map(day);
        assert_eq!(summary(&days), "2 of 3 days met, 1 missed");
    }
}
