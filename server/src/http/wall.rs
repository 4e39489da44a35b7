//! The wall around everything: who asks is found here, once, and what they may not see is not there.

use super::access::{self, Access};
use super::caller::Caller;
use super::cookie;
use super::door::leaf;
use super::limits::Limits;
use super::once;
use super::problem::Problem;
use crate::doors::{DoorFault, Doors, Use, Visitor};
use ::console::Viewer;
use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use domain::audit::AuditOutcome;
use domain::door::permission::{Effect, Permission};
use std::sync::Arc;

/// Lets a request through with its [`Visitor`], or answers it.
pub(super) async fn check(
    State((doors, limits)): State<(Arc<Doors>, Arc<Limits>)>,
    mut request: Request,
    next: Next,
) -> Response {
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map(|path| path.as_str().to_owned());
    let access = access::of(request.method(), route.as_deref(), request.uri().path());
    let caller = Caller::of(request.extensions());
    let is_api = request.uri().path().starts_with("/api");
    if access == Some(Access::Public) {
        if is_api && let Err(secs) = limits.stranger(caller.address) {
            return Problem::too_many(secs).into_response();
        }
        return next.run(request).await;
    }
    let by = used(&request);
    let mut visitor = match known(&doors, request.headers(), caller, by).await {
        Ok(Some(visitor)) => visitor,
        Ok(None) => {
            if is_api && let Err(secs) = limits.stranger(caller.address) {
                return Problem::too_many(secs).into_response();
            }
            return unknown(&request);
        }
        Err(error) => return failed(&error),
    };
    let writes = !matches!(*request.method(), Method::GET | Method::HEAD);
    if is_api && let Err(secs) = limits.visitor(&visitor, writes) {
        return Problem::too_many(secs).into_response();
    }
    let at_site = visitor.seat().tenant().is_none();
    // A tenant's people begin on their own page, not on the hoster's night.
    if !at_site && request.uri().path() == "/" && is_page(&request) {
        return Redirect::to("/own").into_response();
    }
    let allowed = match (access, route.as_deref()) {
        (Some(access), _) => may(&visitor, access),
        // What is no route is answered by the router, in its own words: it tells nothing of anybody.
        (None, None) => true,
        (None, Some(route)) => {
            let methods = access::methods(route, |access| may(&visitor, access));
            if !methods.is_empty() {
                return not_allowed(&request, &methods);
            }
            // What was registered without a line in the table is not there.
            at_site && access::is_nothing(route)
        }
    };
    if !allowed {
        return missing(&request);
    }
    let deed = match access {
        Some(Access::Site(permission) | Access::Scoped(permission)) if is_deed(&request, permission) => {
            Some(permission)
        }
        _ => None,
    };
    if !at_site && is_leaf(&request) {
        visitor.brand = doors.brand(&visitor).await;
    }
    request.extensions_mut().insert(viewer(&visitor));
    let Some(permission) = deed else {
        request.extensions_mut().insert(visitor);
        if writes && matches!(access, Some(Access::Tenant(_))) {
            return to_its_end(async move { next.run(request).await }).await;
        }
        return next.run(request).await;
    };
    // What cannot be written down is not begun.
    if let Err(error) = doors.can_tell().await {
        return failed(&error);
    }
    let path = request.uri().path().to_owned();
    request.extensions_mut().insert(visitor.clone());
    to_its_end(async move { told(&doors, &visitor, permission, &path, next.run(request).await).await }).await
}

fn may(visitor: &Visitor, access: Access) -> bool {
    let at_site = visitor.seat().tenant().is_none();
    match access {
        Access::Public => true,
        // A token is no log-in: with one's own sessions and second factor it would outlive its revocation.
        Access::Own => visitor.allows(Permission::OwnAccount),
        Access::Site(permission) => at_site && visitor.allows(permission),
        Access::Scoped(permission) => visitor.allows(permission),
        Access::Tenant(permission) => !at_site && visitor.allows(permission),
    }
}

/// Whoever asked may go away: what was begun is done, and told.
async fn to_its_end(deed: impl Future<Output = Response> + Send + 'static) -> Response {
    tokio::spawn(deed).await.unwrap_or_else(|error| {
        tracing::error!(%error, "a deed ended without an answer");
        failed(&DoorFault::Failed)
    })
}

/// Tells the trail what came of a deed.
async fn told(
    doors: &Doors,
    visitor: &Visitor,
    permission: Permission,
    path: &str,
    answer: Response,
) -> Response {
    // It was told when it was done.
    if answer.headers().contains_key(once::REPLAYED) {
        return answer;
    }
    let outcome = match answer.status() {
        status if status.is_server_error() => AuditOutcome::Failed,
        status if status.is_client_error() => AuditOutcome::Refused,
        _ => AuditOutcome::Done,
    };
    let mut said = visitor.object.said();
    said.object.get_or_insert_with(|| {
        let object = led_to(&answer).unwrap_or_else(|| format!("nothing that is there, by {path}"));
        (object, None)
    });
    match doors.tell_deed(visitor, permission, said, outcome).await {
        Ok(()) => answer,
        Err(error) => failed(&error),
    }
}

