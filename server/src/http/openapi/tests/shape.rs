//! An answer against a schema, with nothing in it that the schema does not name. It knows the words that this document uses and refuses
//! others; a validator that is not ours asks the running server (`end2end/api.py`).

use serde_json::Value;

pub fn check(document: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    at(document, schema, value, "")
}

const KNOWN: [&str; 20] = [
    "$ref",
    "additionalProperties",
    "anyOf",
    "const",
    "description",
    "enum",
    "format",
    "items",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "oneOf",
    "pattern",
    "prefixItems",
    "properties",
    "propertyNames",
    "required",
];

fn at(document: &Value, schema: &Value, value: &Value, place: &str) -> Result<(), String> {
    let words = schema.as_object().unwrap();
    for word in words.keys() {
        assert!(
            word == "type" || KNOWN.contains(&word.as_str()),
            "`{word}` is not looked at"
        );
    }
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.strip_prefix("#/components/schemas/").unwrap();
        return at(document, &document["components"]["schemas"][name], value, place);
    }
    for (word, most) in [("anyOf", usize::MAX), ("oneOf", 1)] {
        if let Some(several) = schema[word].as_array() {
            let outcomes: Vec<_> = several.iter().map(|it| at(document, it, value, place)).collect();
            let fit = outcomes.iter().filter(|it| it.is_ok()).count();
            return if (1..=most).contains(&fit) {
                Ok(())
            } else {
                Err(format!("{place}: {fit} of {word} fit: {outcomes:?}"))
            };
        }
    }
    let wrong = |what: &str| Err(format!("{place}: {what}: {value}"));
    if schema.get("const").is_some_and(|only| only != value) {
        return wrong("not the word");
    }
    if schema["enum"].as_array().is_some_and(|all| !all.contains(value)) {
        return wrong("none of the words");
    }
    let bound = |word: &str| schema[word].as_f64();
    match schema["type"].as_str().unwrap() {
        "null" if !value.is_null() => return wrong("not null"),
        "boolean" if !value.is_boolean() => return wrong("no truth"),
        "string" => {
            let Some(text) = value.as_str() else {
                return wrong("no text");
            };
            let fits = match schema["format"].as_str() {
                Some("date-time") => text.parse::<chrono::DateTime<chrono::Utc>>().is_ok(),
                Some("date") => text.parse::<chrono::NaiveDate>().is_ok(),
                Some("uuid") => uuid::Uuid::parse_str(text).is_ok(),
                None | Some("password") => true,
                Some(other) => panic!("the format {other} is not looked at"),
            };
            if !fits {
                return wrong("not of the format");
            }
        }
        kind @ ("integer" | "number") => {
            let fits = if kind == "integer" {
                value.is_i64() || value.is_u64()
            } else {
                value.is_number()
            };
            let number = value.as_f64().unwrap_or_default();
            if !fits
                || bound("minimum").is_some_and(|it| number < it)
                || bound("maximum").is_some_and(|it| number > it)
            {
                return wrong("no such number");
            }
        }
        "array" => {
            let Some(values) = value.as_array() else {
                return wrong("no list");
            };
            let parts = schema["prefixItems"].as_array();
            if parts.is_some_and(|parts| parts.len() != values.len()) {
                return wrong("another length");
            }
            for (n, value) in values.iter().enumerate() {
                let item = parts.map_or(&schema["items"], |parts| &parts[n]);
                at(document, item, value, &format!("{place}[{n}]"))?;
            }
        }
        "object" => {
            let Some(fields) = value.as_object() else {
                return wrong("no object");
            };
            for name in schema["required"].as_array().into_iter().flatten() {
                if !fields.contains_key(name.as_str().unwrap()) {
                    return Err(format!("{place}: `{name}` is missing"));
                }
            }
            for (name, value) in fields {
                let place = format!("{place}.{name}");
                match (schema["properties"].get(name), &schema["additionalProperties"]) {
                    (Some(schema), _) => at(document, schema, value, &place)?,
                    (None, Value::Bool(true)) => {}
                    (None, schema @ Value::Object(_)) => at(document, schema, value, &place)?,
                    _ => return Err(format!("{place} is not described")),
                }
            }
        }
        _ => {}
    }
    Ok(())
}
