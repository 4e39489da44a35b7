//! How long work reports what it has done and learns that it should stop.

/// Told about progress from the vault's own threads. All methods have defaults.
pub trait Progress: Send + Sync {
    /// Total bytes of virtual disk to look at; called once per disk before its first byte.
    fn expect(&self, _bytes: u64) {}
    /// That many further bytes of virtual disk are done (zeros included).
    fn advance(&self, _bytes: u64) {}
    /// Whether the work should stop as soon as it can; nothing of it then becomes visible.
    fn cancelled(&self) -> bool {
        false
    }
}

/// Reports nothing, never stops.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quiet;

impl Progress for Quiet {}