/// Who asks, as the screens' frame names them.
fn viewer(visitor: &Visitor) -> Viewer {
    Viewer {
        login: visitor.author().to_owned(),
        may: visitor.may.clone(),
    }
}

/// What changes something and does not tell the trail itself, as the doors do, and what tenants do to their own ([`Access::Tenant`]): that
/// is told with its object's name and the reason.
fn is_deed(request: &Request, permission: Permission) -> bool {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let tells_itself = matches!(permission, Permission::ManagePeople | Permission::ManageTokens);
    !reads && permission.effect() == Effect::Changes && !tells_itself
}

/// What a deed of the screens was done to, where it leads back to that.
fn led_to(answer: &Response) -> Option<String> {
    let to = answer.headers().get(header::LOCATION)?.to_str().ok()?;
    let id = to.strip_prefix("/replicas/")?.split(['/', '?']).next()?;
    Some(format!("replica {id}"))
}

/// Whether somebody sits there. Scripts look again by themselves, for as long as a page is open: what they ask says nothing about that.
fn used(request: &Request) -> Use {
    let path = request.uri().path();
    if path == "/me/here" {
        return Use::ByHand;
    }
    let is = |name: &str, value: &[u8]| {
        let found = request.headers().get(name);
        found.is_some_and(|found| found.as_bytes() == value)
    };
    let by_script = is("sec-fetch-dest", b"empty") || is("accept", b"text/event-stream");
    if by_script || path.starts_with("/fn/") || path.ends_with("/events") {
        Use::ByItself
    } else {
        Use::ByHand
    }
}

async fn known(
    doors: &Doors,
    headers: &HeaderMap,
    caller: Caller,
    by: Use,
) -> Result<Option<Visitor>, DoorFault> {
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    // Who brings a token is nobody else, whatever cookies come along.
    if let Some(bearer) = bearer {
        return match bearer.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
                doors.by_token(token.trim(), caller.address).await
            }
            _ => Ok(None),
        };
    }
    match cookie::session(headers, caller) {
        Some(session) => doors.by_session_used(&session, caller.address, by).await,
        None => Ok(None),
    }
}

/// Whether a page is asked for, rather than an answer for a program.
fn is_page(request: &Request) -> bool {
    matches!(*request.method(), Method::GET | Method::HEAD) && is_leaf(request)
}

/// Whether the answer is a page, also that of a form.
fn is_leaf(request: &Request) -> bool {
    let path = request.uri().path();
    !["/api", "/fn/", "/forms/"]
        .iter()
        .any(|prefix| path.starts_with(prefix))
}

fn unknown(request: &Request) -> Response {
    if is_page(request) {
        let to = request.uri().path_and_query().map_or("/", |to| to.as_str());
        let to = if to == "/" {
            String::new()
        } else {
            format!("?to={}", escaped(to))
        };
        return Redirect::to(&format!("/login{to}")).into_response();
    }
    let mut answer = if request.uri().path().starts_with("/forms/") {
        let words =
            "You are not logged in any more: open /login in another tab, log in, and send this again.\n";
        (StatusCode::UNAUTHORIZED, words).into_response()
    } else {
        let detail = "log in at /login, or bring a token: `Authorization: Bearer …`";
        Problem::new(StatusCode::UNAUTHORIZED, "Not logged in", detail).into_response()
    };
    answer.headers_mut().insert(
        header::WWW_AUTHENTICATE,
        HeaderValue::from_static("Bearer realm=\"stillpoint\""),
    );
    answer
}

/// Another method of a route that they may use: no handler is asked, whatever is registered.
fn not_allowed(request: &Request, methods: &[&str]) -> Response {
    let (path, method) = (request.uri().path(), request.method());
    let detail = format!("{path} does not answer {method}; the header `Allow` names what it answers");
    let mut answer =
        Problem::new(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed", detail).into_response();
    if let Ok(allow) = HeaderValue::from_str(&methods.join(", ")) {
        answer.headers_mut().insert(header::ALLOW, allow);
    }
    answer
}

/// The same whether it is another's, somebody else's right, or nothing.
fn missing(request: &Request) -> Response {
    if is_page(request) {
        return leaf::nothing_here();
    }
    Problem::missing("there is nothing here, or nothing for you").into_response()
}

fn failed(error: &DoorFault) -> Response {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "Not available now",
        error.to_string(),
    )
    .into_response()
}

/// A path as the value of a query.
pub(super) fn escaped(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b'/' | b'-' | b'_' | b'.' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => char::from(b).to_string(),
            b => format!("%{b:02X}"),
        })
        .collect()
}

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = Problem;

    /// Only behind the wall is there one.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let found = parts.extensions.get::<Self>().cloned();
        found.ok_or_else(|| Problem::missing("there is nothing here, or nothing for you"))
    }
}

#[cfg(test)]
mod tests;
