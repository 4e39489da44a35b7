//! Replicas as rows: filter, search and sort go over all of them, then one page is drawn.

use super::picture::{Class, Picture, Subject, by_replica};
use super::{StoreConsole, days, fault};
use ::console::{
    Direction, Filter, FilterCount, ReplicaQuery, ReplicaRow, ReplicasPage, Sort, UiError, Zone,
};
use std::cmp::Ordering;
use store::records::PointTime;

impl StoreConsole {
    pub(super) async fn replicas_page(&self, mut query: ReplicaQuery) -> Result<ReplicasPage, UiError> {
        let picture = self.picture().await?;
        let found: Vec<&Subject> = picture
            .subjects
            .iter()
            .filter(|subject| matches(subject, &query))
            .collect();
        let counts = Filter::ALL
            .iter()
            .map(|filter| FilterCount {
                filter: *filter,
                count: found.iter().filter(|it| passes(it, *filter)).count() as u64,
            })
            .collect();
        let mut rows: Vec<&Subject> = found.into_iter().filter(|it| passes(it, query.filter)).collect();
        rows.sort_by(|a, b| order(a, b, query.sort, query.direction));

        let matching = rows.len();
        let page_rows = ReplicaQuery::PAGE_ROWS as usize;
        let last = u32::try_from(matching.saturating_sub(1) / page_rows).unwrap_or(u32::MAX);
        query.page = query.page.min(last);
        let page: Vec<&Subject> = rows
            .into_iter()
            .skip(query.page as usize * page_rows)
            .take(page_rows)
            .collect();
        let times = self
            .store
            .point_times(&self.scope, days::from(picture.night))
            .await
            .map_err(fault::ui)?;
        let mut times = by_replica(times);
        Ok(ReplicasPage {
            as_of: picture.now,
            zone: Zone::utc(),
            matching: matching as u64,
            counts,
            rows: page
                .into_iter()
                .map(|subject| {
                    row(
                        &picture,
                        subject,
                        &times.remove(&subject.replica.id).unwrap_or_default(),
                    )
                })
                .collect(),
            query,
        })
    }
}

fn row(picture: &Picture, subject: &Subject, points: &[PointTime]) -> ReplicaRow {
    let newest = subject.newest.as_ref();
    ReplicaRow {
        id: subject.replica.id,
        name: subject.replica.name.clone(),
        tenant: subject.replica.tenant.to_string(),
        host: subject.replica.host.to_string(),
        now: subject.standing(),
        observed: subject.observed(),
        days: days::strip(picture.night, subject, points),
        interval_secs: subject.replica.interval_secs,
        disks: u32::try_from(subject.replica.disks.len()).unwrap_or(u32::MAX),
        last_point: newest.map(|head| head.taken),
        points: subject.points,
        size_bytes: newest.map(|head| head.read_bytes),
        added_bytes: newest.map(|head| head.added_bytes),
    }
}

fn passes(subject: &Subject, filter: Filter) -> bool {
    match filter {
        Filter::All => true,
        Filter::Protected => subject.class == Class::Met,
        Filter::Running => subject.class == Class::Running,
        Filter::Waiting => subject.class == Class::Waiting,
        Filter::Failed => subject.class == Class::Failed,
        Filter::Unknown => subject.class == Class::Unknown,
    }
}

/// Everything but the filter.
fn matches(subject: &Subject, query: &ReplicaQuery) -> bool {
    let replica = &subject.replica;
    let codes = || subject.verdict.words().into_iter().map(|words| words.code);
    let search = query.search.trim().to_lowercase();
    let found = || {
        let code = subject.verdict.code().unwrap_or_default();
        [
            replica.name.as_str(),
            replica.tenant.as_str(),
            replica.host.as_str(),
            &replica.vm.to_string(),
            &replica.id.to_string(),
            code,
        ]
        .into_iter()
        .any(|text| text.to_lowercase().contains(&search))
    };
    query
        .tenant
        .as_ref()
        .is_none_or(|tenant| *tenant == replica.tenant)
        && query
            .host
            .as_ref()
            .is_none_or(|host| host == replica.host.as_str())
        && query
            .code
            .as_ref()
            .is_none_or(|code| codes().any(|it| it.eq_ignore_ascii_case(code)))
        && (search.is_empty() || found())
}

/// Ties go by tenant and name, always ascending, so that a page is the same page when asked for again.
fn order(a: &Subject, b: &Subject, sort: Sort, direction: Direction) -> Ordering {
    let size = |subject: &Subject| subject.newest.as_ref().map(|head| head.read_bytes);
    let taken = |subject: &Subject| subject.newest.as_ref().map(|head| head.taken);
    let by = match sort {
        Sort::Attention => a.class.cmp(&b.class),
        Sort::Name => a.replica.name.cmp(&b.replica.name),
        Sort::Tenant => a.replica.tenant.cmp(&b.replica.tenant),
        Sort::Host => a.replica.host.cmp(&b.replica.host),
        Sort::LastPoint => taken(a).cmp(&taken(b)),
        Sort::Size => size(a).cmp(&size(b)),
    };
    let by = match direction {
        Direction::Ascending => by,
        Direction::Descending => by.reverse(),
    };
    let key = |subject: &Subject| {
        (
            subject.replica.tenant.clone(),
            subject.replica.name.clone(),
            subject.replica.id,
        )
    };
    by.then_with(|| key(a).cmp(&key(b)))
}
