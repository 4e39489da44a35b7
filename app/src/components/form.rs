//! Plain forms for what a person does by hand. They are sent as they stand where no script runs; the document's own script
//! (`crate::app`) sends them in the background and tells a refusal beside them.

use console::forms::Told;
use leptos::prelude::*;

/// A form that does `told`; `back` is the path on this server that is shown afterwards, and the way out without doing it where the form
/// was opened by a link (`can_leave`).
pub fn deed(
    action: &'static str,
    told: Told,
    back: &str,
    can_leave: bool,
    submit: &'static str,
    fields: AnyView,
) -> AnyView {
    let leave = can_leave.then(|| view! { <a class="act" href=back.to_owned()>"Not now"</a> });
    let glue = if back.contains('?') { '&' } else { '?' };
    let back = format!("{back}{glue}told={}", told.word());
    view! {
        <form class="deed" method="post" action=action data-deed="">
            <input type="hidden" name="back" value=back/>
            {fields}
            <div class="send"><button class="primary" type="submit">{submit}</button>{leave}<output class="refused" role="alert"></output></div>
        </form>
    }
    .into_any()
}

/// A value that goes along unseen.
pub fn hidden(name: &'static str, value: String) -> AnyView {
    view! { <input type="hidden" name=name value=value/> }.into_any()
}

/// A line of text with its label; `hint` stands below it.
pub fn text(label: &'static str, name: &'static str, value: &str, hint: &'static str) -> AnyView {
    let hint = (!hint.is_empty()).then(|| view! { <small>{hint}</small> });
    view! { <label class="field"><span>{label}</span><input type="text" name=name value=value.to_owned() autocomplete="off" maxlength="500" required/>{hint}</label> }
        .into_any()
}

/// A line that may stay empty.
pub fn optional(label: &'static str, name: &'static str, value: &str, hint: &'static str) -> AnyView {
    let hint = (!hint.is_empty()).then(|| view! { <small>{hint}</small> });
    view! { <label class="field"><span>{label}</span><input type="text" name=name value=value.to_owned() autocomplete="off" maxlength="500"/>{hint}</label> }
        .into_any()
}

/// Until when: a length of time, or an instant.
pub fn until(value: &str) -> AnyView {
    text(
        "Until",
        "until",
        value,
        "A length of time: 90m, 4h, 2d. Or an instant of UTC: 2026-11-23 06:00.",
    )
}

/// A choice of (value, words).
pub fn choice(
    label: &'static str,
    name: &'static str,
    options: Vec<(String, String)>,
    chosen: &str,
) -> AnyView {
    let options = options
        .into_iter()
        .map(|(value, words)| {
            let selected = value == chosen;
            view! { <option value=value selected=selected>{words}</option> }
        })
        .collect_view();
    view! { <label class="field"><span>{label}</span><select name=name>{options}</select></label> }.into_any()
}

/// What came of a form, by the word in the URL.
pub fn done(word: Option<String>) -> Option<AnyView> {
    let told = Told::of(&word?)?;
    Some(view! { <p class="said" role="status">{super::mark(console::Mark::Running)} " " {told.sentence()}</p> }.into_any())
}
