//! Keys: each tenant's own, under the site's; wrong and missing ones.

mod support;

use secrecy::ExposeSecret as _;
use std::fs;
use support::*;
use vault::{Vault, VaultError};

/// Where a vault of its own keeps a tenant's sealed key.
fn key_file(dir: &std::path::Path, tenant: &domain::ids::TenantId) -> std::path::PathBuf {
    vault::key_file(&dir.join("vault"), tenant)
}

fn with_kek(dir: &std::path::Path, kek: &str) -> vault::Result<Vault> {
    Vault::open_with(
        &dir.join("vault"),
        &dir.join("secrets"),
        Some(kek),
        vault::local_stores(),
    )
}

#[test]
fn one_tenants_keys_do_not_open_anothers_repository() {
    let dir = tempfile::tempdir().unwrap();
    let vault = open(dir.path());
    let (contoso, fabrikam) = (tenant("contoso"), tenant("fabrikam"));
    let disk = MemoryDisk::new(8 * MIB).with(0, 1);
    let theirs = ingest(&vault, &request("fabrikam"), &[&disk]).unwrap();
    vault.seal(&fabrikam, &theirs).unwrap();
    ingest(&vault, &request("contoso"), &[&disk]).unwrap();
    vault.access(&fabrikam, "theirs").unwrap();

    // With restic: the password of one on the repository of the other.
    let two_lines = vault
        .access(&contoso, "ours\nfake  2026-01-01  theirs")
        .unwrap_err();
    assert!(two_lines.to_string().contains("one line"), "{two_lines}");
    let access = vault.access(&contoso, "ours").unwrap();
    let stranger = Restic::with(vault.repository_path(&fabrikam), access.password.expose_secret());
    let refused = stranger.run(&["snapshots"]);
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("wrong password or no key found"));

    // Through the vault: another tenant's snapshot does not exist.
    assert!(matches!(
        vault.manifest(&contoso, &theirs.snapshot),
        Err(VaultError::NoSuchSnapshot { .. })
    ));
    assert!(!vault.snapshot_exists(&contoso, &theirs.snapshot).unwrap());

    // With the key file of one put in the place of the other.
    fs::copy(key_file(dir.path(), &contoso), key_file(dir.path(), &fabrikam)).unwrap();
    let error = vault.list(&fabrikam).unwrap_err();
    assert!(matches!(error, VaultError::KeyDamaged { .. }), "{error}");
}

#[test]
fn a_wrong_key_encryption_key_is_named_as_such() {
    let dir = tempfile::tempdir().unwrap();
    let contoso = tenant("contoso");
    let disk = MemoryDisk::new(8 * MIB).with(0, 1);
    drop(
        ingest(
            &with_kek(dir.path(), &"1a".repeat(32)).unwrap(),
            &request("contoso"),
            &[&disk],
        )
        .unwrap(),
    );
    let vault = with_kek(dir.path(), &"2b".repeat(32)).unwrap();
    let errors = [
        vault.list(&contoso).unwrap_err(),
        ingest(&vault, &request("contoso"), &[&disk]).unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, VaultError::WrongKek { .. }), "{error}");
        assert!(error.to_string().contains("contoso"), "{error}");
    }
    assert!(
        with_kek(dir.path(), &"1a".repeat(32))
            .unwrap()
            .list(&contoso)
            .unwrap()
            .is_empty()
    );
}

#[test]
fn a_lost_key_is_never_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let vault = open(dir.path());
    let contoso = tenant("contoso");
    let disk = MemoryDisk::new(8 * MIB).with(0, 1);
    ingest(&vault, &request("contoso"), &[&disk]).unwrap();
    let key = fs::read(key_file(dir.path(), &contoso)).unwrap();
    fs::remove_file(key_file(dir.path(), &contoso)).unwrap();
    for error in [
        vault.list(&contoso).unwrap_err(),
        ingest(&vault, &request("contoso"), &[&disk]).unwrap_err(),
    ] {
        assert!(matches!(error, VaultError::KeyLost { .. }), "{error}");
    }
    // The copy from a backup opens everything again, without any state elsewhere.
    fs::write(key_file(dir.path(), &contoso), key).unwrap();
    ingest(&vault, &request("contoso"), &[&disk]).unwrap();
}

#[test]
fn a_key_that_was_removed_opens_nothing_any_more() {
    let dir = tempfile::tempdir().unwrap();
    let vault = open(dir.path());
    let contoso = tenant("contoso");
    assert!(matches!(
        vault.access(&contoso, "early"),
        Err(VaultError::NoRepository { .. })
    ));
    assert!(vault.list(&contoso).unwrap().is_empty());
    assert!(!vault.repository_path(&contoso).exists(), "asking makes nothing");
    ingest(
        &vault,
        &request("contoso"),
        &[&MemoryDisk::new(8 * MIB).with(0, 1)],
    )
    .unwrap();
    let (first, second) = (
        vault.access(&contoso, "first").unwrap(),
        vault.access(&contoso, "second").unwrap(),
    );
    let labels: Vec<_> = vault
        .keys(&contoso)
        .unwrap()
        .into_iter()
        .map(|key| key.label.unwrap())
        .collect();
    assert_eq!(labels, ["first", "second"]);
    vault.remove_key(&contoso, &first.key).unwrap();
    assert!(matches!(
        vault.remove_key(&contoso, &first.key),
        Err(VaultError::NoSuchKey { .. })
    ));
    let restic =
        |access: &vault::Access| Restic::with(access.repository.clone(), access.password.expose_secret());
    assert!(!restic(&first).run(&["snapshots"]).status.success());
    restic(&second).succeeds(&["snapshots"]);
    for command in &second.commands[..3] {
        assert!(command.contains("--no-lock"), "{command}");
    }
}
