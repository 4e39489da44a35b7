//! `[alarm]`: who is told, and who notices when nobody can tell any more.

use super::{Checker, ConfigError};
use crate::webhook::Target;
use serde::Deserialize;
use std::path::PathBuf;

/// The alarm as configured; without `[alarm]` nobody is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmConfig {
    /// This installation's name in notices.
    pub site: String,
    /// World seconds without a sign of planner or host that are noticed.
    pub silence_secs: u32,
    pub webhook: Option<WebhookConfig>,
    pub heartbeat: Option<HeartbeatConfig>,
}

/// Where notices go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookConfig {
    pub url: Target,
    /// What the messages are signed with.
    pub secret_file: PathBuf,
    /// Authorities to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
}

/// Where signs of life go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeartbeatConfig {
    pub url: Target,
    pub secs: u32,
    pub ca_file: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AlarmDocument {
    site: Option<String>,
    silence_secs: Option<u32>,
    webhook_url: Option<String>,
    secret_file: Option<PathBuf>,
    ca_file: Option<PathBuf>,
    heartbeat_url: Option<String>,
    heartbeat_secs: Option<u32>,
    heartbeat_ca_file: Option<PathBuf>,
}

const SILENCE_SECS: u32 = 300;
const HEARTBEAT_SECS: u32 = 60;

impl AlarmDocument {
    pub(super) fn check(self, checker: &Checker<'_>) -> Result<AlarmConfig, ConfigError> {
        let refuse = |key: &str, reason: &str| checker.refuse(format!("alarm.{key}"), reason);
        let target = |key: &str, text: &str| Target::parse(text).map_err(|reason| refuse(key, reason));
        let without = |key: &str, given: bool, other: &str| match given {
            true => Err(refuse(key, &format!("does nothing without {other}"))),
            false => Ok(()),
        };
        let authorities = |key: &str, file: Option<PathBuf>, url: &Target| match file {
            Some(_) if !url.is_https => Err(refuse(key, "does nothing for a plain http address")),
            file => Ok(file.map(|path| checker.resolve(&path))),
        };
        let within = |key: &str, value: u32, least: u32, most: u32| {
            if (least..=most).contains(&value) {
                return Ok(value);
            }
            Err(refuse(
                key,
                &format!("{value} is not between {least} and {most} seconds"),
            ))
        };
        let webhook = match self.webhook_url {
            Some(url) => {
                let url = target("webhook_url", &url)?;
                let secret = self
                    .secret_file
                    .ok_or_else(|| refuse("secret_file", "is missing: every message is signed"))?;
                Some(WebhookConfig {
                    ca_file: authorities("ca_file", self.ca_file, &url)?,
                    secret_file: checker.resolve(&secret),
                    url,
                })
            }
            None => {
                without("secret_file", self.secret_file.is_some(), "webhook_url")?;
                without("ca_file", self.ca_file.is_some(), "webhook_url")?;
                None
            }
        };
        let heartbeat = match self.heartbeat_url {
            Some(url) => {
                let url = target("heartbeat_url", &url)?;
                Some(HeartbeatConfig {
                    secs: within(
                        "heartbeat_secs",
                        self.heartbeat_secs.unwrap_or(HEARTBEAT_SECS),
                        1,
                        3_600,
                    )?,
                    ca_file: authorities("heartbeat_ca_file", self.heartbeat_ca_file, &url)?,
                    url,
                })
            }
            None => {
                without("heartbeat_secs", self.heartbeat_secs.is_some(), "heartbeat_url")?;
                without(
                    "heartbeat_ca_file",
                    self.heartbeat_ca_file.is_some(),
                    "heartbeat_url",
                )?;
                None
            }
        };
        if webhook.is_none() && heartbeat.is_none() {
            return Err(refuse(
                "webhook_url",
                "is missing, and so is heartbeat_url: one of them has to be there",
            ));
        }
        let site = self.site.unwrap_or_else(|| "stillpoint".to_owned());
        if site.trim().is_empty() || site.len() > 120 || site.chars().any(char::is_control) {
            return Err(refuse("site", "must have 1 to 120 characters"));
        }
        Ok(AlarmConfig {
            site,
            // Less than two polls is no silence.
            silence_secs: within(
                "silence_secs",
                self.silence_secs.unwrap_or(SILENCE_SECS),
                120,
                86_400,
            )?,
            webhook,
            heartbeat,
        })
    }
}
