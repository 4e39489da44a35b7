//! What makes two obligations wait for the same cause.

use super::Waiting;
use crate::blocker::Actor;
use crate::code::Code;
use crate::ids::{HostId, TenantId};
use crate::planner::{Held, Move, Wait};
use serde::{Deserialize, Serialize};

/// What keeps obligations from being met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "cause", rename_all = "kebab-case")]
pub enum CauseKind {
    Blocked {
        code: Code,
    },
    /// Refused by the host although nothing was seen.
    Refused {
        code: Code,
    },
    /// By a person.
    Held,
    NotSeen,
    /// Pausing after failures of their own.
    Failing,
    GaveUp,
    Breaker,
    HostFull,
    TenantFull,
    VaultFull,
    TotalFull,
}

impl CauseKind {
    /// Its title.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Blocked { code } => code.title(),
            Self::Refused { .. } => "Refused although nothing was seen",
            Self::Held => "Held by a person",
            Self::NotSeen => "Not looked at yet",
            Self::Failing => "Waiting after failures",
            Self::GaveUp => "Given up after failures",
            Self::Breaker => "The host fails too often",
            Self::HostFull => "The host is busy",
            Self::TenantFull => "The tenant's share is used",
            Self::VaultFull => "The vault is busy",
            Self::TotalFull => "All slots are used",
        }
    }
    /// The blocker's code, where it is one.
    #[must_use]
    pub fn code(self) -> Option<Code> {
        match self {
            Self::Blocked { code } | Self::Refused { code } => Some(code),
            _ => None,
        }
    }
    /// Whose move it is.
    #[must_use]
    pub fn actor(self) -> Actor {
        match self {
            Self::Blocked { code } => code.actor(),
            Self::Held | Self::GaveUp | Self::Breaker => Actor::Operator,
            Self::Refused { .. }
            | Self::NotSeen
            | Self::Failing
            | Self::HostFull
            | Self::TenantFull
            | Self::VaultFull
            | Self::TotalFull => Actor::Nobody,
        }
    }
    /// Whether it is only the queue: it ends as others end, and nobody has done anything wrong.
    #[must_use]
    pub fn is_queue(self) -> bool {
        matches!(
            self,
            Self::HostFull | Self::TenantFull | Self::VaultFull | Self::TotalFull
        )
    }
    /// The key of this cause on a host.
    #[must_use]
    pub fn key_on(self, host: &HostId) -> String {
        Scope::Host(host, self).key(self)
    }
    fn slug(self) -> String {
        match self {
            Self::Blocked { code } => code.to_string(),
            Self::Refused { code } => format!("refused:{code}"),
            Self::Held => "held".to_owned(),
            Self::NotSeen => "not-seen".to_owned(),
            Self::Failing => "failing".to_owned(),
            Self::GaveUp => "gave-up".to_owned(),
            Self::Breaker => "breaker".to_owned(),
            Self::HostFull | Self::TenantFull | Self::VaultFull | Self::TotalFull => "full".to_owned(),
        }
    }
}

/// Where a cause is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Scope<'a> {
    Host(&'a HostId, CauseKind),
    Tenant(&'a TenantId),
    Vault,
    Total,
    /// One hold: until, reason, author.
    Hold(i64, &'a str, &'a str),
}

impl<'a> Scope<'a> {
    pub fn key(&self, kind: CauseKind) -> String {
        match self {
            Self::Host(host, _) => format!("host:{host}:{}", kind.slug()),
            Self::Tenant(tenant) => format!("tenant:{tenant}:{}", kind.slug()),
            Self::Vault => "vault:full".to_owned(),
            Self::Total => "total:full".to_owned(),
            Self::Hold(until, reason, author) => {
                let mut hash = fnv(FNV_BASIS, &until.to_le_bytes());
                // The zero byte keeps "a" + "bc" apart from "ab" + "c".
                for part in [reason.as_bytes(), &[0], author.as_bytes()] {
                    hash = fnv(hash, part);
                }
                format!("hold:{hash:016x}")
            }
        }
    }
    pub fn host(&self) -> Option<&'a HostId> {
        match self {
            Self::Host(host, _) => Some(host),
            _ => None,
        }
    }
}

const FNV_BASIS: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a: the key of a hold has to be the same in every process and release, which the standard hasher does not promise.
fn fnv(hash: u64, bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(hash, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3))
}

/// The cause of one obligation's wait; `None` when nothing keeps it.
pub(super) fn of<'a>(one: &Waiting<'a>) -> Option<(CauseKind, Scope<'a>)> {
    let why = match one.what {
        Move::Start { .. } | Move::Running => return None,
        Move::GiveUp { .. } => return Some(on_host(one, CauseKind::GaveUp)),
        Move::Wait { why, .. } => why,
    };
    Some(match why {
        Wait::NotOpen => return None,
        Wait::Held(Held {
            until,
            reason,
            author,
        }) => (CauseKind::Held, Scope::Hold(until.timestamp(), reason, author)),
        Wait::NotSeen => on_host(one, CauseKind::NotSeen),
        Wait::Blocked { code, .. } => on_host(one, CauseKind::Blocked { code: *code }),
        Wait::Stubborn { code } => on_host(one, CauseKind::Refused { code: *code }),
        Wait::Backoff { .. } | Wait::NextApply { .. } => on_host(one, CauseKind::Failing),
        Wait::Breaker { .. } => on_host(one, CauseKind::Breaker),
        Wait::HostFull { .. } => on_host(one, CauseKind::HostFull),
        Wait::TenantFull { .. } => (CauseKind::TenantFull, Scope::Tenant(one.tenant)),
        Wait::VaultFull { .. } => (CauseKind::VaultFull, Scope::Vault),
        Wait::TotalFull { .. } | Wait::SlotKept { .. } | Wait::Yields { .. } => {
            (CauseKind::TotalFull, Scope::Total)
        }
    })
}

fn on_host<'a>(one: &Waiting<'a>, kind: CauseKind) -> (CauseKind, Scope<'a>) {
    (kind, Scope::Host(one.host, kind))
}
