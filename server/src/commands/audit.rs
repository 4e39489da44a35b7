//! `stillpoint audit`: the trail of who did what. `verify` walks the whole chain and finds any edit; `export` writes it out.

use super::Global;
use crate::looking;
use crate::telling::{Failure, exit, json};
use chrono::SecondsFormat;
use clap::Subcommand;
use domain::audit::{AuditEntry, Broken, Head, LinkHash, follow};
use serde_json::{Value, json as object};
use std::fs::OpenOptions;
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::str::FromStr;
use store::audit::AuditStore;
use store::traits::Scope;

const SITE: Scope = Scope::Site {
    reason: "audit command",
};
/// Entries per query.
const PAGE: u32 = 500;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Walk the chain from its beginning and find any edit; prints its head, which is worth keeping elsewhere
    Verify {
        /// A head that was kept elsewhere, as `verify` printed it: the chain must still hold it
        #[arg(long, value_name = "SEQ:HASH")]
        head: Option<Kept>,
    },
    /// Write every entry as a line of JSON
    Export {
        /// A file that is not there yet; without it stdout
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

/// A head as a person keeps it: `1234:6f1c…`.
#[derive(Debug, Clone, Copy)]
struct Kept(Head);

impl FromStr for Kept {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is no head: it is written as `stillpoint audit verify` prints it, a number, a colon and 64 hexadecimal digits"
            )
        };
        let (seq, digits) = text.split_once(':').ok_or_else(wrong)?;
        let mut hash = [0; 32];
        if digits.len() != 64 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        for (byte, pair) in hash.iter_mut().zip(digits.as_bytes().chunks(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| wrong())?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| wrong())?;
        }
        Ok(Self(Head {
            seq: seq.parse().map_err(|_| wrong())?,
            hash: LinkHash(hash),
        }))
    }
}

pub async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    let opened = looking::existing(&global.data).await?;
    match args.command {
        Command::Verify { head } => {
            let found = walked(&opened.store, head.map(|kept| kept.0), |_| Ok(())).await?;
            if global.json {
                return json(&object!({ "entries": found.seq, "head": shown(found) }));
            }
            println!("{} entries, each follows from the one before it", found.seq);
            println!("head {}", shown(found));
            Ok(())
        }
        Command::Export { out } => {
            let mut to: Box<dyn Write> = match &out {
                Some(path) => Box::new(BufWriter::new(
                    OpenOptions::new()
                        .write(true)
                        .create_new(true)
                        // Names and addresses of people.
                        .mode(0o600)
                        .open(path)
                        .map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?,
                )),
                None => Box::new(std::io::stdout().lock()),
            };
            let unwritten = |error: std::io::Error| {
                Failure::new(
                    exit::FAILED,
                    format!("the trail could not be written out: {error}"),
                )
            };
            let head = walked(&opened.store, None, |entry| {
                writeln!(to, "{}", line(entry)).map_err(unwritten)
            })
            .await?;
            to.flush().map_err(unwritten)?;
            // To stderr: stdout may be the export.
            eprintln!("{} entries; head {}", head.seq, shown(head));
            Ok(())
        }
    }
}

/// Walks the chain from its beginning; an entry is handed on only when it follows.
async fn walked(
    store: &impl AuditStore,
    remembered: Option<Head>,
    mut each: impl FnMut(&AuditEntry) -> Result<(), Failure>,
) -> Result<Head, Failure> {
    let mut head = Head::GENESIS;
    loop {
        let page = store.audit_after(&SITE, head.seq, PAGE).await?;
        if page.is_empty() {
            break;
        }
        for entry in &page {
            head = follow(head, entry).map_err(|broken| told(&broken))?;
            if remembered.is_some_and(|kept| kept.seq == head.seq && kept.hash != head.hash) {
                return Err(told(&Broken::Rewritten { seq: head.seq }));
            }
            each(entry)?;
        }
    }
    match remembered {
        Some(kept) if kept.seq > head.seq => Err(told(&Broken::Truncated {
            last: head.seq,
            remembered: kept.seq,
        })),
        _ => Ok(head),
    }
}

fn told(broken: &Broken) -> Failure {
    Failure::new(
        exit::FAILED,
        format!(
            "the audit trail was edited: {broken}; compare it with an export or a backup of the state database"
        ),
    )
}

fn shown(head: Head) -> String {
    format!("{}:{}", head.seq, head.hash)
}

fn line(entry: &AuditEntry) -> Value {
    let it = &entry.happened;
    object!({
        "seq": entry.seq, "at": it.at.to_rfc3339_opts(SecondsFormat::Micros, true), "who": it.who, "from": it.from, "deed": it.deed,
        "object": it.object, "tenant": it.tenant, "outcome": it.outcome, "details": it.details, "hash": entry.hash.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use domain::audit::{AuditOutcome, Happened, Who};
    use store::SqliteStore;

    async fn trail(entries: i64) -> (tempfile::TempDir, SqliteStore) {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(dir.path().join("stillpoint.db")).await.unwrap();
        for n in 0..entries {
            let happened = Happened {
                at: DateTime::from_timestamp(1_800_000_000 + n, 0).unwrap(),
                who: Who::System {
                    task: "test".to_owned(),
                },
                from: None,
                deed: "test.done".to_owned(),
                object: n.to_string(),
                tenant: None,
                outcome: AuditOutcome::Done,
                details: Default::default(),
            };
            store.audit_append(&SITE, &happened).await.unwrap();
        }
        (dir, store)
    }

    #[tokio::test]
    async fn a_whole_chain_is_walked_over_its_pages_and_holds_the_head_that_was_kept() {
        let (_dir, store) = trail(i64::from(PAGE) + 3).await;
        let mut lines = Vec::new();
        let head = walked(&store, None, |entry| {
            lines.push(line(entry));
            Ok(())
        });
        let head = head.await.unwrap();
        assert_eq!((head.seq, lines.len()), (503, 503));
        assert_eq!(lines[502]["hash"], head.hash.to_string());
        let kept: Kept = shown(head).parse().unwrap();
        assert_eq!(walked(&store, Some(kept.0), |_| Ok(())).await.unwrap(), head);
    }

    #[tokio::test]
    async fn a_chain_that_was_written_anew_or_cut_off_does_not_hold_the_head_that_was_kept() {
        let (_dir, store) = trail(5).await;
        let other = Head {
            seq: 3,
            hash: LinkHash([9; 32]),
        };
        let longer = Head {
            seq: 6,
            hash: LinkHash([9; 32]),
        };
        for kept in [other, longer] {
            let refused = walked(&store, Some(kept), |_| Ok(())).await.unwrap_err();
            assert!(refused.to_string().contains("edited"), "{refused}");
        }
        for wrong in [
            "",
            "3",
            "3:",
            "x:00",
            &format!("3:{}", "g".repeat(64)),
            &format!("-1:{}", "0".repeat(64)),
        ] {
            assert!(wrong.parse::<Kept>().is_err(), "{wrong}");
        }
    }
}
