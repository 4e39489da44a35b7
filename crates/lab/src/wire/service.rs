//! One host's WS-Management service: from a request's bytes to the answer's. Knows no socket.

mod enumerate;
mod invoke;
mod read;

pub use invoke::{Call, Outcome, Parameter};

use tokio::time::Instant;

use super::cim::Instance;
use super::contexts::Contexts;
use super::envelope::{self, ENVELOPE_BYTES_MAX, Incoming, Request};
use super::fault::Fault;
use super::names::{self, ENUMERATION, TRANSFER};
use super::schema::{self, ClassSpec};

/// What stands behind a service: the rows of its classes and its methods.
pub trait Repository {
    /// Name of the machine, as faults and object paths show it.
    fn machine(&self) -> String;
    /// Whether this host's release has the class.
    fn has_class(&self, spec: &ClassSpec) -> bool;
    /// All rows of a class.
    fn rows(&self, spec: &'static ClassSpec) -> Vec<Instance>;
    /// Runs a method.
    ///
    /// # Errors
    /// The fault to answer with.
    fn invoke(&mut self, call: &Call) -> Result<Outcome, Fault>;
}

/// An answer and what the log says about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub body: String,
    /// `identify`, `get`, `enumerate`, `pull`, `release`, `invoke` or `unreadable`.
    pub operation: &'static str,
    /// The class and, for a method, its name; or the query.
    pub what: String,
    /// The subcode of a fault.
    pub fault: Option<&'static str>,
}

impl Answer {
    /// What the request is counted as: the operation with its class or method. Classes that no host has are not told apart.
    #[must_use]
    pub fn label(&self) -> String {
        let class = match self.what.to_ascii_uppercase().find(" FROM ") {
            Some(at) => self
                .what
                .get(at + 6..)
                .and_then(|rest| rest.split_whitespace().next())
                .unwrap_or_default(),
            None => self.what.as_str(),
        };
        match self.fault {
            Some(subcode) => format!("{} {subcode}", self.operation),
            None if class.is_empty() || class == "*" => self.operation.to_owned(),
            None => format!("{} {class}", self.operation),
        }
    }
}

/// State of one host's service.
#[derive(Debug, Default)]
pub struct Service {
    contexts: Contexts,
}

/// What an operation made.
struct Done {
    action: String,
    body: String,
}

/// Bytes of an envelope around its body, with room for long ids.
const ENVELOPE_OVERHEAD_BYTES: usize = 2048;

impl Service {
    /// Answers one request.
    pub fn answer(&mut self, repository: &mut impl Repository, bytes: &[u8], now: Instant) -> Answer {
        let request = match envelope::read(bytes) {
            Ok(Incoming::Identify) => {
                let body = envelope::identify();
                return Answer {
                    status: 200,
                    body,
                    operation: "identify",
                    what: String::new(),
                    fault: None,
                };
            }
            Ok(Incoming::Request(request)) => *request,
            Err((fault, id)) => {
                return failed(
                    &fault,
                    id.as_deref(),
                    &repository.machine(),
                    "unreadable",
                    String::new(),
                );
            }
        };
        let (operation, what) = describe(&request);
        match self.dispatch(repository, &request, operation, now) {
            Ok(done) => {
                let body = envelope::answer(&done.action, Some(&request.message_id), &id(), &done.body);
                if body.len() > request.envelope_bytes_max {
                    let fault = Fault::encoding_limit("MaxEnvelopeSize");
                    return failed(
                        &fault,
                        Some(&request.message_id),
                        &repository.machine(),
                        operation,
                        what,
                    );
                }
                Answer {
                    status: 200,
                    body,
                    operation,
                    what,
                    fault: None,
                }
            }
            Err(fault) => failed(
                &fault,
                Some(&request.message_id),
                &repository.machine(),
                operation,
                what,
            ),
        }
    }

