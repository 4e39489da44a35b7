//! Replicas as rows: filter, search and sort go over all of them, then one page is drawn.

use super::attempts::PAGE_ROWS_MAX;
use super::picture::{Class, Picture, Subject, by_replica};
use super::{StoreConsole, cursor, days, fault};
use ::console::{
    Direction, Filter, FilterCount, ReplicaId, ReplicaQuery, ReplicaRow, ReplicasPage, Sort, UiError, Zone,
};
use chrono::{DateTime, Utc};
use std::cmp::Ordering;
use store::records::PointTime;

impl StoreConsole {
    pub(super) async fn replicas_page(&self, query: ReplicaQuery) -> Result<ReplicasPage, UiError> {
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
        rows.sort_by_cached_key(|subject| Place::of(subject, query.sort, query.direction));
        let matching = rows.len();
        let limit = query.limit.clamp(1, PAGE_ROWS_MAX) as usize;
        let start = match &query.cursor {
            None => 0,
            Some(text) => {
                let (way, place) = read(text, query.sort, query.direction)?;
                let of = |subject: &&Subject| Place::of(subject, query.sort, query.direction);
                match way {
                    // What stood after the cursor may be gone: then the last page is shown, not an empty one.
                    Way::After => match rows.partition_point(|it| of(it) <= place) {
                        end if end == matching => matching.saturating_sub(limit),
                        start => start,
                    },
                    Way::Before => rows.partition_point(|it| of(it) < place).saturating_sub(limit),
                }
            }
        };
        let page: Vec<&Subject> = rows.into_iter().skip(start).take(limit).collect();
        let to = |way: Way, subject: &Subject| write(way, subject, query.sort, query.direction);
        let previous = page
            .first()
            .filter(|_| start > 0)
            .map(|first| to(Way::Before, first));
        let next = page
            .last()
            .filter(|_| start + page.len() < matching)
            .map(|last| to(Way::After, last));
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
            before: start as u64,
            previous,
            next,
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

/// From which side a cursor is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    After,
    Before,
}

/// What a list is sorted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    Number(Option<u64>),
    Instant(Option<DateTime<Utc>>),
    Text(String),
}

impl Value {
    fn of(subject: &Subject, sort: Sort) -> Self {
        let newest = subject.newest.as_ref();
        match sort {
            Sort::Attention => Self::Number(Some(subject.class as u64)),
            Sort::Name => Self::Text(subject.replica.name.clone()),
            Sort::Tenant => Self::Text(subject.replica.tenant.to_string()),
            Sort::Host => Self::Text(subject.replica.host.to_string()),
            Sort::LastPoint => Self::Instant(newest.map(|head| head.taken)),
            Sort::Size => Self::Number(newest.map(|head| head.read_bytes)),
        }
    }

    fn write(&self) -> String {
        match self {
            Self::Number(number) => number.map(|it| it.to_string()).unwrap_or_default(),
            Self::Instant(at) => at.map(cursor::stamp).unwrap_or_default(),
            Self::Text(text) => text.clone(),
        }
    }

    fn read(text: String, sort: Sort) -> Result<Self, UiError> {
        let given = (!text.is_empty()).then_some(text.as_str());
        Ok(match sort {
            Sort::Name | Sort::Tenant | Sort::Host => Self::Text(text),
            Sort::LastPoint => Self::Instant(given.map(cursor::instant).transpose()?),
            Sort::Attention | Sort::Size => Self::Number(given.map(cursor::parsed).transpose()?),
        })
    }
}

/// Where a replica stands in a list. Ties go by tenant and name, always ascending, so that a page is the same page when asked
/// for again.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    direction: Direction,
    value: Value,
    tenant: String,
    name: String,
    id: ReplicaId,
}

impl Place {
    fn of(subject: &Subject, sort: Sort, direction: Direction) -> Self {
        let replica = &subject.replica;
        Self {
            direction,
            value: Value::of(subject, sort),
            tenant: replica.tenant.to_string(),
            name: replica.name.clone(),
            id: replica.id,
        }
    }
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> Ordering {
        let by = self.value.cmp(&other.value);
        let by = match self.direction {
            Direction::Ascending => by,
            Direction::Descending => by.reverse(),
        };
        let rest = |it: &Self| (it.tenant.clone(), it.name.clone(), it.id);
        by.then_with(|| rest(self).cmp(&rest(other)))
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

fn write(way: Way, subject: &Subject, sort: Sort, direction: Direction) -> String {
    let place = Place::of(subject, sort, direction);
    let way = match way {
        Way::After => "after",
        Way::Before => "before",
    };
    cursor::write([
        way.to_owned(),
        sort.to_string(),
        direction.to_string(),
        place.value.write(),
        place.tenant,
        place.name,
        place.id.to_string(),
    ])
}

fn read(text: &str, sort: Sort, direction: Direction) -> Result<(Way, Place), UiError> {
    let [way, by, toward, value, tenant, name, id] = cursor::read(text)?;
    let way = match way.as_str() {
        "after" => Way::After,
        "before" => Way::Before,
        _ => return Err(cursor::invalid()),
    };
    if by != sort.word() || toward != direction.word() {
        return Err(UiError::Invalid {
            field: "cursor".to_owned(),
            text: format!("it belongs to a list sorted by {by} {toward}: leave it away to begin anew"),
        });
    }
    let place = Place {
        direction,
        value: Value::read(value, sort)?,
        tenant,
        name,
        id: cursor::parsed(&id)?,
    };
    Ok((way, place))
}
