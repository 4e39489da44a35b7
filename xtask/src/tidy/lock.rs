//! What `deny.toml` forbids, checked against `Cargo.lock` without cargo-deny: banned packages, and sources that are no registry.

/// A package of `Cargo.lock`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Locked {
    name: String,
    version: String,
    source: Option<String>,
}

/// An entry of `[bans]`: a name, and the version below which it is banned; `None` bans all.
#[derive(Debug, PartialEq, Eq)]
struct Ban {
    name: String,
    below: Option<String>,
    reason: String,
}

/// Reports every package that must not be in the graph.
pub fn check(deny: &str, lock: &str, say: &mut impl FnMut(String)) {
    let (bans, packages) = (bans(deny), packages(lock));
    if bans.is_empty() || packages.is_empty() {
        say("deny.toml has no bans, or Cargo.lock no packages: nothing was checked".to_owned());
    }
    for package in &packages {
        let Locked {
            name,
            version,
            source,
        } = package;
        for ban in bans.iter().filter(|ban| ban.covers(package)) {
            say(format!("Cargo.lock: {name} {version} is banned: {}", ban.reason));
        }
        if let Some(source) = source.as_ref().filter(|source| !allowed(deny, source)) {
            say(format!(
                "Cargo.lock: {name} {version} comes from {source}, which deny.toml does not allow"
            ));
        }
    }
}

impl Ban {
    fn covers(&self, package: &Locked) -> bool {
        self.name == package.name
            && self
                .below
                .as_ref()
                .is_none_or(|below| numbers(&package.version) < numbers(below))
    }
}

/// Whether `[sources]` lists the registry.
fn allowed(deny: &str, source: &str) -> bool {
    source
        .strip_prefix("registry+")
        .is_some_and(|registry| deny.contains(&format!("\"{registry}\"")))
}

/// The text after `key = "` up to the next quote.
fn quoted(line: &str, key: &str) -> Option<String> {
    let rest = line.split_once(&format!("{key} = \""))?.1;
    Some(rest.split_once('"')?.0.to_owned())
}

fn bans(deny: &str) -> Vec<Ban> {
    let entries = deny.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    entries
        .filter_map(|line| {
            let spec = quoted(line, "{ crate")?;
            let reason = quoted(line, "reason").unwrap_or_default();
            let (name, below) = match spec.split_once("@<") {
                Some((name, below)) => (name.to_owned(), Some(below.to_owned())),
                None => (spec, None),
            };
            Some(Ban { name, below, reason })
        })
        .collect()
}

fn packages(lock: &str) -> Vec<Locked> {
    let blocks = lock.split("[[package]]").skip(1);
    blocks
        .filter_map(|block| {
            let line = |key: &str| block.lines().find_map(|line| quoted(line, key));
            Some(Locked {
                name: line("name")?,
                version: line("version")?,
                source: line("source"),
            })
        })
        .collect()
}

/// `1.2.3-beta+x` as its numbers.
fn numbers(version: &str) -> Vec<u64> {
    let plain = version.split(['-', '+']).next().unwrap_or_default();
    plain.split('.').map(|part| part.parse().unwrap_or(0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::root;

    const DENY: &str = include_str!("../../../deny.toml");

    fn said(lock: &str) -> Vec<String> {
        let mut said = Vec::new();
        check(DENY, lock, &mut |text| said.push(text));
        said
    }

    fn package(name: &str, version: &str, source: &str) -> String {
        format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"{source}\"\n\n")
    }

    const INDEX: &str = "registry+https://github.com/rust-lang/crates.io-index";

    #[test]
    fn the_graph_as_locked_holds_nothing_that_is_banned() {
        let lock = std::fs::read_to_string(root().join("Cargo.lock")).unwrap();
        assert_eq!(said(&lock), Vec::<String>::new());
        assert!(packages(&lock).len() > 100, "all packages are read");
    }

    #[test]
    fn a_banned_package_is_found_by_name_and_by_version() {
        for (name, version, banned) in [
            ("opendal", "0.55.0", true),
            ("rustic_backend", "0.7.0", true),
            ("libsqlite3-sys", "0.30.1", true),
            ("libsqlite3-sys", "0.37.0", false),
            ("libsqlite3-sys", "0.100.0", false),
            ("sqlx", "0.8.6", true),
            ("sqlx", "0.9.0", false),
        ] {
            assert_eq!(
                said(&package(name, version, INDEX)).len(),
                usize::from(banned),
                "{name} {version}"
            );
        }
    }

    #[test]
    fn a_package_from_elsewhere_is_found() {
        for source in [
            "git+https://example.org/x#abc",
            "registry+https://example.org/index",
        ] {
            assert_eq!(said(&package("x", "1.0.0", source)).len(), 1, "{source}");
        }
    }

    #[test]
    fn an_empty_list_is_not_taken_for_a_clean_one() {
        assert_eq!(said("").len(), 1);
    }
}
