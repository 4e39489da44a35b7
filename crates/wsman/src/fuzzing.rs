//! Whole ways of a host's bytes through this crate, for fuzzers (`fuzz/`) and for the tests below, which replay what those start from.
//! Nothing of it is used by the client. Nothing may panic; what is said of a result must hold whatever came in.

use crate::cimxml;
use crate::enumerate::Page;
use crate::envelope::{self, Opened};
use crate::instance::{Instance, Value};
use crate::limits::Limits;
use crate::time;
use crate::xml;

/// A body as it came: an answer to anything that is asked. The rows that it brought.
#[must_use]
pub fn reply(bytes: &[u8]) -> Vec<Instance> {
    let limits = Limits::default();
    let Ok(text) = xml::decode(bytes) else {
        return Vec::new();
    };
    let Ok(document) = xml::parse(&text, &limits) else {
        return Vec::new();
    };
    match envelope::open(&document, None) {
        Ok(Opened::Fault(fault)) => {
            let _told = (
                fault.to_string(),
                fault.is_not_found(),
                fault.is_access_denied(),
                fault.is_timed_out(),
            );
            Vec::new()
        }
        Ok(Opened::Body(body)) => {
            let mut rows: Vec<Instance> = Instance::read(body).into_iter().collect();
            if let Ok(page) = Page::read(body, None) {
                rows.extend(page.rows);
            }
            rows.iter().for_each(look);
            rows
        }
        Err(_) => Vec::new(),
    }
}

/// An instance inside an instance, as text.
#[must_use]
pub fn embedded(bytes: &[u8]) -> Option<Instance> {
    let text = std::str::from_utf8(bytes).ok()?;
    let instance = cimxml::parse(text, &Limits::default()).ok()?;
    look(&instance);
    Some(instance)
}

/// Asks for every property as everything.
fn look(row: &Instance) {
    for (name, value) in &row.properties {
        let _scalars = (
            row.text(name),
            row.number::<u16>(name),
            row.number::<i64>(name),
            row.boolean(name),
        );
        let _lists = (row.texts(name), row.numbers::<u16>(name));
        let _times = (row.instant(name), row.interval_ms(name));
        let _nested = (row.reference(name), row.embedded(name));
        if let Value::Text(text) | Value::DateTime(text) | Value::Interval(text) = value {
            let _read = (
                time::interval_ms(text),
                time::instant(text).map(|at| at.and_then(time::to_wmi)),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::sample::Index;
    use std::path::Path;

    fn seeds(target: &str) -> Vec<Vec<u8>> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../fuzz/seeds")
            .join(target);
        let mut paths: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        paths.sort();
        paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
    }

    #[test]
    fn what_fuzzers_start_from_is_understood() {
        let read = seeds("wsman")
            .iter()
            .filter(|seed| !reply(seed).is_empty())
            .count();
        assert!(read >= 3, "{read}");
        let read = seeds("cimxml")
            .iter()
            .filter(|seed| embedded(seed).is_some())
            .count();
        assert!(read >= 2, "{read}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]
        #[test]
        fn no_damage_to_an_answer_makes_reading_panic(
            pick in any::<Index>(),
            edits in proptest::collection::vec((any::<Index>(), 0..12_usize, proptest::collection::vec(any::<u8>(), 0..12)), 0..6),
        ) {
            for target in ["wsman", "cimxml"] {
                let seeds = seeds(target);
                let mut bytes = seeds[pick.index(seeds.len())].clone();
                for (at, cut, put) in &edits {
                    let at = at.index(bytes.len() + 1);
                    let end = (at + cut).min(bytes.len());
                    bytes.splice(at..end, put.iter().copied());
                }
                let _read = (reply(&bytes), embedded(&bytes));
            }
        }
    }
}
