//! The hosts' WS-Management service: a codec of the lab's own, so that a mistake made in the product's client cannot hide
//! in a shared one. What it does where no source says how is written down in `docs/wsman-profile.md`.
//!
//! * [`xml`], [`envelope`], [`fault`], [`cim`], [`mod@reference`], [`embedded`], [`wql`]: the codec. Pure.
//! * [`service`]: from a request's bytes to an answer's. Pure but for the enumerations it keeps.
//! * [`schema`], [`rows`], [`repository`], [`backend`]: the classes and what the model shows of a host as rows and methods of them.
//! * [`server`], [`tls`], [`knobs`]: the socket, its certificate and the trouble that can be asked for.

pub mod backend;
pub mod cim;
pub mod contexts;
pub mod embedded;
pub mod envelope;
pub mod fault;
pub mod knobs;
pub mod names;
pub mod reference;
pub mod repository;
pub mod rows;
pub mod schema;
pub mod server;
pub mod service;
pub mod tls;
pub mod wql;
pub mod xml;

/// A fresh random id for messages and contexts; the model's ids come from its seed instead.
fn random_id() -> uuid::Uuid {
    uuid::Builder::from_random_bytes(rand::random()).into_uuid()
}
