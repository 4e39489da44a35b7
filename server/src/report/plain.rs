//! Text that others wrote, made harmless once for all forms.

use std::fmt;

/// One line without control characters and without marks that turn the direction of what follows. What a form needs beside
/// (escapes, quotes, guards) is the form's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plain(String);

impl Plain {
    #[must_use]
    pub fn of(text: &str) -> Self {
        let kept = text.chars().filter(|c| !turns(*c));
        Self(
            kept.map(|c| {
                if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') {
                    ' '
                } else {
                    c
                }
            })
            .collect(),
        )
    }
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Direction marks, embeddings, overrides, isolates and the marks of no width.
fn turns(c: char) -> bool {
    matches!(c, '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}
