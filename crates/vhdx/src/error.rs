//! What can go wrong with a VHDX file, said so that a person knows which part and what to do.

use std::io;
use std::path::{Path, PathBuf};

/// Result of everything in this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Every message is complete in itself (path, structure, offset, remedy): there is no source chain to print.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Names the file; the reason is inside, see [`Error::reason`].
    #[error("{}: {reason}", path.display())]
    InFile { path: PathBuf, reason: Box<Error> },

    #[error("cannot {action} the {what} at offset {offset:#x}: {cause}")]
    Io {
        action: &'static str,
        what: &'static str,
        offset: u64,
        cause: io::Error,
    },

    #[error(
        "the {what} needs bytes {offset:#x}+{len:#x}, but the file has only {file_len:#x}: it is cut short, copy it again"
    )]
    Truncated {
        what: &'static str,
        offset: u64,
        len: u64,
        file_len: u64,
    },

    #[error("no {what} signature at offset {offset:#x}: this is not a VHDX file, or it is damaged")]
    BadSignature { what: &'static str, offset: u64 },

    #[error(
        "the {what} at offset {offset:#x} has checksum {stored:#010x}, computed {computed:#010x}: damaged, copy the file again"
    )]
    BadChecksum {
        what: &'static str,
        offset: u64,
        stored: u32,
        computed: u32,
    },

    #[error("both {what} copies are unusable (first: {first}; second: {second})")]
    NoGoodCopy {
        what: &'static str,
        first: Box<Error>,
        second: Box<Error>,
    },

    #[error("the {what} at offset {offset:#x} is not valid: {why}; take another copy of the file")]
    Invalid {
        what: &'static str,
        offset: u64,
        why: String,
    },

    #[error("{what} is {value}, more than the limit of {limit}")]
    TooLarge {
        what: &'static str,
        value: u64,
        limit: u64,
    },

    #[error(
        "the log at offset {offset:#x} holds unfinished writes that cannot be replayed: {why}; let its host open the disk once"
    )]
    DirtyLog { offset: u64, why: String },

    #[error("this is a differencing disk: open it with its parents (Chain), not by itself")]
    NeedsParent,

    #[error("parent reference {reference:?} is refused: {why}")]
    ParentRefused { reference: String, why: &'static str },

    #[error("parent {} is not the disk this child was made from (linkage {expected}, found {found})", path.display())]
    ParentChanged {
        path: PathBuf,
        expected: String,
        found: String,
    },

    #[error("bytes {offset:#x}+{len:#x} lie outside the disk of {virtual_size:#x} bytes")]
    OutOfRange {
        offset: u64,
        len: u64,
        virtual_size: u64,
    },

    #[error("a differencing disk is written in whole sectors of {sector} bytes: {offset:#x}+{len:#x} is not")]
    Unaligned { offset: u64, len: u64, sector: u64 },

    #[error("{what} of {value} is not possible: {why}")]
    BadParameter {
        what: &'static str,
        value: u64,
        why: &'static str,
    },
}

impl Error {
    pub(crate) fn io(
        action: &'static str,
        what: &'static str,
        offset: u64,
    ) -> impl FnOnce(io::Error) -> Self {
        move |cause| Self::Io {
            action,
            what,
            offset,
            cause,
        }
    }

    pub(crate) fn invalid(what: &'static str, offset: u64, why: impl Into<String>) -> Self {
        Self::Invalid {
            what,
            offset,
            why: why.into(),
        }
    }

    pub(crate) fn in_file(self, path: &Path) -> Self {
        match self {
            Self::InFile { .. } => self,
            other => Self::InFile {
                path: path.to_owned(),
                reason: Box::new(other),
            },
        }
    }

    /// The error without the file's name around it; match on this one.
    #[must_use]
    pub fn reason(&self) -> &Self {
        match self {
            Self::InFile { reason, .. } => reason.reason(),
            other => other,
        }
    }

    /// The operating system's kind of failure, where one was the cause (a full disk, for instance).
    #[must_use]
    pub fn io_kind(&self) -> Option<io::ErrorKind> {
        match self.reason() {
            Self::Io { cause, .. } => Some(cause.kind()),
            _ => None,
        }
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = error.io_kind().unwrap_or(io::ErrorKind::InvalidData);
        Self::new(kind, error)
    }
}
