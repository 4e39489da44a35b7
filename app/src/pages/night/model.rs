//! What the night's chart and forecast come to. Pure.

use crate::axis::Axis;
use crate::format;
use console::NightView;

/// The line of open obligations as SVG paths over a 1000 x 100 box.
pub struct Lines {
    pub line: String,
    pub area: String,
}

/// The chart's axis: the night's window, longer when the night is over; where nothing was known before the second half of
/// the window, it begins with what is known.
pub fn axis(night: &NightView) -> Axis {
    let to = night.due.max(night.as_of);
    let first = night.open_over_time.first().map_or(night.opens, |p| p.at);
    let late = (first - night.opens) * 2 > to - night.opens;
    Axis {
        from: if late { first } else { night.opens },
        to,
    }
}

/// A falling staircase from the open of the window to now.
pub fn lines(night: &NightView) -> Option<Lines> {
    let axis = axis(night);
    let top = top(night)?;
    let y = |open: u64| format!("{}", 100.0 - (open * 1000 / top) as f64 / 10.0);
    let x = |at| format!("{:.1}", axis.at(at) * 10.0);
    let first = night.open_over_time.first()?;
    let mut line = format!("M{} {}", x(first.at), y(first.open));
    for point in night.open_over_time.iter().skip(1) {
        line.push_str(&format!("H{}V{}", x(point.at), y(point.open)));
    }
    line.push_str(&format!("H{}", x(night.as_of)));
    let area = format!("{line}V100H{}Z", x(first.at));
    Some(Lines { line, area })
}

/// The frontier ahead: how many may still be open after each due time, as a falling staircase from now.
pub fn frontier(night: &NightView) -> Option<String> {
    let axis = axis(night);
    let top = top(night)?;
    let y = |open: u64| format!("{}", 100.0 - (open.min(top) * 1000 / top) as f64 / 10.0);
    let x = |at| format!("{:.1}", axis.at(at) * 10.0);
    let first = night.pace.may_be_open.first()?;
    let mut line = format!("M{} {}", x(night.as_of), y(night.owed.open));
    line.push_str(&format!("H{}", x(first.at)));
    for step in &night.pace.may_be_open {
        line.push_str(&format!("H{}V{}", x(step.at), y(step.open)));
    }
    Some(line)
}

/// The chart's upper edge: all that is owed, or the most that ever was open.
pub fn top(night: &NightView) -> Option<u64> {
    let most = night.open_over_time.iter().map(|p| p.open).max()?;
    Some(night.owed.total.max(most).max(1))
}

/// `61 met in the last hour, 42 an hour needed`.
pub fn pace(night: &NightView) -> String {
    let met = format!("{} met in the last hour", format::count(night.pace.last_hour));
    match night.pace.needed_per_hour {
        Some(needed) => format!("{met}, {} an hour needed", format::count(needed)),
        None => met,
    }
}

/// The chance to be met in whole percent, never rounded to a certainty.
pub fn chance(missed_bp: u16) -> String {
    match 10_000 - u32::from(missed_bp.min(10_000)) {
        0..=99 => "under 1 %".to_owned(),
        met => format!("{} %", (met / 100).min(99)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chance_is_never_told_as_a_certainty() {
        assert_eq!(
            [0, 50, 5_600, 9_950, 10_000].map(chance),
            ["99 %", "99 %", "44 %", "under 1 %", "under 1 %"]
        );
    }
}
