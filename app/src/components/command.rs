//! A command line to take away: selectable as it stands, copied by the button where scripts run.

use console::CommandRow;
use leptos::prelude::*;

/// The button is the document's own script's (`crate::app`), so it works before the page wakes; without scripts it is not shown.
pub fn command(row: &CommandRow) -> AnyView {
    let label = format!("Copy the command: {}", row.title);
    view! {
        <div class="command">
            <div class="line"><span>{row.title.clone()}</span><button type="button" class="copy" data-copy="" aria-label=label>"Copy"</button></div>
            <pre class="mono" tabindex="0">{row.line.clone()}</pre>
        </div>
    }
    .into_any()
}
