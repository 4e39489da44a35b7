use super::*;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

fn in_file(path: &Path) -> KekSource {
    KekSource::File {
        path: path.to_owned(),
        make: true,
    }
}

fn given(current: &str, older: Option<&str>) -> KekSource {
    KekSource::Given {
        variable: KEK_VARIABLE,
        current: SecretString::from(current),
        older: older.map(SecretString::from),
    }
}

#[test]
fn a_key_is_made_once_and_only_for_us_to_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("secrets/kek");
    let first = KeyRing::open(in_file(&path), None).unwrap();
    let again = KeyRing::open(in_file(&path), Some(dir.path())).unwrap();
    assert_eq!(first.current(), again.current());
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
}

#[test]
fn a_lost_key_is_never_replaced_by_a_new_one() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kek");
    let lost = KeyRing::open(in_file(&path), Some(dir.path())).err().unwrap();
    assert!(matches!(lost, VaultError::KekMissing { .. }), "{lost}");
    let source = KekSource::File {
        path: path.clone(),
        make: false,
    };
    let absent = KeyRing::open(source, None).err().unwrap();
    assert!(matches!(absent, VaultError::KekAbsent { .. }), "{absent}");
    assert!(!path.exists());
}

#[test]
fn a_key_that_cannot_be_looked_at_is_not_called_lost() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kek");
    // Not to be looked at for anybody, root included: a link that leads to itself.
    std::os::unix::fs::symlink(&path, &path).unwrap();
    for before in [Some(dir.path()), None] {
        let error = KeyRing::open(in_file(&path), before).err().unwrap();
        assert!(
            matches!(&error, VaultError::Io { path, .. } if path.ends_with("kek")),
            "{error}"
        );
    }
}

#[test]
fn a_key_that_others_can_read_or_that_is_no_key_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kek");
    drop(KeyRing::open(in_file(&path), None).unwrap());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let exposed = KeyRing::open(in_file(&path), None).err().unwrap();
    assert!(matches!(exposed, VaultError::SecretExposed { .. }), "{exposed}");
    for source in [given("hunter2", None), given(&"1a".repeat(32), Some("hunter2"))] {
        let nonsense = KeyRing::open(source, None).err().unwrap();
        assert!(matches!(nonsense, VaultError::KekInvalid { .. }), "{nonsense}");
        assert!(!nonsense.to_string().contains("hunter2"), "{nonsense}");
    }
}

#[test]
fn after_every_step_of_a_rotation_everything_opens_in_every_process() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kek");
    let elsewhere = KeyRing::open(in_file(&path), None).unwrap();
    let old = elsewhere.seal(None, "x", b"secret").unwrap();
    let opens = |sealed: &Wrapped| {
        let anew = KeyRing::open(in_file(&path), Some(dir.path())).unwrap();
        for ring in [&elsewhere, &anew] {
            assert_eq!(&**ring.open_sealed(None, "x", sealed).unwrap(), b"secret");
        }
    };
    let ring = KeyRing::open(in_file(&path), None).unwrap();
    let too_early = ring.replace_current().unwrap_err();
    assert!(matches!(too_early, VaultError::KekNotKept { .. }), "{too_early}");
    let before = ring.keep_current().unwrap();
    opens(&old);
    assert_eq!(ring.keep_current().unwrap(), before, "done twice");
    let after = ring.replace_current().unwrap();
    assert_ne!(before, after);
    opens(&old);
    let new = elsewhere.seal(None, "x", b"secret").unwrap();
    assert_eq!(new.kek, after, "sealing elsewhere uses the new key at once");
    opens(&new);
    let keys = ring.keys().unwrap();
    assert_eq!(
        keys.iter()
            .map(|it| (it.id.as_str(), it.current))
            .collect::<Vec<_>>(),
        [(after.as_str(), true), (before.as_str(), false)]
    );

    assert!(matches!(ring.forget(&after), Err(VaultError::NoSuchKek { .. })));
    ring.forget(&before).unwrap();
    let gone = ring.open_sealed(None, "x", &old).unwrap_err();
    assert!(matches!(gone, VaultError::WrongKek { .. }), "{gone}");
    opens(&new);
}

#[test]
fn a_key_from_the_environment_opens_what_the_old_one_sealed_and_is_not_replaced_here() {
    let (one, two) = ("1a".repeat(32), "2b".repeat(32));
    let before = KeyRing::open(given(&one, None), None).unwrap();
    let sealed = before.seal(None, "x", b"secret").unwrap();
    let both = KeyRing::open(given(&two, Some(&one)), None).unwrap();
    assert_eq!(&**both.open_sealed(None, "x", &sealed).unwrap(), b"secret");
    assert_eq!(both.seal(None, "x", b"secret").unwrap().kek, both.current());
    assert!(matches!(both.keep_current(), Err(VaultError::KekGiven { .. })));
    let alone = KeyRing::open(given(&two, None), None).unwrap();
    assert!(matches!(
        alone.open_sealed(None, "x", &sealed),
        Err(VaultError::WrongKek { .. })
    ));
}
