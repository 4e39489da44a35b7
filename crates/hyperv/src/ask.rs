//! Asking a host, and classifying what went wrong: the one place where WS-Management errors become [`HostError`]s.

use crate::codes::ReturnCode;
use crate::connect::WsmanHost;
use crate::host::{HostError, Started};
use wsman::argument::Argument;
use wsman::error::{Error, chain};
use wsman::instance::{EndpointReference, Instance};
use wsman::names::ResourceUri;
use wsman::property::PropertyError;

/// Namespace of everything Hyper-V.
pub(crate) const V2: &str = "root/virtualization/v2";
/// Namespace of the operating system.
pub(crate) const CIMV2: &str = "root/cimv2";

/// A reference to an object of the Hyper-V namespace.
pub(crate) fn v2(class: &str, keys: &[(&str, &str)]) -> EndpointReference {
    EndpointReference::new(ResourceUri::class(V2, class), keys)
}

/// A singleton service, addressed as a real host was seen to take it: by its class alone.
pub(crate) fn service(class: &str) -> EndpointReference {
    v2(class, &[("CreationClassName", class)])
}

impl WsmanHost {
    /// Rows of a query.
    pub(crate) async fn query(&self, namespace: &str, wql: &str) -> Result<Vec<Instance>, HostError> {
        self.client
            .query(namespace, wql)
            .await
            .map_err(|error| self.failed(wql, error))
    }

    /// One object; `what` names it for `NotFound`.
    pub(crate) async fn get(&self, target: &EndpointReference, what: &str) -> Result<Instance, HostError> {
        self.client
            .get(target)
            .await
            .map_err(|error| self.failed_on(&format!("Get {what}"), what, error))
    }

    /// Calls a method that starts a job; `what` names the object that it works on.
    pub(crate) async fn start(
        &self,
        target: &EndpointReference,
        method: &str,
        arguments: &[(&str, Argument)],
        what: &str,
    ) -> Result<Started, HostError> {
        let output = self.invoke(target, method, arguments, what).await?;
        self.started(&output)
            .map_err(|error| self.unreadable(method, &error))
    }

    /// Calls a method; the out-parameters.
    pub(crate) async fn invoke(
        &self,
        target: &EndpointReference,
        method: &str,
        arguments: &[(&str, Argument)],
        what: &str,
    ) -> Result<Instance, HostError> {
        self.client
            .invoke(target, method, arguments)
            .await
            .map_err(|error| self.failed_on(method, what, error))
    }

    fn started(&self, output: &Instance) -> Result<Started, PropertyError> {
        let return_value: u32 = output.number_required("ReturnValue")?;
        match return_value {
            ReturnCode::DONE => Ok(Started::Done),
            ReturnCode::JOB_STARTED => {
                let job = output
                    .reference("Job")?
                    .ok_or_else(|| output.wrong("Job", "missing though one was started"))?;
                let id = job
                    .selector("InstanceID")
                    .ok_or_else(|| output.wrong("Job", "without an InstanceID"))?;
                Ok(Started::Job {
                    class: job.class_name().to_owned(),
                    id: id.to_owned(),
                })
            }
            return_value => Ok(Started::Refused { return_value }),
        }
    }

    pub(crate) fn unreadable(&self, request: &str, reason: &dyn std::error::Error) -> HostError {
        HostError::Unreadable {
            host: self.id.clone(),
            request: request.to_owned(),
            reason: chain(reason),
        }
    }

    pub(crate) fn not_found(&self, what: &str) -> HostError {
        HostError::NotFound {
            host: self.id.clone(),
            what: what.to_owned(),
        }
    }

    pub(crate) fn failed(&self, request: &str, error: Error) -> HostError {
        let host = self.id.clone();
        let request = request.to_owned();
        match error {
            Error::Denied { .. } => HostError::Denied { host },
            Error::Fault { fault, .. } if fault.is_access_denied() => HostError::Denied { host },
            Error::Fault { fault, .. } if fault.is_timed_out() => HostError::Unreachable {
                host,
                request,
                reason: fault.to_string(),
            },
            Error::Fault { fault, .. } => HostError::Fault {
                host,
                request,
                fault: fault.to_string(),
            },
            Error::TooMuch { .. } | Error::Unreadable { .. } | Error::Unsendable(_) => {
                HostError::Unreadable {
                    host,
                    request,
                    reason: chain(&error),
                }
            }
            Error::Connect { .. }
            | Error::Tls { .. }
            | Error::TimedOut { .. }
            | Error::Broken { .. }
            | Error::Http { .. } => HostError::Unreachable {
                host,
                request,
                reason: chain(&error),
            },
        }
    }

    /// As [`WsmanHost::failed`], for requests about one object that may be gone.
    fn failed_on(&self, request: &str, what: &str, error: Error) -> HostError {
        match error.fault() {
            Some(fault) if fault.is_not_found() && !fault.is_access_denied() => self.not_found(what),
            _ => self.failed(request, error),
        }
    }
}
