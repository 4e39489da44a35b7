//! Replicas as rows: filter, search and sort go over all of them, then one page is drawn.

use super::attempts::PAGE_ROWS_MAX;
use super::days::Strips;
use super::holds::held;
use super::picture::{Class, Picture, Subject};
use super::policies::Assigned;
use super::{StoreConsole, cursor};
use ::console::{
    Direction, Filter, FilterCount, Held, ReplicaId, ReplicaQuery, ReplicaRow, ReplicasPage, Sort, UiError,
};
use chrono::{DateTime, Utc};
use domain::obligation::OutcomeKind;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashMap;
use store::obligations::DayHead;

impl StoreConsole {
    pub(super) async fn replicas_page(&self, query: ReplicaQuery) -> Result<ReplicasPage, UiError> {
        let picture = self.picture().await?;
        let planned = self.planned_facts(&picture);
        let assigned = self.assigned().await?;
        let found: Vec<&Subject> = picture
            .subjects
            .iter()
            .filter(|subject| matches(subject, &query) && has_policy(subject, &assigned, &query))
            .collect();
        let passes = |subject: &Subject, filter| passes(subject, &planned, picture.now, filter);
        let counts = Filter::ALL
            .iter()
            .map(|filter| FilterCount {
                filter: *filter,
                count: found.iter().filter(|it| passes(it, *filter)).count() as u64,
            })
            .collect();
        let mut rows: Vec<&Subject> = found.into_iter().filter(|it| passes(it, query.filter)).collect();
        let cmp =
            |a: &&Subject, b: &&Subject| order(&key(a, query.sort), &key(b, query.sort), query.direction);
        let matching = rows.len();
        let limit = query.limit.clamp(1, PAGE_ROWS_MAX) as usize;
        let start = match &query.cursor {
            None => 0,
            Some(text) => {
                let (way, place) = read(text, query.sort, query.direction)?;
                let at = place.key();
                let by = |subject: &&&Subject| order(&key(subject, query.sort), &at, query.direction);
                match way {
                    // What stood after the cursor may be gone: then the last page is shown, not an empty one.
                    Way::After => match rows.iter().filter(|it| by(it).is_le()).count() {
                        end if end == matching => matching.saturating_sub(limit),
                        start => start,
                    },
                    Way::Before => rows
                        .iter()
                        .filter(|it| by(it).is_lt())
                        .count()
                        .saturating_sub(limit),
                }
            }
        };
        let page = cut(&mut rows, start, limit, cmp);
        let to = |way: Way, subject: &Subject| write(way, subject, query.sort, query.direction);
        let previous = page
            .first()
            .filter(|_| start > 0)
            .map(|first| to(Way::Before, first));
        let next = page
            .last()
            .filter(|_| start + page.len() < matching)
            .map(|last| to(Way::After, last));
        let ids: Vec<ReplicaId> = page.iter().map(|subject| subject.row.replica.id).collect();
        let strips = self.strips(picture.night, &ids).await?;
        Ok(ReplicasPage {
            as_of: picture.as_of,
            zone: self.zone(),
            matching: matching as u64,
            before: start as u64,
            previous,
            next,
            counts,
            rows: page
                .iter()
                .map(|subject| row(subject, &planned, &assigned, &strips))
                .collect(),
            query,
        })
    }
}

/// The rows from `start` on, in order: only the page is sorted, not the thousands around it.
fn cut<'a, 'b>(
    rows: &'b mut [&'a Subject],
    start: usize,
    limit: usize,
    cmp: impl Fn(&&'a Subject, &&'a Subject) -> Ordering,
) -> &'b [&'a Subject] {
    if 0 < start && start < rows.len() {
        rows.select_nth_unstable_by(start, &cmp);
    }
    let rest = rows.get_mut(start..).unwrap_or_default();
    if limit < rest.len() {
        rest.select_nth_unstable_by(limit, &cmp);
    }
    let page = rest.len().min(limit);
    let page = &mut rest[..page];
    page.sort_unstable_by(cmp);
    page
}

