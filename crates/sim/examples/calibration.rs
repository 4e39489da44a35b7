//! Can the forecast be believed? Measured in worlds that it was not fitted to:
//! `cargo run -p sim --example calibration -- [REPLICAS]`.
//!
//! What the site learns (how long blockers last, how days go) comes from one world; the forecasts are of others, with other seeds and another
//! share of time in which logs are applied. A replica's own last four weeks are its own, as in production. Beside it stands the usual
//! case: the site has learnt from its own past. Forecasts are made at six instants of each of 14 nights, for whatever is owed and not
//! sealed then, by what can be seen then.

use chrono::{DateTime, TimeDelta, Utc};
use domain::attribution::{Held, attribute, owner_of};
use domain::calendar::{DayWindow, SlaDay};
use domain::code::Code;
use domain::forecast::calibration::{Bin, brier, calibration_error, reliability};
use domain::forecast::night::{Known, Night};
use domain::forecast::{Day, End, Estimate, Site};
use domain::ids::{HostId, ReplicaId, TenantId};
use domain::obligation::ObligationKey;
use domain::planner::{Last, Limits, Owed, Seen, World as Plan, plan};
use domain::policy::{BasisPoints, Terms};
use sim::figures::played;
use sim::ledger::Start;
use sim::world::{Applies, Ending};
use sim::{DAY, HOUR, MINUTE, Ms, PolicyName, Span, World, WorldSpec};
use std::sync::Arc;
use uuid::Uuid;

type Odd = Box<dyn std::error::Error>;

/// Days that come before the first forecast.
const LEARNT: u32 = 28;
const DAYS: u32 = LEARNT + 14;

/// A world that Stillpoint has run through.
struct Past {
    world: World,
    /// Per obligation, by their beginning.
    starts: Vec<Vec<Start>>,
    hosts: Vec<HostId>,
    tenants: Vec<TenantId>,
}

fn secs(ms: Ms) -> u32 {
    u32::try_from(ms.max(0) / 1_000).unwrap_or(u32::MAX)
}

fn instant(at: Ms) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(1_800_057_600) + TimeDelta::milliseconds(at)
}

impl Past {
    fn new(seed: u64, replicas: u32, duty: f64) -> Result<Self, Odd> {
        let world = World::new(WorldSpec {
            seed,
            replicas,
            days: DAYS,
            duty,
        })?;
        let mut starts = vec![Vec::new(); world.obligation_count()];
        for start in played(&world, PolicyName::Stillpoint)? {
            starts[start.obligation].push(start);
        }
        let hosts = (0..world.hosts.len()).map(|n| format!("hv-{n}").parse());
        let tenants = (0..world.tenants.len()).map(|n| format!("tenant-{n}").parse());
        Ok(Self {
            hosts: hosts.collect::<Result<_, _>>()?,
            tenants: tenants.collect::<Result<_, _>>()?,
            starts,
            world,
        })
    }

    fn sealed(&self, obligation: usize) -> Option<Ms> {
        let mut starts = self.starts[obligation].iter();
        starts.find(|it| it.ending == Ending::Sealed).map(|it| it.to)
    }
    fn is_met(&self, obligation: usize) -> bool {
        let due = self.world.obligation(obligation).due;
        self.sealed(obligation).is_some_and(|at| at <= due)
    }

    /// Blockers of a replica as observers would have written them down, log applies apart.
    fn blockers(&self, replica: usize) -> Vec<(Code, Span)> {
        let r = &self.world.replicas[replica];
        let outages = self.world.hosts[r.host].outages.iter();
        let mut all: Vec<(Code, Span)> = r.spells.iter().map(|it| (it.kind.code(), it.span)).collect();
        all.extend(outages.map(|span| (Code::UN, *span)));
        all.sort_by_key(|(_, span)| span.from);
        all
    }

    fn window(&self, obligation: usize) -> DayWindow {
        let owed = self.world.obligation(obligation);
        DayWindow {
            open: instant(owed.open),
            due: instant(owed.due),
            next_open: instant(owed.closes),
        }
    }

