//! `Enumerate`, `Pull` and `Release`.

use std::collections::VecDeque;

use tokio::time::Instant;
use uuid::Uuid;

use super::{Done, Repository, Request, check_namespace, class_in, room};
use crate::wire::cim::{Instance, Reference, Value};
use crate::wire::contexts::{BATCH_ITEMS_MAX, Batch, Contexts, take};
use crate::wire::fault::Fault;
use crate::wire::names::{self, ADDRESSING, DIALECT_SELECTOR, DIALECT_WQL, ENUMERATION, WSMAN};
use crate::wire::schema::{self, ClassSpec};
use crate::wire::wql::{self, Associators, Query};
use crate::wire::xml::Element;
use crate::wire::{envelope, fault};

/// Which form the items take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Object,
    Reference,
    Both,
}

pub(super) fn enumerate(
    contexts: &mut Contexts,
    repository: &impl Repository,
    request: &Request,
    now: Instant,
) -> Result<Done, Fault> {
    let body = &request.body;
    if !body.is(ENUMERATION, "Enumerate") {
        return Err(Fault::schema("n:Enumerate fehlt im Rumpf der Anforderung."));
    }
    let mode = mode(body)?;
    let optimize = body.child(WSMAN, "OptimizeEnumeration").is_some();
    let elements = max_elements(body, WSMAN)?;
    let (rows, columns) = rows(repository, request)?;
    let mut items: VecDeque<String> = rows
        .iter()
        .map(|row| render(row, columns.as_deref(), mode))
        .collect();
    let action = format!("{ENUMERATION}/EnumerateResponse");
    if !optimize {
        let id = contexts.keep(items, now)?;
        let body = format!(
            "<n:EnumerateResponse><n:EnumerationContext>uuid:{}</n:EnumerationContext></n:EnumerateResponse>",
            upper(id)
        );
        return Ok(Done { action, body });
    }
    let first = take(&mut items, elements, room(request))?;
    let context = if items.is_empty() {
        None
    } else {
        Some(contexts.keep(items, now)?)
    };
    let context_text = context
        .map(|id| format!("uuid:{}", upper(id)))
        .unwrap_or_default();
    let end = if context.is_none() {
        "<w:EndOfSequence/>"
    } else {
        ""
    };
    let body = format!(
        "<n:EnumerateResponse><n:EnumerationContext>{context_text}</n:EnumerationContext><w:Items>{}</w:Items>{end}\
         </n:EnumerateResponse>",
        first.concat()
    );
    Ok(Done { action, body })
}

pub(super) fn pull(contexts: &mut Contexts, request: &Request, now: Instant) -> Result<Done, Fault> {
    let body = &request.body;
    if !body.is(ENUMERATION, "Pull") {
        return Err(Fault::schema("n:Pull fehlt im Rumpf der Anforderung."));
    }
    let context = context_of(body)?;
    let elements = max_elements(body, ENUMERATION)?;
    let batch = contexts.pull(context, elements, room(request), now)?;
    Ok(Done {
        action: format!("{ENUMERATION}/PullResponse"),
        body: pulled(&batch),
    })
}

pub(super) fn release(contexts: &mut Contexts, request: &Request) -> Result<Done, Fault> {
    if !request.body.is(ENUMERATION, "Release") {
        return Err(Fault::schema("n:Release fehlt im Rumpf der Anforderung."));
    }
    contexts.release(context_of(&request.body)?)?;
    Ok(Done {
        action: format!("{ENUMERATION}/ReleaseResponse"),
        body: String::new(),
    })
}

fn pulled(batch: &Batch) -> String {
    let context = batch
        .context
        .map(|id| format!("<n:EnumerationContext>uuid:{}</n:EnumerationContext>", upper(id)));
    let end = if batch.context.is_none() {
        "<n:EndOfSequence/>"
    } else {
        ""
    };
    format!(
        "<n:PullResponse>{}<n:Items>{}</n:Items>{end}</n:PullResponse>",
        context.unwrap_or_default(),
        batch.items.concat()
    )
}

fn upper(id: Uuid) -> String {
    id.to_string().to_uppercase()
}

fn context_of(body: &Element) -> Result<&str, Fault> {
    body.child_text(ENUMERATION, "EnumerationContext")
        .ok_or_else(|| Fault::schema("n:EnumerationContext fehlt."))
}

/// One item unless the client says how many.
fn max_elements(body: &Element, namespace: &str) -> Result<usize, Fault> {
    match body.child_text(namespace, "MaxElements") {
        None => Ok(1),
        Some(text) => match text.parse::<usize>() {
            Ok(n) if n > 0 => Ok(n.min(BATCH_ITEMS_MAX)),
            _ => Err(Fault::schema("MaxElements ist keine positive Zahl.")),
        },
    }
}

fn mode(body: &Element) -> Result<Mode, Fault> {
    match body.child_text(WSMAN, "EnumerationMode") {
        None => Ok(Mode::Object),
        Some("EnumerateEPR") => Ok(Mode::Reference),
        Some("EnumerateObjectAndEPR") => Ok(Mode::Both),
        Some(_) => Err(Fault::unsupported("EnumerationMode")),
    }
}

fn render(row: &Instance, columns: Option<&[String]>, mode: Mode) -> String {
    let wrapped = |reference: Reference| {
        format!(
            "<a:EndpointReference xmlns:a=\"{ADDRESSING}\">{}</a:EndpointReference>",
            reference.to_xml()
        )
    };
    match mode {
        Mode::Object => row.to_xml(columns),
        Mode::Reference => wrapped(row.reference()),
        Mode::Both => format!(
            "<w:Item>{}{}</w:Item>",
            row.to_xml(columns),
            wrapped(row.reference())
        ),
    }
}