fn row(
    subject: &Subject,
    planned: &HashMap<ReplicaId, PlanFacts>,
    assigned: &Assigned,
    strips: &Strips,
) -> ReplicaRow {
    let newest = subject.row.newest.as_ref();
    let planned = planned.get(&subject.row.replica.id);
    let open = subject.day().filter(|day| day.kind == OutcomeKind::Open);
    ReplicaRow {
        id: subject.row.replica.id,
        name: subject.row.replica.name.clone(),
        tenant: subject.row.replica.tenant.to_string(),
        host: subject.row.replica.host.to_string(),
        now: subject.standing(),
        observed: subject.observed(),
        days: strips.of(subject.row.replica.id),
        due: open.map(|day| day.window.due),
        at_risk: planned.is_some_and(|it| it.at_risk),
        policy: assigned.of(&subject.row.replica).map(|(id, _)| id.to_string()),
        held: planned.and_then(|it| it.held.clone()),
        interval_secs: subject.row.replica.interval_secs,
        disks: u32::try_from(subject.row.replica.disks.len()).unwrap_or(u32::MAX),
        last_point: newest.map(|head| head.taken),
        points: subject.row.points,
        size_bytes: newest.map(|head| head.read_bytes),
        added_bytes: newest.map(|head| head.added_bytes),
    }
}

/// What the plan says of a replica.
#[derive(Debug, Default)]
struct PlanFacts {
    at_risk: bool,
    held: Option<Held>,
}

impl StoreConsole {
    fn planned_facts(&self, picture: &Picture) -> HashMap<ReplicaId, PlanFacts> {
        let mut facts: HashMap<ReplicaId, PlanFacts> = HashMap::new();
        for replica in &self.ahead(picture).at_risk {
            facts.entry(*replica).or_default().at_risk = true;
        }
        let Some(planned) = self.engine.planned() else {
            return facts;
        };
        for owed in &planned.world.owed {
            if let Some(hold) = &owed.held {
                facts.entry(owed.key.replica).or_default().held = Some(held(hold));
            }
        }
        facts
    }
}

/// Whether a due time has passed without a restore point, or the newest closed day was missed.
fn is_breached(subject: &Subject, now: DateTime<Utc>) -> bool {
    let days = &subject.row.days;
    let overdue = |day: &&DayHead| day.kind == OutcomeKind::Open && day.window.due <= now;
    let closed = days.iter().rfind(|day| day.kind != OutcomeKind::Open);
    days.iter().any(|day| overdue(&day)) || closed.is_some_and(|day| day.kind == OutcomeKind::Missed)
}

fn passes(
    subject: &Subject,
    planned: &HashMap<ReplicaId, PlanFacts>,
    now: DateTime<Utc>,
    filter: Filter,
) -> bool {
    let planned = planned.get(&subject.row.replica.id);
    match filter {
        Filter::AtRisk => planned.is_some_and(|it| it.at_risk),
        Filter::Held => planned.is_some_and(|it| it.held.is_some()),
        Filter::Breached => is_breached(subject, now),
        Filter::All => true,
        Filter::Protected => subject.class == Class::Met,
        Filter::Running => subject.class == Class::Running,
        Filter::Waiting => subject.class == Class::Waiting,
        Filter::Failed => subject.class == Class::Failed,
        Filter::Unknown => subject.class == Class::Unknown,
    }
}

/// Whether it has the policy that is asked for.
fn has_policy(subject: &Subject, assigned: &Assigned, query: &ReplicaQuery) -> bool {
    let has = |id: &String| {
        assigned
            .of(&subject.row.replica)
            .is_some_and(|(own, _)| own.as_str() == id)
    };
    query.policy.as_ref().is_none_or(has)
}

