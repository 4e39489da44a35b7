//! Who decides. One seam for gate and proof, so that a test can put somebody in their place who always says yes and count what
//! that costs. The product knows one judge only.

use domain::evidence::{HoldRecord, ProofBreak};
use domain::gate::GateFacts;
use domain::verdict::Verdict;

/// Gate and proof.
pub trait Judge: std::fmt::Debug + Send + Sync {
    /// Whether a replica may be backed up now.
    fn verdict(&self, facts: &GateFacts<'_>) -> Verdict;
    /// Whether a hold shows that no apply touched the disks.
    ///
    /// # Errors
    /// Every reason why it does not.
    fn prove(&self, hold: &HoldRecord) -> Result<(), Vec<ProofBreak>>;
}

/// The product's judge: `domain` decides.
#[derive(Debug, Clone, Copy, Default)]
pub struct DomainJudge;

impl Judge for DomainJudge {
    fn verdict(&self, facts: &GateFacts<'_>) -> Verdict {
        domain::gate::verdict(facts)
    }
    fn prove(&self, hold: &HoldRecord) -> Result<(), Vec<ProofBreak>> {
        domain::proof::prove(hold)
    }
}
