//! Version, clock, and the two instants that tell whether host or management service was restarted.

use crate::ask::{CIMV2, V2};
use crate::classes;
use crate::connect::WsmanHost;
use crate::host::{HostError, HostIdentity};
use crate::survey::Scope;
use chrono::{DateTime, Utc};
use domain::ids::VmGuid;
use domain::observation::HostBoot;
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::PoisonError;
use wsman::error::Error;
use wsman::fault::FaultKind;
use wsman::instance::Instance;
use wsman::wql;

/// What stays true until a restart, kept to spare the host requests. Each use is checked against what is read anew.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// The management service's process and when it began.
    service: Option<Process>,
    /// Whether the reference-point classes exist, as of that boot.
    reference_points: Option<(DateTime<Utc>, bool)>,
    /// Replication settings by VM, as of the last survey or look.
    settings: HashMap<VmGuid, Vec<Instance>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Process {
    id: u32,
    created: DateTime<Utc>,
}

/// `Win32_OperatingSystem`.
#[derive(Debug, Clone)]
pub(crate) struct OperatingSystem {
    pub version: String,
    pub now: DateTime<Utc>,
    pub booted_at: DateTime<Utc>,
}

const OPERATING_SYSTEM: &str = "SELECT * FROM Win32_OperatingSystem";

impl WsmanHost {
    /// Two to five requests: system, service and process (one once known), reference-point class (until known).
    pub(crate) async fn read_identity(&self) -> Result<HostIdentity, HostError> {
        let system = self.operating_system().await?;
        let has_reference_points = self.has_reference_points(&system).await?;
        self.identity_of(system, has_reference_points).await
    }

    /// Completes an identity with the service's start, which must be read *after* everything it vouches for: a restart in
    /// the middle of a look then shows in its boot.
    pub(crate) async fn identity_of(
        &self,
        system: OperatingSystem,
        has_reference_points: bool,
    ) -> Result<HostIdentity, HostError> {
        let boot = self.boot(&system).await?;
        Ok(HostIdentity {
            build: system.version,
            now: system.now,
            boot,
            has_reference_points,
        })
    }

    pub(crate) async fn boot(&self, system: &OperatingSystem) -> Result<HostBoot, HostError> {
        let service = self.service_process().await?;
        Ok(HostBoot {
            booted_at: system.booted_at,
            service_started_at: service.created,
        })
    }

    /// The host's clock is read *before* everything else of a look: what the look says held at that time or later.
    pub(crate) async fn operating_system(&self) -> Result<OperatingSystem, HostError> {
        let rows = self.query(CIMV2, OPERATING_SYSTEM).await?;
        let [row] = &rows[..] else {
            let reason = format!("{} rows where one is expected", rows.len());
            return Err(HostError::Unreadable {
                host: self.id.clone(),
                request: OPERATING_SYSTEM.to_owned(),
                reason,
            });
        };
        let read = || {
            Ok(OperatingSystem {
                version: row.text_required("Version")?.to_owned(),
                now: row.instant_required("LocalDateTime")?,
                booted_at: row.instant_required("LastBootUpTime")?,
            })
        };
        read().map_err(|error: wsman::property::PropertyError| self.unreadable(OPERATING_SYSTEM, &error))
    }

    /// One request while the known process lives; three when it is gone.
    async fn service_process(&self) -> Result<Process, HostError> {
        let known = self.known().service;
        if let Some(known) = known
            && self.process(known.id).await? == Some(known)
        {
            return Ok(known);
        }
        let id = self.service_process_id().await?;
        let process = self
            .process(id)
            .await?
            .ok_or_else(|| self.not_serving("its process is gone"))?;
        self.known().service = Some(process);
        Ok(process)
    }

    async fn service_process_id(&self) -> Result<u32, HostError> {
        const SERVICE: &str = "SELECT * FROM Win32_Service WHERE Name='vmms'";
        let rows = self.query(CIMV2, SERVICE).await?;
        let row = rows
            .first()
            .ok_or_else(|| self.not_serving("it is not installed"))?;
        let id = row
            .number::<u32>("ProcessId")
            .map_err(|error| self.unreadable(SERVICE, &error))?;
        id.filter(|id| *id != 0)
            .ok_or_else(|| self.not_serving("it is stopped"))
    }

    async fn process(&self, id: u32) -> Result<Option<Process>, HostError> {
        let wql = format!("SELECT * FROM Win32_Process WHERE ProcessId={id}");
        let rows = self.query(CIMV2, &wql).await?;
        let created = rows
            .first()
            .map(|row| row.instant_required("CreationDate"))
            .transpose();
        Ok(created
            .map_err(|error| self.unreadable(&wql, &error))?
            .map(|created| Process { id, created }))
    }

    /// False where the class does not exist: 2012 R2 and older. Asked once per boot.
    pub(crate) async fn has_reference_points(&self, system: &OperatingSystem) -> Result<bool, HostError> {
        const CLASS: &str = "SELECT InstanceID FROM Msvm_VirtualSystemReferencePoint";
        if let Some((boot, has)) = self.known().reference_points
            && boot == system.booted_at
        {
            return Ok(has);
        }
        let has = match self
            .client
            .query_until(V2, CLASS, |_| ControlFlow::Break(()))
            .await
        {
            Ok(()) => true,
            Err(error) if is_invalid_class(&error) => false,
            Err(error) => return Err(self.failed(CLASS, error)),
        };
        self.known().reference_points = Some((system.booted_at, has));
        Ok(has)
    }

    /// Keeps what a query over this scope answered, and forgets what it no longer names.
    pub(crate) fn settings_keep(&self, scope: Scope, rows: &[Instance]) {
        let mut known = self.known();
        match scope.0 {
            None => known.settings.clear(),
            Some(vm) => drop(known.settings.remove(&vm)),
        }
        for row in rows {
            if let Ok((vm, _)) = classes::relationship_key(row) {
                known.settings.entry(vm).or_default().push(row.clone());
            }
        }
    }

    pub(crate) fn settings_known(&self, vm: VmGuid) -> Option<Vec<Instance>> {
        self.known().settings.get(&vm).cloned()
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn not_serving(&self, reason: &str) -> HostError {
        HostError::Unreachable {
            host: self.id.clone(),
            request: format!("the state of the service {}", wql::literal("vmms")),
            reason: format!("the Virtual Machine Management service does not run: {reason}"),
        }
    }
}

/// The host has no such class.
pub(crate) fn is_invalid_class(error: &Error) -> bool {
    error.fault().is_some_and(|fault| {
        fault.is_invalid_class()
            || (fault.kind == FaultKind::DestinationUnreachable
                && fault.detail.as_deref() == Some("InvalidResourceURI"))
    })
}
