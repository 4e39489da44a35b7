//! The Hyper-V v2 vocabulary over WS-Management: replicas, jobs, checkpoints, export.

pub mod host;
