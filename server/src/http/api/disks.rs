//! `GET /api/v1/points/{id}/disks/{disk}`: a disk of a restore point as a VHDX file. `Range` with `If-Range` continues what was cut off;
//! the tag is the same for the same bytes. Each download is in the audit trail before its first byte is sent.

use super::parameters::Parameters;
use crate::doors::{Doors, Said, Visitor};
use crate::http::desk::{Desk, failed};
use crate::http::openapi::{Operation, Tag, schema as s};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use crate::takehome::NotGiven;
use crate::takehome::range::{Asked, asked};
use crate::telling::chain;
use ::console::PointId;
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use domain::audit::AuditOutcome;
use domain::door::permission::Permission;
use std::sync::Arc;

pub fn router() -> Router<AppState> {
    Router::new().route("/api/v1/points/{id}/disks/{disk}", get(give))
}

pub fn operations() -> Vec<Operation> {
    let bytes = || s::says(s::text(), "The bytes of a VHDX file.");
    vec![
        Operation::get("/api/v1/points/{id}/disks/{disk}", Tag::Points, "downloadDisk", "Download a disk")
            .says("A disk of a restore point as a VHDX file. `Range` with `If-Range` continues what was cut off. Each download is in the audit trail before its first byte is sent.")
            .path("id", s::uuid(), "The restore point.")
            .path("disk", s::count(), "The disk's number, from the point's `disks`.")
            .header("Range", s::text(), "`bytes=FROM-` continues there.")
            .header("If-Range", s::text(), "The `ETag` of the first answer: another file is sent whole.")
            .answers_as(200, "The file.", "application/octet-stream", bytes())
            .answers_as(206, "The part that was asked for.", "application/octet-stream", bytes())
            .answers_as(416, "There is no such part; `Content-Range` says how long the file is.", "application/octet-stream", bytes())
            .or(409, "The disk is no VHDX: restore it on the command line."),
    ]
}

fn nothing() -> Problem {
    Problem::missing("there is no such disk of a restore point, or not for you")
}

async fn give(
    State(desk): State<Arc<Desk>>,
    State(doors): State<Arc<Doors>>,
    visitor: Visitor,
    method: Method,
    headers: HeaderMap,
    Path((id, disk)): Path<(String, String)>,
    parameters: Parameters,
) -> Result<Response, Problem> {
    parameters.end()?;
    let (id, disk): (PointId, u32) = match (id.parse(), disk.parse()) {
        (Ok(id), Ok(disk)) => (id, disk),
        _ => return Err(nothing()),
    };
    let home = desk.home.as_ref().ok_or_else(nothing)?;
    let point = desk
        .store
        .point(&visitor.scope(), id)
        .await
        .map_err(|error| match error {
            store::traits::StoreError::NotFound { .. } => nothing(),
            error => failed(error),
        })?;
    let opened = home
        .disk(&point.tenant, &point.snapshot, disk)
        .await
        .map_err(told)?;
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let whole = opened.file_bytes();
    let (status, part) = match asked(text(header::RANGE), text(header::IF_RANGE), opened.etag(), whole) {
        Asked::Whole => (StatusCode::OK, 0..whole),
        Asked::Part(part) => (StatusCode::PARTIAL_CONTENT, part),
        Asked::Nothing => (StatusCode::RANGE_NOT_SATISFIABLE, 0..0),
    };
    let mut answer = Response::builder()
        .status(status)
        .header(header::ACCEPT_RANGES, "bytes")
        .header(header::ETAG, opened.etag())
        .header(header::CACHE_CONTROL, "no-store, no-transform")
        // Whatever the browser thinks it is, it is saved and not shown.
        .header(header::CONTENT_TYPE, "application/octet-stream")
        .header(
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{}\"", opened.name()),
        )
        .header(header::CONTENT_LENGTH, part.end - part.start);
    if status == StatusCode::PARTIAL_CONTENT {
        answer = answer.header(
            header::CONTENT_RANGE,
            format!("bytes {}-{}/{whole}", part.start, part.end - 1),
        );
    } else if status == StatusCode::RANGE_NOT_SATISFIABLE {
        answer = answer.header(header::CONTENT_RANGE, format!("bytes */{whole}"));
    }
    let body = if part.is_empty() || method == Method::HEAD {
        Body::empty()
    } else {
        let object = format!(
            "{}, disk {disk}, restore point {id}, bytes {}-{}",
            point.name,
            part.start,
            part.end - 1
        );
        let said = Said {
            object: Some((object, Some(point.tenant.clone()))),
            ..Said::default()
        };
        let told = doors.tell_deed(&visitor, Permission::DownloadDisk, said, AuditOutcome::Done);
        told.await.map_err(|fault| {
            Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "Not available now",
                fault.to_string(),
            )
        })?;
        Body::from_stream(opened.bytes(part))
    };
    answer.body(body).map_err(|error| {
        tracing::error!(%error, "a download has no head");
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Internal error",
            "the disk cannot be sent",
        )
    })
}

fn told(error: NotGiven) -> Problem {
    match &error {
        NotGiven::Missing => nothing(),
        NotGiven::Busy | NotGiven::TenantBusy => Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "Too many downloads",
            error.to_string(),
        ),
        NotGiven::NoVhdx { .. } => Problem::new(StatusCode::CONFLICT, "Not a VHDX", error.to_string()),
        NotGiven::Vault(_) | NotGiven::Broken => {
            tracing::error!(error = chain(&error), "a disk could not be given out");
            Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "Not available now",
                error.to_string(),
            )
        }
    }
}
