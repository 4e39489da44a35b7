//! An emulated replica site: Hyper-V hosts with replica VMs whose logs are applied block by block to real VHDX files.
//!
//! * [`model`]: the site as a state machine, stepped explicitly. No clock inside: whoever steps it says what time it is.
//! * [`scenario`], [`faults`]: what happens to replicas and hosts, scripted or drawn from a seed.
//! * [`disks`]: where the blocks go. [`oracle`]: what a disk must look like, and whether a copy of it is torn.
//! * [`site`]: the runner that steps a site from the world's clock.
//! * [`wire`]: what makes Hyper-V hosts of it: WS-Management over TLS. [`control`]: starting and steering a whole lab.
//!
//! **Invariant:** nothing here is shared with the product's client, so a mistake in one cannot hide in the other.

pub mod control;
pub mod disks;
pub mod faults;
pub mod model;
pub mod oracle;
pub mod scenario;
pub mod site;
pub mod wire;
