//! Acknowledge a cause: it is not raised again until it changes or the acknowledgement ends.

use super::{DeedError, Deeds, Until, written};
use store::holds::Acknowledgement;

/// Longest acknowledgement: what lasts longer is worth another look.
pub const ACKNOWLEDGED_SECS_MAX: u64 = 30 * 86_400;

/// What somebody has taken note of.
#[derive(Debug, Clone)]
pub struct NewAcknowledgement {
    /// As the night names it: `host:hv-r-01:B5`.
    pub cause: String,
    pub until: Until,
    pub note: String,
}

impl Deeds {
    /// Acknowledges now; an earlier acknowledgement of the same cause is replaced.
    ///
    /// # Errors
    /// The field that is not right, or what is not there.
    pub async fn acknowledge(&self, new: NewAcknowledgement) -> Result<Acknowledgement, DeedError> {
        self.object.deed("cause.acknowledge");
        self.object.say(format!("cause {}", new.cause), None);
        let note = written::reason("note", &new.note)?;
        let until = new.until.resolve(self.now, ACKNOWLEDGED_SECS_MAX)?;
        self.object.detail("note", &note);
        self.detail_until(until);
        self.cause(&new.cause).await?;
        let acknowledgement = Acknowledgement {
            cause: new.cause,
            at: self.now,
            until,
            note,
            author: self.author.clone(),
        };
        self.store.acknowledge(&acknowledgement).await?;
        Ok(acknowledgement)
    }

    /// Whether a text can name a cause of this site. Causes come and go with the plan, so one that is gone may still be acknowledged.
    async fn cause(&self, text: &str) -> Result<(), DeedError> {
        let refused = |text: String| Err(DeedError::field("cause", text));
        let parts: Vec<&str> = text.split(':').collect();
        let slug = |words: &[&str]| {
            let plain = |word: &&str| {
                (1..=32).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            };
            (1..=2).contains(&words.len()) && words.iter().all(plain)
        };
        match parts.as_slice() {
            ["host", host, rest @ ..] if slug(rest) => match host.parse() {
                Ok(host) => self.known.host(&host),
                Err(error) => refused(error.to_string()),
            },
            ["tenant", tenant, rest @ ..] if slug(rest) => match tenant.parse() {
                Ok(tenant) => self.tenant_there(&tenant).await,
                Err(error) => refused(error.to_string()),
            },
            ["vault" | "total", rest @ ..] if slug(rest) => Ok(()),
            ["hold", rest @ ..] if slug(rest) => Ok(()),
            _ => refused(format!(
                "`{text}` names no cause: take it as `stillpoint night` shows it, such as host:hv-r-01:B5"
            )),
        }
    }
}
