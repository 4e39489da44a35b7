//! The signature of a message: HMAC-SHA256 over the time and the body, so that neither can be changed or sent again later.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::fmt::Write as _;

/// `t=<seconds since 1970>,v1=<hex of HMAC-SHA256(secret, "<t>.<body>")>`.
pub fn signature(secret: &[u8], unix_secs: i64, body: &[u8]) -> String {
    let mut text = format!("t={unix_secs},v1=");
    // A key of any length is fine: longer ones are hashed first.
    if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) {
        mac.update(unix_secs.to_string().as_bytes());
        mac.update(b".");
        mac.update(body);
        for byte in mac.finalize().into_bytes() {
            let _ = write!(text, "{byte:02x}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with `printf '1800000000.{"kind":"test"}' | openssl dgst -sha256 -hmac 0123456789abcdef`.
    #[test]
    fn it_is_what_openssl_makes() {
        let expected = "f8af951d463bcdaa15be036eb7f3e6f2f77fa83cbbced499a2471dfa7ffffee4";
        let text = signature(b"0123456789abcdef", 1_800_000_000, br#"{"kind":"test"}"#);
        assert_eq!(text, format!("t=1800000000,v1={expected}"));
    }
}
