//! Return values in words (spec 2.10). Two families answer with different numbers for the same thing.

use std::fmt;

/// What a method's `ReturnValue` means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReturnCode {
    Done,
    JobStarted,
    Failed,
    AccessDenied,
    NotSupported,
    StatusUnknown,
    Timeout,
    InvalidParameter,
    /// What the method needs is held by something else.
    InUse,
    /// The VM is in a state that forbids it; an active blocker most likely answers so.
    InvalidState,
    IncorrectType,
    NotAvailable,
    OutOfMemory,
    FileNotFound,
    /// `Job.RequestStateChange`: the job cannot go from its state to the one asked for.
    InvalidTransition,
    Busy,
    /// A number that no source documents.
    Other(u32),
}

impl ReturnCode {
    /// 0.
    pub const DONE: u32 = 0;
    /// 4096: the parameters were checked and a job does the rest.
    pub const JOB_STARTED: u32 = 4096;

    /// Of any method but `RequestStateChange`: the small numbers are the CIM snapshot family's, the ones from 32768 on
    /// Hyper-V's.
    #[must_use]
    pub fn of_method(value: u32) -> Self {
        match value {
            1 | 32770 => Self::NotSupported,
            2 | 32768 => Self::Failed,
            3 | 32772 => Self::Timeout,
            4 | 32773 => Self::InvalidParameter,
            5 | 32775 => Self::InvalidState,
            6 | 32776 => Self::IncorrectType,
            32769 => Self::AccessDenied,
            32771 => Self::StatusUnknown,
            32774 => Self::InUse,
            32777 => Self::NotAvailable,
            32778 => Self::OutOfMemory,
            32779 => Self::FileNotFound,
            value => Self::common(value),
        }
    }

    /// Of `Job.RequestStateChange`.
    #[must_use]
    pub fn of_state_change(value: u32) -> Self {
        match value {
            1 => Self::NotSupported,
            2 => Self::StatusUnknown,
            3 => Self::Timeout,
            4 => Self::Failed,
            5 | 4098 => Self::InvalidParameter,
            6 => Self::InUse,
            4097 => Self::InvalidTransition,
            4099 => Self::Busy,
            value => Self::common(value),
        }
    }

    fn common(value: u32) -> Self {
        match value {
            Self::DONE => Self::Done,
            Self::JOB_STARTED => Self::JobStarted,
            value => Self::Other(value),
        }
    }
}

impl fmt::Display for ReturnCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Done => "done",
            Self::JobStarted => "a job was started",
            Self::Failed => "failed",
            Self::AccessDenied => "access denied",
            Self::NotSupported => "not supported",
            Self::StatusUnknown => "status unknown",
            Self::Timeout => "timed out",
            Self::InvalidParameter => "invalid parameter",
            Self::InUse => "the system is in use",
            Self::InvalidState => "invalid state for this operation",
            Self::IncorrectType => "incorrect data type",
            Self::NotAvailable => "the system is not available",
            Self::OutOfMemory => "out of memory",
            Self::FileNotFound => "file not found",
            Self::InvalidTransition => "the job cannot change to that state",
            Self::Busy => "busy",
            Self::Other(value) => return write!(f, "undocumented return value {value}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_families_say_invalid_state_with_their_own_number() {
        assert_eq!(ReturnCode::of_method(5), ReturnCode::InvalidState);
        assert_eq!(ReturnCode::of_method(32775), ReturnCode::InvalidState);
        assert_eq!(ReturnCode::of_state_change(5), ReturnCode::InvalidParameter);
    }

    #[test]
    fn an_undocumented_number_keeps_its_number() {
        for value in [7, 4095, 4097, 32780, u32::MAX] {
            assert_eq!(ReturnCode::of_method(value), ReturnCode::Other(value));
            assert!(
                ReturnCode::of_method(value)
                    .to_string()
                    .contains(&value.to_string())
            );
        }
    }
}
