//! Words for every state that is not plainly fine.

use super::{Words, tell};
use crate::blocker::{Actor, NotReady, Room};

pub(super) fn explain(reason: &NotReady) -> Words {
    const NORMAL: &str = "The host reports a plainly normal replica again";
    let (title, sentence, release, actor) = match reason {
        NotReady::Mode { mode } => (
            "Not a replica",
            format!("Replication mode is {mode}."),
            NORMAL,
            Actor::Operator,
        ),
        NotReady::State { relationship, state } => (
            "Replication state not plainly fine",
            format!("Relationship {relationship} is in replication state {state}."),
            NORMAL,
            Actor::Operator,
        ),
        NotReady::Health { relationship, health } => (
            "Replication health unclear",
            format!("Relationship {relationship} reports replication health {health}."),
            NORMAL,
            Actor::Operator,
        ),
        NotReady::Enabled { enabled_state } => (
            "Not switched off",
            format!("The VM's enabled state is {enabled_state}; a replica is off (3)."),
            NORMAL,
            Actor::Operator,
        ),
        NotReady::VmHealth { health_state } => (
            "VM not healthy",
            format!("The VM's health state is {health_state}; 5 is healthy."),
            NORMAL,
            Actor::Operator,
        ),
        NotReady::Operational { status } => (
            "Operational status unclear",
            format!("The VM's operational status is {status:?}; 2 is OK."),
            NORMAL,
            Actor::Operator,
        ),
        NotReady::JobState { job } => (
            "Job in an undocumented state",
            format!("What a job on this VM is doing cannot be told: {}.", tell(job)),
            "The job ends or leaves the host's list",
            Actor::Operator,
        ),
        NotReady::NoRelationship => (
            "No replication relationship",
            "The host lists no inbound replication relationship for this VM.".to_owned(),
            NORMAL,
            Actor::Operator,
        ),
        NotReady::BoundElsewhere { primary } => (
            "Not bound to this tenant",
            format!(
                "The VM's primary is {} now, and no rule gives that primary's replicas to this tenant.",
                primary.as_deref().unwrap_or("not named")
            ),
            "The primary's trust group or name is this tenant's again; otherwise the VM is another replica",
            Actor::Operator,
        ),
        NotReady::HostUnproven { build } => (
            "Host build not proven",
            format!("No doctor run has shown that hosts of build {build} hold applies back during a backup."),
            "A doctor run on a canary replica of this build passes",
            Actor::Operator,
        ),
        NotReady::HostTooOld { build } => (
            "Host too old",
            format!(
                "Build {build} has no reference points: only Windows Server 2016 and later can be backed up."
            ),
            "The replica moves to a newer host",
            Actor::Operator,
        ),
        NotReady::HoldTooLong {
            held_secs,
            hold_secs_max,
        } => (
            "Hold took too long",
            format!("The export held applies back for {held_secs} s; the policy allows {hold_secs_max} s."),
            "The export gets faster or the policy allows more",
            Actor::Operator,
        ),
        NotReady::NoRoom {
            place,
            needed_bytes,
            free_bytes,
        } => (
            match place {
                Room::Staging => "No room in staging",
                Room::Vault => "No room in the vault",
            },
            format!("About {needed_bytes} bytes are needed and {free_bytes} are free."),
            "Room is made",
            Actor::Operator,
        ),
    };
    Words {
        code: "NR",
        title: title.to_owned(),
        sentence,
        release: release.to_owned(),
        actor,
    }
}
