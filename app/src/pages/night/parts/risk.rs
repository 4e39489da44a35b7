//! What will breach: the replicas that the forecast sees at risk, the likeliest first.

use super::super::model::chance;
use crate::components::{ahead, empty, mark, moment, panel};
use crate::format;
use crate::urlq::replica_href;
use console::{Chance, Filter, Mark, NightView, ReplicaQuery, RiskRow};
use leptos::prelude::*;

/// The panel; without a plan nobody claims to know.
pub fn risk(night: &NightView) -> AnyView {
    let Some(forecast) = &night.forecast else {
        let note = format!("as of {}", format::clock_secs(&night.zone, night.as_of));
        return panel(
            "risk",
            "Will breach",
            note,
            empty("No forecast yet: it is made with the first plan."),
        );
    };
    let note = format!(
        "{} estimated, {} with too little history · as of {}",
        format::count(forecast.estimated),
        format::count(forecast.no_estimate),
        format::clock_secs(&night.zone, night.as_of)
    );
    if forecast.rows.is_empty() {
        let text = if forecast.estimated == 0 && forecast.no_estimate > 0 {
            "No replica is short of time. With fewer than seven closed days each, their chances cannot be estimated yet."
        } else {
            "No open obligation is expected to be missed."
        };
        return panel("risk", "Will breach", note, empty(text));
    }
    let rows = forecast
        .rows
        .iter()
        .enumerate()
        .map(|(i, r)| row(night, i, r))
        .collect_view();
    let rest = night.owed.at_risk.saturating_sub(forecast.rows.len() as u64);
    let rest = (rest > 0).then(|| {
        let href = replica_href(&ReplicaQuery {
            filter: Filter::AtRisk,
            ..Default::default()
        });
        view! { <p class="text"><a class="act" href=href>"and " {format::count(rest)} " more"</a></p> }
    });
    let body = view! {
        <table class="rows">
            <thead><tr>
                <th scope="col">"Replica"</th><th scope="col" class="num">"Chance to be met"</th><th scope="col">"Because"</th>
                <th scope="col" class="num">"Due"</th><th scope="col" class="num">"Slack"</th><th scope="col" class="num">"Next look"</th>
            </tr></thead>
            <tbody>{rows}</tbody>
        </table>
        {rest}
    }
    .into_any();
    panel("risk", "Will breach", note, body)
}

fn row(night: &NightView, i: usize, r: &RiskRow) -> AnyView {
    let (class, told) = match r.chance {
        Chance::Known { missed_bp } if missed_bp > 5_000 => {
            ("num side missed-text strong", chance(missed_bp))
        }
        Chance::Known { missed_bp } => ("num side late-text strong", chance(missed_bp)),
        Chance::NoEstimate { .. } => ("num side dim", "no estimate".to_owned()),
    };
    let why = match r.chance {
        Chance::NoEstimate {
            days_seen,
            days_needed,
        } => format!("{days_seen} of the {days_needed} closed days that an estimate needs"),
        Chance::Known { .. } => "From what happened here before".to_owned(),
    };
    let late = r.slack_secs < 0;
    view! {
        <tr data-row=format!("r{i}")>
            <td class="first"><span class="standing">{mark(if late { Mark::Missed } else { Mark::Late })}<span><a href=format!("/replicas/{}", r.replica)>{r.name.clone()}</a> <span class="dim">" " {r.tenant.clone()}</span></span></span></td>
            <td class=class title=why>{told}</td>
            <td class="second reason">{r.reason.clone()}</td>
            <td class="num second">{moment(&night.zone, night.as_of, r.due)}</td>
            <td class="num second" class:missed-text=late>{format::slack(r.slack_secs)}</td>
            <td class="num second">{ahead(&night.zone, night.as_of, r.next_look)}</td>
        </tr>
    }
    .into_any()
}
