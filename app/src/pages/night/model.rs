//! What the night's chart and causes come to. Pure.

use crate::axis::Axis;
use crate::format;
use chrono::{DateTime, Utc};
use console::{Cause, NightView};

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

/// How long a cause holds: one span, or shortest to longest.
pub fn since(as_of: DateTime<Utc>, cause: &Cause) -> String {
    let (short, long) = (
        format::age(as_of, cause.since_newest),
        format::age(as_of, cause.since_oldest),
    );
    if short == long {
        long
    } else {
        format!("{short} – {long}")
    }
}

/// Where: names while they are few.
pub fn places(hosts: &[String]) -> String {
    match hosts {
        [] => "—".to_owned(),
        [_] | [_, _] => hosts.join(", "),
        many => format!("{} hosts", many.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_hosts_are_named_and_many_are_counted() {
        let hosts = |n: usize| (1..=n).map(|i| format!("hv-{i}")).collect::<Vec<_>>();
        assert_eq!(
            [places(&hosts(0)), places(&hosts(2)), places(&hosts(3))],
            ["—", "hv-1, hv-2", "3 hosts"]
        );
    }
}
