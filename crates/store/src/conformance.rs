//! One suite for every database behind the traits.
//!
//! Each check takes a fresh, empty store and seeds it with two tenants ([`rows::Seed`]), so a forgotten scope shows at once.
//! A database runs all of them with [`crate::store_conformance!`]. A check is a `pub async fn` in one of the files beside this one and
//! a name in the macro's list; a test compares the two.

mod attempts;
mod events;
mod findings;
mod hosts;
mod intervals;
mod leases;
mod lists;
mod points;
mod polls;
mod rows;
mod secrets;
mod walls;

pub use attempts::*;
pub use events::*;
pub use findings::*;
pub use hosts::*;
pub use intervals::*;
pub use leases::*;
pub use lists::*;
pub use points::*;
pub use polls::*;
pub use rows::{Seed, status};
pub use secrets::*;
pub use walls::*;

use crate::traits::{AttemptStore, EventStore, OverviewStore, ReplicaStore, SecretStore, StoreError};

/// Everything a database has to be.
pub trait Store: ReplicaStore + AttemptStore + OverviewStore + EventStore + SecretStore {}
impl<S: ReplicaStore + AttemptStore + OverviewStore + EventStore + SecretStore> Store for S {}

/// A check's outcome: an error of the store that the check did not ask for ends it.
pub type Checked = Result<(), Box<dyn std::error::Error + Send + Sync>>;

fn is_conflict<T>(outcome: &Result<T, StoreError>) -> bool {
    matches!(outcome, Err(StoreError::Conflict { .. }))
}

fn is_missing<T>(outcome: &Result<T, StoreError>) -> bool {
    matches!(outcome, Err(StoreError::NotFound { .. }))
}

fn is_leased<T>(outcome: &Result<T, StoreError>) -> bool {
    matches!(outcome, Err(StoreError::Leased { .. }))
}

/// A test per check. `$open` is an async function that returns an empty store and what must live as long as it.
#[macro_export]
macro_rules! store_conformance {
    ($open:path) => {
        $crate::store_conformance!($open;
            // attempts
            an_attempt_moves_only_along_the_diagram,
            a_journal_is_in_order_and_moves_the_step,
            clean_up_after_the_end_is_journaled_and_changes_no_state,
            attempts_are_paged_by_their_start,
            attempts_of_one_instant_are_in_the_order_of_their_tokens,
            // events
            events_are_in_order_and_scoped,
            events_say_what_changed,
            // findings
            findings_keep_their_since_until_resolved,
            a_finding_takes_the_newer_words_and_is_told_once,
            an_unknown_replica_in_a_poll_is_named,
            // hosts
            a_late_poll_does_not_undo_an_enrolment,
            a_host_keeps_what_a_poll_does_not_know,
            a_trust_may_come_before_the_first_poll,
            // intervals
            intervals_are_half_open_and_at_most_one_is_open,
            a_code_may_end_and_begin_in_one_poll,
            intervals_are_found_however_long_ago_they_began,
            an_interval_keeps_its_end_and_takes_the_newer_detail,
            // leases
            tokens_only_grow,
            of_two_workers_that_race_one_wins,
            an_expired_lease_of_a_running_attempt_is_not_claimed_but_taken_over,
            a_claim_repeated_by_its_owner_is_the_same_claim,
            a_stale_token_can_do_nothing,
            a_lease_is_not_released_while_its_attempt_runs,
            a_refused_claim_costs_no_token,
            a_lease_is_renewed_as_long_as_nobody_took_it,
            expired_leases_come_in_the_order_of_their_ends,
            an_attempt_is_of_the_host_where_the_replica_was,
            // lists
            lists_are_in_one_order_everywhere,
            a_page_is_never_longer_than_its_limit,
            instants_are_kept_to_the_microsecond,
            // points
            a_seal_needs_its_own_attempt_and_happens_once,
            points_come_newest_first_and_whole,
            overviews_say_the_same_as_the_rows,
            the_seals_of_a_tenant_are_one_chain,
            a_point_and_its_snapshot_are_named_once,
            a_seal_without_a_place_is_in_no_chain,
            points_of_one_instant_have_one_order,
            // polls
            a_poll_written_twice_is_written_once,
            a_poll_is_written_whole_or_not_at_all,
            the_same_guid_under_two_tenants_is_two_replicas,
            a_replica_never_changes_its_tenant,
            // secrets
            secrets_are_inserted_once,
            // walls
            another_tenants_things_are_not_found,
            lists_hold_only_the_scopes_things,
        );
    };
    ($open:path; $($check:ident,)*) => {$(
        #[tokio::test]
        async fn $check() {
            let (store, _keep) = $open().await;
            if let Err(error) = $crate::conformance::$check(&store).await {
                panic!("{error}: {error:?}");
            }
        }
    )*};
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_check_is_on_the_list() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/conformance");
        let list = include_str!("conformance.rs");
        for entry in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
            for line in text.lines().filter_map(|line| line.strip_prefix("pub async fn ")) {
                let check = line.split('(').next().unwrap();
                assert!(
                    list.contains(&format!("            {check},\n")),
                    "{check} is run by nobody"
                );
            }
        }
    }
}
