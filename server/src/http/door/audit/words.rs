//! Deeds in words; their names stand beside them.

use std::collections::BTreeMap;

/// What was done, for people. A deed without words is told by its name.
pub(super) fn deed(name: &str) -> &str {
    match name {
        "session.open" => "Logged in",
        "session.refuse" => "Tried to log in",
        "session.close" => "Logged out",
        "session.revoke" => "Ended a session",
        "session.revoke-others" => "Ended all other sessions",
        "password.change" => "Changed the password",
        "password.confirm" => "Was asked for the password again",
        "password.link" => "Made a link to another password",
        "password.link-without-factor" => "Made a link to another password, without authenticator",
        "password.reset" => "Chose another password by a link",
        "vault.access" => "Showed a key of a repository",
        "vault.revoke" => "Took a key of a repository away",
        "second-factor.set" => "Set up an authenticator",
        "second-factor.remove" => "Took the authenticator away",
        "recovery.renew" => "Made new recovery codes",
        "person.invite" => "Invited somebody",
        "person.uninvite" => "Revoked an invitation",
        "person.join" => "Joined",
        "person.role" => "Changed a role",
        "person.put-out" => "Put somebody out",
        "person.let-in" => "Let somebody in again",
        "token.make" => "Made a token",
        "token.revoke" => "Revoked a token",
        "backup.run" => "Asked for a backup",
        "disk.download" => "Took a disk home",
        "window.move" => "Moved the window",
        "disk.restore" => "Restored a disk",
        "host.examine" => "Examined a host",
        "host.credential-set" => "Set a host's account",
        "host.credential-remove" => "Took a host's account away",
        // The plural names were told of deeds that came to no name of their own, and by earlier versions.
        "cause.acknowledge" | "causes.acknowledge" => "Took note of a cause",
        "hold.begin" => "Laid a hold",
        "hold.lift" => "Lifted a hold",
        "holds.manage" => "Changed a hold",
        "attempt.cancel" | "attempts.cancel" => "Asked an attempt to stop",
        "day.correct" | "days.correct" => "Corrected a day",
        "policy.put" => "Put a policy",
        "policy.assign" => "Gave a policy",
        "policy.unassign" => "Took a policy of its own away",
        "policies.manage" => "Changed a policy",
        "tenant.frame" => "Said where a window may lie",
        "tenant.brand" => "Changed a tenant's look",
        "tenants.manage" => "Changed a tenant",
        "tenant.create" => "Created a tenant",
        "tenant.map" => "Made a rule",
        "tenant.unmap" => "Took a rule away",
        "secrets.manage" => "Changed a secret",
        "keys.rotate" => "Exchanged the keys",
        "keys.show" => "Showed a key",
        "keys.forget" => "Forgot a key",
        other => other,
    }
}

/// What it was changed to, until when, why; a refusal's reason stands by itself.
pub(super) fn details(details: &BTreeMap<String, String>) -> String {
    let told = details.iter().filter(|(key, _)| key.as_str() != "why");
    let words: Vec<String> = told.map(|(key, value)| format!("{key}: {value}")).collect();
    words.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::door::permission::{Effect, Permission};
    use std::path::Path;

    #[test]
    fn every_deed_that_a_permission_names_has_words() {
        let deeds = Permission::ALL.iter().filter(|it| it.effect() == Effect::Changes);
        for permission in deeds {
            // People and tokens tell what exactly was done.
            if matches!(
                permission,
                Permission::ManagePeople | Permission::ManageTokens | Permission::ManageSitePeople
            ) {
                continue;
            }
            let name = permission.code().replace(':', ".");
            assert_ne!(deed(&name), name, "{name}");
        }
    }

    /// Whether a text in the sources is the name of a deed: two words with a dot, of a thing that deeds are done to.
    fn is_name(text: &str) -> bool {
        const THINGS: [&str; 19] = [
            "session",
            "password",
            "second-factor",
            "recovery",
            "person",
            "token",
            "disk",
            "hold",
            "attempt",
            "day",
            "cause",
            "policy",
            "tenant",
            "backup",
            "host",
            "keys",
            "vault",
            "window",
            "secrets",
        ];
        let plain =
            |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
        match text.split_once('.') {
            Some((thing, done)) => THINGS.contains(&thing) && plain(done) && done != "rs" && done != "db",
            None => false,
        }
    }

    fn names(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                names(&path, found);
            } else {
                let text = std::fs::read_to_string(&path).unwrap();
                found.extend(text.split('"').filter(|it| is_name(it)).map(str::to_owned));
            }
        }
    }

    #[test]
    fn every_deed_that_the_sources_name_has_words() {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut found = Vec::new();
        for folder in ["doors", "deeds", "commands"] {
            names(&sources.join(folder), &mut found);
        }
        found.sort();
        found.dedup();
        for name in [
            "hold.begin",
            "hold.lift",
            "disk.restore",
            "policy.put",
            "password.reset",
        ] {
            assert!(found.iter().any(|it| it == name), "{name} is not among {found:?}");
        }
        for name in found {
            assert_ne!(deed(&name), name, "{name} has no words");
        }
    }
}
