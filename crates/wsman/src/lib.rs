//! A WS-Management client: SOAP over verified TLS, enumerate, get and invoke, faults as typed errors.
//!
//! **Invariants.** Nothing here knows Hyper-V. Nothing that a peer sends can make it panic or allocate without bound:
//! bodies, nesting, nodes, attributes, pages and items all have limits ([`limits::Limits`]), and a document with a DTD is
//! refused. There is no switch that accepts any certificate.
//!
//! Reading order: [`client::Client`], [`instance::Instance`], [`argument::Argument`], [`error::Error`].

pub mod argument;
pub mod auth;
pub mod cimxml;
pub mod client;
mod enumerate;
mod envelope;
pub mod error;
pub mod fault;
#[doc(hidden)]
pub mod fuzzing;
pub mod instance;
pub mod limits;
pub mod names;
pub mod property;
pub mod time;
pub mod tls;
mod transport;
pub mod wql;
mod writer;
pub mod xml;
