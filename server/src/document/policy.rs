//! Policies in JSON.

use super::stamp;
use serde_json::{Value, json};
use store::policies::{Assignment, PolicyVersion};

pub fn version(version: &PolicyVersion) -> Value {
    json!({
        "id": version.policy.id, "version": version.policy.version, "terms": version.policy.terms,
        "author": version.author, "at": stamp(version.at),
    })
}

pub fn catalogue(policies: &[PolicyVersion], assignments: &[Assignment]) -> Value {
    let assignment = |it: &Assignment| json!({ "assignee": it.assignee, "policy": it.policy, "author": it.author, "at": stamp(it.at) });
    json!({
        "policies": policies.iter().map(version).collect::<Vec<_>>(),
        "assignments": assignments.iter().map(assignment).collect::<Vec<_>>(),
    })
}
