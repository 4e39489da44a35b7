//! Where a restore may write: anywhere but into what Stillpoint itself works with.

use crate::telling::Failure;
use crate::wiring::Opened;
use std::path::{Component, Path, PathBuf};

/// Refuses a target in a room of the data directory, in the vault or in staging, however it is spelled.
pub fn refuse_own(target: &Path, opened: &Opened) -> Result<(), Failure> {
    let data = opened.data.root();
    let rooms = ["state", "vault", "staging", "lab", "secrets"].map(|room| data.join(room));
    let mut own = rooms.to_vec();
    own.extend([
        opened.data.config(),
        opened.config.vault_path.clone(),
        opened.config.staging.path.clone(),
    ]);
    refuse_below(target, &own)?;
    // In a folder that is there already, the one for configuration files may be a link that leads elsewhere.
    let config = target.join("config");
    if config.is_dir() {
        refuse_below(&config, &own)?;
    }
    Ok(())
}

fn refuse_below(target: &Path, own: &[PathBuf]) -> Result<(), Failure> {
    let real = real(target)?;
    for room in own {
        if real.starts_with(self::real(room)?) {
            return Err(Failure::usage(format!(
                "{} lies in {}, which Stillpoint itself works with; restore to a place outside of it",
                target.display(),
                room.display()
            )));
        }
    }
    Ok(())
}

/// The path without links: that of the nearest folder above that exists, with the rest behind it.
fn real(path: &Path) -> Result<PathBuf, Failure> {
    let fail = |error: std::io::Error| Failure::usage(format!("cannot look at {}: {error}", path.display()));
    let absolute = std::path::absolute(path).map_err(fail)?;
    let mut rest: Vec<&std::ffi::OsStr> = Vec::new();
    let mut above = absolute.as_path();
    loop {
        match above.canonicalize() {
            Ok(mut whole) => {
                whole.extend(rest.into_iter().rev());
                return Ok(whole);
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(fail(error)),
        }
        let (Some(folder), Some(Component::Normal(name))) = (above.parent(), above.components().next_back())
        else {
            return Err(Failure::usage(format!(
                "{} goes back (`..`) through a folder that does not exist; name the place itself",
                path.display()
            )));
        };
        rest.push(name);
        above = folder;
    }
}

/// A file that JSON cannot name is refused before anything is written.
pub fn named_in_json(target: &Path) -> Result<(), Failure> {
    match target.to_str() {
        Some(_) => Ok(()),
        None => Err(Failure::usage(format!(
            "{} is not Unicode, so --json cannot name it; leave --json out or choose another name",
            target.display()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;
    use std::fs;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;

    #[test]
    fn no_way_of_spelling_leads_into_a_room_of_our_own() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for folder in ["data/vault", "data/out", "away"] {
            fs::create_dir_all(at(folder)).unwrap();
        }
        symlink(at("data/vault"), at("away/link")).unwrap();
        let own = [at("data/vault"), at("data/staging"), at("data/config.toml")];
        for inside in [
            "data/vault/x.raw",
            "data/vault",
            "data/out/../vault/x.raw",
            "away/link/x.raw",
            "away/link/new/x.raw",
            "data/staging/new",
            "data/config.toml",
        ] {
            let refused = refuse_below(&at(inside), &own).unwrap_err().to_string();
            assert!(refused.contains("outside"), "{inside}: {refused}");
        }
        for outside in ["data/out/x.raw", "data/vault2", "away/x.raw", "new/deeper/x.raw"] {
            refuse_below(&at(outside), &own).unwrap();
        }
        let back = refuse_below(&at("none/../data/vault/x"), &own).unwrap_err();
        assert!(back.to_string().contains("`..`"), "{back}");
    }

    #[test]
    fn a_name_that_json_cannot_carry_is_refused() {
        let name = Path::new(OsStr::from_bytes(b"disk-\xff.raw"));
        assert!(named_in_json(name).is_err());
        named_in_json(Path::new("disk-ä.raw")).unwrap();
    }
}
