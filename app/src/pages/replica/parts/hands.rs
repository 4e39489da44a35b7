//! The forms that a person opens on the replica's screen: hold, cancel, another policy. Each says first what will happen.

use crate::components::form::{deed, hidden, text, until};
use crate::components::{empty, panel};
use crate::may::May;
use console::forms::Told;
use console::{Permission, ReplicaView};
use leptos::prelude::*;

/// The form for `?do=`.
pub fn hand(r: &ReplicaView, may: &May, what: &str) -> AnyView {
    let needed = match what {
        "hold" => Some(Permission::Hold),
        "cancel" => Some(Permission::CancelAttempt),
        "policy" => Some(Permission::ManagePolicies),
        _ => None,
    };
    if needed.is_some_and(|needed| !may.to(needed)) {
        return panel(
            "hand",
            "Nothing to do",
            String::new(),
            empty("Your role looks and does not do this."),
        );
    }
    let back = format!("/replicas/{}", r.id);
    match (what, r.running) {
        ("hold", _) => {
            let fields = view! {
                {hidden("on", "replica".to_owned())}{hidden("name", r.id.to_string())}
                <div class="fields">{until("4h")}{text("Reason", "reason", "", "")}</div>
            }
            .into_any();
            let body = view! {
                <div class="text">
                    <p>"Nothing starts on " <b>{r.name.clone()}</b> " until the hold ends or is lifted. What is owed stays open, counts, and can be missed; what runs already goes on."</p>
                    {deed("/forms/hold", Told::Hold, &back, true, "Hold the replica", fields)}
                </div>
            };
            panel("hand", "Hold", "at most 90 days".to_owned(), body.into_any())
        }
        ("cancel", Some(attempt)) => {
            let fields = view! { {hidden("attempt", attempt.to_string())}<div class="fields">{text("Reason", "reason", "", "")}</div> }.into_any();
            let body = view! {
                <div class="text">
                    <p>"The attempt on " <b>{r.name.clone()}</b> " ends at its next step: what it made on the host is removed, a paused primary is resumed, its data is discarded. It costs no attempt, and the plan tries again unless the replica is held."</p>
                    {deed("/forms/cancel", Told::Cancel, &back, true, "Cancel the attempt", fields)}
                </div>
            };
            panel("hand", "Cancel the attempt", String::new(), body.into_any())
        }
        ("cancel", None) => panel(
            "hand",
            "Cancel the attempt",
            String::new(),
            empty("No attempt runs on this replica any more."),
        ),
        ("policy", _) => {
            let current = r.policy.as_ref().map(|p| p.id.clone()).unwrap_or_default();
            let fields = view! {
                {hidden("to", "replica".to_owned())}{hidden("name", r.id.to_string())}
                <div class="fields">{crate::components::form::optional("Id of the policy", "policy", &current, "Empty: as its tenant. Their ids stand on the screen of policies.")}</div>
            }
            .into_any();
            let body = view! {
                <div class="text">
                    <p><b>{r.name.clone()}</b> " gets a policy of its own from the next SLA day that opens; the day that is open keeps its terms."</p>
                    {deed("/forms/assign", Told::Assign, &back, true, "Assign", fields)}
                </div>
            };
            panel(
                "hand",
                "A policy of its own",
                "from the next SLA day".to_owned(),
                body.into_any(),
            )
        }
        _ => panel(
            "hand",
            "Nothing to do",
            String::new(),
            empty("This address names nothing that can be done here."),
        ),
    }
}
