//! Who sits at the command line: the name that stands with what they do.

use std::os::unix::fs::MetadataExt as _;

/// The system's user name, by the process's user id and not by what the environment claims; `uid N` where the system has no name for it.
pub fn author() -> String {
    let Ok(this) = std::fs::metadata("/proc/self") else {
        return "unknown user".to_owned();
    };
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    named(&users, this.uid()).unwrap_or_else(|| format!("uid {}", this.uid()))
}

fn named(users: &str, uid: u32) -> Option<String> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        let id: u32 = fields.nth(1)?.parse().ok()?;
        (id == uid).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_the_number_and_not_by_the_order() {
        let users = "root:x:0:0:root:/root:/bin/bash\nbroken\n:x:7::\nada:x:1000:1000::/home/ada:/bin/sh\n";
        assert_eq!(named(users, 1000).as_deref(), Some("ada"));
        assert_eq!(named(users, 7), None);
        assert_eq!(named(users, 1001), None);
    }
}
