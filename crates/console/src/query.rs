//! What a list is asked for. All fields have a place in the URL.

use crate::{ReplicaId, TenantId};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

macro_rules! word_enum {
    ($(#[$doc:meta])* $name:ident default $default:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name { $($(#[$vdoc])* $variant,)* }
        impl $name {
            /// Every value, in the order of the screen.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];
            /// The word in the URL.
            #[must_use]
            pub fn word(self) -> &'static str { match self { $(Self::$variant => $word,)* } }
        }
        impl Default for $name { fn default() -> Self { Self::$default } }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(self.word()) }
        }
        impl FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                match text { $($word => Ok(Self::$variant),)*
                    other => Err(format!("`{other}` is none of: {}", [$($word),*].join(", "))) }
            }
        }
    };
}

word_enum! {
    /// Which replicas.
    Filter default All {
        All = "all",
        /// Open, and expected to be missed: by the forecast or for want of time.
        AtRisk = "at-risk",
        /// Its due time has passed without a restore point, or its newest closed day was missed.
        Breached = "breached",
        /// Has a restore point of this night.
        Protected = "protected",
        /// An attempt runs.
        Running = "running",
        /// A named blocker holds and there is no point of this night yet.
        Waiting = "waiting",
        /// The last attempt of this night failed.
        Failed = "failed",
        /// Nothing is known: the gate says Unknown.
        Unknown = "unknown",
        /// A person holds it, its tenant or its host.
        Held = "held",
    }
}
word_enum! {
    /// By what a list of replicas is sorted; ties go by tenant and name.
    Sort default Attention {
        /// What needs a person first: missed, unknown, waiting, running, met.
        Attention = "attention",
        Name = "name",
        Tenant = "tenant",
        Host = "host",
        /// When the obligation that it is in is due, none last.
        Due = "due",
        /// Age of the last restore point, none first.
        LastPoint = "last-point",
        Size = "size",
    }
}
word_enum! {
    /// Which end first.
    Direction default Ascending { Ascending = "asc", Descending = "desc" }
}

/// One page of replicas.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicaQuery {
    pub filter: Filter,
    /// Part of a name, tenant, host, GUID or blocker code; empty for all. Case does not matter.
    pub search: String,
    pub tenant: Option<TenantId>,
    /// A host's id.
    pub host: Option<String>,
    /// Only replicas that this blocker code holds back: `B1`.
    pub code: Option<String>,
    /// A policy's id: only replicas that have it.
    pub policy: Option<String>,
    pub sort: Sort,
    pub direction: Direction,
    /// Where the page begins: a page's `previous` or `next`, of the same sort and direction. `None` is the beginning.
    pub cursor: Option<String>,
    /// 1 to 500; what is outside is held to it.
    pub limit: u32,
}

impl ReplicaQuery {
    /// Rows of one page, where nothing else is asked for.
    pub const PAGE_ROWS: u32 = 50;
}

impl Default for ReplicaQuery {
    fn default() -> Self {
        Self {
            filter: Filter::default(),
            search: String::new(),
            tenant: None,
            host: None,
            code: None,
            policy: None,
            sort: Sort::default(),
            direction: Direction::default(),
            cursor: None,
            limit: Self::PAGE_ROWS,
        }
    }
}

/// Attempts, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AttemptQuery {
    pub replica: Option<ReplicaId>,
    /// Where the page begins: the `next` of the page before it.
    pub cursor: Option<String>,
    /// 1 to 500.
    pub limit: u32,
}

/// Restore points, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PointQuery {
    pub replica: Option<ReplicaId>,
    /// Where the page begins: the `next` of the page before it.
    pub cursor: Option<String>,
    /// 1 to 500.
    pub limit: u32,
}
