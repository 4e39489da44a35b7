//! Which passwords are taken. Length and no known one; no rules of composition, which only make people write them down.

use super::login::LoginName;

/// The fewest characters.
pub const PASSWORD_CHARS_MIN: usize = 12;
/// The most bytes: what is hashed is bounded, or a log-in is a way to keep the processor busy.
pub const PASSWORD_BYTES_MAX: usize = 512;
/// The fewest different characters.
const DIFFERENT_MIN: usize = 5;

/// Beginnings of what everybody tries first, in lower case, without what people put in between.
const KNOWN: [&str; 14] = [
    "password",
    "passwort",
    "letmein",
    "welcome",
    "qwerty",
    "qwertz",
    "administrator",
    "iloveyou",
    "changeme",
    "stillpoint",
    "123456789",
    "abcdefgh",
    "trustno1",
    "asdfghjkl",
];

/// Why a password is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    #[error(
        "a password has at least {PASSWORD_CHARS_MIN} characters; a few words are easier to keep than many signs"
    )]
    TooShort,
    #[error("a password has at most {PASSWORD_BYTES_MAX} bytes")]
    TooLong,
    #[error("a password has at least {DIFFERENT_MIN} different characters")]
    Monotonous,
    #[error("this password is among the first that everybody tries")]
    Known,
    #[error("a password does not contain the log-in name")]
    HoldsName,
}

/// Whether this may become the password of `login`. It is taken as typed: nothing is trimmed, folded or cut.
///
/// # Errors
/// The first reason against it.
pub fn check(login: &LoginName, password: &str) -> Result<(), WeakPassword> {
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(WeakPassword::TooLong);
    }
    if password.chars().count() < PASSWORD_CHARS_MIN {
        return Err(WeakPassword::TooShort);
    }
    let different: std::collections::BTreeSet<char> = password.chars().collect();
    if different.len() < DIFFERENT_MIN {
        return Err(WeakPassword::Monotonous);
    }
    let folded = password.to_lowercase();
    let name = login.as_str();
    let user = name.split('@').next().unwrap_or(name);
    if folded.contains(name) || (user.len() >= 4 && folded.contains(user)) {
        return Err(WeakPassword::HoldsName);
    }
    let bare: String = folded.chars().filter(char::is_ascii_alphanumeric).collect();
    // `Password-2026!` is the known one with a tail; a sentence that merely begins with it is longer.
    let known = |known: &&str| bare.strip_prefix(*known).is_some_and(|tail| tail.len() <= 6);
    if KNOWN.iter().any(known) {
        return Err(WeakPassword::Known);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_counts_and_composition_does_not() {
        let ada: LoginName = "ada.l@contoso.example".parse().unwrap();
        for (password, taken) in [
            ("correct horse battery", Ok(())),
            ("twelve chars", Ok(())),
            ("\u{1f511} schl\u{fc}ssel b\u{e4}r", Ok(())),
            ("eleven char", Err(WeakPassword::TooShort)),
            ("abababababababab", Err(WeakPassword::Monotonous)),
            ("Password-2026!", Err(WeakPassword::Known)),
            ("stillpoint-2026", Err(WeakPassword::Known)),
            ("my name is ADA.L you see", Err(WeakPassword::HoldsName)),
            ("password managers are for everyone", Ok(())),
        ] {
            assert_eq!(check(&ada, password), taken, "{password}");
        }
        assert_eq!(check(&ada, &"xyzuv".repeat(103)), Err(WeakPassword::TooLong));
        assert_eq!(check(&ada, &"xyzuv".repeat(102)), Ok(()));
    }
}
