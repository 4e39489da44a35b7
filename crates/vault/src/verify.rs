//! Reading back what was stored.

use crate::Vault;
use crate::contract::StoredDisk;
use crate::error::Result;
use crate::progress::Progress;
use crate::repository::engine_error;
use domain::evidence::FileDigest;
use domain::ids::TenantId;
use rustic_core::{CheckOptions, CheckResults};
use std::sync::Arc;

/// What a check of a repository found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CheckReport {
    /// Damage.
    pub errors: Vec<String>,
    /// Oddities without consequence, such as packs left by a killed ingest.
    pub warnings: Vec<String>,
}

/// A point of which every byte was read back and matched its digest. Compare the digests with those in the sealed evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    pub disks: Vec<StoredDisk>,
    pub files: Vec<FileDigest>,
    /// Bytes of extents read.
    pub read_bytes: u64,
}

impl Vault {
    /// Checks the structure of a tenant's repository, with `read_data` every byte of it.
    ///
    /// # Errors
    /// When the check itself cannot run; damage is in the report.
    pub fn check(&self, tenant: &TenantId, read_data: bool) -> Result<CheckReport> {
        let repository = self.open_repository(tenant, Arc::new(self.backend(tenant)?))?;
        let results = repository
            .check(CheckOptions::default().read_data(read_data))
            .map_err(engine_error("check", tenant))?;
        let mut report = CheckReport::default();
        for finding in results.0 {
            let text = finding.1.to_string();
            // The engine does not export the type of the level, only this question.
            let harmless = CheckResults(vec![finding]).is_ok().is_ok();
            if harmless {
                report.warnings.push(text)
            } else {
                report.errors.push(text)
            }
        }
        Ok(report)
    }

    /// Reads a whole point back and compares everything with the digests recorded when it was stored.
    ///
    /// # Errors
    /// [`VaultError::DigestMismatch`](crate::VaultError::DigestMismatch) at the first difference; missing parts; key and storage
    /// errors; a stop on request.
    pub fn verify(&self, tenant: &TenantId, snapshot: &str, progress: &dyn Progress) -> Result<Verified> {
        let point = self.open_point(tenant, snapshot)?;
        for file in &point.manifest.files {
            point.copy_config(file, &mut std::io::sink())?;
        }
        let mut read_bytes = 0;
        for disk in &point.manifest.disks {
            point.walk_disk(disk.index, progress, &mut |_, content| {
                read_bytes += content.len() as u64;
                Ok(())
            })?;
        }
        Ok(Verified {
            disks: point.manifest.disks.clone(),
            files: point.manifest.files.clone(),
            read_bytes,
        })
    }
}