    fn day(&self, obligation: usize) -> Day {
        let owed = self.world.obligation(obligation);
        let share = |at: Ms| ((at - owed.open) as f64 / (owed.due - owed.open) as f64).clamp(0.0, 1.0);
        let refused = self.starts[obligation]
            .iter()
            .filter(|it| it.ending == Ending::Refused);
        let apply_deferrals = u32::try_from(refused.count()).unwrap_or(u32::MAX);
        let end = match self.sealed(obligation) {
            Some(at) if at <= owed.due => End::Met { share: share(at) },
            _ => {
                let blockers = self.blockers(owed.replica);
                let held: Vec<Held> = blockers
                    .iter()
                    .map(|(code, span)| Held {
                        code: *code,
                        owner: owner_of(*code),
                        from: instant(span.from),
                        to: instant(span.to),
                    })
                    .collect();
                let needs = u64::from(secs(self.world.replicas[owed.replica].length()));
                let cause = attribute(&self.window(obligation), &held, needs).cause;
                let began = |code| {
                    let mut own = blockers
                        .iter()
                        .filter(|(it, span)| *it == code && span.from < owed.due && span.to > owed.open);
                    own.next().map(|(_, span)| span.from)
                };
                End::Lost {
                    cause,
                    from: cause.and_then(began).map_or(0.0, share),
                }
            }
        };
        Day { end, apply_deferrals }
    }

    /// What the site has learnt at an instant.
    fn site(&self, now: Ms) -> Site {
        let replicas = 0..self.world.replicas.len();
        let lasted = replicas.clone().flat_map(|replica| self.blockers(replica));
        let lasted = lasted.filter(|(_, span)| 0 <= span.from && span.from < now);
        let lasted = lasted.map(|(code, span)| {
            let seen = span.to.min(now) - span.from;
            (code, secs(seen), span.to <= now)
        });
        // The planner of the modelled world knows what an attempt takes.
        let attempts = replicas.map(|replica| {
            let takes = secs(self.world.replicas[replica].length());
            (takes, takes)
        });
        let closed = (0..self.world.obligation_count()).filter(|it| self.world.obligation(*it).closes <= now);
        let days: Vec<(&TenantId, Day)> = closed
            .map(|it| {
                let replica = &self.world.replicas[self.world.obligation(it).replica];
                (&self.tenants[replica.tenant], self.day(it))
            })
            .collect();
        Site::learn(lasted, attempts, days)
    }

    /// A replica's own closed days at an instant, newest first.
    fn own_days(&self, replica: usize, now: Ms) -> Vec<Day> {
        let replicas = self.world.replicas.len();
        let days = (0..DAYS as usize).rev().map(|day| day * replicas + replica);
        let closed = days.filter(|it| self.world.obligation(*it).closes <= now);
        closed.take(LEARNT as usize).map(|it| self.day(it)).collect()
    }

    fn owed(&self, obligation: usize, now: Ms, applies: &mut Applies<'_>, terms: &Arc<Terms>) -> Owed {
        let owed = self.world.obligation(obligation);
        let r = &self.world.replicas[owed.replica];
        let seen = match self.world.look(applies, owed.replica, now) {
            None => Seen::Clear { at: instant(now) },
            Some(code) => {
                let mut all = self.blockers(owed.replica).into_iter();
                let since = all.find(|(it, span)| *it == code && span.contains(now));
                Seen::Blocked {
                    code,
                    since: instant(since.map_or(now, |(_, span)| span.from)),
                    at: instant(now),
                }
            }
        };
        let tried = self.starts[obligation].iter().filter(|it| it.from <= now);
        let over: Vec<&Start> = tried.clone().filter(|it| it.to <= now).collect();
        let count = |ending| over.iter().filter(|it| it.ending == ending).count() as u32;
        let last = match over.last() {
            Some(it) if it.ending == Ending::Failed => Last::Failed {
                at: instant(it.to),
                free: false,
            },
            _ => Last::None,
        };
        Owed {
            key: ObligationKey {
                replica: ReplicaId(Uuid::from_u128(owed.replica as u128 + 1)),
                day: SlaDay(instant(owed.open).date_naive()),
            },
            tenant: self.tenants[r.tenant].clone(),
            host: self.hosts[r.host].clone(),
            window: self.window(obligation),
            terms: Arc::clone(terms),
            period_secs: r.period_secs,
            expected_secs: secs(r.length()),
            gap_wait_secs: 0,
            seen,
            last,
            failures: count(Ending::Failed),
            apply_deferrals: count(Ending::Refused),
            running: tried.clone().any(|it| now < it.to),
            held: None,
            can_pause: false,
            jitter: 0.5,
        }
    }

