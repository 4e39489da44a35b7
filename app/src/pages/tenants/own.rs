//! What a tenant may do itself, and how its pages look.

use crate::components::form::{deed, hidden, optional, text};
use console::TenantCard;
use console::forms::Told;
use leptos::prelude::*;

/// Under a tenant's rules: where its window may lie, and its look.
pub fn parts(it: &TenantCard, can_manage: bool) -> AnyView {
    view! { <ul class="claims">{window(it, can_manage)}{look(it, can_manage)}</ul> }.into_any()
}

fn window(it: &TenantCard, can_manage: bool) -> AnyView {
    let now = match (&it.frame, &it.window) {
        (None, _) => "as its policy says; the tenant may not move it".to_owned(),
        (Some(frame), None) => format!(
            "as its policy says; the tenant may move it inside {}",
            frame.within
        ),
        (Some(frame), Some(own)) => format!("{own}, moved by the tenant; it may lie inside {}", frame.within),
    };
    if !can_manage {
        return view! { <li><span class="dim">"Window "</span>{now}</li> }.into_any();
    }
    let (open, due, minutes) = it
        .frame
        .map_or(("18:00".to_owned(), "10:00".to_owned(), 240), |frame| {
            (
                frame.within.open().to_string(),
                frame.within.due().to_string(),
                frame.minutes_min,
            )
        });
    let set = view! {
        {hidden("tenant", it.id.to_string())}{hidden("change", "set".to_owned())}
        <div class="fields one">
            {text("Opens at the earliest", "open", &open, "")}
            {text("Due at the latest", "due", &due, "At or before the time it opens: on the next day.")}
            {text("Least length, minutes", "minutes_min", &minutes.to_string(), "At least 240: a window has to survive every change of clocks.")}
        </div>
    };
    let take = it.frame.map(|_| {
        let fields = view! { {hidden("tenant", it.id.to_string())}{hidden("change", "take".to_owned())} };
        deed(
            "/forms/frame",
            Told::Frame,
            "/tenants",
            false,
            "Close it again",
            fields.into_any(),
        )
    });
    let label = format!("Change… where {} may move its window", it.name);
    view! {
        <li><span class="dim">"Window "</span>{now}
            <details><summary aria-label=label>"Change…"</summary>
                {deed("/forms/frame", Told::Frame, "/tenants", false, "Open it for changes", set.into_any())}{take}
            </details>
        </li>
    }
    .into_any()
}

fn look(it: &TenantCard, can_manage: bool) -> AnyView {
    let brand = &it.brand;
    let mut parts = vec![brand.name.clone().unwrap_or_else(|| "Stillpoint".to_owned())];
    parts.extend(brand.accent.clone());
    parts.push(if brand.has_logo { "a logo" } else { "no logo" }.to_owned());
    let now = parts.join(", ");
    if !can_manage {
        return view! { <li><span class="dim">"Pages "</span>{now}</li> }.into_any();
    }
    let off = brand.has_logo.then(|| {
        view! { <label class="field check"><input type="checkbox" name="logo_off"/><span>"Take the logo away"</span></label> }
    });
    let back = format!("/tenants?told={}", Told::Brand.word());
    let label = format!("Change… how the pages of {} look", it.name);
    view! {
        <li><span class="dim">"Pages "</span>{now}
            <details><summary aria-label=label>"Change…"</summary>
                // With a file: sent as it stands, not in the background.
                <form class="deed" method="post" action="/forms/brand" enctype="multipart/form-data">
                    {hidden("back", back)}{hidden("tenant", it.id.to_string())}
                    <div class="fields one">
                        {optional("Name", "name", brand.name.as_deref().unwrap_or_default(), "Instead of Stillpoint.")}
                        {optional("Accent colour", "accent", brand.accent.as_deref().unwrap_or_default(), "Such as #1f7a5a; it has to be seen on light and dark paper.")}
                        <label class="field"><span>"Logo"</span><input type="file" name="logo" accept="image/png,image/jpeg,image/webp"/><small>"PNG, JPEG or WebP, at most 32 KiB and 1024 pixels a side. Empty keeps the one that is there."</small></label>
                        {off}
                    </div>
                    <div class="send"><button class="primary" type="submit">"Save"</button></div>
                </form>
            </details>
        </li>
    }
    .into_any()
}
