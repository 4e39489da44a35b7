//! What the night's chart and causes come to. Pure.

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
    let top = night
        .counts
        .total
        .max(night.open_over_time.iter().map(|p| p.open).max()?)
        .max(1);
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

/// What is left beside what an attempt takes: `4 h 06 min`, `20 min too late`.
pub fn slack(secs: i64) -> String {
    if secs < 0 {
        format!("{} too late", format::span(-secs))
    } else {
        format::span(secs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slack_that_is_used_up_is_told_in_words() {
        assert_eq!([slack(14_760), slack(-1_200)], ["4 h 06 min", "20 min too late"]);
    }
}
