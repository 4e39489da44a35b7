//! The whole of Stillpoint against an emulated site: real hosts' client over verified TLS, real store, real vault, and the binary.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on fails"
)]

mod alarm;
mod binary;
mod blockers;
mod cli;
mod doors;
mod hands;
mod kept;
mod keys;
mod killed;
mod night;
mod not_ready;
mod paused;
mod promised;
mod receiver;
mod room;
mod sim;
mod site;
mod tenants;
mod tonight;
mod torn;
mod trail;
mod waiting;
mod wire;
