//! Who may ask what: one closed table of every route. What is not in it is not there, for anybody.

use axum::http::Method;
use domain::door::permission::Permission;

/// What a route asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody, logged in or not: doors, probes, what makes a page look right.
    Public,
    /// Anybody who is in by a session: their own log-in. No token reaches it.
    Own,
    /// People of the hoster with this permission: what is answered is about the whole site.
    Site(Permission),
    /// Everybody with this permission: what is answered is cut to the scope of their seat.
    Scoped(Permission),
    /// People of a tenant with this permission, about their own; for the hoster's people there is nothing.
    Tenant(Permission),
}

use Access::{Own, Public, Scoped, Site, Tenant};
use Permission as P;

/// Method, route, access. Methods are as registered; `HEAD` goes with `GET`.
pub const TABLE: &[(&str, &str, Access)] = &[
    // Doors.
    ("GET", "/login", Public),
    ("POST", "/login", Public),
    ("GET", "/login/code", Public),
    ("POST", "/login/code", Public),
    ("GET", "/join", Public),
    ("POST", "/join", Public),
    ("GET", "/reset", Public),
    ("POST", "/reset", Public),
    ("POST", "/logout", Public),
    ("POST", "/theme", Public),
    ("GET", "/me", Own),
    ("POST", "/me/password", Own),
    ("POST", "/me/second-factor", Own),
    ("POST", "/me/second-factor/confirm", Own),
    ("POST", "/me/second-factor/remove", Own),
    ("POST", "/me/recovery", Own),
    ("POST", "/me/sessions/revoke", Own),
    ("POST", "/me/here", Own),
    // People of one's own place.
    ("GET", "/people", Scoped(P::ManagePeople)),
    ("POST", "/people/invite", Scoped(P::ManagePeople)),
    ("POST", "/people/uninvite", Scoped(P::ManagePeople)),
    ("POST", "/people/role", Scoped(P::ManagePeople)),
    ("POST", "/people/put-out", Scoped(P::ManagePeople)),
    ("POST", "/people/let-in", Scoped(P::ManagePeople)),
    ("POST", "/people/password-link", Scoped(P::ManagePeople)),
    ("GET", "/tokens", Scoped(P::ManageTokens)),
    ("POST", "/tokens/make", Scoped(P::ManageTokens)),
    ("POST", "/tokens/revoke", Scoped(P::ManageTokens)),
    // A tenant's own screens.
    ("GET", "/own", Scoped(P::SeeReplicas)),
    ("GET", "/own/replicas/{id}", Tenant(P::SeeReplicas)),
    ("POST", "/own/replicas/{id}/backup", Tenant(P::BackUpNow)),
    ("GET", "/own/settings", Tenant(P::SeeReplicas)),
    ("GET", "/own/events", Tenant(P::FollowEvents)),
    ("GET", "/own/logo", Tenant(P::SeeReplicas)),
    ("GET", "/own/brand.css", Tenant(P::SeeReplicas)),
    ("POST", "/own/window", Tenant(P::MoveWindow)),
    ("GET", "/audit", Scoped(P::SeeAudit)),
    ("GET", "/own/reports", Scoped(P::SeeSla)),
    ("GET", "/own/reports/{month}", Scoped(P::SeeSla)),
    // Probes.
    ("GET", "/healthz", Public),
    ("GET", "/readyz", Public),
    ("GET", "/metrics", Site(P::ScrapeMetrics)),
    // The hoster's screens and what they ask.
    ("GET", "/", Site(P::SeeNight)),
    ("GET", "/replicas", Site(P::SeeNight)),
    ("GET", "/replicas/{id}", Site(P::SeeNight)),
    ("GET", "/replicas/{id}/days/{day}", Site(P::SeeNight)),
    ("GET", "/sla", Site(P::SeeSla)),
    ("GET", "/reports", Site(P::SeeSla)),
    ("GET", "/reports/open", Site(P::SeeSla)),
    ("GET", "/reports/{month}", Site(P::SeeSla)),
    ("GET", "/reports/{month}/{tenant}", Site(P::SeeSla)),
    ("GET", "/policies", Site(P::SeeRules)),
    ("GET", "/holds", Site(P::SeeRules)),
    ("GET", "/activity", Site(P::SeeAudit)),
    ("GET", "/tenants", Site(P::SeeTenants)),
    ("GET", "/findings", Site(P::SeeHosts)),
    ("GET", "/points", Site(P::SeeNight)),
    ("GET", "/points/{id}", Site(P::SeeNight)),
    ("GET", "/attempts", Site(P::SeeNight)),
    ("POST", "/fn/bar", Site(P::SeeNight)),
    ("POST", "/fn/night", Site(P::SeeNight)),
    ("POST", "/fn/replicas", Site(P::SeeNight)),
    ("POST", "/fn/replica", Site(P::SeeNight)),
    ("POST", "/fn/day", Site(P::SeeNight)),
    ("POST", "/fn/sla", Site(P::SeeSla)),
    ("POST", "/fn/policies", Site(P::SeeRules)),
    ("POST", "/fn/holds", Site(P::SeeRules)),
    ("POST", "/fn/activity", Site(P::SeeAudit)),
    ("POST", "/fn/tenants", Site(P::SeeTenants)),
    ("POST", "/fn/findings", Site(P::SeeHosts)),
    ("POST", "/fn/points", Site(P::SeeNight)),
    ("POST", "/fn/point", Site(P::SeeNight)),
    ("POST", "/fn/attempts", Site(P::SeeNight)),
    ("POST", "/fn/back_up_now", Site(P::BackUpNow)),
    // The hoster's hands.
    ("POST", "/forms/hold", Site(P::Hold)),
    ("POST", "/forms/lift", Site(P::Hold)),
    ("POST", "/forms/acknowledge", Site(P::Acknowledge)),
    ("POST", "/forms/correct", Site(P::Correct)),
    ("POST", "/forms/assign", Site(P::ManagePolicies)),
    ("POST", "/forms/policy", Site(P::ManagePolicies)),
    ("POST", "/forms/cancel", Site(P::CancelAttempt)),
    ("POST", "/forms/tenant", Site(P::ManageTenants)),
    ("POST", "/forms/rule", Site(P::ManageTenants)),
    ("POST", "/forms/frame", Site(P::ManageTenants)),
    ("POST", "/forms/brand", Site(P::ManageTenants)),
    // The API.
    ("GET", "/api/v1/replicas", Site(P::SeeNight)),
    ("GET", "/api/v1/replicas/{id}", Site(P::SeeNight)),
    ("GET", "/api/v1/replicas/{id}/plan", Site(P::SeeNight)),
    ("GET", "/api/v1/attempts", Site(P::SeeNight)),
    ("POST", "/api/v1/attempts/{id}/cancel", Site(P::CancelAttempt)),
    ("GET", "/api/v1/points", Site(P::SeeNight)),
    ("GET", "/api/v1/points/{id}", Site(P::SeeNight)),
    ("GET", "/api/v1/points/{id}/disks/{disk}", Scoped(P::DownloadDisk)),
    ("GET", "/api/v1/night", Site(P::SeeNight)),
    ("GET", "/api/v1/obligations", Site(P::SeeNight)),
    ("GET", "/api/v1/obligations/{replica}/{day}", Site(P::SeeNight)),
    ("GET", "/api/v1/sla", Site(P::SeeSla)),
    ("GET", "/api/v1/reports/{month}", Scoped(P::SeeSla)),
    ("GET", "/api/v1/holds", Site(P::SeeRules)),
    ("POST", "/api/v1/holds", Site(P::Hold)),
    ("POST", "/api/v1/holds/{id}/lift", Site(P::Hold)),
    ("GET", "/api/v1/acknowledgements", Site(P::SeeRules)),
    ("POST", "/api/v1/acknowledgements", Site(P::Acknowledge)),
    ("GET", "/api/v1/corrections", Site(P::SeeSla)),
    ("POST", "/api/v1/corrections", Site(P::Correct)),
    ("GET", "/api/v1/policies", Site(P::SeeRules)),
    ("POST", "/api/v1/policies", Site(P::ManagePolicies)),
    ("GET", "/api/v1/policies/{id}", Site(P::SeeRules)),
    ("POST", "/api/v1/assignments", Site(P::ManagePolicies)),
    ("GET", "/api/v1/tenants", Site(P::SeeTenants)),
    ("POST", "/api/v1/tenants", Site(P::ManageTenants)),
    ("POST", "/api/v1/tenants/{id}/rules", Site(P::ManageTenants)),
    (
        "POST",
        "/api/v1/tenants/{id}/rules/remove",
        Site(P::ManageTenants),
    ),
    ("POST", "/api/v1/tenants/{id}/rules/preview", Site(P::SeeTenants)),
    ("POST", "/api/v1/tenants/{id}/frame", Site(P::ManageTenants)),
    ("POST", "/api/v1/tenants/{id}/brand", Site(P::ManageTenants)),
    ("GET", "/api/v1/findings", Site(P::SeeHosts)),
    ("GET", "/api/v1/hosts", Site(P::SeeHosts)),
    ("POST", "/api/v1/replicas/{id}/backup", Site(P::BackUpNow)),
    ("GET", "/api/v1/activity", Site(P::SeeAudit)),
    ("GET", "/api/v1/audit", Scoped(P::SeeAudit)),
    ("GET", "/api/v1/people", Scoped(P::ManagePeople)),
    ("POST", "/api/v1/people/{id}/role", Scoped(P::ManagePeople)),
    ("POST", "/api/v1/people/{id}/put-out", Scoped(P::ManagePeople)),
    ("POST", "/api/v1/people/{id}/let-in", Scoped(P::ManagePeople)),
    (
        "POST",
        "/api/v1/people/{id}/password-link",
        Scoped(P::ManagePeople),
    ),
    ("GET", "/api/v1/invitations", Scoped(P::ManagePeople)),
    ("POST", "/api/v1/invitations", Scoped(P::ManagePeople)),
    ("POST", "/api/v1/invitations/{id}/revoke", Scoped(P::ManagePeople)),
    ("GET", "/api/v1/tokens", Scoped(P::ManageTokens)),
    ("POST", "/api/v1/tokens", Scoped(P::ManageTokens)),
    ("POST", "/api/v1/tokens/{id}/revoke", Scoped(P::ManageTokens)),
    ("GET", "/api/v1/sessions", Own),
    ("POST", "/api/v1/sessions/{id}/revoke", Own),
    ("POST", "/api/v1/sessions/revoke-others", Own),
    ("GET", "/api/v1/account", Own),
    ("POST", "/api/v1/account/password", Own),
    ("POST", "/api/v1/account/second-factor", Own),
    ("POST", "/api/v1/account/second-factor/confirm", Own),
    ("POST", "/api/v1/account/second-factor/remove", Own),
    ("POST", "/api/v1/account/recovery", Own),
    ("GET", "/api/v1/openapi.json", Public),
    ("GET", "/api/docs", Public),
    ("GET", "/api/v1/own", Tenant(P::SeeReplicas)),
    ("GET", "/api/v1/own/events", Tenant(P::FollowEvents)),
    ("GET", "/api/v1/own/replicas", Tenant(P::SeeReplicas)),
    ("GET", "/api/v1/own/replicas/{id}", Tenant(P::SeeReplicas)),
    ("GET", "/api/v1/own/replicas/{id}/points", Tenant(P::SeeReplicas)),
    ("POST", "/api/v1/own/replicas/{id}/backups", Tenant(P::BackUpNow)),
    ("GET", "/api/v1/own/days", Tenant(P::SeeSla)),
    ("GET", "/api/v1/own/window", Tenant(P::SeeReplicas)),
    ("POST", "/api/v1/own/window", Tenant(P::MoveWindow)),
    ("POST", "/api/v1/own/window/preview", Tenant(P::MoveWindow)),
    ("GET", "/api/v1/events", Site(P::FollowEvents)),
];

