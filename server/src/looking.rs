//! Opening a data directory to look at it: nothing is made that is not there. Only commands that start something make folders.

use crate::config::Config;
use crate::data::DataDir;
use crate::telling::{Failure, chain};
use crate::wiring::{self, Opened};
use std::path::Path;

/// Reads the configuration of a data directory and nothing else.
pub fn config(root: &Path) -> Result<Config, Failure> {
    if !root.is_dir() {
        return Err(Failure::usage(format!(
            "{} is not a folder; name the data directory with --data",
            root.display()
        )));
    }
    Config::load(&DataDir::at(root)?.config()).map_err(|e| Failure::usage(chain(&e)))
}

/// Opens a data directory in which something ran before; `None` when nothing did.
pub async fn look(root: &Path) -> Result<Option<Opened>, Failure> {
    config(root)?;
    let database = DataDir::at(root)?.database();
    match database.try_exists() {
        Ok(true) => wiring::open(root).await.map(Some),
        Ok(false) => Ok(None),
        Err(error) => Err(Failure::new(
            crate::telling::exit::FAILED,
            format!("cannot look at {}: {error}", database.display()),
        )),
    }
}

/// As [`look`], where nothing can be named before something ran.
pub async fn existing(root: &Path) -> Result<Opened, Failure> {
    look(root).await?.ok_or_else(|| nothing_yet(root))
}

/// Why nothing that is named here can be found.
pub fn nothing_yet(root: &Path) -> Failure {
    Failure::usage(format!(
        "nothing has run on {} yet, so it has no replicas and no restore points; `stillpoint serve` or `stillpoint backup` begins",
        root.display()
    ))
}