    /// Forecasts of everything that is owed and not sealed at an instant, with what became of it.
    fn forecasts(&self, site: &Site, now: Ms, applies: &mut Applies<'_>) -> Vec<(BasisPoints, bool)> {
        let terms = Arc::new(Terms::standard());
        let open: Vec<usize> = (0..self.world.obligation_count())
            .filter(|it| {
                let owed = self.world.obligation(*it);
                let sealed = self.sealed(*it).is_some_and(|at| at <= now);
                owed.open <= now && now < owed.due && !sealed
            })
            .collect();
        let shown = Plan {
            owed: open
                .iter()
                .map(|it| self.owed(*it, now, applies, &terms))
                .collect(),
            ..Plan::default()
        };
        let slots = self.world.slots_total;
        let limits = Limits {
            total_max: slots,
            per_host_max: self.world.hosts.iter().map(|host| host.slots).min().unwrap_or(0),
            per_tenant_max: slots,
            per_vault_max: slots,
            watch_per_host_max: 4,
        };
        let decisions = plan(&shown, &limits, instant(now));
        let days: Vec<Vec<Day>> = open
            .iter()
            .map(|it| self.own_days(self.world.obligation(*it).replica, now))
            .collect();
        let night = Night {
            world: &shown,
            limits: &limits,
            decisions: &decisions,
            site,
        };
        let known = |at: usize, _: &Owed| {
            let obligation = open[at];
            let owed = self.world.obligation(obligation);
            let runs = self.starts[obligation]
                .iter()
                .find(|it| it.from <= now && now < it.to);
            let over = self.blockers(owed.replica).into_iter();
            let over = over.filter(|(code, span)| code.lasts() && span.to <= now && span.to > owed.open);
            let spans = sim::joined(over.map(|(_, span)| span).collect());
            let lost: Ms = spans.iter().map(|it| it.to - it.from.max(owed.open)).sum();
            Some(Known {
                days: &days[at],
                running_since: runs.map(|it| instant(it.from)),
                blocked_secs: secs(lost),
            })
        };
        let outlook = night.foresee(known, instant(now));
        let risks = outlook.each.iter().zip(&open);
        risks
            .filter_map(|(it, obligation)| match it.estimate {
                Estimate::Risk { probability_bp, .. } => Some((probability_bp, !self.is_met(*obligation))),
                Estimate::None { .. } => None,
            })
            .collect()
    }

    /// All forecasts of the nights after those that were learnt from.
    fn measured(&self, site: &Site) -> Vec<(BasisPoints, bool)> {
        let mut applies = Applies::new(&self.world);
        let nights = LEARNT..DAYS;
        let instants = nights
            .flat_map(|day| (0..6).map(move |n| Ms::from(day) * DAY + 19 * HOUR + n * (95 * MINUTE + 7_000)));
        let mut all = Vec::new();
        for now in instants {
            all.extend(self.forecasts(site, now, &mut applies));
        }
        all
    }
}

fn tell(name: &str, forecasts: &[(BasisPoints, bool)]) {
    let missed = forecasts.iter().filter(|(_, missed)| *missed).count();
    let bins = reliability(forecasts, 10);
    let number = |it: Option<f64>| it.map_or("-".to_owned(), |it| format!("{it:.4}"));
    let score = brier(forecasts);
    println!(
        "| {name} | {} | {missed} | {} | {} | {} |",
        forecasts.len(),
        number(score.map(|it| it.score)),
        number(score.and_then(|it| it.skill())),
        number(calibration_error(&bins)),
    );
}

fn tell_bins(bins: &[Bin]) {
    println!("\n| said | forecasts | mean said | came true |\n|---|---|---|---|");
    for bin in bins {
        println!(
            "| {} to {} % | {} | {:.1} % | {:.1} % |",
            bin.from_bp.get() / 100,
            bin.to_bp.get() / 100,
            bin.count,
            bin.forecast * 100.0,
            bin.observed * 100.0
        );
    }
}

fn main() -> Result<(), Odd> {
    let replicas = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "400".to_owned())
        .parse()?;
    let elsewhere = Past::new(1, replicas, 0.5)?.site(Ms::from(LEARNT) * DAY);
    println!(
        "| world | forecasts | missed | Brier score | skill | calibration error |\n|---|---|---|---|---|---|"
    );
    let (mut strangers, mut own) = (Vec::new(), Vec::new());
    for (seed, duty) in [(11, 0.2), (12, 0.5), (13, 0.8)] {
        let past = Past::new(seed, replicas, duty)?;
        let forecasts = past.measured(&elsewhere);
        tell(&format!("seed {seed}, duty {duty}, learnt elsewhere"), &forecasts);
        strangers.extend(forecasts);
        let forecasts = past.measured(&past.site(Ms::from(LEARNT) * DAY));
        tell(&format!("seed {seed}, duty {duty}, learnt here"), &forecasts);
        own.extend(forecasts);
    }
    tell("all, learnt elsewhere", &strangers);
    tell("all, learnt here", &own);
    println!("\nAll worlds, learnt elsewhere:");
    tell_bins(&reliability(&strangers, 10));
    println!("\nAll worlds, learnt here:");
    tell_bins(&reliability(&own, 10));
    Ok(())
}