/// What makes a page look right; the same for everybody.
const FILES: [&str; 3] = ["/pkg/", "/fonts/", "/favicon.svg"];

/// What says of an address that nothing is there.
const NOTHING: [&str; 3] = ["/api", "/api/", "/api/{*rest}"];

pub(super) fn is_nothing(route: &str) -> bool {
    NOTHING.contains(&route)
}

/// The methods of a route that somebody may use, as the header `Allow` names them; none where it is not in the table.
pub(super) fn methods(route: &str, may: impl Fn(Access) -> bool) -> Vec<&'static str> {
    let listed = TABLE
        .iter()
        .filter(|(_, listed, access)| *listed == route && may(*access));
    listed
        .flat_map(|(method, ..)| {
            let also = (*method == "GET").then_some("HEAD");
            [*method].into_iter().chain(also)
        })
        .collect()
}

/// Of a request: by the route that it matched, or by its path where that is a file. `None`: there is no such route.
pub(super) fn of(method: &Method, route: Option<&str>, path: &str) -> Option<Access> {
    if FILES.iter().any(|file| path.starts_with(file)) {
        return Some(Public);
    }
    let asked = if *method == Method::HEAD {
        "GET"
    } else {
        method.as_str()
    };
    let route = route?;
    let found = TABLE
        .iter()
        .find(|(method, listed, _)| *method == asked && *listed == route);
    found.map(|(_, _, access)| *access)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::door::seat::{Role, Seat};

    /// Whether a program that comes with a token finds anything there with it.
    fn opens(permission: Permission, seat: &Seat) -> bool {
        TABLE.iter().any(|(_, route, access)| {
            let asked = match access {
                Site(asked) if seat.tenant().is_none() => asked,
                Tenant(asked) if seat.tenant().is_some() => asked,
                Scoped(asked) => asked,
                _ => return false,
            };
            let for_programs = route.starts_with("/api/") || *route == "/metrics";
            for_programs && *asked == permission
        })
    }

    #[test]
    fn every_permission_that_a_token_can_be_given_opens_something_and_every_other_nothing() {
        for role in Role::ALL {
            let seat = Seat::new(role, None).or_else(|| Seat::new(role, "contoso".parse().ok()));
            let seat = seat.unwrap();
            for permission in seat.permissions() {
                let carried = permission.may_be_carried_by(&seat);
                let expected = !permission.would_outlive() && opens(permission, &seat);
                assert_eq!(carried, expected, "{permission} of {seat}");
            }
        }
    }
}
