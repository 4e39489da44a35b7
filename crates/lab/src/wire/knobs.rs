//! Trouble on the wire that is asked for: what a host's WS-Management service does wrong for the next requests.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::fault::Fault;
use crate::scenario::only_known;

/// One kind of trouble.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "trouble", rename_all = "kebab-case")]
pub enum Trouble {
    /// `w:QuotaLimit`.
    QuotaLimit,
    /// `w:TimedOut`, code 2150858793. The operation does not happen.
    TimedOut,
    /// The operation happens and its answer is lost: `w:TimedOut`.
    AnswerLost,
    /// The connection is cut before anything happens.
    CutBefore,
    /// The operation happens and the connection is cut instead of an answer.
    CutAfter,
    /// The answer comes after so many milliseconds of machine time.
    Slow { ms: u64 },
    /// Half of the answer's XML, with a length that fits it.
    Truncated,
    /// 401, as if the password had changed.
    Denied,
}

/// Trouble for some requests of one host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written")]
pub struct WireTrouble {
    /// The host's name.
    pub host: String,
    #[serde(flatten)]
    pub trouble: Trouble,
    /// How many requests it meets.
    #[serde(default = "one")]
    pub requests: u32,
    /// Only requests whose operation and class contain this text, such as `CreateSnapshot` or `Msvm_ConcreteJob`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<String>,
}

/// Trouble as it was written, its kind not understood yet.
#[derive(Deserialize)]
struct Written {
    host: String,
    #[serde(default = "one")]
    requests: u32,
    only: Option<String>,
    #[serde(flatten)]
    trouble: Map<String, Value>,
}

impl TryFrom<Written> for WireTrouble {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let trouble: Trouble =
            serde_json::from_value(Value::Object(written.trouble.clone())).map_err(|e| e.to_string())?;
        only_known(
            &written.trouble,
            &trouble,
            &["host", "requests", "only"],
            "trouble",
        )?;
        Ok(Self {
            host: written.host,
            trouble,
            requests: written.requests,
            only: written.only,
        })
    }
}

fn one() -> u32 {
    1
}

/// What is still to go wrong on one host.
#[derive(Debug, Default)]
pub struct Troubles {
    coming: VecDeque<WireTrouble>,
}

impl Troubles {
    /// Adds trouble; `requests: 0` takes all of it away.
    pub fn add(&mut self, trouble: WireTrouble) {
        if trouble.requests == 0 {
            self.coming.clear();
        } else {
            self.coming.push_back(trouble);
        }
    }

    /// The trouble that a request with this text meets.
    pub fn meet(&mut self, request: &str) -> Option<Trouble> {
        let at = self
            .coming
            .iter()
            .position(|t| t.only.as_ref().is_none_or(|only| request.contains(only)))?;
        let met = self.coming.get_mut(at)?;
        met.requests -= 1;
        let trouble = met.trouble.clone();
        if met.requests == 0 {
            self.coming.remove(at);
        }
        Some(trouble)
    }
}

impl Trouble {
    /// The fault that is sent instead of an answer, if that is what the trouble is.
    #[must_use]
    pub fn fault(&self) -> Option<Fault> {
        match self {
            Self::QuotaLimit => Some(Fault::quota()),
            Self::TimedOut | Self::AnswerLost => Some(Fault::timed_out()),
            _ => None,
        }
    }

    /// Whether the operation takes place all the same.
    #[must_use]
    pub fn happens(&self) -> bool {
        matches!(
            self,
            Self::AnswerLost | Self::CutAfter | Self::Slow { .. } | Self::Truncated
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_key_is_refused_with_the_right_ones() {
        let json = r#"{"host":"hv-r-01","trouble":"quota-limit","request":2}"#;
        let error = serde_json::from_str::<WireTrouble>(json).unwrap_err().to_string();
        assert!(
            error.contains("`request`") && error.contains("requests"),
            "{error}"
        );
    }

    #[test]
    fn trouble_meets_so_many_requests_of_its_kind() {
        let mut troubles = Troubles::default();
        let json = r#"{"host":"hv-r-01","trouble":"quota-limit","requests":2,"only":"CreateSnapshot"}"#;
        troubles.add(serde_json::from_str(json).unwrap());
        assert_eq!(troubles.meet("enumerate Msvm_ConcreteJob"), None);
        assert_eq!(troubles.meet("x/CreateSnapshot"), Some(Trouble::QuotaLimit));
        assert_eq!(troubles.meet("x/CreateSnapshot"), Some(Trouble::QuotaLimit));
        assert_eq!(troubles.meet("x/CreateSnapshot"), None);
    }
}
