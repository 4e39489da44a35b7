//! Notices over HTTP: one signed JSON document per notice to the configured address, and a ping while everybody is alive.
//!
//! Always verified TLS, plain HTTP to this machine only, no redirects, an end to every wait and to every answer. What the addresses hold
//! beside the host's name is never shown: many services take a secret there.

mod exchange;
mod signature;
mod target;

pub use target::Target;

use crate::config::AlarmConfig;
use crate::secret_file;
use async_trait::async_trait;
use engine::{Heartbeat, MachineClock as _, Messenger, NotTold, SystemMachineClock};
use exchange::{Answer, Client};
use http::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use signature::signature;
use std::path::Path;

/// Where the signature stands.
pub const SIGNATURE: &str = "stillpoint-signature";
/// A secret is no shorter.
const SECRET_MIN: usize = 16;

/// Sends notices.
pub struct Webhook {
    client: Client,
    secret: SecretString,
}

impl Webhook {
    /// From the configuration; `None` where no webhook is configured. Nothing is sent.
    ///
    /// # Errors
    /// What `config check` says of it.
    pub fn of(config: &AlarmConfig) -> Result<Option<Self>, String> {
        let Some(webhook) = &config.webhook else {
            return Ok(None);
        };
        let secret = secret_file::read("the webhook's secret file", &webhook.secret_file, "the secret")
            .map_err(|text| format!("alarm.secret_file: {text}"))?;
        if secret.expose_secret().len() < SECRET_MIN {
            return Err(format!(
                "alarm.secret_file: {} holds fewer than {SECRET_MIN} characters: a signature with it could be guessed",
                webhook.secret_file.display()
            ));
        }
        let client = client(&webhook.url, webhook.ca_file.as_deref(), "alarm.ca_file")?;
        Ok(Some(Self { client, secret }))
    }

    /// Sends one document and gives what came back, whatever that is.
    ///
    /// # Errors
    /// Nothing readable came back.
    pub async fn send(&self, document: &Value) -> Result<Answer, NotTold> {
        let body = document.to_string();
        let secs = SystemMachineClock.unix_ms() / 1_000;
        let header = signature(self.secret.expose_secret().as_bytes(), secs, body.as_bytes());
        self.client
            .send(Method::POST, &[(SIGNATURE, &header)], Some(body))
            .await
    }
}

#[async_trait]
impl Messenger for Webhook {
    async fn tell(&self, document: &Value) -> Result<(), NotTold> {
        self.send(document).await?.taken()
    }
}

/// Gives signs of life.
pub struct Pulse {
    client: Client,
}

impl Pulse {
    /// From the configuration; `None` where no address is configured. Nothing is sent.
    ///
    /// # Errors
    /// What `config check` says of it.
    pub fn of(config: &AlarmConfig) -> Result<Option<Self>, String> {
        let Some(heartbeat) = &config.heartbeat else {
            return Ok(None);
        };
        let client = client(
            &heartbeat.url,
            heartbeat.ca_file.as_deref(),
            "alarm.heartbeat_ca_file",
        )?;
        Ok(Some(Self { client }))
    }
}

#[async_trait]
impl Heartbeat for Pulse {
    async fn beat(&self) -> Result<(), NotTold> {
        self.client.send(Method::GET, &[], None).await?.taken()
    }
}

fn client(target: &Target, ca_file: Option<&Path>, key: &str) -> Result<Client, String> {
    Client::new(target.clone(), ca_file).map_err(|text| format!("{key}: {text}"))
}
