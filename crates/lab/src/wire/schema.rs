//! The classes that the lab's hosts know, with their keys and properties (spec 2).
//!
//! A query that names a property which is not here is refused as a real host refuses it, so a client's spelling mistake
//! cannot hide behind a null.

use super::names::{CIMV2, VIRTUALIZATION};

/// CIM type of a property or parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Bool,
    U8,
    U16,
    U32,
    U64,
    Text,
    Datetime,
    Interval,
    Ref,
}

impl Kind {
    /// The `TYPE` attribute in CIM-XML.
    #[must_use]
    pub fn cim_xml(self) -> &'static str {
        match self {
            Self::Bool => "boolean",
            Self::U8 => "uint8",
            Self::U16 => "uint16",
            Self::U32 => "uint32",
            Self::U64 => "uint64",
            Self::Text | Self::Ref => "string",
            Self::Datetime | Self::Interval => "datetime",
        }
    }
}

/// A property's type; `List` for arrays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Property {
    One(Kind),
    List(Kind),
}

/// A class as the host's repository holds it.
#[derive(Debug, PartialEq, Eq)]
pub struct ClassSpec {
    pub name: &'static str,
    pub namespace: &'static str,
    pub keys: &'static [&'static str],
    pub properties: &'static [(&'static str, Property)],
}

impl ClassSpec {
    /// Type of a property and whether it is an array; the name is compared without case.
    #[must_use]
    pub fn kind(&self, name: &str) -> Option<(Kind, bool)> {
        let (_, property) = self
            .properties
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))?;
        Some(match property {
            Property::One(kind) => (*kind, false),
            Property::List(kind) => (*kind, true),
        })
    }
}

const B: Property = Property::One(Kind::Bool);
const N8: Property = Property::One(Kind::U8);
const N16: Property = Property::One(Kind::U16);
const N32: Property = Property::One(Kind::U32);
const N64: Property = Property::One(Kind::U64);
const T: Property = Property::One(Kind::Text);
const D: Property = Property::One(Kind::Datetime);
const I: Property = Property::One(Kind::Interval);
const R: Property = Property::One(Kind::Ref);
const L16: Property = Property::List(Kind::U16);
const LT: Property = Property::List(Kind::Text);

macro_rules! class {
    ($ident:ident, $name:literal, $namespace:expr, [$($key:literal),*], [$($property:ident: $kind:ident),* $(,)?]) => {
        #[doc = concat!("`", $name, "`")]
        pub static $ident: ClassSpec = ClassSpec {
            name: $name,
            namespace: $namespace,
            keys: &[$($key),*],
            properties: &[$((stringify!($property), $kind)),*],
        };
    };
}

class!(COMPUTER_SYSTEM, "Msvm_ComputerSystem", VIRTUALIZATION, ["CreationClassName", "Name"], [
    AvailableRequestedStates: L16, Caption: T, CommunicationStatus: N16, CreationClassName: T, Dedicated: L16,
    Description: T, DetailedStatus: N16, ElementName: T, EnabledDefault: N16, EnabledState: N16,
    EnhancedSessionModeState: N16, FailedOverReplicationType: N16, HealthState: N16, IdentifyingDescriptions: LT,
    InstallDate: D, InstanceID: T, LastApplicationConsistentReplicationTime: D, LastReplicationTime: D,
    LastReplicationType: N16, LastSuccessfulBackupTime: D, Name: T, NameFormat: T, NumberOfNumaNodes: N16,
    OnTimeInMilliseconds: N64, OperatingStatus: N16, OperationalStatus: L16, OtherDedicatedDescriptions: LT,
    OtherEnabledState: T, OtherIdentifyingInfo: LT, PowerManagementCapabilities: L16, PrimaryOwnerContact: T,
    PrimaryOwnerName: T, PrimaryStatus: N16, ProcessID: N32, ReplicationHealth: N16, ReplicationMode: N16,
    ReplicationState: N16, RequestedState: N16, ResetCapability: N16, Roles: LT, Status: T, StatusDescriptions: LT,
    TimeOfLastConfigurationChange: D, TimeOfLastStateChange: D, TransitioningToState: N16,
]);

class!(REPLICATION_RELATIONSHIP, "Msvm_ReplicationRelationship", VIRTUALIZATION, ["InstanceID"], [
    Caption: T, CommunicationStatus: N16, Description: T, DetailedStatus: N16, ElementName: T,
    FailedOverReplicationType: N16, HealthState: N16, InstallDate: D, InstanceID: T,
    LastApplicationConsistentReplicationTime: D, LastApplyTime: D, LastReplicationTime: D, LastReplicationType: N16,
    Name: T, OperatingStatus: N16, OperationalStatus: L16, PrimaryStatus: N16, ReplicationHealth: N16,
    ReplicationState: N16, Status: T, StatusDescriptions: LT,
]);

