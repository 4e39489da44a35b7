//! Every bound in one place, each with its reason.

use std::time::Duration;

/// What a peer may make us hold or wait through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Sent as `MaxEnvelopeSize` and enforced on the body read, in bytes. 500 KiB is the default of a host since 2012; more
    /// would not be honoured. Not below 8192, which a host refuses.
    pub envelope_bytes: usize,
    /// Deepest nesting of elements. A row inside a response is 6 deep; an endpoint reference in it 10.
    pub depth: usize,
    /// Attributes on one element. Captured envelopes have at most eight.
    pub attributes: usize,
    /// Nodes of one document. A full envelope of empty elements stays below it.
    pub nodes: u32,
    /// `MaxElements` asked for in one page. Without it a host answers one row per pull.
    pub page_items: u32,
    /// Rows of one enumeration. A large host lists a few thousand jobs.
    pub items: usize,
    /// Bytes of one enumeration, envelopes and all: the rows are kept until the last is there. A survey of a host with a thousand
    /// VMs stays below 10 MiB.
    pub enumeration_bytes: usize,
    /// Pages of one enumeration; not below `items`, since some hosts answer one row per pull whatever is asked.
    pub pages: usize,
    /// Pages in a row that bring nothing and yet are not the last.
    pub empty_pages: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            envelope_bytes: 512_000,
            depth: 40,
            attributes: 24,
            nodes: 200_000,
            page_items: 500,
            items: 50_000,
            enumeration_bytes: 64 << 20,
            pages: 50_000,
            empty_pages: 3,
        }
    }
}

/// How long to wait, on the machine's monotonic clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeouts {
    /// For TCP, TLS and the HTTP handshake together.
    pub connect: Duration,
    /// For one request; sent as `OperationTimeout`, and the answer is awaited a tenth longer so that the host's own
    /// time-out fault can arrive.
    pub operation: Duration,
    /// For one call with all its pages.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            operation: Duration::from_secs(30),
            total: Duration::from_secs(120),
        }
    }
}
