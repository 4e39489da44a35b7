//! Deeds in words; their names stand beside them.

/// What was done, for people. A deed without words is told by its name.
pub(super) fn deed(name: &str) -> &str {
    match name {
        "session.open" => "Logged in",
        "session.refuse" => "Tried to log in",
        "session.close" => "Logged out",
        "session.revoke" => "Ended a session",
        "session.revoke-others" => "Ended all other sessions",
        "password.change" => "Changed the password",
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
        "causes.acknowledge" => "Took note of a cause",
        "holds.manage" => "Changed a hold",
        "attempts.cancel" => "Asked an attempt to stop",
        "days.correct" => "Corrected a day",
        "policies.manage" => "Changed a policy",
        "tenants.manage" | "tenant.frame" | "tenant.brand" => "Changed a tenant",
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

#[cfg(test)]
mod tests {
    use super::*;
    use domain::door::permission::{Effect, Permission};

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
}
