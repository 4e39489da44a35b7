//! Restore points and what proves them.

use super::attempts::PAGE_ROWS_MAX;
use super::{StoreConsole, commands, fault};
use ::console::{
    AnswerRow, CheckRow, DiskRow, LookRow, Mark, PointId, PointQuery, PointRow, PointView, PointsPage,
    SealView, UiError, words,
};
use chrono::{DateTime, Utc};
use domain::evidence::{Evidence, JobLook};
use domain::job::Job;
use domain::observation::HostTrust;
use domain::proof::prove;
use domain::verdict::Verdict;
use domain::words::explain_proof_break;
use store::records::{Point, PointHead};

impl StoreConsole {
    pub(super) async fn points_page(&self, query: PointQuery) -> Result<PointsPage, UiError> {
        let as_of = (self.now)();
        if let Some(replica) = query.replica {
            self.store
                .replica(&self.scope, replica)
                .await
                .map_err(fault::ui)?;
        }
        let limit = query.limit.clamp(1, PAGE_ROWS_MAX);
        let total = self
            .store
            .point_count(&self.scope, query.replica)
            .await
            .map_err(fault::ui)?;
        let (heads, next) = self
            .heads_page(query.replica, query.cursor.as_deref(), limit)
            .await?;
        Ok(PointsPage {
            as_of,
            zone: self.zone(),
            rows: heads.into_iter().map(row).collect(),
            total,
            next,
        })
    }

    pub(super) async fn point_view(&self, id: PointId) -> Result<PointView, UiError> {
        let point = self.store.point(&self.scope, id).await.map_err(fault::ui)?;
        let evidence = &point.evidence;
        let document = serde_json::to_string_pretty(evidence).map_err(|error| fault::internal(&error))?;
        let looks = std::iter::once(&evidence.hold.before).chain(&evidence.hold.looks);
        Ok(PointView {
            as_of: (self.now)(),
            zone: self.zone(),
            attempt: evidence.attempt,
            token: evidence.token.0,
            checks: checks(evidence),
            looks: look_rows(looks),
            answers: evidence
                .answers
                .iter()
                .map(|answer| AnswerRow {
                    step: words::step(answer.step).to_owned(),
                    request: answer.request.clone(),
                    return_value: answer.return_value,
                    job: answer.job.as_ref().map(tell),
                })
                .collect(),
            disks: (0..)
                .map(Some)
                .zip(&evidence.disks)
                .chain(evidence.files.iter().map(|file| (None, file)))
                .map(|(disk, file)| DiskRow {
                    disk,
                    name: file.name.clone(),
                    bytes: file.bytes,
                    blake3: file.blake3.clone(),
                })
                .collect(),
            basis: basis(&evidence.basis),
            held_secs: evidence.held_secs,
            seal: seal(&point.seal),
            repository: Some(
                self.site()
                    .vault
                    .join(point.tenant.as_str())
                    .display()
                    .to_string(),
            ),
            commands: commands::take_out(&point, &self.site().data),
            document,
            row: row(head(point)),
        })
    }
}

pub(super) fn row(head: PointHead) -> PointRow {
    PointRow {
        id: head.id,
        replica: head.replica,
        name: head.name,
        tenant: head.tenant.to_string(),
        host: head.host.to_string(),
        taken: head.taken,
        sealed: head.sealed,
        disks: u32::try_from(head.disks.as_array().map_or(0, Vec::len)).unwrap_or(u32::MAX),
        size_bytes: head.read_bytes,
        added_bytes: head.added_bytes,
        // Nothing is sealed without a proof that holds.
        mark: Mark::Met,
        proof: format!(
            "Proof holds \u{b7} {}",
            counted(head.looks as usize, "look", "looks")
        ),
        snapshot: head.snapshot,
    }
}

fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

fn head(point: Point) -> PointHead {
    PointHead {
        id: point.id,
        replica: point.replica,
        tenant: point.tenant,
        name: point.name,
        host: point.host,
        taken: point.taken,
        sealed: point.sealed,
        snapshot: point.snapshot,
        disks: point.disks,
        read_bytes: point.read_bytes,
        added_bytes: point.added_bytes,
        looks: u32::try_from(point.evidence.hold.looks.len()).unwrap_or(u32::MAX),
    }
}

