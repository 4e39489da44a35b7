//! Rows of a host through everything that is read of them, for fuzzers (`fuzz/`) and for the tests below. Nothing of it is used otherwise.

use crate::classes;
use crate::gather::{Gathered, RawRows, Stamp};
use crate::jobs::{JobTable, created_settings};
use chrono::DateTime;
use domain::observation::HostBoot;
use wsman::instance::Instance;

/// A body as it came: its rows, sorted to the classes that they say they are of, gathered and looked at.
pub fn rows(bytes: &[u8]) {
    let rows = wsman::fuzzing::reply(bytes);
    each(&rows);
    let of = |classes: &[&str]| -> Vec<Instance> {
        let fits = |row: &&Instance| classes.contains(&row.class.as_str());
        rows.iter().filter(fits).cloned().collect()
    };
    let jobs = JobTable::new(
        &of(&["Msvm_ConcreteJob", "Msvm_StorageJob"]),
        &of(&["Msvm_AffectedJobElement"]),
        &of(&["Msvm_MigrationJob"]),
    );
    let Ok(jobs) = jobs else { return };
    let gathered = Gathered::sort(RawRows {
        systems: of(&["Msvm_ComputerSystem"]),
        relationships: of(&["Msvm_ReplicationRelationship"]),
        settings: of(&["Msvm_ReplicationSettingData"]),
        checkpoints: of(&["Msvm_VirtualSystemSettingData"]),
        disks: of(&["Msvm_StorageAllocationSettingData"]),
        jobs,
    });
    let (Ok(gathered), Ok(host)) = (gathered, "hv-r-01".parse()) else {
        return;
    };
    let at = DateTime::UNIX_EPOCH;
    let stamp = Stamp {
        host,
        seen_at: at,
        host_time: at,
        boot: HostBoot {
            booted_at: at,
            service_started_at: at,
        },
    };
    for vm in gathered.candidates() {
        let _sighting = (gathered.sighting(vm, &stamp), gathered.has(vm));
    }
}

/// Every row as every class: a host may answer what was not asked.
fn each(rows: &[Instance]) {
    for row in rows {
        let _system = (
            classes::ComputerSystem::vm(row),
            classes::ComputerSystem::read(row),
        );
        let _replication = (
            classes::relationship_key(row),
            classes::RelationshipRow::read(row),
            classes::RelationshipRow::state_and_health(row),
            classes::RelationshipRow::last_apply(row),
            classes::ReplicationSettings::read(row),
            classes::authorization(row),
        );
        let _settings = (
            classes::settings_vm(row),
            classes::checkpoint(row),
            classes::disk_owner(row),
            classes::disk(row),
        );
        let _jobs = (
            classes::job(row, domain::job::JobClass::Migration),
            classes::migrated_vm(row),
            classes::Affected::read(row).map(|it| (it.is_of_vm(), it.guid())),
        );
    }
    let _created = created_settings(rows, "1");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::sample::Index;
    use std::path::Path;

    fn seeds() -> Vec<Vec<u8>> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/hyperv");
        let mut paths: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        paths.sort();
        paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]
        #[test]
        fn no_damage_to_a_hosts_rows_makes_reading_panic(
            pick in any::<Index>(),
            edits in proptest::collection::vec((any::<Index>(), 0..12_usize, proptest::collection::vec(any::<u8>(), 0..12)), 0..6),
        ) {
            let seeds = seeds();
            let mut bytes = seeds[pick.index(seeds.len())].clone();
            for (at, cut, put) in edits {
                let at = at.index(bytes.len() + 1);
                let end = (at + cut).min(bytes.len());
                bytes.splice(at..end, put);
            }
            rows(&bytes);
        }
    }
}