    /// Answers a request with a fault without looking at what it asks, as an overloaded host does.
    pub fn refuse(&self, machine: &str, bytes: &[u8], fault: &Fault) -> Answer {
        let (operation, what, id) = match envelope::read(bytes) {
            Ok(Incoming::Request(request)) => {
                let (operation, what) = describe(&request);
                (operation, what, Some(request.message_id))
            }
            Ok(Incoming::Identify) => ("identify", String::new(), None),
            Err((_, id)) => ("unreadable", String::new(), id),
        };
        failed(fault, id.as_deref(), machine, operation, what)
    }

    /// Contexts that are open now.
    #[must_use]
    pub fn contexts_open(&self) -> usize {
        self.contexts.len()
    }

    fn dispatch(
        &mut self,
        repository: &mut impl Repository,
        request: &Request,
        operation: &str,
        now: Instant,
    ) -> Result<Done, Fault> {
        match operation {
            "get" => read::get(repository, request),
            "enumerate" => enumerate::enumerate(&mut self.contexts, repository, request, now),
            "pull" => enumerate::pull(&mut self.contexts, request, now),
            "release" => enumerate::release(&mut self.contexts, request),
            "invoke" => invoke::invoke(repository, request),
            _ => Err(Fault::action(format!(
                "Die Aktion {} wird nicht unterstützt.",
                request.action
            ))),
        }
    }
}

fn id() -> String {
    super::random_id().to_string().to_uppercase()
}

fn failed(
    fault: &Fault,
    relates_to: Option<&str>,
    machine: &str,
    operation: &'static str,
    what: String,
) -> Answer {
    let body = envelope::answer(&fault.action_uri(), relates_to, &id(), &fault.body(machine));
    Answer {
        status: fault.status,
        body,
        operation,
        what,
        fault: Some(fault.subcode),
    }
}

fn describe(request: &Request) -> (&'static str, String) {
    let class = request.resource_uri.rsplit('/').next().unwrap_or_default();
    let known = [
        (TRANSFER, "Get", "get"),
        (ENUMERATION, "Enumerate", "enumerate"),
        (ENUMERATION, "Pull", "pull"),
        (ENUMERATION, "Release", "release"),
    ];
    for (namespace, name, operation) in known {
        if request
            .action
            .strip_prefix(namespace)
            .and_then(|rest| rest.strip_prefix('/'))
            == Some(name)
        {
            let filter = request
                .body
                .children
                .iter()
                .find(|c| c.name == "Filter")
                .map(|f| f.text.trim());
            return (
                operation,
                filter
                    .filter(|f| !f.is_empty())
                    .unwrap_or(class)
                    .chars()
                    .take(400)
                    .collect(),
            );
        }
    }
    if request.action.starts_with(names::WMI) {
        let method = request.action.rsplit('/').next().unwrap_or_default();
        return ("invoke", format!("{class}.{method}"));
    }
    ("unknown", request.action.chars().take(400).collect())
}

/// The class that a resource URI names, as this host knows it.
fn class_of(repository: &impl Repository, uri: &str) -> Result<&'static ClassSpec, Fault> {
    let (namespace, class) =
        names::split_class_uri(uri).ok_or_else(|| Fault::unreachable("InvalidResourceURI", uri))?;
    class_in(repository, namespace, class)
}

fn class_in(repository: &impl Repository, namespace: &str, class: &str) -> Result<&'static ClassSpec, Fault> {
    check_namespace(namespace)?;
    let spec = schema::find(namespace, class).filter(|spec| repository.has_class(spec));
    spec.ok_or_else(|| Fault::invalid_class(class))
}

fn check_namespace(namespace: &str) -> Result<(), Fault> {
    let known = [names::VIRTUALIZATION, names::CIMV2]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(namespace));
    if known {
        return Ok(());
    }
    let reason = format!("Ungültiger Namespace: {namespace}");
    Err(Fault::wmi(super::fault::WBEM_E_INVALID_NAMESPACE, 3, reason))
}

/// Room for items in an answer.
fn room(request: &Request) -> usize {
    request
        .envelope_bytes_max
        .min(ENVELOPE_BYTES_MAX)
        .saturating_sub(ENVELOPE_OVERHEAD_BYTES)
}

#[cfg(test)]
mod tests;
