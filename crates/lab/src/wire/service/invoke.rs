//! Methods: reading `Method_INPUT` against the method's signature, writing `Method_OUTPUT`.

use super::{Done, Repository, Request, class_of, read};
use crate::wire::cim::{self, Instance, Reference, Value};
use crate::wire::embedded::Embedded;
use crate::wire::envelope;
use crate::wire::fault::Fault;
use crate::wire::names::{self, XSI};
use crate::wire::xml::Element;

/// What a parameter must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// `a:Address` and `a:ReferenceParameters` directly inside.
    Ref,
    /// CIM-XML text of that class, or empty.
    Embedded(&'static str),
    Number,
    Text,
}

/// A parameter as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parameter {
    Reference(Reference),
    Embedded(Embedded),
    Number(u64),
    Text(String),
}

/// A method call whose parameters have the right shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    pub class: &'static str,
    pub method: &'static str,
    /// The row that it is called on.
    pub on: Instance,
    parameters: Vec<(String, Parameter)>,
}

impl Call {
    /// A reference parameter.
    #[must_use]
    pub fn reference(&self, name: &str) -> Option<&Reference> {
        match self.parameter(name) {
            Some(Parameter::Reference(reference)) => Some(reference),
            _ => None,
        }
    }
    /// An embedded instance.
    #[must_use]
    pub fn embedded(&self, name: &str) -> Option<&Embedded> {
        match self.parameter(name) {
            Some(Parameter::Embedded(embedded)) => Some(embedded),
            _ => None,
        }
    }
    /// A number.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u64> {
        match self.parameter(name) {
            Some(Parameter::Number(n)) => Some(*n),
            _ => None,
        }
    }
    /// A text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.parameter(name) {
            Some(Parameter::Text(text)) => Some(text),
            _ => None,
        }
    }
    fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|(n, _)| n == name).map(|(_, p)| p)
    }
}

/// What a method answers: out parameters in order, then `ReturnValue`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub out: Vec<(&'static str, Value)>,
    pub return_value: u32,
}

impl Outcome {
    /// Only a number.
    #[must_use]
    pub fn returns(return_value: u32) -> Self {
        Self {
            out: Vec::new(),
            return_value,
        }
    }
    /// 4096 and the job.
    #[must_use]
    pub fn job(class: &str, id: &str) -> Self {
        let job = Reference::v2(class, &[("InstanceID", id)]);
        Self {
            out: vec![("Job", job.into())],
            return_value: 4096,
        }
    }
}

type Signature = (&'static str, &'static str, &'static [(&'static str, Shape)]);

const METHODS: &[Signature] = &[
    (
        "Msvm_VirtualSystemSnapshotService",
        "CreateSnapshot",
        &[
            ("AffectedSystem", Shape::Ref),
            (
                "SnapshotSettings",
                Shape::Embedded("Msvm_VirtualSystemSnapshotSettingData"),
            ),
            ("SnapshotType", Shape::Number),
            ("ResultingSnapshot", Shape::Ref),
        ],
    ),
    (
        "Msvm_VirtualSystemSnapshotService",
        "DestroySnapshot",
        &[("AffectedSnapshot", Shape::Ref)],
    ),
    (
        "Msvm_VirtualSystemManagementService",
        "ExportSystemDefinition",
        &[
            ("ComputerSystem", Shape::Ref),
            ("ExportDirectory", Shape::Text),
            (
                "ExportSettingData",
                Shape::Embedded("Msvm_VirtualSystemExportSettingData"),
            ),
        ],
    ),
    (
        "Msvm_VirtualSystemManagementService",
        "ModifySystemSettings",
        &[("SystemSettings", Shape::Embedded("Msvm_VirtualSystemSettingData"))],
    ),
    (
        "Msvm_VirtualSystemManagementService",
        "GetSummaryInformation",
        &[
            ("SettingData", Shape::Ref),
            ("RequestedInformation", Shape::Number),
        ],
    ),
    (
        "Msvm_ReplicationService",
        "GetReplicationStatisticsEx",
        &[
            ("ComputerSystem", Shape::Ref),
            (
                "ReplicationRelationship",
                Shape::Embedded("Msvm_ReplicationRelationship"),
            ),
        ],
    ),
    (
        "Msvm_ReplicationService",
        "GetReplicationStatistics",
        &[("ComputerSystem", Shape::Ref)],
    ),
    (
        "Msvm_ConcreteJob",
        "RequestStateChange",
        &[("RequestedState", Shape::Number), ("TimeoutPeriod", Shape::Text)],
    ),
    (
        "Msvm_ComputerSystem",
        "RequestReplicationStateChange",
        &[("RequestedState", Shape::Number), ("TimeoutPeriod", Shape::Text)],
    ),
    ("Msvm_ConcreteJob", "GetError", &[]),
    ("Msvm_ConcreteJob", "GetErrorEx", &[]),
    (
        "Msvm_MigrationJob",
        "RequestStateChange",
        &[("RequestedState", Shape::Number), ("TimeoutPeriod", Shape::Text)],
    ),
    ("Msvm_MigrationJob", "GetError", &[]),
    ("Msvm_MigrationJob", "GetErrorEx", &[]),
];

