//! `root/cimv2`: version, boot, the management service. Dates carry the host's zone, as `Win32_*` dates do.

use chrono::{DateTime, FixedOffset, Utc};

use crate::model::{HostView, Release};
use crate::wire::cim::Instance;
use crate::wire::schema;

/// All hosts of the lab stand in a zone one hour east, without summer time.
const ZONE_MINUTES: u16 = 60;

fn local(t: DateTime<Utc>) -> DateTime<FixedOffset> {
    match FixedOffset::east_opt(i32::from(ZONE_MINUTES) * 60) {
        Some(zone) => t.with_timezone(&zone),
        None => t.fixed_offset(),
    }
}

/// `Win32_OperatingSystem`
#[must_use]
pub fn operating_system(host: &HostView) -> Vec<Instance> {
    let caption = match host.release {
        Release::Server2012R2 => "Microsoft Windows Server 2012 R2 Datacenter",
        Release::Server2016 => "Microsoft Windows Server 2016 Datacenter",
        Release::Server2019 => "Microsoft Windows Server 2019 Datacenter",
        Release::Server2022 => "Microsoft Windows Server 2022 Datacenter",
    };
    vec![
        Instance::of(&schema::OPERATING_SYSTEM)
            .with(
                "Name",
                format!("{caption}|C:\\Windows|\\Device\\Harddisk0\\Partition4"),
            )
            .with("Caption", caption)
            .with("CreationClassName", "Win32_OperatingSystem")
            .with("CSName", host.name.to_uppercase())
            .with("Version", host.build.as_str())
            .with("BuildNumber", host.build.rsplit('.').next().unwrap_or_default())
            .with("BuildType", "Multiprocessor Free")
            .with("CurrentTimeZone", ZONE_MINUTES)
            .with("LastBootUpTime", local(host.booted_at))
            .with("LocalDateTime", local(host.now))
            .with("InstallDate", local(host.booted_at))
            .with("Manufacturer", "Microsoft Corporation")
            .with("OSArchitecture", "64-Bit")
            .with("OSLanguage", 1031u32)
            .with("ProductType", 3u32)
            .with("Status", "OK")
            .with("SystemDirectory", "C:\\Windows\\system32"),
    ]
}

/// `Win32_ComputerSystem`
#[must_use]
pub fn computer(host: &HostView) -> Vec<Instance> {
    let domain = host.fqdn.split_once('.').map_or("", |(_, domain)| domain);
    vec![
        Instance::of(&schema::WIN32_COMPUTER_SYSTEM)
            .with("Name", host.name.to_uppercase())
            .with("Caption", host.name.to_uppercase())
            .with("CreationClassName", "Win32_ComputerSystem")
            .with("Description", "AT/AT COMPATIBLE")
            .with("DNSHostName", host.name.as_str())
            .with("Domain", domain)
            .with("DomainRole", 3u16)
            .with("PartOfDomain", !domain.is_empty())
            .with("Manufacturer", "Stillpoint")
            .with("Model", "Lab")
            .with("NumberOfProcessors", 2u32)
            .with("NumberOfLogicalProcessors", 64u32)
            .with("TotalPhysicalMemory", 274_877_906_944u64)
            .with("Status", "OK"),
    ]
}

/// The process id of vmms.exe changes with every start of the service.
fn vmms_process_id(host: &HostView) -> u32 {
    let seconds = host.service_started_at.timestamp().unsigned_abs();
    1000 + 4 * u32::try_from(seconds % 7000).unwrap_or_default()
}

/// `Win32_Service` of the management service and its companion.
#[must_use]
pub fn windows_services(host: &HostView) -> Vec<Instance> {
    let row = |name: &str, display: &str, process_id: u32| {
        Instance::of(&schema::WIN32_SERVICE)
            .with("Name", name)
            .with("Caption", display)
            .with("DisplayName", display)
            .with("CreationClassName", "Win32_Service")
            .with("Description", "Verwaltungsdienst für virtuelle Computer")
            .with("AcceptStop", true)
            .with("ExitCode", 0u32)
            .with("PathName", format!("C:\\Windows\\system32\\{name}.exe"))
            .with("ProcessId", process_id)
            .with("StartMode", "Auto")
            .with("StartName", "LocalSystem")
            .with("Started", true)
            .with("State", "Running")
            .with("Status", "OK")
            .with("SystemName", host.name.to_uppercase())
    };
    vec![
        row(
            "vmms",
            "Hyper-V-Verwaltungsdienst virtueller Computer",
            vmms_process_id(host),
        ),
        row("vmcompute", "Hyper-V-Hostserverdienst", 988),
    ]
}

/// `Win32_Process`
#[must_use]
pub fn processes(host: &HostView) -> Vec<Instance> {
    let row = |name: &str, id: u32, created: DateTime<Utc>| {
        Instance::of(&schema::WIN32_PROCESS)
            .with("Handle", id.to_string())
            .with("ProcessId", id)
            .with("ParentProcessId", 700u32)
            .with("Name", name)
            .with("Caption", name)
            .with("Description", name)
            .with("CreationClassName", "Win32_Process")
            .with("CreationDate", local(created))
            .with("ExecutablePath", format!("C:\\Windows\\system32\\{name}"))
            .with("SessionId", 0u32)
            .with("ThreadCount", 30u32)
            .with("WorkingSetSize", 60_000_000u64)
    };
    vec![
        row("services.exe", 700, host.booted_at),
        row("vmcompute.exe", 988, host.booted_at),
        row("vmms.exe", vmms_process_id(host), host.service_started_at),
    ]
}