/// What was checked. The proof is decided again from what was recorded, not believed.
fn checks(evidence: &Evidence) -> Vec<CheckRow> {
    let check = |holds: bool, title: &str, sentence: String| CheckRow {
        mark: if holds { Mark::Met } else { Mark::Missed },
        title: title.to_owned(),
        sentence,
    };
    let gate = |verdict: &Verdict, seen_at: DateTime<Utc>| match verdict.words().first() {
        None => (
            true,
            format!(
                "The host itself was read at {}; the gate said Clear.",
                time(seen_at)
            ),
        ),
        Some(words) => (false, format!("{}: {}", words.title, words.sentence)),
    };
    let (before, before_text) = gate(&evidence.verdict_before, evidence.before.seen_at);
    let (at, at_text) = gate(&evidence.verdict_at, evidence.at.seen_at);
    let (proven, proof_text) = match prove(&evidence.hold) {
        Ok(()) => (
            true,
            format!(
                "No apply touched the disks from the checkpoint to the end of the export, by {} at the host's jobs.",
                counted(evidence.hold.looks.len(), "look", "looks")
            ),
        ),
        Err(breaks) => (
            false,
            breaks
                .iter()
                .map(explain_proof_break)
                .collect::<Vec<_>>()
                .join("; "),
        ),
    };
    let trusted = matches!(evidence.basis, HostTrust::Enrolled { .. });
    vec![
        check(before, "Gate before the checkpoint", before_text),
        check(at, "Gate at the checkpoint", at_text),
        check(proven, "Proof of stillness", proof_text),
        check(
            !evidence.disks.is_empty() && !evidence.files.is_empty(),
            "Complete",
            format!(
                "{} and {} stored, each with its digest.",
                counted(evidence.disks.len(), "disk", "disks"),
                counted(
                    evidence.files.len(),
                    "configuration file was",
                    "configuration files were"
                ),
            ),
        ),
        check(trusted, "Trust in the host", basis(&evidence.basis)),
    ]
}

fn look_rows<'a>(looks: impl Iterator<Item = &'a JobLook>) -> Vec<LookRow> {
    let mut before: Option<DateTime<Utc>> = None;
    looks
        .map(|look| {
            let gap_secs = before
                .replace(look.host_time)
                .map(|before| (look.host_time - before).num_seconds());
            LookRow {
                host_time: look.host_time,
                gap_secs,
                last_apply: look.last_apply.iter().flatten().max().copied(),
                applies: u32::try_from(look.applies.len()).unwrap_or(u32::MAX),
                applies_text: look.applies.iter().map(tell).collect::<Vec<_>>().join("; "),
            }
        })
        .collect()
}

/// A job, short: what it was, how it stood, since when on the host's clock.
fn tell(job: &Job) -> String {
    let mut text = format!("type {} in state {}", job.job_type, u16::from(job.state));
    if job.error_code != 0 {
        text += &format!(", error {}", job.error_code);
    }
    if let Some(started) = job.started {
        text += &format!(", started {}", time(started));
    }
    text
}

fn basis(trust: &HostTrust) -> String {
    match trust {
        HostTrust::Enrolled {
            build,
            canary,
            enrolled_at,
            ..
        } => {
            format!(
                "Build {build} was enrolled on canary {canary} at {}.",
                time(*enrolled_at)
            )
        }
        HostTrust::Unproven { build } => format!("Build {build} was not proven by a doctor's run."),
        HostTrust::TooOld { build } => format!("Build {build} is too old to be trusted."),
    }
}

fn seal(seal: &serde_json::Value) -> Option<SealView> {
    let text = |field: &str| {
        seal.get(field)
            .and_then(serde_json::Value::as_str)
            .map(str::to_owned)
    };
    Some(SealView {
        algorithm: "ed25519".to_owned(),
        key: text("key").unwrap_or_default(),
        signature: text("signature")?,
        previous: text("previous"),
    })
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}