class!(SYSTEM_REPLICATION_RELATIONSHIP, "Msvm_SystemReplicationRelationship", VIRTUALIZATION,
    ["Antecedent", "Dependent"], [Antecedent: R, Dependent: R]);

class!(REPLICATION_SETTING_DATA, "Msvm_ReplicationSettingData", VIRTUALIZATION, ["InstanceID"], [
    AdditionalSettings: T, ApplicationConsistentSnapshotInterval: N16, AuthenticationType: N16,
    AutoResynchronizeEnabled: B, AutoResynchronizeIntervalEnd: I, AutoResynchronizeIntervalStart: I,
    BypassProxyServer: B, Caption: T, CertificateThumbPrint: T, CompressionEnabled: B, Description: T, ElementName: T,
    EnableWriteOrderPreservationAcrossDisks: B, IncludedDisks: LT, InstanceID: T, PrimaryConnectionPoint: T,
    PrimaryHostSystem: T, RecoveryConnectionPoint: T, RecoveryHistory: N16, RecoveryHostSystem: T,
    RecoveryServerPortNumber: N16, ReplicateHostKvpItems: B, ReplicationInterval: N16, ReplicationProvider: T,
    RootCertificateThumbPrint: T, VirtualSystemIdentifier: T, VirtualSystemType: T,
]);

class!(AUTHORIZATION_SETTING_DATA, "Msvm_ReplicationAuthorizationSettingData", VIRTUALIZATION, ["InstanceID"], [
    AllowedPrimaryHostSystem: T, Caption: T, Description: T, ElementName: T, InstanceID: T, ReplicaStorageLocation: T,
    TrustGroup: T,
]);

class!(SERVICE_SETTING_DATA, "Msvm_ReplicationServiceSettingData", VIRTUALIZATION, ["InstanceID"], [
    AllowedAuthenticationType: N16, Caption: T, CertificateThumbPrint: T, Description: T, ElementName: T, HttpPort: N16,
    HttpsPort: N16, InstanceID: T, MonitoringInterval: N32, MonitoringStartTime: D, RecoveryServerEnabled: B,
]);

macro_rules! service_class {
    ($ident:ident, $name:literal) => {
        class!($ident, $name, VIRTUALIZATION, ["CreationClassName", "Name", "SystemCreationClassName", "SystemName"], [
            AvailableRequestedStates: L16, Caption: T, CommunicationStatus: N16, CreationClassName: T, Description: T,
            DetailedStatus: N16, ElementName: T, EnabledDefault: N16, EnabledState: N16, HealthState: N16,
            InstallDate: D, Name: T, OperatingStatus: N16, OperationalStatus: L16, OtherEnabledState: T,
            PrimaryOwnerContact: T, PrimaryOwnerName: T, PrimaryStatus: N16, RequestedState: N16, StartMode: T,
            Started: B, Status: T, StatusDescriptions: LT, SystemCreationClassName: T, SystemName: T,
            TimeOfLastStateChange: D, TransitioningToState: N16,
        ]);
    };
}
service_class!(REPLICATION_SERVICE, "Msvm_ReplicationService");
service_class!(SNAPSHOT_SERVICE, "Msvm_VirtualSystemSnapshotService");
service_class!(MANAGEMENT_SERVICE, "Msvm_VirtualSystemManagementService");
service_class!(REFERENCE_POINT_SERVICE, "Msvm_VirtualSystemReferencePointService");
service_class!(IMAGE_SERVICE, "Msvm_ImageManagementService");

macro_rules! job_class {
    ($ident:ident, $name:literal, [$($property:ident: $kind:ident),* $(,)?]) => {
        class!($ident, $name, VIRTUALIZATION, ["InstanceID"], [
            Cancellable: B, Caption: T, CommunicationStatus: N16, DeleteOnCompletion: B, Description: T,
            DetailedStatus: N16, ElapsedTime: I, ElementName: T, ErrorCode: N16, ErrorDescription: T,
            ErrorSummaryDescription: T, HealthState: N16, InstallDate: D, InstanceID: T, JobRunTimes: N32, JobState: N16,
            JobStatus: T, JobType: N16, LocalOrUtcTime: N16, Name: T, Notify: T, OperatingStatus: N16,
            OperationalStatus: L16, OtherRecoveryAction: T, Owner: T, PercentComplete: N16, PrimaryStatus: N16,
            Priority: N32, RecoveryAction: N16, RunDay: N8, RunDayOfWeek: N8, RunMonth: N8, RunStartInterval: I,
            ScheduledStartTime: D, StartTime: D, Status: T, StatusDescriptions: LT, TimeBeforeRemoval: I,
            TimeOfLastStateChange: D, TimeSubmitted: D, UntilTime: D, $($property: $kind),*
        ]);
    };
}
job_class!(CONCRETE_JOB, "Msvm_ConcreteJob", []);
job_class!(MIGRATION_JOB, "Msvm_MigrationJob", [
    DestinationHost: T, MigrationType: N16, NewResourceSettingData: LT, NewSystemSettingData: T, VirtualSystemName: T,
]);
job_class!(STORAGE_JOB, "Msvm_StorageJob", [Child: T, JobCompletionStatusCode: N32, Parent: T]);

