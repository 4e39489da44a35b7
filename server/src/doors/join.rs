//! Coming in for the first time, by a link: its code stands behind `#`, which browsers send to nobody.

use super::account::new_person;
use super::log_in::{Comer, Given, Let};
use super::secret::Secret;
use super::trail::Line;
use super::{BEFORE, DoorFault, Doors};
use domain::door::hash::SecretKind;
use domain::door::invitation::first_owner;
use domain::door::login::LoginName;
use domain::door::password;
use domain::door::session::SessionStage;
use domain::ids::InvitationId;
use secrecy::{ExposeSecret as _, SecretString};
use store::invitations::NewInvitation;
use store::people::NewPerson;
use store::traits::StoreError;

/// Who made the links of first owners.
const FIRST_RUN: &str = "stillpoint serve";
/// Invitations looked through for left-over ones.
const LOOKED_THROUGH: u32 = 200;

impl Doors {
    /// While nobody owns the site: the code of a link that makes its owner, once. Links of earlier starts give nothing any more.
    ///
    /// # Errors
    /// The store failed.
    pub async fn first_owner(&self) -> Result<Option<Secret>, DoorFault> {
        let now = self.now();
        for old in self.store.invitations(&BEFORE, None, LOOKED_THROUGH).await? {
            if old.author == FIRST_RUN && old.state.check(now).is_ok() {
                let revoked = self.store.invitation_revoke(&BEFORE, old.id, now).await;
                revoked.map_err(|error| DoorFault::of(&error, "invitation", "used meanwhile"))?;
            }
        }
        let Some((seat, expires)) = first_owner(self.store.owners(&BEFORE).await?, now) else {
            return Ok(None);
        };
        let secret = Secret::drawn();
        let new = NewInvitation {
            id: InvitationId(super::log_in::drawn_id()),
            hash: secret.hash(SecretKind::Invitation),
            seat,
            author: FIRST_RUN.to_owned(),
            at: now,
            expires,
        };
        self.store.invite(&BEFORE, &new).await?;
        Ok(Some(secret))
    }

    /// Takes a seat, and comes in with it.
    ///
    /// # Errors
    /// [`DoorFault::NoInvitation`], the field that is not right, [`DoorFault::Wait`]; the store failed.
    pub async fn join(
        &self,
        comer: &Comer,
        code: &str,
        login: &str,
        name: &str,
        password: SecretString,
    ) -> Result<Given, DoorFault> {
        let login: LoginName = login.trim().parse().map_err(|e| DoorFault::field("login", e))?;
        // Codes cannot be guessed; whether a log-in name is taken could be asked without end.
        let attempt = self.counted(comer, &login).await?;
        let secret = Secret::brought(code.trim()).ok_or(DoorFault::NoInvitation)?;
        let hash = secret.hash(SecretKind::Invitation);
        let invitation = self.store.invitation_of(&BEFORE, &hash, self.now()).await?;
        let invitation = invitation.ok_or(DoorFault::NoInvitation)?;
        let name = name.trim();
        if !(1..=120).contains(&name.chars().count()) || name.chars().any(char::is_control) {
            return Err(DoorFault::field("name", "a name has 1 to 120 characters"));
        }
        password::check(&login, password.expose_secret()).map_err(|e| DoorFault::field("password", e))?;
        let new = NewPerson {
            id: new_person(),
            login,
            name: name.to_owned(),
            seat: invitation.seat,
            password: self.hasher.hash(password).await?,
            at: self.now(),
        };
        let person = self.store.invitation_accept(&BEFORE, &hash, &new).await;
        let person = person.map_err(|error| match error {
            StoreError::NotFound { .. } => DoorFault::NoInvitation,
            StoreError::Conflict { .. } => {
                DoorFault::field("login", "this log-in name is taken: choose another")
            }
            error => error.into(),
        })?;
        self.store.log_in_forgive(&BEFORE, &attempt).await?;
        self.tell(Line::own(&person, comer.address, "person.join"))
            .await?;
        let session = self.opened(&person, comer, SessionStage::Open).await?;
        let device = self.remembered(&person, comer).await?;
        Ok(Given {
            session,
            device: Some(device),
            what: Let::In,
        })
    }
}
