//! Recovery codes: for the day the phone is gone. Ten, each good once.

use super::hash::{SecretHash, SecretKind};
use std::fmt;
use std::str::FromStr;

/// How many are given at a time; a new set ends the old one.
pub const RECOVERY_CODES: usize = 10;
/// Random bytes that a code is made of.
pub const RECOVERY_BYTES: usize = 7;
const SYMBOLS: usize = 10;
/// Crockford's alphabet: nothing in it is taken for something else.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A code, `7K3QX-0M9TZ`: 50 bits of chance. Never printed by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryCode([u8; SYMBOLS]);

/// What was typed is no recovery code. It is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a recovery code has {SYMBOLS} letters and digits, such as 7K3QX-0M9TZ")]
pub struct InvalidRecoveryCode;

impl RecoveryCode {
    /// From random bytes; the last six bits are not used.
    #[must_use]
    pub fn from_random(bytes: [u8; RECOVERY_BYTES]) -> Self {
        let number = bytes
            .iter()
            .fold(0_u64, |number, byte| number << 8 | u64::from(*byte))
            >> 6;
        let mut symbols = [0; SYMBOLS];
        for (place, symbol) in symbols.iter_mut().enumerate() {
            *symbol = ALPHABET[(number >> (5 * (SYMBOLS - 1 - place)) & 31) as usize];
        }
        Self(symbols)
    }
    /// What is stored: under a key of the server's, since 50 bits alone could be tried out.
    #[must_use]
    pub fn hash(&self, pepper: &[u8; 32]) -> SecretHash {
        let mut text = pepper.to_vec();
        text.extend_from_slice(&self.0);
        SecretHash::of(SecretKind::RecoveryCode, &text)
    }
}

impl FromStr for RecoveryCode {
    type Err = InvalidRecoveryCode;
    /// Forgives case, hyphens, spaces and the letters that look like digits.
    fn from_str(text: &str) -> Result<Self, InvalidRecoveryCode> {
        if text.len() > 4 * SYMBOLS {
            return Err(InvalidRecoveryCode);
        }
        let read = text
            .bytes()
            .filter(|b| !matches!(b, b'-' | b' '))
            .map(|b| match b.to_ascii_uppercase() {
                b'O' => b'0',
                b'I' | b'L' => b'1',
                other => other,
            });
        let symbols: Vec<u8> = read.collect();
        if !symbols.iter().all(|symbol| ALPHABET.contains(symbol)) {
            return Err(InvalidRecoveryCode);
        }
        symbols.try_into().map(Self).map_err(|_| InvalidRecoveryCode)
    }
}

/// For the one page that shows it.
impl fmt::Display for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, symbol) in self.0.iter().enumerate() {
            let gap = if place == SYMBOLS / 2 { "-" } else { "" };
            write!(f, "{gap}{}", char::from(*symbol))?;
        }
        Ok(())
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_code_is_read_as_people_type_it(bytes in any::<[u8; RECOVERY_BYTES]>()) {
            let code = RecoveryCode::from_random(bytes);
            let shown = code.to_string();
            prop_assert_eq!(shown.len(), 11);
            let typed = shown.to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l");
            prop_assert_eq!(typed.parse::<RecoveryCode>().unwrap(), code.clone());
            prop_assert_eq!(shown.parse::<RecoveryCode>().unwrap(), code);
        }

        #[test]
        fn nothing_that_is_typed_is_more_than_refused(text in "\\PC{0,60}") {
            if let Ok(code) = text.parse::<RecoveryCode>() {
                prop_assert_eq!(code.to_string().len(), 11);
            }
        }
    }

    #[test]
    fn every_bit_that_counts_shows_and_a_hash_needs_the_pepper() {
        let (zero, full) = (
            RecoveryCode::from_random([0; 7]),
            RecoveryCode::from_random([255; 7]),
        );
        assert_eq!(
            (zero.to_string().as_str(), full.to_string().as_str()),
            ("00000-00000", "ZZZZZ-ZZZZZ")
        );
        assert_ne!(zero.hash(&[1; 32]), zero.hash(&[2; 32]));
        assert_ne!(zero.hash(&[1; 32]), full.hash(&[1; 32]));
        assert_eq!(format!("{zero:?}"), "RecoveryCode(..)");
        assert!("0000-U0000-0".parse::<RecoveryCode>().is_err());
        assert!("0".repeat(9).parse::<RecoveryCode>().is_err());
    }
}
