//! Pieces of JSON Schema (2020-12, which OpenAPI 3.1 speaks).

use serde_json::{Map, Value, json};

/// A schema.
pub type Schema = Value;

pub fn text() -> Schema {
    json!({ "type": "string" })
}

/// A text of so many characters.
pub fn line(least: u32, most: u32) -> Schema {
    json!({ "type": "string", "minLength": least, "maxLength": most })
}

pub fn pattern(pattern: &str) -> Schema {
    json!({ "type": "string", "pattern": pattern })
}

/// One of these words.
pub fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> Schema {
    json!({ "type": "string", "enum": words.into_iter().collect::<Vec<_>>() })
}

/// The word that says which of several shapes this is.
pub fn word(word: &str) -> Schema {
    json!({ "type": "string", "const": word })
}

pub fn flag() -> Schema {
    json!({ "type": "boolean" })
}

/// A whole number, which may be negative.
pub fn integer() -> Schema {
    json!({ "type": "integer" })
}

/// A count.
pub fn count() -> Schema {
    json!({ "type": "integer", "minimum": 0 })
}

pub fn between(least: i64, most: i64) -> Schema {
    json!({ "type": "integer", "minimum": least, "maximum": most })
}

/// Percent with two digits.
pub fn percent() -> Schema {
    json!({ "type": "number", "minimum": 0, "maximum": 100 })
}

/// An instant of UTC.
pub fn instant() -> Schema {
    json!({ "type": "string", "format": "date-time" })
}

/// A calendar day: `2026-11-22`.
pub fn day() -> Schema {
    json!({ "type": "string", "format": "date" })
}

pub fn uuid() -> Schema {
    json!({ "type": "string", "format": "uuid" })
}

/// An id of the configuration or of the catalogue: a tenant's, a host's, a policy's.
pub fn slug() -> Schema {
    json!({ "type": "string", "minLength": 1, "maxLength": 63, "pattern": "^[a-z0-9]([a-z0-9-]|\\.(?!\\.))*$" })
}

/// A code of what stands in the way.
pub fn code() -> Schema {
    words(["B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "NR", "BE", "UN"])
}

/// Whose something is.
pub fn owner() -> Schema {
    words(["provider", "tenant", "external"])
}

/// How a day counts.
pub fn outcome() -> Schema {
    words(["open", "met", "met-late", "missed", "excused", "excluded"])
}

pub fn list(of: Schema) -> Schema {
    json!({ "type": "array", "items": of })
}

/// Exactly these, in this order.
pub fn tuple(of: &[Schema]) -> Schema {
    json!({ "type": "array", "prefixItems": of, "minItems": of.len(), "maxItems": of.len() })
}

/// It, or null.
pub fn maybe(of: Schema) -> Schema {
    json!({ "anyOf": [of, { "type": "null" }] })
}

/// One of several shapes.
pub fn one_of(shapes: &[Schema]) -> Schema {
    json!({ "oneOf": shapes })
}

/// A map by name.
pub fn map(of: Schema) -> Schema {
    json!({ "type": "object", "additionalProperties": of })
}

/// A shape of `components`.
pub fn shape(name: &str) -> Schema {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// An object whose inside is described elsewhere.
pub fn any_object(says: &str) -> Schema {
    json!({ "type": "object", "additionalProperties": true, "description": says })
}

/// The schema with a sentence.
pub fn says(mut schema: Schema, says: &str) -> Schema {
    if !says.is_empty() {
        schema["description"] = Value::from(says);
    }
    schema
}

/// An object of an answer: name, schema, sentence. All are always there but those whose name ends in `?`. Later versions may add fields.
pub fn object(fields: &[(&str, Schema, &str)]) -> Schema {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (name, schema, sentence) in fields {
        let bare = name.trim_end_matches('?');
        if bare == *name {
            required.push(Value::from(bare));
        }
        properties.insert(bare.to_owned(), says(schema.clone(), sentence));
    }
    json!({ "type": "object", "properties": properties, "required": required })
}

/// An object of a request: what is not named is refused.
pub fn closed(fields: &[(&str, Schema, &str)]) -> Schema {
    let mut schema = object(fields);
    schema["additionalProperties"] = Value::Bool(false);
    schema
}

/// A page of a list: when it was read, its rows, and the cursor of the next.
pub fn page(row: &str, more: &[(&str, Schema, &str)]) -> Schema {
    let mut fields = vec![
        ("as_of", instant(), "When it was read."),
        ("rows", list(shape(row)), ""),
        (
            "next",
            maybe(text()),
            "For `cursor`: the next page; null at the end.",
        ),
    ];
    fields.extend(more.iter().cloned());
    object(&fields)
}

/// A list that is not paged.
pub fn rows(row: &str) -> Schema {
    object(&[
        ("as_of", instant(), "When it was read."),
        ("rows", list(shape(row)), ""),
    ])
}
