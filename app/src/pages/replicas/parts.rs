//! Chips, table, pager.

use crate::components::{empty, moment, standing, strip};
use crate::format;
use crate::urlq::replica_href;
use console::{Direction, Filter, Mark, ReplicaQuery, ReplicaRow, ReplicasPage, Sort};
use leptos::prelude::*;

/// The page below its title.
pub fn page(page: &ReplicasPage) -> AnyView {
    let query = &page.query;
    let note = format!(
        "sorted by {} · {} · as of {} {}",
        sort_word(query.sort),
        range(page),
        format::clock_secs(&page.zone, page.as_of),
        page.zone.name
    );
    let body = if page.rows.is_empty() {
        let text = if is_narrowed(query) {
            "No replica matches. Take a filter away, or search for less."
        } else {
            "No replica has been observed yet: the first survey of the hosts brings them."
        };
        view! { <section class="panel" aria-label="Replicas">{empty(text)}</section> }.into_any()
    } else {
        table(page)
    };
    view! {
        <div class="head"><div><h1>"Replicas"</h1></div></div>
        <div class="tools"><nav class="chips" aria-label="Filters">{chips(page)}</nav><span class="note">{note}</span></div>
        {body}
        {pager(page)}
    }
    .into_any()
}

/// `51–100 of 214`: where this page stands among all that match.
fn range(page: &ReplicasPage) -> String {
    let shown = page.rows.len() as u64;
    if shown == 0 {
        return "none".to_owned();
    }
    format!(
        "{}–{} of {}",
        format::count(page.before + 1),
        format::count(page.before + shown),
        format::count(page.matching)
    )
}

fn is_narrowed(q: &ReplicaQuery) -> bool {
    q.filter != Filter::All
        || !q.search.is_empty()
        || q.tenant.is_some()
        || q.host.is_some()
        || q.code.is_some()
        || q.policy.is_some()
}

fn sort_word(sort: Sort) -> &'static str {
    match sort {
        Sort::Attention => "need of attention",
        Sort::Name => "name",
        Sort::Tenant => "tenant",
        Sort::Host => "host",
        Sort::Due => "due time",
        Sort::LastPoint => "last point",
        Sort::Size => "size",
    }
}

fn filter_word(filter: Filter) -> &'static str {
    match filter {
        Filter::All => "All",
        Filter::AtRisk => "At risk",
        Filter::Breached => "Breached",
        Filter::Protected => "Met",
        Filter::Running => "Running",
        Filter::Waiting => "Waiting",
        Filter::Failed => "Failed",
        Filter::Unknown => "Not known",
        Filter::Held => "Held",
    }
}

fn chips(page: &ReplicasPage) -> AnyView {
    let filters = Filter::ALL
        .iter()
        .map(|filter| {
            let count = page
                .counts
                .iter()
                .find(|c| c.filter == *filter)
                .map(|c| format::count(c.count));
            let href = replica_href(&ReplicaQuery {
                filter: *filter,
                cursor: None,
                ..page.query.clone()
            });
            let current = (*filter == page.query.filter).then_some("true");
            view! { <a class="chip" href=href aria-current=current>{filter_word(*filter)} " " {count}</a> }
        })
        .collect_view();
    let q = &page.query;
    let without = |text: Option<String>, query: ReplicaQuery| {
        text.map(|text| {
            let label = format!("Take away the filter {text}");
            view! { <a class="chip given" href=replica_href(&query) aria-label=label>{text} <span aria-hidden="true">" ×"</span></a> }
        })
    };
    let base = || ReplicaQuery {
        cursor: None,
        ..q.clone()
    };
    view! {
        {filters}
        {without((!q.search.is_empty()).then(|| format!("“{}”", q.search)), ReplicaQuery { search: String::new(), ..base() })}
        {without(q.tenant.as_ref().map(|t| format!("tenant {t}")), ReplicaQuery { tenant: None, ..base() })}
        {without(q.host.as_ref().map(|h| format!("host {h}")), ReplicaQuery { host: None, ..base() })}
        {without(q.policy.as_ref().map(|p| format!("policy {p}")), ReplicaQuery { policy: None, ..base() })}
        {without(q.code.as_ref().map(|c| format!("blocker {c}")), ReplicaQuery { code: None, ..base() })}
    }
    .into_any()
}