type Rows = (Vec<Instance>, Option<Vec<String>>);

fn rows(repository: &impl Repository, request: &Request) -> Result<Rows, Fault> {
    let (namespace, class) = names::split_class_uri(&request.resource_uri)
        .ok_or_else(|| Fault::unreachable("InvalidResourceURI", &request.resource_uri))?;
    check_namespace(namespace)?;
    let filter = [WSMAN, ENUMERATION]
        .iter()
        .find_map(|namespace| request.body.child(namespace, "Filter"));
    let Some(filter) = filter else {
        if class == "*" {
            return Err(Fault::filter(
                "Für diese Ressourcen-URI ist ein Filter erforderlich.",
            ));
        }
        return Ok((repository.rows(class_in(repository, namespace, class)?), None));
    };
    match filter.attribute("", "Dialect").map(str::trim) {
        Some(DIALECT_WQL) if class == "*" => query(repository, namespace, &filter.text),
        Some(DIALECT_WQL) => Err(Fault::filter(
            "WQL ist nur mit der Ressourcen-URI des Namespace (*) zulässig.",
        )),
        Some(DIALECT_SELECTOR) if class != "*" => {
            let set = filter.child(WSMAN, "SelectorSet");
            let set = set.ok_or_else(|| Fault::filter("w:SelectorSet fehlt im Filter."))?;
            let wanted = envelope::selectors(set)?;
            Ok((
                selected(repository, class_in(repository, namespace, class)?, &wanted)?,
                None,
            ))
        }
        Some(DIALECT_SELECTOR) => Err(Fault::filter(
            "Ein Selektorfilter braucht die Ressourcen-URI einer Klasse.",
        )),
        _ => Err(Fault::dialect()),
    }
}

fn selected(
    repository: &impl Repository,
    spec: &'static ClassSpec,
    wanted: &[(String, String)],
) -> Result<Vec<Instance>, Fault> {
    for (name, _) in wanted {
        if !matches!(spec.kind(name), Some((kind, false)) if !matches!(kind, schema::Kind::Ref | schema::Kind::Datetime))
        {
            return Err(Fault::filter(format!(
                "Die Eigenschaft {name} kann nicht gefiltert werden."
            )));
        }
    }
    let holds = |row: &Instance| {
        wanted.iter().all(|(name, wanted)| match row.get(name) {
            Some(Value::Text(text)) => text.eq_ignore_ascii_case(wanted),
            Some(Value::Number(n)) => n.to_string() == *wanted,
            Some(Value::Bool(b)) => b.to_string().eq_ignore_ascii_case(wanted),
            _ => false,
        })
    };
    Ok(repository.rows(spec).into_iter().filter(holds).collect())
}

fn query(repository: &impl Repository, namespace: &str, text: &str) -> Result<Rows, Fault> {
    match wql::parse(text).map_err(|e| Fault::invalid_query(&e.to_string()))? {
        Query::Select(select) => {
            let spec = class_in(repository, namespace, &select.class)?;
            select
                .check(spec)
                .map_err(|e| Fault::invalid_query(&e.to_string()))?;
            let rows = repository
                .rows(spec)
                .into_iter()
                .filter(|row| select.selects(row))
                .collect();
            Ok((rows, select.columns))
        }
        Query::Associators(wanted) => Ok((associated(repository, namespace, &wanted)?, None)),
    }
}

/// The rows at the other end of the associations that touch a row.
fn associated(
    repository: &impl Repository,
    namespace: &str,
    wanted: &Associators,
) -> Result<Vec<Instance>, Fault> {
    let result = wanted
        .result
        .as_deref()
        .map(|class| class_in(repository, namespace, class))
        .transpose()?;
    let associations: Vec<&'static ClassSpec> = match &wanted.association {
        Some(class) => vec![class_in(repository, namespace, class)?],
        None => schema::SERVED
            .iter()
            .copied()
            .filter(|spec| spec.namespace == namespace)
            .collect(),
    };
    let mut found: Vec<Instance> = Vec::new();
    for spec in associations {
        let ends: Vec<&str> = spec
            .properties
            .iter()
            .map(|(name, _)| *name)
            .filter(|name| matches!(spec.kind(name), Some((schema::Kind::Ref, false))))
            .collect();
        if ends.len() != 2 || !repository.has_class(spec) {
            continue;
        }
        for row in repository.rows(spec) {
            for (near, far) in [(ends[0], ends[1]), (ends[1], ends[0])] {
                let (Some(Value::Reference(near)), Some(Value::Reference(far))) =
                    (row.get(near), row.get(far))
                else {
                    continue;
                };
                if near.same(&wanted.source)
                    && result.is_none_or(|spec| spec.name.eq_ignore_ascii_case(&far.class))
                {
                    let class = class_in(repository, &far.namespace, &far.class)?;
                    let rows = repository
                        .rows(class)
                        .into_iter()
                        .filter(|row| row.reference().same(far));
                    found.extend(rows.filter(|row| !found.contains(row)).collect::<Vec<_>>());
                }
            }
        }
    }
    if found.len() > BATCH_ITEMS_MAX {
        return Err(Fault::wmi(
            fault::WBEM_E_INVALID_QUERY,
            15,
            "Zu viele Ergebnisse.",
        ));
    }
    Ok(found)
}
