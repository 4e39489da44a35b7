//! The forms of the policies: a new version, and an assignment.

use super::parts::applies_from;
use crate::components::form::{choice, deed, hidden, optional, text};
use crate::components::{empty, panel};
use console::forms::{PolicyForm, Told};
use console::{PoliciesView, Terms};
use leptos::prelude::*;

/// The form for a policy's next version; with an empty `id` for a new policy, which begins with the standard's terms.
pub fn edit(v: &PoliciesView, id: &str) -> AnyView {
    let known = v.policies.iter().find(|p| p.id == id);
    if known.is_none() && !id.is_empty() {
        return panel(
            "edit",
            "New version",
            String::new(),
            empty("There is no such policy: the list below names them all."),
        );
    }
    let f = known.map_or_else(
        || PolicyForm::of("", &Terms::standard()),
        |p| PolicyForm::of(&p.id, &p.terms),
    );
    let which = match known {
        Some(p) => hidden("id", p.id.clone()),
        None => text(
            "Id",
            "id",
            "",
            "Small letters, digits and dashes; it never changes.",
        ),
    };
    let next_day = !f.due_next_day.is_empty();
    let pauses = [("never", "Never"), ("allowed", "Allowed")]
        .map(|(value, words)| (value.to_owned(), words.to_owned()));
    let priorities = ["1", "2", "3", "4", "5"].map(|n| {
        let words = match n {
            "1" => "1, last at equal slack",
            "5" => "5, first at equal slack",
            other => other,
        };
        (n.to_owned(), words.to_owned())
    });
    let fields = view! {
        <div class="fields">
            {which}
            {text("Name", "name", &f.name, "")}
            {text("Target, % of days", "target", &f.target, "Over the contractual denominator.")}
            {choice("Priority", "priority", priorities.to_vec(), &f.priority)}
        </div>
        <div class="fields">
            {text("Opens", "open", &f.open, "On the tenant's wall clock.")}
            {text("Due", "due", &f.due, "At least 4 hours after the open.")}
            {text("Days owed", "owed_days", &f.owed_days, "every, none, or such as: mon tue wed thu fri. The others are excluded by contract, in no figure.")}
            <label class="field check"><input type="checkbox" name="due_next_day" value="on" checked=next_day/><span>"Due on the next day"</span></label>
        </div>
        <div class="fields">
            {text("Failed attempts allowed", "failures_max", &f.failures_max, "Waiting for a blocker costs none.")}
            {text("First wait after a failure, s", "failure_wait_secs", &f.failure_wait_secs, "Doubles each time.")}
            {text("Longest wait, s", "failure_wait_secs_max", &f.failure_wait_secs_max, "")}
            {optional("Looks while blocked", "looks", &f.looks, "Seconds per blocker where not as usual: B1=60 B5=900.")}
        </div>
        <div class="fields">
            {text("Observations count for, s", "freshness_secs", &f.freshness_secs, "Older is unknown.")}
            {text("Applies held back at most, s", "hold_secs_max", &f.hold_secs_max, "From checkpoint to end of export.")}
        </div>
        <div class="fields">
            {choice("Pausing the primary", "pause", pauses.to_vec(), &f.pause)}
            {optional("Longest pause, s", "pause_secs_max", &f.pause_secs_max, "Where allowed.")}
            {optional("Pauses a night and tenant", "pause_per_night_max", &f.pause_per_night_max, "Where allowed.")}
        </div>
    }
    .into_any();
    let (title, intro) = match known {
        Some(p) => ("New version", format!("Version {} of {}. {} Days that are open keep version {} and older.", p.version + 1, p.terms.name, applies_from(v, &p.applies_from), p.version)),
        None => ("New policy", "It is nobody's until it is assigned, and then applies from the next SLA day of whoever it is assigned to.".to_owned()),
    };
    let body = view! {
        <div class="text">
            <p>{intro}</p>
            {deed("/forms/policy", Told::Policy, "/policies", true, "Save as a new version", fields)}
        </div>
    }
    .into_any();
    panel(
        "edit",
        title,
        "the same terms again add no version".to_owned(),
        body,
    )
}

/// Assigning to the site or a tenant; a replica's own policy is given on its screen.
pub fn assign(v: &PoliciesView) -> AnyView {
    let policies: Vec<(String, String)> = v
        .policies
        .iter()
        .map(|p| (p.id.clone(), p.terms.name.clone()))
        .collect();
    let mut or_none = vec![(String::new(), "As everyone else".to_owned())];
    or_none.extend(policies.iter().cloned());
    let site = v
        .assignments
        .iter()
        .find(|a| a.to == "site")
        .map(|a| a.policy.clone())
        .unwrap_or_default();
    let everyone = view! {
        {hidden("to", "site".to_owned())}
        <div class="fields one">{choice("Policy for everyone else", "policy", policies, &site)}</div>
    }
    .into_any();
    let tenants = v
        .tenants
        .iter()
        .map(|(id, name)| (id.to_string(), name.clone()))
        .collect();
    let tenant = view! {
        {hidden("to", "tenant".to_owned())}
        <div class="fields one">{choice("Tenant", "name", tenants, "")}{choice("Policy of the tenant", "policy", or_none, "")}</div>
    }
    .into_any();
    let body = view! {
        <div class="text">{deed("/forms/assign", Told::Assign, "/policies", false, "Assign to the tenant", tenant)}</div>
        <div class="text ruled">{deed("/forms/assign", Told::Assign, "/policies", false, "Assign to everyone else", everyone)}</div>
    }
    .into_any();
    panel("assign", "Assign", "from the next SLA day".to_owned(), body)
}
