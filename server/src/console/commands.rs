//! The command lines that take a restore point out, ready to be run on the server. Quoting is a POSIX shell's.

use ::console::CommandRow;
use std::path::Path;
use store::records::Point;

/// Everything into a folder, then disk by disk, then a tenant's own way out with stock restic.
pub(super) fn take_out(point: &Point, data: &Path) -> Vec<CommandRow> {
    let data = quoted(&data.display().to_string());
    let restore = format!("stillpoint restore {} --data {data}", point.id);
    let day = point.taken.format("%Y-%m-%d");
    let mut rows = vec![CommandRow {
        title: "Everything, into a new folder".to_owned(),
        line: format!(
            "{restore} --to-dir {}",
            quoted(&format!("./{}-{day}", file_name(&point.name)))
        ),
    }];
    for disk in point.disks.as_array().into_iter().flatten() {
        let (Some(index), Some(name)) = (disk["index"].as_u64(), disk["name"].as_str()) else {
            continue;
        };
        rows.push(CommandRow {
            title: format!("Disk {index}, {name}"),
            line: format!(
                "{restore} --disk {index} --to {} --format vhdx",
                quoted(&format!("./{}", file_name(name)))
            ),
        });
    }
    rows.push(CommandRow {
        title: "A restic key for the tenant".to_owned(),
        line: format!("stillpoint vault access {} --data {data}", point.tenant),
    });
    rows
}

/// A name that is one file's and no path's, whatever the tenant called it.
fn file_name(name: &str) -> String {
    name.chars()
        .map(|c| if c == '/' || c.is_control() { '_' } else { c })
        .collect()
}

/// As it is where a shell reads it so, else in single quotes.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_the_tenant_stays_one_word_and_one_file() {
        assert_eq!(quoted("/srv/data"), "/srv/data");
        assert_eq!(quoted("./it's; rm -rf $HOME"), "'./it'\\''s; rm -rf $HOME'");
        assert_eq!(file_name("../../etc/passwd\n"), ".._.._etc_passwd_");
    }
}
