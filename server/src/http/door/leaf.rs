//! A page of the doors: the frame that all of them share, its headers, and the failures that are pages.

use crate::doors::{DoorFault, Visitor};
use crate::http::problem::Problem;
use crate::own::Brand;
use app::THEME_COOKIE;
use askama::Template;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use chrono::{DateTime, Utc};
use std::convert::Infallible;

/// What the frame of a page needs.
#[derive(Debug, Clone, Default)]
pub(in crate::http) struct Frame {
    pub title: &'static str,
    /// `dark`, `light`, or empty: as the system says.
    pub theme: &'static str,
    /// Who is in.
    pub login: Option<String>,
    /// Where the brand leads.
    pub home: &'static str,
    /// Pages of a tenant's own.
    pub own: bool,
    pub people: bool,
    pub tokens: bool,
    pub audit: bool,
    pub nonce: String,
    /// What the hoster set for the tenant.
    pub brand: Brand,
    /// What was done, in a sentence.
    pub said: Option<&'static str>,
}

/// The reader's theme.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct Theme(pub &'static str);

impl<S: Send + Sync> FromRequestParts<S> for Theme {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(theme(&parts.headers)))
    }
}

fn theme(headers: &HeaderMap) -> &'static str {
    let lines = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok());
    let mut pairs = lines
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    match pairs
        .find(|(name, _)| *name == THEME_COOKIE)
        .map(|(_, value)| value)
    {
        Some("dark") => "dark",
        Some("light") => "light",
        _ => "",
    }
}

impl Frame {
    /// Before the door.
    pub fn outside(title: &'static str, theme: Theme) -> Self {
        Self {
            title,
            theme: theme.0,
            home: "/login",
            nonce: drawn(),
            ..Self::default()
        }
    }

    /// Behind it.
    pub fn inside(title: &'static str, theme: Theme, visitor: &Visitor) -> Self {
        use domain::door::permission::Permission;
        Self {
            brand: visitor.brand.clone(),
            login: Some(visitor.author().to_owned()),
            home: if visitor.seat().tenant().is_none() {
                "/"
            } else {
                "/own"
            },
            own: visitor.seat().tenant().is_some(),
            people: visitor.allows(Permission::ManagePeople),
            tokens: visitor.allows(Permission::ManageTokens),
            audit: visitor.allows(Permission::SeeAudit),
            ..Self::outside(title, theme)
        }
    }
}

/// An instant on the clock of the reader's pages, with its distance from UTC: the tenant's own, or UTC at the hoster's.
pub(super) fn clock(visitor: &Visitor, at: DateTime<Utc>) -> String {
    match visitor.brand.zone {
        Some(zone) => zone.wall_exact(at),
        None => at.format("%Y-%m-%d %H:%M UTC").to_string(),
    }
}

fn drawn() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// The page, with a policy that names its own script and nothing else.
pub(in crate::http) fn page(status: StatusCode, frame: &Frame, template: &impl Template) -> Response {
    let Ok(html) = template.render() else {
        tracing::error!(title = frame.title, "a page could not be rendered");
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{}'; connect-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        frame.nonce
    );
    let mut answer = (status, Html(html)).into_response();
    let headers = answer.headers_mut();
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Not `no-referrer`: a browser then says `Origin: null` with our own forms, which is what a foreign one says.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    answer
}

#[derive(Template)]
#[template(path = "nothing.html")]
struct Nothing {
    frame: Frame,
}

/// 404, whatever the reason.
pub(in crate::http) fn nothing_here() -> Response {
    let frame = Frame::outside("Nothing here", Theme(""));
    page(StatusCode::NOT_FOUND, &frame, &Nothing { frame: frame.clone() })
}

#[derive(Template)]
#[template(path = "trouble.html")]
struct Trouble {
    frame: Frame,
    text: String,
}

/// What could not be shown, in words; what is not there looks like everything that is not there.
pub(super) fn trouble(problem: &Problem, theme: Theme, visitor: &Visitor) -> Response {
    let (status, text) = problem.words();
    if status == StatusCode::NOT_FOUND {
        return nothing_here();
    }
    let frame = Frame::inside("This does not work", theme, visitor);
    let leaf = Trouble {
        frame: frame.clone(),
        text: text.to_owned(),
    };
    page(status, &frame, &leaf)
}

/// The status of a fault, and what the page says of it.
pub(super) fn told(fault: &DoorFault) -> (StatusCode, String) {
    let status = match fault {
        DoorFault::Wrong | DoorFault::WrongCode | DoorFault::Field { .. } | DoorFault::NoInvitation => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        DoorFault::Over => StatusCode::UNAUTHORIZED,
        DoorFault::Wait { .. } => StatusCode::TOO_MANY_REQUESTS,
        DoorFault::Missing(_) => StatusCode::NOT_FOUND,
        DoorFault::Conflict(_) => StatusCode::CONFLICT,
        DoorFault::Failed => StatusCode::SERVICE_UNAVAILABLE,
    };
    let text = fault.to_string();
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().collect::<String>());
    (
        status,
        format!("{}{}.", first.unwrap_or_default(), chars.as_str()),
    )
}

/// `Retry-After` where somebody has to wait.
pub(super) fn waiting(fault: &DoorFault, mut answer: Response) -> Response {
    if let DoorFault::Wait { secs } = fault {
        answer
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(*secs));
    }
    answer
}
