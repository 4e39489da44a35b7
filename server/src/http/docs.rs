//! `GET /api/docs`: the API for people, drawn from the same descriptions as `/api/v1/openapi.json`. No scripts, nothing from elsewhere.

mod words;

use super::api;
use super::door::leaf::{Frame, Theme, page};
use super::openapi::{self, Operation, Place, Tag};
use super::state::AppState;
use askama::Template;
use axum::Router;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde_json::Value;
use std::sync::LazyLock;
use words::{Field, fields, kind};

pub(super) fn router() -> Router<AppState> {
    Router::new().route("/api/docs", get(show))
}

struct Chapter {
    id: String,
    name: &'static str,
    says: &'static str,
    operations: Vec<Entry>,
}

struct Entry {
    id: &'static str,
    method: &'static str,
    path: &'static str,
    summary: &'static str,
    says: &'static str,
    whom: String,
    parameters: Vec<Parameter>,
    body: Vec<Field>,
    answers: Vec<Answer>,
    refusals: Vec<(u16, &'static str)>,
    curl: String,
}

struct Parameter {
    name: &'static str,
    place: &'static str,
    needed: bool,
    kind: String,
    says: String,
}

struct Answer {
    status: u16,
    says: String,
    media: &'static str,
    /// The shape that it has, when it has a name.
    shape: Option<String>,
}

struct Shape {
    name: String,
    /// Where it is not an object.
    kind: String,
    fields: Vec<Field>,
}

struct Chapters {
    chapters: Vec<Chapter>,
    shapes: Vec<Shape>,
}

/// The same as long as the program is.
static CHAPTERS: LazyLock<Chapters> = LazyLock::new(|| {
    let operations = api::operations();
    let chapter = |tag: &Tag| Chapter {
        id: tag.name().to_lowercase().replace(' ', "-"),
        name: tag.name(),
        says: tag.says(),
        operations: operations.iter().filter(|it| it.tag == *tag).map(entry).collect(),
    };
    let schemas = openapi::described()["components"]["schemas"].as_object();
    let shape = |(name, schema): (&String, &Value)| Shape {
        name: name.clone(),
        kind: kind(schema),
        fields: fields(schema),
    };
    Chapters {
        chapters: Tag::ALL.iter().map(chapter).collect(),
        shapes: schemas.into_iter().flatten().map(shape).collect(),
    }
});

fn entry(operation: &Operation) -> Entry {
    let access = openapi::access_of(operation);
    let parameter = |it: &openapi::Parameter| Parameter {
        name: it.name,
        place: match it.place {
            Place::Path => "path",
            Place::Query => "query",
            Place::Header => "header",
        },
        needed: it.required,
        kind: kind(&it.schema),
        says: it.says.clone(),
    };
    let answer = |(status, it): (&u16, &openapi::Answer)| Answer {
        status: *status,
        says: it.says.clone(),
        media: it.media,
        shape: words::named(&it.schema),
    };
    Entry {
        id: operation.id,
        method: operation.method,
        path: operation.path,
        summary: operation.summary,
        says: operation.description,
        whom: openapi::for_whom(access),
        parameters: operation.parameters.iter().map(parameter).collect(),
        body: operation
            .body
            .as_ref()
            .map(|(schema, _)| fields(schema))
            .unwrap_or_default(),
        answers: operation.answers.iter().map(answer).collect(),
        refusals: operation.refusals(access).into_iter().collect(),
        curl: curl(operation),
    }
}

/// One call, as it is typed: `$URL` and `$TOKEN` are the reader's.
fn curl(operation: &Operation) -> String {
    let mut path = operation.path.to_owned();
    let mut query = Vec::new();
    for parameter in &operation.parameters {
        match parameter.place {
            Place::Path => {
                let name = parameter.name.to_uppercase();
                path = path.replace(&format!("{{{}}}", parameter.name), &format!("${name}"));
            }
            Place::Query if parameter.required => {
                let example = parameter.example.as_ref().and_then(Value::as_str);
                query.push(format!("{}={}", parameter.name, example.unwrap_or_default()));
            }
            Place::Query | Place::Header => {}
        }
    }
    let query = if query.is_empty() {
        String::new()
    } else {
        format!("?{}", query.join("&"))
    };
    let mut lines = vec!["curl".to_owned()];
    let carried = operation.answers.values().next().map(|it| it.media);
    if openapi::by_token(operation) {
        lines.push("-H \"Authorization: Bearer $TOKEN\"".to_owned());
    } else if !openapi::is_public(operation) {
        lines.push("-b \"stillpoint=$SESSION\"".to_owned());
    }
    if operation.is_write() {
        lines.push("-X POST -H \"Idempotency-Key: $(uuidgen)\"".to_owned());
    }
    if let Some((_, example)) = &operation.body {
        let text = example.to_string().replace('\'', "'\\''");
        lines.push(format!("-H 'Content-Type: application/json' -d '{text}'"));
    }
    match carried {
        Some("application/octet-stream") => lines.push("-O -J".to_owned()),
        Some("text/event-stream") => lines.push("-N".to_owned()),
        _ => {}
    }
    lines.push(format!("\"$URL{path}{query}\""));
    lines.join(" ")
}

#[derive(Template)]
#[template(path = "docs.html")]
struct Docs {
    frame: Frame,
    chapters: &'static [Chapter],
    shapes: &'static [Shape],
}

async fn show(theme: Theme) -> Response {
    let mut frame = Frame::outside("The API", theme);
    frame.home = "/";
    let leaf = Docs {
        frame: frame.clone(),
        chapters: &CHAPTERS.chapters,
        shapes: &CHAPTERS.shapes,
    };
    page(StatusCode::OK, &frame, &leaf)
}

#[cfg(test)]
mod tests;
