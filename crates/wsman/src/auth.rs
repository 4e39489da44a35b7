//! Authentication as a seam. A context belongs to one connection, since NTLM and Kerberos authenticate connections.

use crate::error::SetupError;
use crate::tls::VerifiedTls;
use base64::Engine as _;
use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use std::fmt;

/// Begins an authentication context on every new connection.
pub trait Authenticator: Send + Sync + fmt::Debug {
    /// A context for a connection whose certificate was verified. The token is the proof: there is no way to get
    /// one without a verified handshake, so credentials cannot be sent in the clear.
    fn begin(&self, channel: &VerifiedTls) -> Box<dyn AuthContext>;
}

/// One connection's authentication.
pub trait AuthContext: Send {
    /// The `Authorization` header of the next request. `challenge` holds the `WWW-Authenticate` values when the host has
    /// just answered 401; `None` then means that there is nothing better to offer.
    fn header(&mut self, challenge: Option<&[HeaderValue]>) -> Option<HeaderValue>;
}

/// User and password in every request.
pub struct Basic {
    header: HeaderValue,
}

impl Basic {
    /// # Errors
    /// [`SetupError::User`], [`SetupError::Password`] for what Basic cannot carry.
    pub fn new(user: &str, password: &SecretString) -> Result<Self, SetupError> {
        if user.is_empty() || user.contains(':') || user.chars().any(char::is_control) {
            return Err(SetupError::User {
                user: user.chars().take(80).collect(),
            });
        }
        let secret = password.expose_secret();
        if secret.is_empty() || secret.chars().any(char::is_control) {
            return Err(SetupError::Password);
        }
        let pair = SecretString::from(format!("{user}:{secret}"));
        let encoded = base64::engine::general_purpose::STANDARD.encode(pair.expose_secret());
        let value = SecretString::from(format!("Basic {encoded}"));
        let mut header = HeaderValue::from_str(value.expose_secret()).map_err(|_| SetupError::Password)?;
        header.set_sensitive(true);
        Ok(Self { header })
    }
}

impl fmt::Debug for Basic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Basic(..)")
    }
}

impl Authenticator for Basic {
    fn begin(&self, _channel: &VerifiedTls) -> Box<dyn AuthContext> {
        Box::new(BasicContext {
            header: self.header.clone(),
        })
    }
}

struct BasicContext {
    header: HeaderValue,
}

impl AuthContext for BasicContext {
    fn header(&mut self, challenge: Option<&[HeaderValue]>) -> Option<HeaderValue> {
        // The password was in the request already: asking again is a no.
        challenge.is_none().then(|| self.header.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_that_basic_cannot_carry_are_refused() {
        let password = SecretString::from("secret");
        assert!(Basic::new("user", &password).is_ok());
        assert!(matches!(
            Basic::new("us:er", &password),
            Err(SetupError::User { .. })
        ));
        assert!(matches!(Basic::new("", &password), Err(SetupError::User { .. })));
        assert!(matches!(
            Basic::new("user", &SecretString::from("")),
            Err(SetupError::Password)
        ));
        assert!(matches!(
            Basic::new("user", &SecretString::from("a\r\nb")),
            Err(SetupError::Password)
        ));
    }

    #[test]
    fn the_password_is_never_printed() {
        let basic = Basic::new("user", &SecretString::from("hunter2")).unwrap();
        assert!(!format!("{basic:?} {:?}", basic.header).contains("aHVudGVyMg"));
        assert!(!format!("{:?}", basic.header).contains("Basic "));
    }
}
