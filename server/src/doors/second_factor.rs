//! The second factor: codes of an authenticator (RFC 6238: SHA-1, 6 digits, 30 s, which is what authenticators take) and recovery codes.

use super::log_in::{Comer, Given, Let};
use super::secret::Secret;
use super::trail::Line;
use super::{BEFORE, DoorFault, Doors};
use domain::door::hash::SecretKind;
use domain::door::recovery::RecoveryCode;
use domain::door::session::SessionStage;
use domain::door::totp::{STEP_SECS, TotpStep, open_steps};
use store::people::{Person, Totp as StoredTotp};
use store::traits::StoreError;
use totp_rs::{Builder, Totp};

/// As authenticators show it.
pub(super) const ISSUER: &str = "Stillpoint";
pub(super) const SECRET_BYTES: usize = 20;
const DIGITS: usize = 6;

/// The authenticator of a secret.
pub(super) fn authenticator(person: &Person, secret: &[u8]) -> Result<Totp, DoorFault> {
    Builder::new()
        .with_secret(secret.to_vec())
        .with_account_name(person.login.as_str().replace(':', "_"))
        .with_issuer(Some(ISSUER))
        .build()
        .map_err(|error| {
            tracing::error!(%error, person = %person.id, "an authenticator cannot be set up");
            DoorFault::Failed
        })
}

impl Doors {
    /// The code after the password. The session of the cookie goes on under a new secret.
    ///
    /// # Errors
    /// [`DoorFault::Over`] without a session at that stage, [`DoorFault::WrongCode`], [`DoorFault::Wait`]; the store failed.
    pub async fn second_factor(&self, comer: &Comer, cookie: &str, code: &str) -> Result<Given, DoorFault> {
        let (session, person) = self.session(cookie).await?.ok_or(DoorFault::Over)?;
        let from = Secret::brought(cookie).ok_or(DoorFault::Over)?;
        if session.stage != SessionStage::SecondFactor {
            return Err(DoorFault::Over);
        }
        let attempt = self.counted(comer, &person.login).await?;
        if !self.proven(&person, code).await? {
            self.refused(&person, comer).await?;
            return Err(DoorFault::WrongCode);
        }
        // This try, and that of the password before it.
        for _ in 0..2 {
            self.store.log_in_forgive(&BEFORE, &attempt).await?;
        }
        self.tell(Line::own(&person, comer.address, "session.open"))
            .await?;
        let secret = Secret::drawn();
        let (from, to) = (from.hash(SecretKind::Session), secret.hash(SecretKind::Session));
        let now = self.now();
        self.store
            .session_rotate(&BEFORE, session.id, &from, &to, SessionStage::Open, now)
            .await
            .map_err(|error| match error {
                StoreError::Conflict { .. } | StoreError::NotFound { .. } => DoorFault::Over,
                error => error.into(),
            })?;
        let device = self.remembered(&person, comer).await?;
        Ok(Given {
            session: secret,
            device: Some(device),
            what: Let::In,
        })
    }

    /// Whether it is a code of theirs that was not used before; it is used up with that.
    pub(super) async fn proven(&self, person: &Person, code: &str) -> Result<bool, DoorFault> {
        let typed: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        if typed.len() == DIGITS && typed.bytes().all(|b| b.is_ascii_digit()) {
            let credentials = self.store.credentials(&BEFORE, &person.login).await?;
            let Some(totp) = credentials.and_then(|found| found.totp) else {
                return Ok(false);
            };
            return self.used(person, &totp, &typed).await;
        }
        let Ok(code) = code.parse::<RecoveryCode>() else {
            return Ok(false);
        };
        let hash = code.hash(self.key.pepper());
        used_up(
            self.store
                .recovery_use(&BEFORE, person.id, &hash, self.now())
                .await,
        )
    }

    /// Uses an authenticator's code up, if it is one of now.
    pub(super) async fn used(
        &self,
        person: &Person,
        totp: &StoredTotp,
        typed: &str,
    ) -> Result<bool, DoorFault> {
        match self.step_of(person, totp, typed)? {
            Some(step) => used_up(self.store.totp_use(&BEFORE, person.id, step).await),
            None => Ok(false),
        }
    }

    /// The open step whose code was typed.
    fn step_of(
        &self,
        person: &Person,
        totp: &StoredTotp,
        typed: &str,
    ) -> Result<Option<TotpStep>, DoorFault> {
        let secret = self.key.open(person.id, &totp.sealed)?;
        let authenticator = authenticator(person, &secret)?;
        let mut found = None;
        // All of them are compared, whichever it is.
        for step in open_steps(self.now(), totp.last) {
            let at = u64::try_from(step.0 * STEP_SECS).unwrap_or(0);
            if same(
                authenticator.generate(at).to_string().as_bytes(),
                typed.as_bytes(),
            ) && found.is_none()
            {
                found = Some(step);
            }
        }
        Ok(found)
    }
}

/// Compares all bytes, wherever they differ first.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |differs, (x, y)| differs | (x ^ y)) == 0
}

fn used_up(result: Result<(), StoreError>) -> Result<bool, DoorFault> {
    match result {
        Ok(()) => Ok(true),
        Err(StoreError::Conflict { .. } | StoreError::NotFound { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
