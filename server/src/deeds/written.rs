//! What people write: short, on one line, not empty.

use super::DeedError;

/// Longest reason or note.
pub(super) const REASON_CHARS_MAX: usize = 500;
/// Longest name of an author.
const AUTHOR_CHARS_MAX: usize = 120;

/// A reason or note, without the blanks around it.
pub(super) fn reason(field: &'static str, text: &str) -> Result<String, DeedError> {
    line(field, text, REASON_CHARS_MAX)
}

pub(super) fn author(text: &str) -> Result<String, DeedError> {
    line("author", text, AUTHOR_CHARS_MAX)
}

pub(super) fn line(field: &'static str, text: &str, chars_max: usize) -> Result<String, DeedError> {
    let text = text.trim();
    let count = text.chars().count();
    if count == 0 {
        return Err(DeedError::field(
            field,
            "is empty: it is read by whoever asks later, so say it in a few words",
        ));
    }
    if count > chars_max {
        return Err(DeedError::field(
            field,
            format!("has {count} characters; {chars_max} are allowed"),
        ));
    }
    if text.chars().any(char::is_control) {
        return Err(DeedError::field(
            field,
            "has to be one line without control characters",
        ));
    }
    Ok(text.to_owned())
}
