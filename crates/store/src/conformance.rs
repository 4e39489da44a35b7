//! One suite for every database behind the traits.
//!
//! Each check takes a fresh, empty store and seeds it with two tenants ([`rows::Seed`]), so a forgotten scope shows at once.
//! A database runs all of them with [`crate::store_conformance!`]. A check is a `pub async fn` in one of the files beside this one and
//! a name in the macro's list; a test compares the two.

mod alarm;
mod attempts;
mod audit;
mod cancels;
mod corrections;
mod days;
mod door;
mod events;
mod findings;
mod history;
mod holds;
mod hosts;
mod intervals;
mod invitations;
mod leases;
mod lists;
mod notices;
mod obligations;
mod once;
mod owed;
mod pauses;
mod people;
mod points;
mod policies;
mod polls;
mod rows;
mod sealed;
mod secrets;
mod sessions;
mod tenants;
mod throttle;
mod tokens;
mod tries;
mod walls;
mod wishes;

pub use alarm::*;
pub use attempts::*;
pub use audit::*;
pub use cancels::*;
pub use corrections::*;
pub use days::*;
pub use events::*;
pub use findings::*;
pub use history::*;
pub use holds::*;
pub use hosts::*;
pub use intervals::*;
pub use invitations::*;
pub use leases::*;
pub use lists::*;
pub use notices::*;
pub use obligations::*;
pub use once::*;
pub use owed::missed;
pub use pauses::*;
pub use people::*;
pub use points::*;
pub use policies::*;
pub use polls::*;
pub use rows::{Seed, status};
pub use sealed::*;
pub use secrets::*;
pub use sessions::*;
pub use tenants::*;
pub use throttle::*;
pub use tokens::*;
pub use tries::*;
pub use walls::*;
pub use wishes::*;

use crate::alarm::AlarmStore;
use crate::audit::AuditStore;
use crate::cancels::CancelStore;
use crate::history::HistoryStore;
use crate::holds::HoldStore;
use crate::invitations::InvitationStore;
use crate::notices::NoticeStore;
use crate::obligations::ObligationStore;
use crate::once::OnceStore;
use crate::pauses::PauseStore;
use crate::people::{PersonStore, ProofStore};
use crate::policies::PolicyStore;
use crate::sealed::SealedStore;
use crate::sessions::SessionStore;
use crate::tenants::TenantStore;
use crate::throttle::ThrottleStore;
use crate::tokens::TokenStore;
use crate::traits::{AttemptStore, EventStore, OverviewStore, ReplicaStore, SecretStore, StoreError};
use crate::wishes::WishStore;

/// Everything a database has to be.
pub trait Store:
    ReplicaStore + AttemptStore + OverviewStore + EventStore + SecretStore + NightStore + DoorStore
{
}
impl<S: ReplicaStore + AttemptStore + OverviewStore + EventStore + SecretStore + NightStore + DoorStore> Store
    for S
{
}

/// What the night needs of it.
pub trait NightStore:
    PolicyStore + ObligationStore + HoldStore + CancelStore + PauseStore + NoticeStore + AlarmStore + HistoryStore
{
}
impl<S> NightStore for S where
    S: PolicyStore
        + ObligationStore
        + HoldStore
        + CancelStore
        + PauseStore
        + NoticeStore
        + AlarmStore
        + HistoryStore
{
}

