//! Who may come in and what they may do there: seats, permissions, passwords, second factors, sessions, throttling, invitations,
//! and what a tenant is allowed to set for itself.
//!
//! **Invariant:** rules only. Hashing of passwords, random numbers and sealing are the server's; instants are parameters.

pub mod branding;
pub mod hash;
pub mod invitation;
pub mod login;
pub mod mapping;
pub mod password;
pub mod permission;
pub mod recovery;
pub mod scopes;
pub mod seat;
pub mod session;
pub mod throttle;
pub mod totp;
pub mod window;
pub mod wish;
