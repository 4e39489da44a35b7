//! A schema in words.

use serde_json::Value;

/// A field of an object.
pub(super) struct Field {
    pub name: String,
    pub kind: String,
    /// The shape that it is, or that it lists.
    pub shape: Option<String>,
    pub needed: bool,
    pub says: String,
}

/// The fields of an object, those of inner objects below it with their path. A choice has the fields of all.
pub(super) fn fields(schema: &Value) -> Vec<Field> {
    let mut all: Vec<Field> = Vec::new();
    collect("", schema, &mut all);
    all
}

fn collect(before: &str, schema: &Value, all: &mut Vec<Field>) {
    for one in choices(schema) {
        let required = |name: &str| {
            let required = one["required"].as_array();
            required.is_some_and(|names| names.iter().any(|it| it == name))
        };
        for (name, field) in one["properties"].as_object().into_iter().flatten() {
            let name_here = format!("{before}{name}");
            if all
                .iter()
                .any(|it| it.name == name_here && it.kind == kind(field))
            {
                continue;
            }
            all.push(Field {
                kind: kind(field),
                shape: named(field),
                needed: required(name),
                says: field["description"].as_str().unwrap_or_default().to_owned(),
                name: name_here.clone(),
            });
            let inner = bare(field);
            if inner["type"] == "array" {
                collect(&format!("{name_here}[]."), bare(&inner["items"]), all);
            } else {
                collect(&format!("{name_here}."), inner, all);
            }
        }
    }
}

/// The shapes of a choice, or the schema itself.
fn choices(schema: &Value) -> Vec<&Value> {
    match schema["oneOf"].as_array() {
        Some(several) => several.iter().collect(),
        None => vec![schema],
    }
}

/// Without the null.
fn bare(schema: &Value) -> &Value {
    let several = schema["anyOf"].as_array();
    several
        .and_then(|all| all.iter().find(|it| it["type"] != "null"))
        .unwrap_or(schema)
}

/// The name of a shape, behind a list or a null as well.
pub(super) fn named(schema: &Value) -> Option<String> {
    let schema = bare(schema);
    let inner = if schema["type"] == "array" {
        bare(&schema["items"])
    } else {
        schema
    };
    let reference = inner["$ref"].as_str()?;
    reference.rsplit('/').next().map(str::to_owned)
}

/// What it is, in a few words.
pub(super) fn kind(schema: &Value) -> String {
    let inner = bare(schema);
    let null = if inner == schema { "" } else { " or null" };
    format!("{}{null}", plain(inner))
}

fn plain(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|it| it.rsplit('/').next()) {
        return name.to_owned();
    }
    if let Some(only) = schema.get("const") {
        return only.as_str().map_or_else(|| only.to_string(), str::to_owned);
    }
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
        return words.join(" | ");
    }
    if let Some(several) = schema["oneOf"].as_array() {
        return several
            .iter()
            .filter_map(|it| {
                let fields = it["properties"].as_object()?;
                fields.values().find_map(|it| it["const"].as_str())
            })
            .collect::<Vec<_>>()
            .join(" | ");
    }
    let bound = |name: &str| schema[name].as_i64();
    match schema["type"].as_str() {
        Some("string") => match (schema["format"].as_str(), bound("minLength"), bound("maxLength")) {
            (Some("date-time"), ..) => "instant".to_owned(),
            (Some("date"), ..) => "day".to_owned(),
            (Some("uuid"), ..) => "UUID".to_owned(),
            (_, Some(least), Some(most)) => format!("text, {least} to {most} characters"),
            _ => "text".to_owned(),
        },
        Some("integer") => match (bound("minimum"), bound("maximum")) {
            (Some(least), Some(most)) => format!("{least} to {most}"),
            (Some(0), None) => "count".to_owned(),
            _ => "whole number".to_owned(),
        },
        Some("number") => "number".to_owned(),
        Some("boolean") => "true | false".to_owned(),
        Some("array") => match schema["prefixItems"].as_array() {
            Some(parts) => {
                let parts: Vec<String> = parts.iter().map(kind).collect();
                format!("[{}]", parts.join(", "))
            }
            None => format!("list of {}", kind(&schema["items"])),
        },
        Some("object") if schema["additionalProperties"].is_object() => "map".to_owned(),
        _ => "object".to_owned(),
    }
}
