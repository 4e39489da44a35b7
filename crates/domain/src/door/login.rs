//! What somebody logs in as.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A log-in name or an e-mail address, in lower case: `Ada@Contoso.example` and `ada@contoso.example` are one.
///
/// ASCII only: letters that merely look alike would be two people.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LoginName(String);

/// The longest log-in name, in bytes: the longest address that mail can carry.
pub const LOGIN_BYTES_MAX: usize = 254;
const LOGIN_BYTES_MIN: usize = 3;

/// A text that is no log-in name. What was given is not repeated: people type passwords into the wrong field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a log-in name has {LOGIN_BYTES_MIN} to {LOGIN_BYTES_MAX} letters, digits and . _ - +, begins with a letter or digit, and may be an e-mail address"
)]
pub struct InvalidLoginName;

impl LoginName {
    /// In lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for LoginName {
    type Err = InvalidLoginName;
    fn from_str(text: &str) -> Result<Self, InvalidLoginName> {
        // Before anything is copied: the text may be a megabyte.
        if text.len() > LOGIN_BYTES_MAX + 64 {
            return Err(InvalidLoginName);
        }
        let name = text.trim().to_ascii_lowercase();
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'+');
        let part = |part: &str| {
            part.bytes().all(plain)
                && part.starts_with(|c: char| c.is_ascii_alphanumeric())
                && !part.ends_with('.')
                && !part.contains("..")
        };
        let good = match name.split_once('@') {
            None => part(&name),
            Some((user, domain)) => {
                part(user) && part(domain) && domain.bytes().all(|b| !matches!(b, b'_' | b'+'))
            }
        };
        if good && (LOGIN_BYTES_MIN..=LOGIN_BYTES_MAX).contains(&name.len()) {
            Ok(Self(name))
        } else {
            Err(InvalidLoginName)
        }
    }
}

impl fmt::Display for LoginName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for LoginName {
    type Error = InvalidLoginName;
    fn try_from(text: String) -> Result<Self, InvalidLoginName> {
        text.parse()
    }
}

impl From<LoginName> for String {
    fn from(name: LoginName) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_and_addresses_are_folded() {
        for (given, kept) in [
            ("ada", "ada"),
            (
                " Ada.Lovelace+night@Contoso.Example ",
                "ada.lovelace+night@contoso.example",
            ),
            ("OPS-1", "ops-1"),
        ] {
            assert_eq!(given.parse::<LoginName>().unwrap().as_str(), kept);
        }
    }

    #[test]
    fn what_is_no_name_is_refused_whatever_its_length() {
        let long = "a".repeat(LOGIN_BYTES_MAX + 1);
        let huge = "a".repeat(1 << 20);
        for bad in [
            "",
            "ab",
            "a b",
            "ada@",
            "@contoso",
            "a@b@c",
            ".ada",
            "ada.",
            "a..b",
            "ad\u{430}",
            "ada\0x",
            "a@x_y.example",
            &long,
            &huge,
        ] {
            assert!(bad.parse::<LoginName>().is_err() || bad == "{bad:?}");
        }
        assert!("a".repeat(LOGIN_BYTES_MAX).parse::<LoginName>().is_ok());
    }

    proptest! {
        #[test]
        fn a_name_is_its_own_name(text in "\\PC{0,40}|[a-zA-Z0-9.@_+-]{0,40}") {
            if let Ok(name) = text.parse::<LoginName>() {
                prop_assert_eq!(name.as_str().parse::<LoginName>().unwrap(), name.clone());
                prop_assert_eq!(text.to_ascii_uppercase().parse::<LoginName>().unwrap(), name);
            }
        }
    }
}