/// Everything but the filter and the policy.
fn matches(subject: &Subject, query: &ReplicaQuery) -> bool {
    let replica = &subject.row.replica;
    let codes = || subject.verdict().words().into_iter().map(|words| words.code);
    let search = query.search.trim().to_lowercase();
    let found = || {
        let code = subject.verdict().code().unwrap_or_default();
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
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Value<'a> {
    Number(Option<u64>),
    Instant(Option<DateTime<Utc>>),
    Text(Cow<'a, str>),
}

impl<'a> Value<'a> {
    fn of(subject: &'a Subject, sort: Sort) -> Self {
        let row = &subject.row;
        let newest = row.newest.as_ref();
        match sort {
            Sort::Attention => Self::Number(Some(subject.class as u64)),
            Sort::Name => Self::Text(Cow::Borrowed(&row.replica.name)),
            Sort::Tenant => Self::Text(Cow::Borrowed(row.replica.tenant.as_str())),
            Sort::Host => Self::Text(Cow::Borrowed(row.replica.host.as_str())),
            Sort::LastPoint => Self::Instant(newest.map(|head| head.taken)),
            Sort::Due => Self::Instant(Some(subject.due())),
            Sort::Size => Self::Number(newest.map(|head| head.read_bytes)),
        }
    }

    fn write(&self) -> String {
        match self {
            Self::Number(number) => number.map(|it| it.to_string()).unwrap_or_default(),
            Self::Instant(at) => at.map(cursor::stamp).unwrap_or_default(),
            Self::Text(text) => text.clone().into_owned(),
        }
    }

    fn read(text: String, sort: Sort) -> Result<Self, UiError> {
        let given = (!text.is_empty()).then_some(text.as_str());
        Ok(match sort {
            Sort::Name | Sort::Tenant | Sort::Host => Self::Text(Cow::Owned(text)),
            Sort::LastPoint | Sort::Due => Self::Instant(given.map(cursor::instant).transpose()?),
            Sort::Attention | Sort::Size => Self::Number(given.map(cursor::parsed).transpose()?),
        })
    }
}

/// What decides a replica's place: the value, then what keeps equal ones apart.
type Key<'a> = (Value<'a>, (&'a str, &'a str, ReplicaId));

fn key(subject: &Subject, sort: Sort) -> Key<'_> {
    let replica = &subject.row.replica;
    let rest = (replica.tenant.as_str(), replica.name.as_str(), replica.id);
    (Value::of(subject, sort), rest)
}

/// Ties go by tenant and name, always ascending, so that a page is the same page when asked for again.
fn order(a: &Key<'_>, b: &Key<'_>, direction: Direction) -> Ordering {
    let by = a.0.cmp(&b.0);
    let by = match direction {
        Direction::Ascending => by,
        Direction::Descending => by.reverse(),
    };
    by.then_with(|| a.1.cmp(&b.1))
}

/// Where a cursor stands in a list.
#[derive(Debug)]
struct Place {
    value: Value<'static>,
    tenant: String,
    name: String,
    id: ReplicaId,
}

impl Place {
    fn key(&self) -> Key<'_> {
        let value = match &self.value {
            Value::Number(number) => Value::Number(*number),
            Value::Instant(at) => Value::Instant(*at),
            Value::Text(text) => Value::Text(Cow::Borrowed(text)),
        };
        (value, (&self.tenant, &self.name, self.id))
    }
}

fn write(way: Way, subject: &Subject, sort: Sort, direction: Direction) -> String {
    let replica = &subject.row.replica;
    let way = match way {
        Way::After => "after",
        Way::Before => "before",
    };
    cursor::write([
        way.to_owned(),
        sort.to_string(),
        direction.to_string(),
        Value::of(subject, sort).write(),
        replica.tenant.to_string(),
        replica.name.clone(),
        replica.id.to_string(),
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
        value: Value::read(value, sort)?,
        tenant,
        name,
        id: cursor::parsed(&id)?,
    };
    Ok((way, place))
}