class!(AFFECTED_JOB_ELEMENT, "Msvm_AffectedJobElement", VIRTUALIZATION, ["AffectedElement", "AffectingElement"], [
    AffectedElement: R, AffectingElement: R, ElementEffects: L16, OtherElementEffectsDescriptions: LT,
]);

class!(SETTING_DATA, "Msvm_VirtualSystemSettingData", VIRTUALIZATION, ["InstanceID"], [
    AutomaticRecoveryAction: N16, AutomaticShutdownAction: N16, AutomaticStartupAction: N16, BIOSGUID: T, Caption: T,
    ChangeableType: N16, ConfigurationDataRoot: T, ConfigurationFile: T, ConfigurationID: T, CreationTime: D,
    Description: T, ElementName: T, IncrementalBackupEnabled: B, InstanceID: T, IsSaved: B, LogDataRoot: T, Notes: LT,
    Parent: T, RecoveryFile: T, SnapshotDataRoot: T, SuspendDataRoot: T, SwapFileDataRoot: T, UserSnapshotType: N16,
    Version: T, VirtualSystemIdentifier: T, VirtualSystemSubType: T, VirtualSystemType: T,
]);

class!(STORAGE_SETTING_DATA, "Msvm_StorageAllocationSettingData", VIRTUALIZATION, ["InstanceID"], [
    Access: N16, Address: T, AddressOnParent: T, AllocationUnits: T, AutomaticAllocation: B,
    AutomaticDeallocation: B, Caption: T, ChangeableType: N16, ConfigurationName: T, Connection: LT, Description: T,
    ElementName: T, HostExtentName: T, HostResource: LT, HostResourceBlockSize: N64, InstanceID: T, Limit: N64,
    Parent: T, PoolID: T, Reservation: N64, ResourceSubType: T, ResourceType: N16, SnapshotId: T,
    VirtualQuantity: N64, VirtualQuantityUnits: T, VirtualResourceBlockSize: N64, VirtualSystemIdentifiers: LT,
]);

class!(REFERENCE_POINT, "Msvm_VirtualSystemReferencePoint", VIRTUALIZATION, ["InstanceID", "VirtualSystemIdentifier"], [
    Caption: T, ConsistencyLevel: N16, Description: T, ElementName: T, HasAssociatedData: B, InstanceID: T,
    ReferencePointType: N16, ResilientChangeTrackingIdentifiers: LT, VirtualDiskIdentifiers: LT,
    VirtualSystemIdentifier: T,
]);

class!(REPLICA_SYSTEM_DEPENDENCY, "Msvm_ReplicaSystemDependency", VIRTUALIZATION, ["Antecedent", "Dependent"],
    [Antecedent: R, Dependent: R]);

class!(EXPORT_SETTING_DATA, "Msvm_VirtualSystemExportSettingData", VIRTUALIZATION, ["InstanceID"], [
    BackupIntent: N8, Caption: T, CaptureLiveState: N8, CopySnapshotConfiguration: N8, CopyVmRuntimeInformation: B,
    CopyVmStorage: B, CreateVmExportSubdirectory: B, Description: T, DifferentialBackupBase: T,
    DisableDifferentialOfIgnoredStorage: B, ElementName: T, ExcludedVirtualHardDisks: LT, ExportForLiveMigration: B,
    InstanceID: T, SnapshotVirtualSystem: T,
]);

class!(REPLICATION_STATISTICS, "Msvm_ReplicationStatistics", VIRTUALIZATION, [], [
    ApplicationConsistentSnapshotFailureCount: N32, EndStatisticTime: D, LastTestFailoverTime: D, MaxReplicationLatency: N32,
    MaxReplicationSize: N64, NetworkFailureCount: N32, PendingReplicationSize: N64, ReplicationFailureCount: N32,
    ReplicationHealth: N32, ReplicationLatency: N32, ReplicationMissCount: N32, ReplicationSize: N64,
    ReplicationSuccessCount: N32, StartStatisticTime: D,
]);

