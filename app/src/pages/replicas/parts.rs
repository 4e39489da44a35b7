//! Chips, table, pager.

use crate::components::{empty, settled, standing, strip};
use crate::format;
use crate::urlq::replica_href;
use console::{Direction, Filter, Mark, ReplicaQuery, ReplicaRow, ReplicasPage, Sort};
use leptos::prelude::*;

/// The page below its title.
pub fn page(page: &ReplicasPage) -> AnyView {
    let query = &page.query;
    let first = u64::from(query.page) * u64::from(ReplicaQuery::PAGE_ROWS) + 1;
    let last = first + page.rows.len() as u64 - u64::from(!page.rows.is_empty());
    let range = match page.rows.len() {
        0 => "none".to_owned(),
        _ => format!(
            "{}–{} of {}",
            format::count(first),
            format::count(last),
            format::count(page.matching)
        ),
    };
    let note = format!(
        "sorted by {} · {range} · as of {} {}",
        sort_word(query.sort),
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

fn is_narrowed(q: &ReplicaQuery) -> bool {
    q.filter != Filter::All
        || !q.search.is_empty()
        || q.tenant.is_some()
        || q.host.is_some()
        || q.code.is_some()
}

fn sort_word(sort: Sort) -> &'static str {
    match sort {
        Sort::Attention => "need of attention",
        Sort::Name => "name",
        Sort::Tenant => "tenant",
        Sort::Host => "host",
        Sort::LastPoint => "last point",
        Sort::Size => "size",
    }
}

fn filter_word(filter: Filter) -> &'static str {
    match filter {
        Filter::All => "All",
        Filter::Protected => "Met",
        Filter::Running => "Running",
        Filter::Waiting => "Waiting",
        Filter::Failed => "Failed",
        Filter::Unknown => "Not known",
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
                page: 0,
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
    let base = || ReplicaQuery { page: 0, ..q.clone() };
    view! {
        {filters}
        {without((!q.search.is_empty()).then(|| format!("“{}”", q.search)), ReplicaQuery { search: String::new(), ..base() })}
        {without(q.tenant.as_ref().map(|t| format!("tenant {t}")), ReplicaQuery { tenant: None, ..base() })}
        {without(q.host.as_ref().map(|h| format!("host {h}")), ReplicaQuery { host: None, ..base() })}
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
        page: 0,
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
                    <th scope="col" class="num m">"Replicates"</th>
                    {heading(q, Sort::LastPoint, "Last point", "num")}
                    {heading(q, Sort::Size, "Size", "num m")}
                    <th scope="col" class="num m">"New"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </section>
    }
    .into_any()
}

fn row(page: &ReplicasPage, i: usize, r: &ReplicaRow) -> AnyView {
    let days = settled(&r.days);
    let met = days.iter().filter(|d| d.mark == Some(Mark::Met)).count() as u64;
    let owed = r
        .days
        .iter()
        .filter(|d| d.mark.is_some_and(|m| m != Mark::Open))
        .count() as u64;
    let last = r
        .last_point
        .map_or_else(|| "never".to_owned(), |at| format::age(page.as_of, at));
    let dash = || "—".to_owned();
    view! {
        <tr data-row=i>
            <td class="first"><a class="name" href=format!("/replicas/{}", r.id)>{r.name.clone()}</a></td>
            <td class="second dim">{r.tenant.clone()}</td>
            <td class="now">{standing(r.now.clone(), &page.zone, page.as_of)}</td>
            <td class="days">{strip(&days)}</td>
            <td class="num m" title=format!("{met} of {owed} days")>{format::percent(met, owed)}</td>
            <td class="second mono">{r.host.clone()}</td>
            <td class="num m dim">{format::span(i64::from(r.interval_secs))}</td>
            <td class="num side dim">{last}</td>
            <td class="num m dim">{r.size_bytes.map_or_else(dash, format::bytes)}</td>
            <td class="num m dim">{r.added_bytes.map_or_else(dash, format::bytes)}</td>
        </tr>
    }
    .into_any()
}

fn pager(page: &ReplicasPage) -> Option<AnyView> {
    let pages = page.matching.div_ceil(u64::from(ReplicaQuery::PAGE_ROWS));
    if pages < 2 {
        return None;
    }
    let at = u64::from(page.query.page);
    let to = |n: u32| {
        replica_href(&ReplicaQuery {
            page: n,
            ..page.query.clone()
        })
    };
    let back =
        (at > 0).then(|| view! { <a class="button" rel="prev" href=to(page.query.page - 1)>"← Earlier"</a> });
    let on = (at + 1 < pages)
        .then(|| view! { <a class="button" rel="next" href=to(page.query.page + 1)>"Later →"</a> });
    Some(view! { <nav class="pager" aria-label="Pages">{back}<span class="note">"page " {at + 1} " of " {pages}</span>{on}</nav> }.into_any())
}
