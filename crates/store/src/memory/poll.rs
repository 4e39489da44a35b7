//! One poll's changes, all of them or none.

use super::Tables;
use crate::rules::{conflict, missing, poll_instant};
use crate::traits::{PollWrite, Result};
use domain::ids::{ReplicaId, TenantId, VmGuid};
use std::collections::HashMap;

impl Tables {
    pub(super) fn poll(&mut self, poll: PollWrite) -> Result<()> {
        self.poll_fits(&poll)?;
        let at = poll_instant(&poll);
        for replica in poll.replicas {
            self.replica(replica, at);
        }
        for status in poll.statuses {
            self.status(status, at)?;
        }
        for (replica, code, to) in poll.close {
            self.intervals.close(replica, code, to);
        }
        for interval in poll.open {
            self.intervals.open(interval);
        }
        for finding in poll.findings {
            self.finding(finding, at);
        }
        if let Some(host) = poll.host {
            self.host(host, at);
        }
        Ok(())
    }

    /// Everything that may be refused, in the order it is written: a replica may be first seen and used in one poll.
    fn poll_fits(&self, poll: &PollWrite) -> Result<()> {
        let mut new: HashMap<ReplicaId, (&TenantId, VmGuid)> = HashMap::new();
        let mut new_vms: HashMap<(&TenantId, VmGuid), ReplicaId> = HashMap::new();
        for replica in &poll.replicas {
            let place = (&replica.tenant, replica.vm);
            let known = self.replicas.known(replica.id);
            let stands = known.map(|known| (&known.tenant, known.vm));
            match stands.or_else(|| new.get(&replica.id).copied()) {
                Some(stands) if stands == place => {}
                // History never changes tenant: a changed binding is another replica. And a VM of a tenant has one id.
                Some(_) => return Err(conflict("replica", replica.id)),
                None => {
                    if self.replicas.of_vm(&replica.tenant, replica.vm).is_some()
                        || new_vms.insert(place, replica.id).is_some()
                    {
                        return Err(conflict("replica", replica.id));
                    }
                    new.insert(replica.id, place);
                }
            }
        }
        let used = (poll.statuses.iter().map(|status| status.replica))
            .chain(poll.open.iter().map(|interval| interval.replica))
            .chain(poll.findings.iter().filter_map(|finding| finding.replica));
        for replica in used {
            if self.replicas.known(replica).is_none() && !new.contains_key(&replica) {
                return Err(missing("replica", replica));
            }
        }
        Ok(())
    }
}
