//! Which replica a sighting is of: whose it is by the host's present names, and where it was first seen.

use super::Observer;
use crate::names;
use crate::whose::{entries, whose};
use chrono::{DateTime, Utc};
use domain::observation::ReplicationMode;
use hyperv::host::{ReplicaSighting, Survey};
use store::records::Replica;

impl Observer {
    /// The replica of a sighting; `None` for VMs that are no replica and for replicas without a tenant.
    pub(super) fn identify(
        &mut self,
        sighting: &ReplicaSighting,
        survey: &Survey,
        known: &[Replica],
        at: DateTime<Utc>,
    ) -> Option<Replica> {
        let seen = &sighting.observation;
        let entries = entries(&survey.authorization);
        let bound = whose(sighting, &entries, &self.shared.tenancy().rules);
        // After a failover the relationship may be gone and the primary's name with it: what was bound stays bound. A replica that
        // receives logs has a primary, and who does not name it is not believed.
        let receives = seen
            .relationships
            .iter()
            .any(|r| matches!(u16::from(r.state), 3 | 7));
        let unnamed =
            sighting.primary_host.is_none() && sighting.primary_connection_point.is_none() && !receives;
        let mut here = known
            .iter()
            .filter(|r| r.vm == seen.vm && r.host == *self.host.id());
        let bound = match (bound, unnamed, here.next(), here.next()) {
            (Err(_), true, Some(only), None) => Ok(only.tenant.clone()),
            (bound, ..) => bound,
        };
        let is_replica = matches!(
            seen.mode,
            ReplicationMode::Replica | ReplicationMode::ExtendedReplica
        );
        let tenant = match bound {
            Ok(tenant) => tenant,
            Err(error) => {
                // A failed-over or removed replica may have lost its relationship; a plain VM is none of our business.
                if is_replica {
                    self.findings.unmapped(self.host.id(), seen, &error, at);
                }
                return None;
            }
        };
        let mine = known.iter().find(|r| r.vm == seen.vm && r.tenant == tenant);
        if mine.is_none() && !is_replica {
            return None;
        }
        // Where it was first, as long as that host still shows it: a row that moves with every poll would be backed up from anywhere.
        if let Some(mine) = mine
            && mine.host != *self.host.id()
            && self.shared.board.shows(&mine.host, seen.vm)
        {
            self.findings.two_hosts(self.host.id(), mine, at);
            return None;
        }
        if let Some(other) = known.iter().find(|r| r.vm == seen.vm && r.tenant != tenant) {
            self.findings.same_guid(self.host.id(), other, &tenant, at);
        }
        Some(Replica {
            id: mine.map_or_else(|| names::new_replica(self.shared.ports.ids.as_ref()), |r| r.id),
            tenant,
            vm: seen.vm,
            name: seen.name.clone(),
            host: self.host.id().clone(),
            primary_host: sighting.primary_host.clone(),
            interval_secs: seen.inbound().map_or(0, |r| r.interval_secs),
            disks: sighting.disks.iter().map(|d| d.path.clone()).collect(),
            first_seen: mine.map_or(at, |r| r.first_seen),
            last_seen: at,
        })
    }
}
