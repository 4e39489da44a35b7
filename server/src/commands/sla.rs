//! `stillpoint sla`: what was promised and what was kept, from one pure function (`domain::sla::figures`).

mod shown;

use super::Global;
use crate::figures::{self, Month, Range};
use crate::telling::{Failure, json};
use crate::{document, looking, wiring};
use domain::calendar::SlaDay;
use domain::ids::TenantId;
use engine::WorldClock as _;
use store::traits::Scope;

/// Longest range; a longer one is asked for in parts.
const DAYS_MAX: i64 = 400;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// One tenant; without it all of them
    #[arg(long, value_name = "TENANT")]
    tenant: Option<TenantId>,
    /// One replica: an id, or tenant/name
    #[arg(long, value_name = "REPLICA", conflicts_with = "tenant")]
    replica: Option<String>,
    /// A calendar month of SLA days, such as 2026-11; without any range the current one
    #[arg(long, value_name = "MONTH", conflicts_with_all = ["from", "to"])]
    month: Option<Month>,
    /// The first SLA day, such as 2026-11-22
    #[arg(long, value_name = "DAY", requires = "to")]
    from: Option<SlaDay>,
    /// The last SLA day
    #[arg(long, value_name = "DAY", requires = "from")]
    to: Option<SlaDay>,
}

pub async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    let opened = looking::existing(&global.data).await?;
    let now = opened.world().now();
    let (from, to) = match (args.from, args.to, args.month) {
        (Some(from), Some(to), _) => (from, to),
        (_, _, Some(month)) => month.days(),
        _ => Month::of(now.date_naive()).days(),
    };
    let days = (to.0 - from.0).num_days() + 1;
    if !(1..=DAYS_MAX).contains(&days) {
        return Err(Failure::usage(format!(
            "from {from} to {to} are {days} days; give 1 to {DAYS_MAX}, the first day before the last"
        )));
    }
    let (scope, replica, whose) = match (args.tenant, args.replica) {
        (Some(tenant), _) => {
            if !opened.knows(&tenant).await? {
                return Err(Failure::usage(format!(
                    "there is no tenant `{tenant}`; `stillpoint tenant list` names them"
                )));
            }
            (Scope::Tenant(tenant.clone()), None, format!("tenant {tenant}"))
        }
        (None, Some(words)) => {
            let replica = wiring::replica(&opened, &words).await?;
            let whose = format!("replica {}/{}", replica.tenant, replica.name);
            (Scope::Tenant(replica.tenant), Some(replica.id), whose)
        }
        (None, None) => {
            let scope = Scope::Site {
                reason: "sla command",
            };
            (scope, None, "all tenants".to_owned())
        }
    };
    let by_tenant = matches!(scope, Scope::Site { .. });
    let range = Range {
        scope,
        replica,
        from,
        to,
    };
    let report = figures::report(&opened.store, &range, now).await?;
    if global.json {
        return json(&document::figures::document(&report, by_tenant));
    }
    shown::print(&report, &whose, from, to, by_tenant);
    Ok(())
}
