//! `Range` and `If-Range` of one file (RFC 9110 section 14): one range of bytes, or the whole.

use std::ops::Range;

/// What is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// 200
    Whole,
    /// 206
    Part(Range<u64>),
    /// 416
    Nothing,
}

/// `if_range` is the tag that the reader has the beginning of; of another file the whole is sent. What is no range of bytes, and several at
/// once, are answered with the whole, as the standard allows.
#[must_use]
pub fn asked(range: Option<&str>, if_range: Option<&str>, etag: &str, file_bytes: u64) -> Asked {
    if if_range.is_some_and(|tag| tag.trim() != etag) {
        return Asked::Whole;
    }
    let Some(spec) = range.and_then(|range| range.trim().strip_prefix("bytes=")) else {
        return Asked::Whole;
    };
    let Some((first, last)) = spec.trim().split_once('-') else {
        return Asked::Whole;
    };
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| text.parse::<u64>().unwrap_or(u64::MAX))
    };
    let part = match (number(first), number(last)) {
        (Some(first), Some(last)) if last < first => return Asked::Whole,
        (Some(first), Some(last)) => first..last.saturating_add(1).min(file_bytes),
        (Some(first), None) if last.is_empty() => first..file_bytes,
        (None, Some(suffix)) if first.is_empty() => file_bytes.saturating_sub(suffix)..file_bytes,
        _ => return Asked::Whole,
    };
    if part.is_empty() {
        Asked::Nothing
    } else {
        Asked::Part(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        let of = |range: &str| asked(Some(range), None, "\"a\"", 1_000);
        assert_eq!(of("bytes=0-499"), Asked::Part(0..500));
        assert_eq!(of("bytes=500-"), Asked::Part(500..1_000));
        assert_eq!(of("bytes=-200"), Asked::Part(800..1_000));
        assert_eq!(of("bytes=-5000"), Asked::Part(0..1_000));
        assert_eq!(of("bytes=900-5000"), Asked::Part(900..1_000));
        for nothing in [
            "bytes=1000-",
            "bytes=1000-1001",
            "bytes=-0",
            "bytes=99999999999999999999999-",
        ] {
            assert_eq!(of(nothing), Asked::Nothing, "{nothing}");
        }
        for whole in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=5-1",
            "bytes=0-1,4-5",
            "items=0-1",
            "bytes=a-b",
            "bytes=+1-2",
        ] {
            assert_eq!(of(whole), Asked::Whole, "{whole}");
        }
    }

    #[test]
    fn a_part_of_another_file_is_never_sent() {
        let of = |tag| asked(Some("bytes=5-"), Some(tag), "\"a\"", 10);
        assert_eq!(of("\"a\""), Asked::Part(5..10));
        for other in ["\"b\"", "W/\"a\"", "a", "", "Sun, 06 Nov 1994 08:49:37 GMT"] {
            assert_eq!(of(other), Asked::Whole, "{other}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_asked_nothing_outside_of_the_file_is_sent(text in "(bytes=)?[0-9a-z,=-]{0,24}", size in 0_u64..5_000) {
            if let Asked::Part(part) = asked(Some(&text), None, "\"a\"", size) {
                prop_assert!(part.start < part.end && part.end <= size);
            }
        }
    }
}