class!(ERROR, "Msvm_Error", VIRTUALIZATION, [], [
    CIMStatusCode: N32, CIMStatusCodeDescription: T, ErrorSource: T, ErrorSourceFormat: N16, ErrorType: N16, Message: T,
    MessageArguments: LT, MessageID: T, OtherErrorType: T, OwningEntity: T, PerceivedSeverity: N16, ProbableCause: N16,
    ProbableCauseDescription: T, RecommendedActions: LT,
]);

class!(OPERATING_SYSTEM, "Win32_OperatingSystem", CIMV2, ["Name"], [
    BuildNumber: T, BuildType: T, CSName: T, Caption: T, CreationClassName: T, CurrentTimeZone: N16, Description: T,
    FreePhysicalMemory: N64, InstallDate: D, LastBootUpTime: D, LocalDateTime: D, Manufacturer: T, Name: T,
    OSArchitecture: T, OSLanguage: N32, ProductType: N32, Status: T, SystemDirectory: T, TotalVisibleMemorySize: N64,
    Version: T,
]);

class!(WIN32_COMPUTER_SYSTEM, "Win32_ComputerSystem", CIMV2, ["Name"], [
    Caption: T, CreationClassName: T, DNSHostName: T, Description: T, Domain: T, DomainRole: N16, Manufacturer: T,
    Model: T, Name: T, NumberOfLogicalProcessors: N32, NumberOfProcessors: N32, PartOfDomain: B, Status: T,
    TotalPhysicalMemory: N64, Workgroup: T,
]);

class!(WIN32_SERVICE, "Win32_Service", CIMV2, ["Name"], [
    AcceptStop: B, Caption: T, CreationClassName: T, Description: T, DisplayName: T, ExitCode: N32, Name: T, PathName: T,
    ProcessId: N32, StartMode: T, StartName: T, Started: B, State: T, Status: T, SystemName: T,
]);

class!(WIN32_PROCESS, "Win32_Process", CIMV2, ["Handle"], [
    Caption: T, CommandLine: T, CreationClassName: T, CreationDate: D, Description: T, ExecutablePath: T, Handle: T,
    Name: T, ParentProcessId: N32, ProcessId: N32, SessionId: N32, ThreadCount: N32, WorkingSetSize: N64,
]);

/// Classes of instances that can be enumerated and read.
pub static SERVED: &[&ClassSpec] = &[
    &COMPUTER_SYSTEM,
    &REPLICATION_RELATIONSHIP,
    &SYSTEM_REPLICATION_RELATIONSHIP,
    &REPLICATION_SETTING_DATA,
    &AUTHORIZATION_SETTING_DATA,
    &SERVICE_SETTING_DATA,
    &REPLICATION_SERVICE,
    &SNAPSHOT_SERVICE,
    &MANAGEMENT_SERVICE,
    &REFERENCE_POINT_SERVICE,
    &IMAGE_SERVICE,
    &CONCRETE_JOB,
    &MIGRATION_JOB,
    &STORAGE_JOB,
    &AFFECTED_JOB_ELEMENT,
    &SETTING_DATA,
    &STORAGE_SETTING_DATA,
    &REFERENCE_POINT,
    &REPLICA_SYSTEM_DEPENDENCY,
    &EXPORT_SETTING_DATA,
    &OPERATING_SYSTEM,
    &WIN32_COMPUTER_SYSTEM,
    &WIN32_SERVICE,
    &WIN32_PROCESS,
];

/// Classes that came with Windows Server 2016.
pub static SINCE_2016: &[&str] = &[
    "Msvm_VirtualSystemReferencePoint",
    "Msvm_VirtualSystemReferencePointService",
];

/// A served class of that namespace; namespace and class are compared without case, as WMI does.
#[must_use]
pub fn find(namespace: &str, class: &str) -> Option<&'static ClassSpec> {
    let same = |spec: &&&ClassSpec| {
        spec.namespace.eq_ignore_ascii_case(namespace) && spec.name.eq_ignore_ascii_case(class)
    };
    SERVED.iter().find(same).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_a_property_and_no_property_comes_twice() {
        for spec in SERVED {
            for key in spec.keys {
                assert!(spec.kind(key).is_some(), "{} lacks its key {key}", spec.name);
            }
            let mut names: Vec<_> = spec.properties.iter().map(|(n, _)| *n).collect();
            names.sort_unstable();
            let n = names.len();
            names.dedup();
            assert_eq!(names.len(), n, "{}", spec.name);
        }
    }
}
