//! Everything that can be asked of a store.

use crate::deed::ATTEMPTS;
use crate::night;
use crate::world::{SITE, World, told};
use domain::ids::TenantId;
use store::conformance::Store;
use store::traits::Scope;

/// One line per question, in a fixed order.
pub async fn of(world: &World, store: &impl Store) -> Vec<String> {
    let mut lines = Vec::new();
    for host in told(store.hosts().await).split("HostStatus") {
        lines.push(format!("host{host}"));
    }
    lines.push(told(store.attempts_unfinished().await));
    for now_ms in [0, 15, 30, 100] {
        lines.push(told(store.leases_expired(now_ms).await));
    }
    night::view(&mut lines, world, store).await;
    for number in 0..ATTEMPTS {
        lines.push(told(store.journal_of(World::attempt(number)).await));
    }
    let tenants = [
        Some(&world.seed.ours.tenant),
        Some(&world.seed.theirs.tenant),
        None,
    ];
    for tenant in tenants {
        for name in ["key", "other"] {
            lines.push(told(store.secret(tenant, name).await));
        }
        if let Some(tenant) = tenant {
            lines.push(told(store.seal_newest(tenant).await));
        }
        let scope = tenant.map_or(SITE, |tenant| Scope::Tenant(tenant.clone()));
        scoped(&mut lines, world, store, &scope).await;
    }
    match "nobody".parse::<TenantId>() {
        Ok(nobody) => scoped(&mut lines, world, store, &Scope::Tenant(nobody)).await,
        Err(error) => lines.push(error.to_string()),
    }
    lines
}

async fn scoped(lines: &mut Vec<String>, world: &World, store: &impl Store, scope: &Scope) {
    night::view_of(lines, world, store, scope).await;
    let mut line = |question: &str, answer: String| lines.push(format!("{scope:?} {question}: {answer}"));
    line("replicas", told(store.replicas(scope).await));
    line("statuses", told(store.statuses(scope).await));
    line("findings", told(store.findings(scope).await));
    line("attempts newest", told(store.attempts_newest(scope).await));
    line("heads newest", told(store.point_heads_newest(scope).await));
    for (seq, limit) in [(i64::MIN, 3), (0, 0), (7, 1_000), (20, 5), (i64::MAX, 5)] {
        line("events", told(store.events_after(scope, seq, limit).await));
    }
    for number in 0..ATTEMPTS {
        line(
            "attempt",
            told(store.attempt(scope, World::attempt(number)).await),
        );
        line("point", told(store.point(scope, World::point(number)).await));
        line(
            "evidence",
            told(store.evidence(scope, World::point(number)).await),
        );
    }
    // Between the instants of the deeds as well.
    let instants = [-1, 400, 999, 3_000_000_000, 3_000_001_000, 9_000_000_000].map(|nanos| world.at(nanos));
    for at in instants {
        line("point times", told(store.point_times(scope, at).await));
    }
    let every = world.replicas.iter().map(|replica| Some(replica.id));
    for replica in every.chain([None]) {
        line("points", told(store.points(scope, replica).await));
        line("count", told(store.point_count(scope, replica).await));
        line("attempts", told(store.attempts(scope, replica, None, 2).await));
        line("heads", told(store.point_heads(scope, replica, None, 2).await));
        for at in instants {
            line(
                "attempts before",
                told(store.attempts(scope, replica, Some(at), 100).await),
            );
            line(
                "attempts since",
                told(store.attempts_since(scope, replica, at).await),
            );
            line(
                "heads before",
                told(store.point_heads(scope, replica, Some(at), 100).await),
            );
        }
        let Some(id) = replica else { continue };
        line("replica", told(store.replica(scope, id).await));
        line("status", told(store.status(scope, id).await));
        line("lease", told(store.lease(id).await));
        line("point newest", told(store.point_newest(scope, id).await));
        for from in instants {
            for to in [instants[1], instants[4], instants[5]] {
                line(
                    "intervals",
                    told(store.blocker_intervals(scope, id, from, to).await),
                );
            }
        }
    }
    for replica in &world.replicas {
        line("of vm", told(store.replica_of(&replica.tenant, replica.vm).await));
    }
}
