//! The short names of what blocks, as they stand in stores, policies and URLs.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// `B1`..`B8` of the Microsoft post, and the other states that block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Code {
    B1,
    B2,
    B3,
    B4,
    B5,
    B6,
    B7,
    B8,
    /// Busy elsewhere.
    BE,
    /// Not ready.
    NR,
    /// Unknown.
    UN,
}

/// A text that names no blocker.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no blocker's code: B1 to B8, BE (busy elsewhere), NR (not ready) or UN (unknown)")]
pub struct InvalidCode(pub String);

impl Code {
    /// All codes, in the order of their names.
    pub const ALL: [Self; 11] = [
        Self::B1,
        Self::B2,
        Self::B3,
        Self::B4,
        Self::B5,
        Self::B6,
        Self::B7,
        Self::B8,
        Self::BE,
        Self::NR,
        Self::UN,
    ];

    /// The code as text.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::B1 => "B1",
            Self::B2 => "B2",
            Self::B3 => "B3",
            Self::B4 => "B4",
            Self::B5 => "B5",
            Self::B6 => "B6",
            Self::B7 => "B7",
            Self::B8 => "B8",
            Self::BE => "BE",
            Self::NR => "NR",
            Self::UN => "UN",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Code {
    type Err = InvalidCode;
    fn from_str(text: &str) -> Result<Self, InvalidCode> {
        Self::ALL
            .into_iter()
            .find(|code| code.as_str() == text)
            .ok_or_else(|| InvalidCode(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_read_back_from_its_text() {
        for code in Code::ALL {
            assert_eq!(code.to_string().parse(), Ok(code));
            assert_eq!(serde_json_free(code), code.as_str());
        }
        assert_eq!("b1".parse::<Code>(), Err(InvalidCode("b1".to_owned())));
    }

    /// The variant's name is what serde writes.
    fn serde_json_free(code: Code) -> String {
        format!("{code:?}")
    }
}
