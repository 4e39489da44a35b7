//! Tenants' own hosts, from the configuration.

use super::{password, trust};
use crate::config::PrimaryConfig;
use crate::telling::{Failure, chain};
use engine::TenantPrimary;
use hyperv::primary::{PrimaryConnection, WsmanPrimary};
use secrecy::SecretString;
use std::sync::Arc;
use wsman::limits::Timeouts;
use wsman::tls::Trust;

const KIND: &str = "primary";

/// Nothing is sent yet.
pub(super) fn primary(config: &PrimaryConfig) -> Result<TenantPrimary, Failure> {
    let reached = &config.reached;
    let host = connected(config, trust(KIND, reached)?, password(KIND, reached)?)?;
    Ok(TenantPrimary {
        tenant: config.tenant.clone(),
        names: config.names.clone(),
        host: Arc::new(host),
    })
}

/// Everything that keeps it from being used.
pub(super) fn problems(config: &PrimaryConfig) -> Vec<String> {
    match (trust(KIND, &config.reached), password(KIND, &config.reached)) {
        (Ok(trust), Ok(password)) => {
            let refused = connected(config, trust, password).err();
            refused.map(|e| e.to_string()).into_iter().collect()
        }
        (trust, password) => [trust.err(), password.err()]
            .into_iter()
            .flatten()
            .map(|e| e.to_string())
            .collect(),
    }
}

fn connected(config: &PrimaryConfig, trust: Trust, password: SecretString) -> Result<WsmanPrimary, Failure> {
    let connection = PrimaryConnection {
        id: config.id.clone(),
        address: config.reached.address.clone(),
        port: config.reached.port,
        trust,
        user: config.reached.user.clone(),
        password,
        timeouts: Timeouts::default(),
    };
    WsmanPrimary::new(connection)
        .map_err(|e| Failure::usage(format!("{KIND} `{}`: {}", config.id, chain(&e))))
}
