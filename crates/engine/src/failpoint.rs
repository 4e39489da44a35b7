//! Named places where a test may end an attempt as a kill would, or run a step twice.

use std::fmt::Debug;

/// What happens at a named place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailAction {
    Go,
    /// Stop here as if the process were killed.
    Abort,
    /// Only asked for `twice:<step>`: run the step a second time.
    Twice,
}

/// Decides at each named place: `before:<step>`, `after:<step>`, `twice:<step>`, and inside steps `<step>.<what>`.
pub trait Failpoints: Send + Sync + Debug {
    fn at(&self, name: &str) -> FailAction;
}

/// The product's: always go.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFailpoints;

impl Failpoints for NoFailpoints {
    fn at(&self, _name: &str) -> FailAction {
        FailAction::Go
    }
}
