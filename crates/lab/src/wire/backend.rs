//! A host of a running site behind a listener.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use crate::site::Lab;

use super::fault::Fault;
use super::repository::HostRepository;
use super::server::Backend;
use super::service::{Answer, Service};

/// One host of a site.
pub struct SiteHost {
    lab: Arc<Lab>,
    name: String,
    /// The boot that open enumerations belong to.
    booted_at: Mutex<Option<DateTime<Utc>>>,
}

impl SiteHost {
    /// The host of that name.
    #[must_use]
    pub fn new(lab: Arc<Lab>, name: impl Into<String>) -> Self {
        Self {
            lab,
            name: name.into(),
            booted_at: Mutex::new(None),
        }
    }
}

impl Backend for SiteHost {
    fn reachable(&self) -> bool {
        self.lab
            .with(|site| site.host(&self.name).is_some_and(|host| host.reachable))
    }

    fn answer(&self, service: &mut Service, bytes: &[u8], user: &str, now: Instant) -> Option<Answer> {
        self.lab.with(|site| {
            let host = site.host(&self.name).filter(|host| host.reachable)?;
            let mut known = self.booted_at.lock().unwrap_or_else(PoisonError::into_inner);
            if known
                .replace(host.booted_at)
                .is_some_and(|boot| boot != host.booted_at)
            {
                *service = Service::default();
            }
            let mut repository = HostRepository::of(site, &self.name, user)?;
            let answer = service.answer(&mut repository, bytes, now);
            site.request(&self.name, &answer.label());
            tracing::debug!(
                host = self.name,
                operation = answer.operation,
                what = answer.what,
                fault = answer.fault,
                "asked"
            );
            Some(answer)
        })
    }

    fn refuse(&self, service: &Service, bytes: &[u8], fault: &Fault) -> Option<Answer> {
        self.lab.with(|site| {
            site.host(&self.name).filter(|host| host.reachable)?;
            let answer = service.refuse(&self.name.to_uppercase(), bytes, fault);
            site.request(&self.name, &answer.label());
            Some(answer)
        })
    }
}