fn heading(q: &ReplicaQuery, sort: Sort, text: &'static str, class: &'static str) -> AnyView {
    let on = q.sort == sort;
    let direction = match (on, q.direction) {
        (true, Direction::Ascending) => Direction::Descending,
        _ => Direction::Ascending,
    };
    let aria = on.then_some(if q.direction == Direction::Ascending {
        "ascending"
    } else {
        "descending"
    });
    let arrow = on.then_some(if q.direction == Direction::Ascending {
        " ↑"
    } else {
        " ↓"
    });
    let href = replica_href(&ReplicaQuery {
        sort,
        direction,
        cursor: None,
        ..q.clone()
    });
    view! { <th scope="col" class=class aria-sort=aria><a href=href>{text}<span aria-hidden="true">{arrow}</span></a></th> }.into_any()
}

fn table(page: &ReplicasPage) -> AnyView {
    let q = &page.query;
    let rows = page
        .rows
        .iter()
        .enumerate()
        .map(|(i, r)| row(page, i, r))
        .collect_view();
    view! {
        <section class="panel" aria-label="Replicas">
            <table class="rows wide-rows">
                <thead><tr>
                    {heading(q, Sort::Name, "Replica", "")}
                    {heading(q, Sort::Tenant, "Tenant", "")}
                    {heading(q, Sort::Attention, "Now", "")}
                    <th scope="col" class="days">"28 days"</th>
                    <th scope="col" class="num m">"Met"</th>
                    {heading(q, Sort::Host, "Host", "")}
                    <th scope="col" class="m">"Policy"</th>
                    <th scope="col" class="num m">"Replicates"</th>
                    {heading(q, Sort::Due, "Due", "num m")}
                    {heading(q, Sort::LastPoint, "Last point", "num")}
                    {heading(q, Sort::Size, "Size", "num m")}
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </section>
    }
    .into_any()
}

fn row(page: &ReplicasPage, i: usize, r: &ReplicaRow) -> AnyView {
    let met = r.days.iter().filter(|d| d.mark == Some(Mark::Met)).count() as u64;
    let owed = r
        .days
        .iter()
        .filter(|d| d.mark.is_some_and(|m| m != Mark::Open))
        .count() as u64;
    let last = r
        .last_point
        .map_or_else(|| "never".to_owned(), |at| format::age(page.as_of, at));
    let dash = || "—".to_owned();
    let overdue = r.due.is_some_and(|at| at <= page.as_of);
    let risk = r
        .at_risk
        .then(|| view! { <span class="tag missed-text">"at risk"</span> });
    let held = r.held.as_ref().map(|h| {
        let title = format!("{}: {}", h.by, h.reason);
        view! { <span class="tag" title=title>"held until " {moment(&page.zone, page.as_of, h.until)}</span> }
    });
    let policy = r.policy.as_ref().map(|id| {
        let href = replica_href(&ReplicaQuery {
            policy: Some(id.clone()),
            cursor: None,
            ..page.query.clone()
        });
        view! { <a class="name" href=href>{id.clone()}</a> }
    });
    view! {
        <tr data-row=i>
            <td class="first"><a class="name" href=format!("/replicas/{}", r.id)>{r.name.clone()}</a></td>
            <td class="second dim">{r.tenant.clone()}</td>
            <td class="now">{standing(r.now.clone(), &page.zone, page.as_of)}{risk}{held}</td>
            <td class="days">{strip(&r.days)}</td>
            <td class="num m" title=format!("{met} of {owed} days")>{format::percent(met, owed)}</td>
            <td class="second mono">{r.host.clone()}</td>
            <td class="m second">{policy}</td>
            <td class="num m dim">{format::span(i64::from(r.interval_secs))}</td>
            <td class="num m" class:missed-text=overdue>{r.due.map(|at| moment(&page.zone, page.as_of, at))}</td>
            <td class="num side dim">{last}</td>
            <td class="num m dim">{r.size_bytes.map_or_else(dash, format::bytes)}</td>
        </tr>
    }
    .into_any()
}

/// Links that begin at a row and not at a count: what comes and goes meanwhile shifts nothing.
fn pager(page: &ReplicasPage) -> Option<AnyView> {
    if page.previous.is_none() && page.next.is_none() {
        return None;
    }
    let to = |cursor: &Option<String>| {
        cursor.as_ref().map(|cursor| {
            replica_href(&ReplicaQuery {
                cursor: Some(cursor.clone()),
                ..page.query.clone()
            })
        })
    };
    let back =
        to(&page.previous).map(|href| view! { <a class="button" rel="prev" href=href>"← Previous"</a> });
    let on = to(&page.next).map(|href| view! { <a class="button" rel="next" href=href>"Next →"</a> });
    Some(view! { <nav class="pager" aria-label="Pages">{back}<span class="note">{range(page)}</span>{on}</nav> }.into_any())
}
