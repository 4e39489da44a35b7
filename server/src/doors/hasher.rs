//! What people choose, hashed with Argon2id (RFC 9106), a few at a time: each takes memory on purpose.

use super::DoorFault;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use secrecy::{ExposeSecret as _, SecretString};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Semaphore;

/// Hashes at work at once.
const AT_ONCE: usize = 2;
/// Who waits for them at once; beyond it nobody gets in line.
const IN_LINE_MAX: usize = 64;

/// Costs, and the hash that a name without a person is compared with.
#[derive(Clone)]
pub struct Hasher {
    params: Params,
    slots: Arc<Semaphore>,
    line: Arc<Semaphore>,
    decoy: Arc<str>,
    worked: Arc<AtomicU64>,
}

impl Hasher {
    /// OWASP's first choice: 19 MiB, two rounds, one lane.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub async fn new() -> Result<Self, DoorFault> {
        Self::with(Params::DEFAULT).await
    }

    /// The least that the algorithm takes: for tests that are not about it.
    ///
    /// # Errors
    /// As [`Hasher::new`].
    pub async fn quick() -> Result<Self, DoorFault> {
        let least = Params::new(Params::MIN_M_COST, 1, 1, None);
        Self::with(least.map_err(|_| DoorFault::Failed)?).await
    }

    async fn with(params: Params) -> Result<Self, DoorFault> {
        let mut hasher = Self {
            params,
            slots: Arc::new(Semaphore::new(AT_ONCE)),
            line: Arc::new(Semaphore::new(IN_LINE_MAX)),
            decoy: "".into(),
            worked: Arc::default(),
        };
        let nobodys: [u8; 16] = rand::random();
        hasher.decoy = hasher
            .hash(SecretString::from(format!("{nobodys:?}")))
            .await?
            .into();
        Ok(hasher)
    }

    /// A PHC string under a salt of its own.
    ///
    /// # Errors
    /// When too many wait, or the algorithm fails.
    pub async fn hash(&self, password: SecretString) -> Result<String, DoorFault> {
        let params = self.params.clone();
        let salt: [u8; 16] = rand::random();
        self.worked(move || {
            let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
            let hash = argon.hash_password_with_salt(password.expose_secret().as_bytes(), &salt);
            hash.map(|hash| hash.to_string())
                .inspect_err(|error| tracing::error!(%error, "a password could not be hashed"))
                .ok()
        })
        .await?
        .ok_or(DoorFault::Failed)
    }

    /// Whether it is the password of `hash`. Without a hash the same work is done, and the answer is no.
    ///
    /// # Errors
    /// When too many wait.
    pub async fn is_right(&self, password: SecretString, hash: Option<String>) -> Result<bool, DoorFault> {
        let somebodys = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.decoy.as_ref().to_owned());
        let right = self
            .worked(move || {
                let parsed = PasswordHash::new(&hash).ok();
                // The costs are those in the hash: what was hashed under others stays good.
                parsed.is_some_and(|parsed| {
                    let secret = password.expose_secret().as_bytes();
                    Argon2::default().verify_password(secret, &parsed).is_ok()
                })
            })
            .await?;
        Ok(right && somebodys)
    }

    /// How many hashes were worked out so far: the work of a log-in does not depend on whether somebody has the name.
    #[must_use]
    pub fn hashes(&self) -> u64 {
        self.worked.load(Ordering::Relaxed)
    }

    async fn worked<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, DoorFault> {
        let Ok(_place) = self.line.try_acquire() else {
            return Err(DoorFault::Wait { secs: 5 });
        };
        self.worked.fetch_add(1, Ordering::Relaxed);
        let _slot = self.slots.acquire().await.map_err(|_| DoorFault::Failed)?;
        tokio::task::spawn_blocking(work).await.map_err(|error| {
            tracing::error!(%error, "a password's hash was not worked out");
            DoorFault::Failed
        })
    }
}
