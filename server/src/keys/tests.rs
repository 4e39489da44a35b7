use super::credential::{Credential, Holder};
use super::rotate::{Done, Kind};
use super::*;
use ::vault::{KEK_VARIABLE, REPOSITORY_KEY};
use domain::ids::TenantId;
use secrecy::{ExposeSecret as _, SecretString};
use std::ops::ControlFlow;

/// A data directory with a vault whose tenants' keys lie in files, as earlier versions had them.
struct Before {
    dir: tempfile::TempDir,
    store: SqliteStore,
}

impl Before {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(dir.path().join("stillpoint.db")).await.unwrap();
        Self { dir, store }
    }
    fn vault(&self) -> PathBuf {
        self.dir.path().join("vault")
    }
    fn secrets(&self) -> PathBuf {
        self.dir.path().join("secrets")
    }
    fn source(&self) -> KekSource {
        KekSource::File {
            path: self.secrets().join("kek"),
            make: true,
        }
    }
    /// As a process finds it that starts now.
    fn records(&self) -> SealedRecords {
        SealedRecords::on(self.source(), None, &self.store).unwrap()
    }
    /// Repositories made by a vault that keeps keys in files.
    async fn with_files(tenants: &[&str]) -> Self {
        let before = Self::new().await;
        let vault = Vault::open(&before.vault(), &before.secrets()).unwrap();
        for tenant in tenants {
            vault.ensure_repository(&id(tenant)).unwrap();
        }
        before
    }
    /// Every tenant's repository opens to a process that starts now.
    async fn opens(&self, tenants: &[&str]) {
        let records = self.records();
        let vault = records.vault(&self.vault(), &self.secrets()).await.unwrap();
        for tenant in tenants {
            assert_eq!(vault.list(&id(tenant)).unwrap().len(), 0, "{tenant}");
            vault.keys(&id(tenant)).unwrap();
        }
        let checked = records.check(&self.vault()).await.unwrap();
        assert_eq!(checked.broken().count(), 0, "{checked:?}");
        assert_eq!(checked.records.len(), tenants.len(), "{checked:?}");
    }
}

fn id(tenant: &str) -> TenantId {
    tenant.parse().unwrap()
}

fn account(password: &str) -> Credential {
    Credential::new("HOSTER\\backup", SecretString::from(password)).unwrap()
}

