//! One suite for every database behind the traits.
//!
//! Each check takes a fresh, empty store and seeds it with two tenants ([`rows::Seed`]), so a forgotten scope shows at once.
//! A database runs all of them with [`crate::store_conformance!`].

mod attempts;
mod polls;
mod rows;
mod walls;

pub use attempts::*;
pub use polls::*;
pub use rows::{Seed, status};
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
            tokens_only_grow,
            of_two_workers_that_race_one_wins,
            an_expired_lease_of_a_running_attempt_is_not_claimed_but_taken_over,
            a_claim_repeated_by_its_owner_is_the_same_claim,
            a_stale_token_can_do_nothing,
            an_attempt_moves_only_along_the_diagram,
            a_journal_is_in_order_and_moves_the_step,
            clean_up_after_the_end_is_journaled_and_changes_no_state,
            a_seal_needs_its_own_attempt_and_happens_once,
            a_lease_is_not_released_while_its_attempt_runs,
            points_come_newest_first_and_whole,
            the_seals_of_a_tenant_are_one_chain,
            attempts_are_paged_by_their_start,
            overviews_say_the_same_as_the_rows,
            another_tenants_things_are_not_found,
            lists_hold_only_the_scopes_things,
            events_are_in_order_and_scoped,
            secrets_are_inserted_once,
            a_poll_written_twice_is_written_once,
            a_poll_is_written_whole_or_not_at_all,
            the_same_guid_under_two_tenants_is_two_replicas,
            a_replica_never_changes_its_tenant,
            intervals_are_half_open_and_at_most_one_is_open,
            a_code_may_end_and_begin_in_one_poll,
            findings_keep_their_since_until_resolved,
            a_late_poll_does_not_undo_an_enrolment,
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
