//! The figures of a scrape, out of what the screens show.

use super::Labels;
use ::console::{Bar, NightView};
use chrono::{DateTime, TimeDelta, Utc};

/// Every code of a blocker, whether or not it holds anything up now: a series that comes and goes cannot be watched.
const CODES: [&str; 11] = ["B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "NR", "BE", "UN"];

/// One gauge.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Figure {
    pub name: &'static str,
    pub help: &'static str,
    pub rows: Vec<(Labels, f64)>,
}

/// All of them. `planned` is when the last plan was made.
pub(super) fn of(
    night: &NightView,
    bar: &Bar,
    planned: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Vec<Figure> {
    let mut figures = vec![one(
        "info",
        "This server's version; always 1",
        vec![(vec![("version", env!("CARGO_PKG_VERSION"))], 1.0)],
    )];
    figures.extend(owed(night));
    figures.extend(replicas(night));
    figures.extend(hosts(night));
    figures.extend(people(night, bar));
    figures.extend(ages(night, bar, planned, now));
    figures
}

fn owed(night: &NightView) -> Vec<Figure> {
    let (owed, ended) = (night.owed, night.ended);
    vec![
        split(
            "obligations",
            "Obligations of the night that is open, by what they have come to",
            "state",
            &[
                ("met", owed.met),
                ("open", owed.open),
                ("excluded", owed.excluded),
            ],
        ),
        split(
            "obligations_open",
            "Of the open obligations: an attempt runs; expected to be missed; of those, too late already; nothing moves without a person. \
             One may be in several",
            "state",
            &[
                ("running", owed.running),
                ("at_risk", owed.at_risk),
                ("too_late", owed.too_late),
                ("stuck", owed.stuck),
            ],
        ),
        split(
            "obligations_ended",
            "Obligations that were due within the last 24 hours, by how they ended",
            "outcome",
            &[
                ("met", ended.met),
                ("late", ended.late),
                ("overdue", ended.overdue),
                ("missed", ended.missed),
                ("excused", ended.excused),
            ],
        ),
        plain(
            "met_last_hour",
            "Obligations met within the last hour",
            night.pace.last_hour,
        ),
    ]
}

fn replicas(night: &NightView) -> Vec<Figure> {
    let counts = night.counts;
    let mut figures = vec![
        split(
            "replicas",
            "Replicas by where they stand; each in exactly one",
            "standing",
            &[
                ("met", counts.met),
                ("running", counts.running),
                ("waiting", counts.waiting),
                ("ready", counts.ready),
                ("failed", counts.failed),
                ("unknown", counts.unknown),
                ("excused", counts.excused),
            ],
        ),
        plain(
            "replicas_needing_person",
            "Waiting replicas whose blocker only a person can release",
            counts.needs_person,
        ),
        plain("tenants", "Tenants with replicas", counts.tenants),
        plain(
            "attempts_tonight",
            "Attempts of this night that were sealed, failed or run",
            counts.attempts,
        ),
        plain(
            "deferrals_tonight",
            "Attempts that were put off in this night",
            counts.deferrals,
        ),
    ];
    // Before the first plan nobody knows: no series is no zero.
    if let Some(causes) = &night.causes {
        let held: Vec<_> = CODES
            .iter()
            .map(|code| {
                let of = causes.iter().filter(|it| it.code.as_deref() == Some(code));
                (*code, of.map(|it| it.replicas).sum())
            })
            .collect();
        figures.push(split(
            "blocked_replicas",
            "Replicas that owe a point and are kept from it, by the code of what keeps them",
            "code",
            &held,
        ));
    }
    figures
}

fn hosts(night: &NightView) -> Vec<Figure> {
    let hosts = &night.hosts;
    let count = |which: &dyn Fn(&::console::HostRow) -> bool| {
        u64::try_from(hosts.iter().filter(|host| which(host)).count()).unwrap_or(u64::MAX)
    };
    let sum = |what: &dyn Fn(&::console::HostRow) -> u32| hosts.iter().map(|it| u64::from(what(it))).sum();
    vec![
        plain("hosts", "Hosts of the configuration", count(&|_| true)),
        split(
            "hosts_not_well",
            "Hosts whose last poll failed; that were never polled; that are held; where nothing starts after failures in a row. One may be in several",
            "reason",
            &[
                ("failing", count(&|it| it.error.is_some())),
                ("never_polled", count(&|it| it.last_survey.is_none())),
                ("held", count(&|it| it.held.is_some())),
                ("stopped", count(&|it| it.breaker.is_some())),
            ],
        ),
        split(
            "host_slots",
            "Attempts that run on hosts, and how many may",
            "kind",
            &[
                ("used", sum(&|it| it.slots_used)),
                ("max", sum(&|it| it.slots_max)),
            ],
        ),
        plain(
            "host_requests_last_minute",
            "Requests to all hosts within the last minute",
            sum(&|it| it.requests.map_or(0, |(made, _)| made)),
        ),
    ]
}

fn people(night: &NightView, bar: &Bar) -> Vec<Figure> {
    let mut figures = vec![
        plain("holds", "Holds in force", bar.holds),
        plain(
            "findings",
            "What a person should look at and no attempt owns",
            bar.findings,
        ),
        plain(
            "pauses_unresumed",
            "Pauses of primaries that were not seen resumed",
            u64::try_from(night.pauses.len()).unwrap_or(u64::MAX),
        ),
    ];
    if let (true, Some(notices)) = (night.tells, &night.notices) {
        let waiting = notices.iter().filter(|it| it.delivered.is_none()).count();
        figures.push(plain(
            "notices_undelivered",
            "Of the newest notices, at most 8: not yet taken by their receiver",
            u64::try_from(waiting).unwrap_or(u64::MAX),
        ));
    }
    figures
}

fn ages(night: &NightView, bar: &Bar, planned: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Vec<Figure> {
    let mut figures = vec![
        single(
            "figures_age_seconds",
            "Since these figures were read, by the world's clock",
            secs(now - night.as_of),
        ),
        single(
            "freshness_limit_seconds",
            "What is older than this counts as unknown",
            f64::from(bar.freshness_limit_secs),
        ),
        single(
            "night_due_seconds",
            "Until the last obligation of the night is due, by the world's clock",
            secs(night.due - now),
        ),
        single(
            "world_speed",
            "Seconds of the world's clock in one of the machine's: 1 but for demos",
            f64::from(bar.speed),
        ),
    ];
    if let Some(oldest) = night.oldest_observation {
        figures.push(single(
            "oldest_observation_age_seconds",
            "Since the replica was looked at that was not looked at for longest, by the world's clock",
            secs(now - oldest),
        ));
    }
    if let Some(at) = planned {
        figures.push(single(
            "plan_age_seconds",
            "Since the last plan was made, by the world's clock",
            secs(now - at),
        ));
    }
    figures
}

fn secs(span: TimeDelta) -> f64 {
    span.as_seconds_f64()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "Prometheus has floating point only; our counts are far below 2^53"
)]
fn number(count: u64) -> f64 {
    count as f64
}

fn one(name: &'static str, help: &'static str, rows: Vec<(Labels, f64)>) -> Figure {
    Figure { name, help, rows }
}

fn single(name: &'static str, help: &'static str, value: f64) -> Figure {
    one(name, help, vec![(Vec::new(), value)])
}

fn plain(name: &'static str, help: &'static str, count: u64) -> Figure {
    single(name, help, number(count))
}

fn split(
    name: &'static str,
    help: &'static str,
    label: &'static str,
    counts: &[(&'static str, u64)],
) -> Figure {
    let rows = counts
        .iter()
        .map(|(value, count)| (vec![(label, *value)], number(*count)))
        .collect();
    one(name, help, rows)
}
