//! How much the night asks of the slots, and how attempts and slots are sized so that they are 70 to 90 % used.

use crate::{Ms, Span};

/// Work that has to be done within a window.
#[derive(Debug, Clone, Copy)]
pub struct Work {
    pub window: Span,
    pub length: Ms,
}

/// The largest share of `slots` that any stretch of the night asks for: work whose whole window lies in the stretch,
/// over what the slots can do in it. At more than 1 nobody could do all of it.
pub fn busiest(works: &[Work], slots: u32) -> f64 {
    let mut opens: Vec<Ms> = works.iter().map(|w| w.window.from).collect();
    opens.sort_unstable();
    opens.dedup();
    let mut by_due: Vec<&Work> = works.iter().collect();
    by_due.sort_unstable_by_key(|w| w.window.to);
    let mut most = 0.0_f64;
    for open in opens {
        let mut sum: Ms = 0;
        for work in by_due.iter().filter(|w| w.window.from >= open) {
            sum += work.length;
            let room = (work.window.to - open) as f64 * f64::from(slots);
            most = most.max(sum as f64 / room);
        }
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busiest_stretch_may_be_a_part_of_the_night() {
        let work = |from, to, length| Work {
            window: Span { from, to },
            length,
        };
        assert!((busiest(&[work(0, 100, 50), work(0, 100, 50)], 2) - 0.5).abs() < 1e-9);
        assert!((busiest(&[work(0, 100, 10), work(40, 60, 15)], 1) - 0.75).abs() < 1e-9);
    }
}
