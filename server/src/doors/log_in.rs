//! Coming in with name and password, and going out.

use super::secret::Secret;
use super::trail::{Line, as_person};
use super::{BEFORE, DoorFault, Doors};
use domain::audit::{AuditOutcome, Who};
use domain::door::hash::SecretKind;
use domain::door::login::LoginName;
use domain::door::password::PASSWORD_BYTES_MAX;
use domain::door::seat::Seat;
use domain::door::session::SessionStage;
use domain::door::throttle::{Gate, LogInTry};
use domain::ids::SessionId;
use secrecy::{ExposeSecret as _, SecretString};
use std::net::IpAddr;
use store::people::Person;
use store::sessions::NewSession;
use store::traits::StoreError;
use uuid::Uuid;

/// Who stands before the door.
#[derive(Debug, Clone)]
pub struct Comer {
    pub address: IpAddr,
    /// What the browser calls itself.
    pub agent: String,
    /// The value of the device cookie, if it brought one.
    pub device: Option<String>,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Let {
    In,
    /// To the second factor.
    Further,
}

/// What the browser is to keep.
#[derive(Debug)]
pub struct Given {
    pub session: Secret,
    /// Set when it came in: this browser is counted on its own from now on.
    pub device: Option<Secret>,
    pub what: Let,
}

impl Doors {
    /// Name and password. Takes the same steps whether or not somebody has that name.
    ///
    /// # Errors
    /// [`DoorFault::Wrong`], [`DoorFault::Wait`]; the store failed.
    pub async fn log_in(
        &self,
        comer: &Comer,
        name: &str,
        password: SecretString,
    ) -> Result<Given, DoorFault> {
        // A text that cannot be a name is counted under one that nobody types, and belongs to nobody.
        let parsed = name.trim().parse::<LoginName>().ok();
        let is_name = parsed.is_some();
        let login = parsed.map_or_else(|| "not-a-name".parse().map_err(|_| DoorFault::Wrong), Ok)?;
        let attempt = self.counted(comer, &login).await?;
        let found = self.store.credentials(&BEFORE, &login).await?.filter(|_| is_name);
        let fits = password.expose_secret().len() <= PASSWORD_BYTES_MAX;
        let password = if fits { password } else { SecretString::from("") };
        let hash = found
            .as_ref()
            .filter(|_| fits)
            .map(|found| found.password.clone());
        let right = self.hasher.is_right(password, hash).await?;
        // A name that nobody has is not written down: it may be a password, in the wrong field.
        let whose = found.as_ref().map(|found| found.person.seat.clone());
        let object = match &whose {
            Some(_) => login.as_str(),
            None => "a name that nobody has",
        };
        let person = found.filter(|found| right && found.person.disabled.is_none());
        let Some(found) = person else {
            self.tell(Line {
                who: Who::Nobody,
                from: Some(comer.address),
                deed: "session.refuse",
                object,
                tenant: whose.as_ref().and_then(Seat::tenant),
                outcome: AuditOutcome::Refused,
            })
            .await?;
            return Err(DoorFault::Wrong);
        };
        let further = found.person.second_factor;
        if !further {
            // Before a second factor the try stays counted until that was right as well: whoever knows the password could otherwise
            // forgive themselves every code that they guess.
            self.store.log_in_forgive(&BEFORE, &attempt).await?;
        }
        let stage = if further {
            SessionStage::SecondFactor
        } else {
            SessionStage::Open
        };
        let session = self.opened(&found.person, comer, stage).await?;
        if further {
            return Ok(Given {
                session,
                device: None,
                what: Let::Further,
            });
        }
        let device = self.remembered(&found.person, comer).await?;
        Ok(Given {
            session,
            device: Some(device),
            what: Let::In,
        })
    }

    /// Ends the session of a cookie. One that is over is none.
    ///
    /// # Errors
    /// The store failed.
    pub async fn log_out(&self, comer: &Comer, cookie: &str) -> Result<(), DoorFault> {
        let Some((session, person)) = self.session(cookie).await? else {
            return Ok(());
        };
        self.tell(Line::own(&person, comer.address, "session.close"))
            .await?;
        match self.store.session_end(&BEFORE, session.id).await {
            Ok(()) | Err(StoreError::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Counts a try before it is looked at.
    pub(super) async fn counted(&self, comer: &Comer, login: &LoginName) -> Result<LogInTry, DoorFault> {
        let device = comer.device.as_deref().and_then(Secret::brought);
        let device = device.map(|device| device.hash(SecretKind::Device));
        let known = match &device {
            Some(device) => self.store.device_known(&BEFORE, login, device).await?,
            None => false,
        };
        let attempt = LogInTry {
            account: login.clone(),
            address: comer.address,
            device: device.filter(|_| known),
        };
        let now = self.now();
        match self.store.log_in_try(&BEFORE, &attempt, now).await? {
            Gate::Open => Ok(attempt),
            Gate::WaitUntil(until) => Err(DoorFault::Wait {
                secs: u64::try_from((until - now).num_seconds()).unwrap_or(0) + 1,
            }),
        }
    }

    /// A session under a new secret; the trail tells it first.
    pub(super) async fn opened(
        &self,
        person: &Person,
        comer: &Comer,
        stage: SessionStage,
    ) -> Result<Secret, DoorFault> {
        if stage == SessionStage::Open {
            self.tell(Line::own(person, comer.address, "session.open"))
                .await?;
        }
        let secret = Secret::drawn();
        let new = NewSession {
            id: SessionId(drawn_id()),
            hash: secret.hash(SecretKind::Session),
            person: person.id,
            stage,
            at: self.now(),
            from: comer.address.to_canonical().to_string(),
            agent: comer.agent.clone(),
        };
        match self.store.session_open(&BEFORE, &new).await {
            Ok(_) => Ok(secret),
            // Put out between the two looks.
            Err(StoreError::Conflict { .. } | StoreError::NotFound { .. }) => Err(DoorFault::Wrong),
            Err(error) => Err(error.into()),
        }
    }

    /// The secret by which this browser is known from now on.
    pub(super) async fn remembered(&self, person: &Person, comer: &Comer) -> Result<Secret, DoorFault> {
        let secret = comer
            .device
            .as_deref()
            .and_then(Secret::brought)
            .unwrap_or_else(Secret::drawn);
        let hash = secret.hash(SecretKind::Device);
        self.store
            .device_remember(&BEFORE, person.id, &hash, self.now())
            .await?;
        Ok(secret)
    }

    /// A wrong second factor, in the trail.
    pub(super) async fn refused(&self, person: &Person, comer: &Comer) -> Result<(), DoorFault> {
        self.tell(Line {
            who: as_person(person),
            outcome: AuditOutcome::Refused,
            ..Line::own(person, comer.address, "session.refuse")
        })
        .await
    }
}

pub(super) fn drawn_id() -> Uuid {
    uuid::Builder::from_random_bytes(rand::random()).into_uuid()
}
