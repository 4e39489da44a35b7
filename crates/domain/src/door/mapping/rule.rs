//! The text of a rule: read once, folded, bounded.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The most bytes of a rule's text.
pub const RULE_BYTES_MAX: usize = 255;

/// What claims a replica.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    content = "text",
    rename_all = "kebab-case",
    try_from = "RuleDocument",
    into = "RuleDocument"
)]
pub enum MappingRule {
    /// The trust group of the host's entry that fits the primary best.
    TrustGroup(String),
    /// The primary's FQDN, or a wildcard first label.
    Primary(String),
    /// A folder that holds the replica's disks.
    StoragePath(String),
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleDocument {
    kind: String,
    text: String,
}

/// A text that cannot be a rule of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRule {
    #[error("`{0}` is not a kind of rule: trust-group, primary or storage-path")]
    Kind(String),
    #[error("a trust group is 1 to {RULE_BYTES_MAX} characters without line breaks")]
    TrustGroup,
    #[error("`{0}` is neither an FQDN nor a wildcard first label such as *.contoso.example")]
    Primary(String),
    #[error("`{0}` is not a folder below a drive, volume or share, such as D:\\Replica\\Contoso")]
    StoragePath(String),
}

impl MappingRule {
    /// The kinds' codes, strongest first.
    pub const KINDS: [&str; 3] = ["trust-group", "primary", "storage-path"];

    /// A checked rule, its text folded: names and paths have no case here.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(kind: &str, text: &str) -> Result<Self, InvalidRule> {
        let text = text.trim();
        let plain = !text.is_empty() && text.len() <= RULE_BYTES_MAX && !text.contains(char::is_control);
        let folded = text.to_ascii_lowercase();
        match kind {
            "trust-group" if plain => Ok(Self::TrustGroup(folded)),
            "trust-group" => Err(InvalidRule::TrustGroup),
            "primary" if plain && is_pattern(&folded) => Ok(Self::Primary(folded)),
            "primary" => Err(InvalidRule::Primary(text.chars().take(RULE_BYTES_MAX).collect())),
            "storage-path" => match parts(&folded) {
                // A bare drive would claim everything on it, a dotted part somebody else's folder.
                Some(found) if plain && found.len() > 1 => Ok(Self::StoragePath(found.join("\\"))),
                _ => Err(InvalidRule::StoragePath(
                    text.chars().take(RULE_BYTES_MAX).collect(),
                )),
            },
            other => Err(InvalidRule::Kind(other.chars().take(40).collect())),
        }
    }
    /// The kind's code, as stored.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::TrustGroup(_) => Self::KINDS[0],
            Self::Primary(_) => Self::KINDS[1],
            Self::StoragePath(_) => Self::KINDS[2],
        }
    }
    /// The folded text, as stored.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::TrustGroup(text) | Self::Primary(text) | Self::StoragePath(text) => text,
        }
    }
}

impl TryFrom<RuleDocument> for MappingRule {
    type Error = InvalidRule;
    fn try_from(document: RuleDocument) -> Result<Self, InvalidRule> {
        Self::new(&document.kind, &document.text)
    }
}

impl From<MappingRule> for RuleDocument {
    fn from(rule: MappingRule) -> Self {
        Self {
            kind: rule.kind().to_owned(),
            text: rule.text().to_owned(),
        }
    }
}

/// `primary *.contoso.example`
impl fmt::Display for MappingRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind(), self.text())
    }
}

/// At least two labels, the first of which may be `*`.
fn is_pattern(text: &str) -> bool {
    let rest = text.strip_prefix("*.").unwrap_or(text);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    rest.contains('.') && rest.split('.').all(label)
}

/// The parts of a Windows path: `c:\a\b` is three; of a share, server and share are one. `None` for what is not absolute or climbs.
fn parts(path: &str) -> Option<Vec<String>> {
    let path = path.trim().to_ascii_lowercase().replace('/', "\\");
    let share = path
        .strip_prefix(r"\\")
        .filter(|rest| !rest.starts_with(['?', '.']));
    let bare = path.strip_prefix(r"\\?\").unwrap_or(&path);
    let mut found: Vec<String> = share.unwrap_or(bare).split('\\').map(str::to_owned).collect();
    while found.last().is_some_and(String::is_empty) {
        found.pop();
    }
    if found
        .iter()
        .any(|part| part.is_empty() || part == "." || part == "..")
    {
        return None;
    }
    if share.is_some() {
        let name = found.get(1).map(|name| format!(r"\\{}\{name}", found[0]))?;
        found.splice(..2, [name]);
        return Some(found);
    }
    let drive = found
        .first()
        .is_some_and(|first| first.len() == 2 && first.ends_with(':'));
    let volume = found
        .first()
        .is_some_and(|first| first.starts_with("volume{") && first.ends_with('}'));
    (drive || volume).then_some(found)
}

/// How deep the folder is, if it holds every one of the paths. `None` without any path: nothing is claimed by what is not known.
pub(crate) fn holds(folder: &str, paths: &[String]) -> Option<usize> {
    let folder = parts(folder)?;
    let below = |path: &String| {
        parts(path).is_some_and(|path| path.len() > folder.len() && path.starts_with(&folder))
    };
    (!paths.is_empty() && paths.iter().all(below)).then_some(folder.len())
}