pub(super) fn invoke(repository: &mut impl Repository, request: &Request) -> Result<Done, Fault> {
    let spec = class_of(repository, &request.resource_uri)?;
    let (action_class, method) = request.action.rsplit_once('/').unwrap_or_default();
    if !action_class.eq_ignore_ascii_case(&request.resource_uri) {
        return Err(Fault::action("Die Aktion passt nicht zur Ressourcen-URI."));
    }
    let signature = METHODS
        .iter()
        .find(|(class, name, _)| *class == spec.name && *name == method);
    let (class, method, parameters) =
        signature.ok_or_else(|| Fault::action(format!("{} kennt die Methode {method} nicht.", spec.name)))?;
    let on = read::the_one(repository, spec, &request.selectors)?;
    let uri = names::class_uri(spec.namespace, spec.name);
    let parameters = read_input(&request.body, &uri, method, parameters)?;
    let outcome = repository.invoke(&Call {
        class,
        method,
        on,
        parameters,
    })?;
    let mut body = format!(
        "<p:{method}_OUTPUT xmlns:p=\"{uri}\" xmlns:cim=\"{}\" xmlns:xsi=\"{XSI}\" xsi:type=\"p:{method}_OUTPUT_Type\">",
        names::CIM
    );
    for (name, value) in &outcome.out {
        cim::property(&mut body, name, value, matches!(value, Value::List(_)));
    }
    body.push_str(&format!(
        "<p:ReturnValue>{}</p:ReturnValue></p:{method}_OUTPUT>",
        outcome.return_value
    ));
    Ok(Done {
        action: format!("{uri}/{method}Response"),
        body,
    })
}

fn read_input(
    body: &Element,
    uri: &str,
    method: &str,
    signature: &[(&str, Shape)],
) -> Result<Vec<(String, Parameter)>, Fault> {
    if !body.is(uri, &format!("{method}_INPUT")) {
        return Err(Fault::schema(format!(
            "{method}_INPUT fehlt im Rumpf der Anforderung."
        )));
    }
    let mut read = Vec::new();
    for element in &body.children {
        let shape = signature
            .iter()
            .find(|(name, _)| element.is(uri, name))
            .map(|(_, shape)| *shape);
        let shape = shape
            .ok_or_else(|| Fault::schema(format!("{method} kennt keinen Parameter {}.", element.name)))?;
        if element.attribute(XSI, "nil") == Some("true") {
            continue;
        }
        if let Some(parameter) = parameter(element, shape)? {
            read.push((element.name.clone(), parameter));
        }
    }
    Ok(read)
}

fn parameter(element: &Element, shape: Shape) -> Result<Option<Parameter>, Fault> {
    let wrong = |what: &str| Fault::schema(format!("{} ist {what}.", element.name));
    if shape == Shape::Ref {
        return envelope::reference(element).map(|r| Some(Parameter::Reference(r)));
    }
    if !element.children.is_empty() {
        return Err(wrong("ein Elementbaum, wo Text erwartet wird"));
    }
    let text = element.text.trim();
    Ok(Some(match shape {
        Shape::Number => Parameter::Number(text.parse().map_err(|_| wrong("keine Zahl"))?),
        Shape::Embedded(_) if text.is_empty() => return Ok(None),
        Shape::Embedded(class) => {
            let embedded = Embedded::parse(text).map_err(|e| wrong(&e.to_string()))?;
            if !embedded.class.eq_ignore_ascii_case(class) {
                return Err(wrong(&format!("eine Instanz von {}", embedded.class)));
            }
            Parameter::Embedded(embedded)
        }
        Shape::Text | Shape::Ref => Parameter::Text(text.to_owned()),
    }))
}