fn go_on(_: Done) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_in_files_are_taken_over_once_and_their_files_go() {
    let before = Before::with_files(&["contoso", "fabrikam"]).await;
    let file = ::vault::key_file(&before.vault(), &id("contoso"));
    let copy = std::fs::read(&file).unwrap();
    before.opens(&["contoso", "fabrikam"]).await;
    assert!(!file.exists());
    before.opens(&["contoso", "fabrikam"]).await;
    // Ended after the record and before the file went: the file goes now.
    std::fs::write(&file, &copy).unwrap();
    before.opens(&["contoso", "fabrikam"]).await;
    assert!(!file.exists());
    // A first key made now goes to the state at once.
    let records = before.records();
    let vault = records.vault(&before.vault(), &before.secrets()).await.unwrap();
    vault.ensure_repository(&id("tailspin")).unwrap();
    assert!(!::vault::key_file(&before.vault(), &id("tailspin")).exists());
    assert_eq!(
        vault.tenants().unwrap(),
        [id("contoso"), id("fabrikam"), id("tailspin")]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_file_that_does_not_open_stays_and_is_named() {
    let before = Before::with_files(&["contoso", "fabrikam"]).await;
    let file = |tenant| ::vault::key_file(&before.vault(), &id(tenant));
    std::fs::copy(file("contoso"), file("fabrikam")).unwrap();
    let records = before.records();
    let vault = records.vault(&before.vault(), &before.secrets()).await.unwrap();
    vault.keys(&id("contoso")).unwrap();
    assert!(file("fabrikam").exists(), "kept as it was");
    let error = vault.keys(&id("fabrikam")).unwrap_err().to_string();
    assert!(error.contains("fabrikam"), "{error}");
    let checked = records.check(&before.vault()).await.unwrap();
    let broken: Vec<_> = checked.broken().map(|it| it.name.clone()).collect();
    assert_eq!(broken.len(), 1);
    assert!(
        broken[0].contains("fabrikam") && broken[0].contains("file"),
        "{broken:?}"
    );
    let refused = records
        .rotate(&before.vault(), Kind::NewKey, go_on)
        .await
        .unwrap_err();
    assert!(refused.to_string().contains("nothing was changed"), "{refused}");
    assert_eq!(records.check(&before.vault()).await.unwrap().keys.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_in_anothers_place_opens_nothing() {
    let before = Before::with_files(&["contoso"]).await;
    before.opens(&["contoso"]).await;
    let theirs = before.store.secret(Some(&id("contoso")), REPOSITORY_KEY).await;
    let theirs = theirs.unwrap().unwrap();
    let store = &before.store;
    store
        .secret_insert(Some(&id("mallory")), REPOSITORY_KEY, &theirs)
        .await
        .unwrap();
    store
        .secret_insert(Some(&id("contoso")), "credential:primary:x", &theirs)
        .await
        .unwrap();
    let checked = before.records().check(&before.vault()).await.unwrap();
    let broken: Vec<_> = checked.broken().map(|it| it.name.as_str()).collect();
    assert_eq!(broken, ["contoso credential:primary:x", "mallory repository-key"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_ends_between_any_two_steps_leaves_everything_readable() {
    let tenants = ["contoso", "fabrikam"];
    for end in [Done::Kept, Done::Replaced, Done::Rewrapped] {
        let before = Before::with_files(&tenants).await;
        // A process that runs all the while.
        let running = before.records();
        let vault = running.vault(&before.vault(), &before.secrets()).await.unwrap();
        vault.keys(&id("contoso")).unwrap();
        let stop = |done| match done == end {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        };
        before
            .records()
            .rotate(&before.vault(), Kind::NewKey, stop)
            .await
            .unwrap_err();
        before.opens(&tenants).await;
        vault.keys(&id("fabrikam")).unwrap();

        // The next run ends it, and what the old keys sealed is told apart from what they did not.
        let again = before.records();
        let rotated = again.rotate(&before.vault(), Kind::NewKey, go_on).await.unwrap();
        assert_eq!(rotated.rewrapped, tenants.len(), "{end:?}");
        before.opens(&tenants).await;
        vault.keys(&id("contoso")).unwrap();
        let checked = again.check(&before.vault()).await.unwrap();
        assert_eq!(checked.older(), 0, "{end:?}");
        for key in checked.keys.iter().filter(|key| !key.current) {
            again.forget(&key.id, &before.vault()).await.unwrap();
        }
        before.opens(&tenants).await;
        vault.keys(&id("contoso")).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_key_stays_while_something_is_sealed_under_it() {
    let before = Before::with_files(&["contoso"]).await;
    let records = before.records();
    let old = records.check(&before.vault()).await.unwrap().keys[0].id.clone();
    let stop = |done| match done {
        Done::Replaced => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    records
        .rotate(&before.vault(), Kind::NewKey, stop)
        .await
        .unwrap_err();
    let refused = records.forget(&old, &before.vault()).await.unwrap_err();
    assert!(
        refused.to_string().contains("contoso repository-key"),
        "{refused}"
    );
    let done = records.rotate(&before.vault(), Kind::RewrapOnly, go_on).await;
    let done = done.unwrap();
    assert_eq!((done.old, done.rewrapped), (None, 1));
    records.forget(&old, &before.vault()).await.unwrap();
    before.opens(&["contoso"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_from_the_environment_is_rotated_by_giving_both() {
    let before = Before::new().await;
    let (one, two) = ("1a".repeat(32), "2b".repeat(32));
    let given = |current: &str, older: Option<&str>| {
        let source = KekSource::Given {
            variable: KEK_VARIABLE,
            current: SecretString::from(current),
            older: older.map(SecretString::from),
        };
        SealedRecords::on(source, None, &before.store).unwrap()
    };
    let host = Holder::Host("hv-r-01".parse().unwrap());
    given(&one, None)
        .credential_set(&host, &account("pa55"))
        .await
        .unwrap();
    let both = given(&two, Some(&one));
    let refused = both
        .rotate(&before.vault(), Kind::NewKey, go_on)
        .await
        .unwrap_err();
    assert!(refused.to_string().contains("STILLPOINT_KEY_OLD"), "{refused}");
    let done = both
        .rotate(&before.vault(), Kind::RewrapOnly, go_on)
        .await
        .unwrap();
    assert_eq!(done.rewrapped, 1);
    let checked = given(&two, None).check(&before.vault()).await.unwrap();
    assert_eq!(checked.broken().count(), 0, "{checked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_used_and_neither_stored_nor_printed_in_the_clear() {
    let before = Before::new().await;
    let config = crate::config::Config::parse(
        Path::new("/data/config.toml"),
        "[staging]\npath = \"staging\"\nunc = '\\\\stage\\exports'\n[[host]]\nid = \"hv-r-01\"\naddress = \"h\"\nca_file = \"ca.pem\"\n",
    )
    .unwrap();
    let records = before.records();
    let host = Holder::host(&config.hosts[0]);
    assert!(!credential::any(&before.store, &config).await.unwrap());
    records
        .credential_set(&host, &account("first-Pa55word"))
        .await
        .unwrap();
    records
        .credential_set(&host, &account("second-Pa55word"))
        .await
        .unwrap();
    let found = records.credentials(&config).await.unwrap();
    assert_eq!(found[&host].password.expose_secret(), "second-Pa55word");
    assert_eq!(found[&host].user, "HOSTER\\backup");
    assert!(!format!("{found:?}").contains("Pa55word"));
    let name = "credential:host:hv-r-01";
    let stored = before.store.secret(None, name).await.unwrap().unwrap();
    assert!(!String::from_utf8_lossy(&stored).contains("Pa55word"));
    // With another key nothing is told but the record's name.
    let source = KekSource::Given {
        variable: KEK_VARIABLE,
        current: SecretString::from("1a".repeat(32)),
        older: None,
    };
    let stranger = SealedRecords::on(source, None, &before.store).unwrap();
    let error = stranger.credentials(&config).await.unwrap_err().to_string();
    assert!(error.contains(name) && !error.contains("Pa55word"), "{error}");
    assert!(records.credential_remove(&host).await.unwrap());
    assert!(!records.credential_remove(&host).await.unwrap());
}

#[test]
fn a_password_that_no_host_could_take_is_refused_without_being_repeated() {
    for (user, password) in [
        ("", "x"),
        ("a:b", "x"),
        ("a", ""),
        ("a", "two\nlines"),
        ("a", &"x".repeat(credential::PASSWORD_BYTES_MAX + 1)),
    ] {
        let error = Credential::new(user, SecretString::from(password)).unwrap_err();
        assert!(password.len() < 2 || !error.contains(password), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_of_the_site_is_drawn_once_and_outlives_rotations() {
    let before = Before::new().await;
    let records = before.records();
    let (one, two) = tokio::join!(records.site_secret("pepper"), records.site_secret("pepper"));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(*one, *two, "of two that draw at once");
    assert_ne!(*one, *records.site_secret("other").await.unwrap());
    let rotated = records
        .rotate(&before.vault(), Kind::NewKey, go_on)
        .await
        .unwrap();
    assert_eq!(rotated.rewrapped, 2);
    records
        .forget(&rotated.old.unwrap(), &before.vault())
        .await
        .unwrap();
    assert_eq!(*before.records().site_secret("pepper").await.unwrap(), *one);
}