/// What the doors need of it.
pub trait DoorStore:
    TenantStore
    + PersonStore
    + ProofStore
    + SessionStore
    + TokenStore
    + InvitationStore
    + ThrottleStore
    + AuditStore
    + SealedStore
    + OnceStore
    + WishStore
{
}
impl<S> DoorStore for S where
    S: TenantStore
        + PersonStore
        + ProofStore
        + SessionStore
        + TokenStore
        + InvitationStore
        + ThrottleStore
        + AuditStore
        + SealedStore
        + OnceStore
        + WishStore
{
}

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
            // alarm
            what_kept_an_obligation_when_it_became_due_is_written_down_once,
            a_sign_of_life_only_goes_forward,
            the_keys_of_all_notices_are_known,
            // attempts
            an_attempt_moves_only_along_the_diagram,
            a_journal_is_in_order_and_moves_the_step,
            clean_up_after_the_end_is_journaled_and_changes_no_state,
            attempts_are_paged_by_their_start,
            attempts_of_one_instant_are_in_the_order_of_their_tokens,
            // audit
            entries_are_chained_whoever_writes_at_the_same_time,
            the_trail_is_paged_and_a_tenant_sees_its_own,
            an_entry_is_written_by_its_own_scope_and_within_its_bounds,
            // cancels
            a_request_to_stop_is_kept_as_it_was_asked_first,
            only_a_running_attempt_in_scope_can_be_asked_to_stop,
            // corrections
            corrections_are_appended_one_by_one_and_the_original_stays,
            a_day_counts_as_its_newest_correction_says,
            an_open_day_cannot_be_corrected,
            corrections_are_listed_oldest_first_within_scope_and_days,
            // days
            days_are_listed_by_day_and_replica,
            days_of_some_replicas_are_listed_without_the_others,
            the_newest_day_of_each_replica_comes_with_its_window,
            days_reach_to_both_ends_of_the_calendar,
            // events
            events_are_in_order_and_scoped,
            events_say_what_changed,
            // findings
            findings_keep_their_since_until_resolved,
            a_finding_takes_the_newer_words_and_is_told_once,
            an_unknown_replica_in_a_poll_is_named,
            // history
            closed_days_come_by_when_they_were_closed_and_as_they_were,
            ended_blockers_come_by_their_end_and_log_applies_are_left_out,
            // holds
            a_hold_holds_from_its_beginning_to_its_end,
            a_hold_is_lifted_once_and_while_it_lasts,
            a_hold_that_cannot_be_is_refused,
            the_newest_acknowledgement_of_a_cause_counts,
            // hosts
            a_late_poll_does_not_undo_an_enrolment,
            a_host_keeps_what_a_poll_does_not_know,
            a_trust_may_come_before_the_first_poll,
            // intervals
            intervals_are_half_open_and_at_most_one_is_open,
            a_code_may_end_and_begin_in_one_poll,
            intervals_are_found_however_long_ago_they_began,
            an_interval_keeps_its_end_and_takes_the_newer_detail,
            // invitations
            an_invitation_gives_its_seat_once,
            an_invitation_that_is_over_gives_nothing,
            a_tenant_invites_to_itself_only,
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
            // notices
            a_notice_is_made_once,
            a_notice_is_tried_until_it_is_delivered,
            a_notice_that_is_given_up_is_tried_no_more,
            notices_are_due_oldest_first_and_listed_newest_first,
            // obligations
            an_obligation_is_opened_once_and_stays_as_it_was,
            obligations_are_opened_together_or_not_at_all,
            live_obligations_come_by_due_time_and_with_the_host,
            a_closed_day_stays_closed,
            an_obligation_is_closed_only_as_something,
            another_tenants_obligations_are_not_there,
            // once
            of_a_write_that_is_sent_many_times_one_is_begun_and_all_get_its_answer,
            a_write_that_was_broken_off_is_told_or_begun_again_after_its_lease,
            keys_are_their_owners_and_go_when_they_are_over,
            keys_of_a_log_in_are_bounded,
            // pauses
            an_intent_is_recorded_before_anything_else,
            a_pause_only_goes_forward,
            trouble_may_change_while_the_state_stays,
            one_pause_of_a_replica_at_a_time,
            a_budget_counts_what_was_intended_since,
            pauses_of_a_replica_are_the_scopes_own,
            // people
            a_log_in_name_is_one_persons_over_all_tenants,
            a_tenants_scope_neither_sees_nor_makes_people_elsewhere,
            a_role_changes_from_what_it_was_and_at_the_same_place,
            the_last_owner_stays,
            somebody_is_put_out_and_let_in_once,
            a_password_changes_from_what_it_was,
            a_code_of_an_authenticator_is_good_once,
            a_recovery_code_is_good_once_and_in_its_set,
            // points
            a_seal_needs_its_own_attempt_and_happens_once,
            points_come_newest_first_and_whole,
            overviews_say_the_same_as_the_rows,
            the_seals_of_a_tenant_are_one_chain,
            a_point_and_its_snapshot_are_named_once,
            a_seal_without_a_place_is_in_no_chain,
            points_of_one_instant_have_one_order,
            // policies
            a_store_begins_with_the_standard_policy_for_everyone,
            a_policy_gets_a_version_for_each_change,
            assignments_are_the_newest_of_each,
            an_assignment_that_cannot_be_is_refused,
            // polls
            a_poll_written_twice_is_written_once,
            a_poll_is_written_whole_or_not_at_all,
            the_same_guid_under_two_tenants_is_two_replicas,
            a_replica_never_changes_its_tenant,
            // sealed
            secrets_are_replaced_together_or_not_at_all,
            a_secret_is_replaced_from_what_it_was,
            secrets_are_named_in_one_order_and_in_pages,
            // secrets
            secrets_are_inserted_once,
            // sessions
            a_session_is_found_by_its_secret_until_it_is_over,
            a_secret_is_exchanged_once,
            another_tenants_sessions_are_not_there,
            sessions_are_listed_ended_and_bounded,
            a_change_of_rights_ends_sessions,
            old_sessions_are_removed_oldest_first,
            // tenants
            a_tenant_is_created_once_and_by_the_site,
            another_tenant_is_not_there,
            a_brand_is_set_whole,
            a_window_moves_inside_its_frame_and_from_where_it_was,
            no_window_outside_of_the_frame_is_ever_stored,
            rules_are_each_once_per_tenant_and_listed_in_one_order,
            // wishes
            wishes_are_taken_up_to_the_limit_and_again_when_they_are_old,
            of_many_wishes_at_once_one_is_taken,
            another_tenants_replica_cannot_be_wished_for,
            // throttle
            tries_are_counted_before_they_are_looked_at,
            a_right_try_is_forgiven_and_an_address_only_that_one,
            tallies_that_nothing_remembers_are_removed,
            a_browser_is_known_of_its_person_and_the_oldest_is_forgotten,
            the_throttle_is_the_sites_alone,
            // tokens
            a_token_opens_what_it_was_given_until_it_ends,
            a_token_never_exceeds_its_giver,
            a_token_is_revoked_once_and_by_its_own,
            tokens_are_paged_newest_first_and_bounded,
            // tries
            an_attempt_counts_once_for_its_obligation,
            an_attempt_ends_once,
            an_attempt_is_for_one_obligation,
            nothing_new_is_tried_for_a_closed_day,
            attempts_without_an_end_are_listed_until_they_have_one,
            // walls
            another_tenants_things_are_not_found,
            lists_hold_only_the_scopes_things,
            what_the_hoster_laid_down_is_seen_by_whom_it_touches,
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
