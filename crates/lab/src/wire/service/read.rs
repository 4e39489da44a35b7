//! `Get`, and finding the one row that selectors name.

use super::{Done, Repository, Request, class_of};
use crate::wire::cim::{Instance, Value};
use crate::wire::fault::Fault;
use crate::wire::names::TRANSFER;
use crate::wire::schema::ClassSpec;

pub(super) fn get(repository: &impl Repository, request: &Request) -> Result<Done, Fault> {
    let spec = class_of(repository, &request.resource_uri)?;
    let row = the_one(repository, spec, &request.selectors)?;
    Ok(Done {
        action: format!("{TRANSFER}/GetResponse"),
        body: row.to_xml(None),
    })
}

/// The row that selectors name. Fewer keys than the class has are enough when they name one row: hosts accept a service
/// by its `CreationClassName` alone.
pub(super) fn the_one(
    repository: &impl Repository,
    spec: &'static ClassSpec,
    selectors: &[(String, String)],
) -> Result<Instance, Fault> {
    for (name, _) in selectors {
        if name.eq_ignore_ascii_case("__cimnamespace")
            || !spec.keys.iter().any(|key| key.eq_ignore_ascii_case(name))
        {
            return Err(Fault::selectors("UnexpectedSelectors"));
        }
    }
    let mut found = repository
        .rows(spec)
        .into_iter()
        .filter(|row| has_keys(row, selectors));
    let first = found
        .next()
        .ok_or_else(|| Fault::unreachable("InvalidSelectors", spec.name))?;
    match found.next() {
        None => Ok(first),
        Some(_) if selectors.is_empty() => Err(Fault::selectors("InsufficientSelectors")),
        Some(_) => Err(Fault::selectors("AmbiguousSelectors")),
    }
}

fn has_keys(row: &Instance, selectors: &[(String, String)]) -> bool {
    selectors.iter().all(|(name, wanted)| match row.get(name) {
        Some(Value::Text(text)) => text.eq_ignore_ascii_case(wanted),
        Some(Value::Number(n)) => n.to_string() == *wanted,
        _ => false,
    })
}
