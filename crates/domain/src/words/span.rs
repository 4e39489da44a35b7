//! Lengths of time and counts in words.

/// A length of time by its two largest units: `3 minutes 10 seconds`, `1 day`, `2 hours 5 minutes`. Rounded down, never up.
#[must_use]
pub fn span(secs: u64) -> String {
    const UNITS: [(u64, &str, &str); 4] = [
        (86_400, "day", "days"),
        (3_600, "hour", "hours"),
        (60, "minute", "minutes"),
        (1, "second", "seconds"),
    ];
    let largest = UNITS.iter().position(|(size, ..)| secs >= *size).unwrap_or(3);
    let (size, one, many) = UNITS[largest];
    let first = count(secs / size, one, many);
    match UNITS.get(largest + 1) {
        Some((small, one, many)) if secs % size >= *small => {
            format!("{first} {}", count(secs % size / small, one, many))
        }
        _ => first,
    }
}

/// A number with its noun: `1 replica`, `140 replicas`.
#[must_use]
pub fn count(n: u64, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// Things listed for reading: `a`, `a and b`, `a, b and c`.
#[must_use]
pub fn list(all: &[String]) -> String {
    match all {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_is_told_by_its_two_largest_units() {
        let cases = [
            (0, "0 seconds"),
            (1, "1 second"),
            (60, "1 minute"),
            (190, "3 minutes 10 seconds"),
            (3_600, "1 hour"),
            (3_659, "1 hour"),
            (7_500, "2 hours 5 minutes"),
            (86_400, "1 day"),
            (180_059, "2 days 2 hours"),
        ];
        for (secs, words) in cases {
            assert_eq!(span(secs), words);
        }
    }

    #[test]
    fn lists_read_as_a_person_would_write_them() {
        let all = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(list(&all[..0]), "");
        assert_eq!(list(&all[..1]), "a");
        assert_eq!(list(&all[..2]), "a and b");
        assert_eq!(list(&all), "a, b and c");
    }
}
