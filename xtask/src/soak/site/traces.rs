//! What the run left in the lab's log, on the hosts and in staging.

use super::{Site, text};
use serde_json::Value;
use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

impl Site {
    /// What clients did, in order.
    pub fn lab_log(&self) -> Vec<Value> {
        self.lines("lab.log")
    }

    /// When applies began and ended, in order.
    pub fn applies_log(&self) -> Vec<Value> {
        self.lines("applies.log")
    }

    fn lines(&self, name: &str) -> Vec<Value> {
        let log = fs::read_to_string(self.folder.join("data/lab").join(name)).unwrap_or_default();
        log.lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }

    /// What the disks held when an attempt's checkpoint was made, as the lab recorded it.
    pub fn generation_of(&self, attempt: &str) -> Option<u64> {
        let made = |entry: &&Value| {
            text(entry, "event") == "checkpoint-created" && text(entry, "name").contains(attempt)
        };
        self.lab_log().iter().filter(|_| !attempt.is_empty()).find(made)?["generation"].as_u64()
    }

    /// Waits for the next checkpoint on any host, or for as long as it may take.
    pub fn wait_for_checkpoint(&self, patience: Duration) {
        let count = || {
            self.lab_log()
                .iter()
                .filter(|entry| text(entry, "event") == "checkpoint-created")
                .count()
        };
        let (before, deadline) = (count(), Instant::now() + patience);
        while count() == before && Instant::now() < deadline {
            sleep(Duration::from_millis(100));
        }
    }

    /// Checkpoints that nobody destroyed, exports that nobody ended, folders in staging.
    pub fn left_behind(&self) -> Result<Vec<String>, String> {
        let mut left: Vec<(String, String)> = Vec::new();
        for entry in self.lab_log() {
            let say = |what: &str| {
                format!(
                    "{what} {} of {} on {}",
                    text(&entry, "name"),
                    text(&entry, "replica"),
                    text(&entry, "host")
                )
            };
            match text(&entry, "event") {
                "checkpoint-created" => left.push((text(&entry, "checkpoint").to_owned(), say("checkpoint"))),
                "checkpoint-destroyed" => left.retain(|(id, _)| id != text(&entry, "checkpoint")),
                "export-started" => left.push((text(&entry, "job").to_owned(), say("export"))),
                "export-ended" | "export-failed" | "export-cancelled" | "job-lost" => {
                    left.retain(|(id, _)| id != text(&entry, "job"));
                }
                _ => {}
            }
        }
        let staging = self.folder.join("data/staging");
        let fail = |e: std::io::Error| format!("cannot read {}: {e}", staging.display());
        let mut said: Vec<String> = left
            .into_iter()
            .map(|(_, said)| format!("left on a host: {said}"))
            .collect();
        for entry in fs::read_dir(&staging).map_err(fail)? {
            said.push(format!(
                "left in staging: {}",
                entry.map_err(fail)?.file_name().to_string_lossy()
            ));
        }
        Ok(said)
    }
}
