//! Tenants' own hosts, from the configuration.

use super::{account, trust};
use crate::config::PrimaryConfig;
use crate::keys::credential::{Credential, Credentials, Holder};
use crate::telling::{Failure, chain};
use engine::TenantPrimary;
use hyperv::primary::{PrimaryConnection, WsmanPrimary};
use std::sync::Arc;
use wsman::limits::Timeouts;
use wsman::tls::Trust;

const KIND: &str = "primary";

/// Nothing is sent yet.
pub(super) fn primary(config: &PrimaryConfig, sealed: &Credentials) -> Result<TenantPrimary, Failure> {
    let reached = &config.reached;
    let account = account(KIND, reached, &Holder::primary(config), sealed)?;
    let host = connected(config, trust(KIND, reached)?, account)?;
    Ok(TenantPrimary {
        tenant: config.tenant.clone(),
        names: config.names.clone(),
        host: Arc::new(host),
    })
}

/// Everything that keeps it from being used.
pub(super) fn problems(config: &PrimaryConfig, sealed: &Credentials) -> Vec<String> {
    let account = account(KIND, &config.reached, &Holder::primary(config), sealed);
    match (trust(KIND, &config.reached), account) {
        (Ok(trust), Ok(account)) => {
            let refused = connected(config, trust, account).err();
            refused.map(|e| e.to_string()).into_iter().collect()
        }
        (trust, account) => [trust.err(), account.err()]
            .into_iter()
            .flatten()
            .map(|e| e.to_string())
            .collect(),
    }
}

fn connected(config: &PrimaryConfig, trust: Trust, account: Credential) -> Result<WsmanPrimary, Failure> {
    let connection = PrimaryConnection {
        id: config.id.clone(),
        address: config.reached.address.clone(),
        port: config.reached.port,
        trust,
        user: account.user,
        password: account.password,
        timeouts: Timeouts::default(),
    };
    WsmanPrimary::new(connection)
        .map_err(|e| Failure::usage(format!("{KIND} `{}`: {}", config.id, chain(&e))))
}
