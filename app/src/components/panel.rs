//! Panels: a header line with what it counts and as of when, then a table or a chart.

use leptos::prelude::*;

/// A panel. `note` is the grey text on the right of its header.
pub fn panel(id: &'static str, title: &'static str, note: String, body: AnyView) -> AnyView {
    panel_of(id, title, note, false, body)
}

/// A panel whose figures may be too old to be believed: then it is hatched.
pub fn panel_of(id: &'static str, title: &'static str, note: String, stale: bool, body: AnyView) -> AnyView {
    let class = if stale { "panel stale" } else { "panel" };
    let heading = format!("{id}-title");
    let labelled = heading.clone();
    view! {
        <section class=class id=id aria-labelledby=labelled>
            <header><h2 id=heading>{title}</h2><span class="note">{note}</span></header>
            {body}
        </section>
    }
    .into_any()
}

/// A large number with its label above, its denominator beside and a sentence below.
pub fn figure(label: &'static str, number: AnyView, beside: String, below: String) -> AnyView {
    view! {
        <div class="figure">
            <span class="label">{label}</span>
            <span class="number">{number}{(!beside.is_empty()).then(|| view! { <small>" " {beside}</small> })}</span>
            <span class="below">{below}</span>
        </div>
    }
    .into_any()
}

/// There is no number.
pub fn none() -> AnyView {
    view! { <span class="none">"—"</span> }.into_any()
}

/// The way to where one is.
pub fn crumb(parts: Vec<(String, String)>) -> AnyView {
    let parts = parts
        .into_iter()
        .enumerate()
        .map(|(i, (href, text))| {
            let gap = (i > 0).then_some(" › ");
            view! { {gap}<a href=href>{text}</a> }
        })
        .collect_view();
    view! { <nav class="crumb" aria-label="Where this is">{parts}</nav> }.into_any()
}
