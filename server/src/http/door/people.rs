//! `GET /people` and its forms: who is at one's place, and who may come. The hoster's owner sees everybody.

use super::leaf::{Frame, Theme, clock, page, told};
use crate::doors::{DoorFault, Doors, Visitor};
use crate::http::state::AppState;
use askama::Template;
use axum::Router;
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use domain::door::seat::{Role, Seat};
use serde::Deserialize;
use std::sync::Arc;

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/people", get(show))
        .route("/people/invite", post(invite))
        .route("/people/uninvite", post(uninvite))
        .route("/people/role", post(role))
        .route("/people/put-out", post(put_out))
        .route("/people/let-in", post(let_in))
        .route("/people/password-link", post(password_link))
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    #[serde(default)]
    told: String,
    #[serde(default)]
    after: String,
}

struct Row {
    id: String,
    login: String,
    name: String,
    role: &'static str,
    place: String,
    second_factor: bool,
    out: bool,
    /// Whether the visitor may change them.
    hers: bool,
    me: bool,
    roles: Vec<(&'static str, bool)>,
}

struct Link {
    id: String,
    role: &'static str,
    place: String,
    author: String,
    until: String,
}

#[derive(Template)]
#[template(path = "people.html")]
struct People {
    frame: Frame,
    people: Vec<Row>,
    next: Option<String>,
    invitations: Vec<Link>,
    /// Seats that can be given: value and words.
    seats: Vec<(String, String)>,
    /// The link that was just made, and what it is for; shown once.
    link: Option<(String, &'static str)>,
    fault: Option<String>,
}

#[derive(Default)]
struct Shown {
    link: Option<(String, &'static str)>,
    fault: Option<DoorFault>,
    said: Option<&'static str>,
    after: String,
}

async fn drawn(doors: &Doors, visitor: &Visitor, theme: Theme, shown: Shown) -> Response {
    let after = shown.after.parse().ok();
    let listed = match doors.people(visitor, after.as_ref()).await {
        Ok(listed) => listed,
        Err(fault) => {
            let (status, text) = told(&fault);
            return (status, format!("{text}\n")).into_response();
        }
    };
    let mut frame = Frame::inside("People", theme, visitor);
    frame.said = shown.said;
    let (status, fault) = match &shown.fault {
        Some(fault) => {
            let (status, text) = told(fault);
            (status, Some(text))
        }
        None => (StatusCode::OK, None),
    };
    let row = |person: &store::people::Person| Row {
        id: person.id.to_string(),
        login: person.login.as_str().to_owned(),
        name: person.name.clone(),
        role: person.seat.role().code(),
        place: place(&person.seat),
        second_factor: person.second_factor,
        out: person.disabled.is_some(),
        hers: visitor.seat().may_seat(&person.seat),
        me: person.id == visitor.person.id,
        roles: roles(&person.seat),
    };
    let link = |invitation: &store::invitations::Invitation| Link {
        id: invitation.id.to_string(),
        role: invitation.seat.role().code(),
        place: place(&invitation.seat),
        author: invitation.author.clone(),
        until: clock(visitor, invitation.state.expires),
    };
    let leaf = People {
        people: listed.people.iter().map(row).collect(),
        next: listed.next.map(|name| name.as_str().to_owned()),
        invitations: listed.invitations.iter().map(link).collect(),
        seats: seats(doors, visitor).await,
        link: shown.link,
        fault,
        frame: frame.clone(),
    };
    page(status, &frame, &leaf)
}

fn place(seat: &Seat) -> String {
    seat.tenant()
        .map_or_else(|| "hoster".to_owned(), ToString::to_string)
}

/// Roles at the same place, and which it is.
fn roles(seat: &Seat) -> Vec<(&'static str, bool)> {
    Role::ALL
        .into_iter()
        .filter(|role| Seat::new(*role, seat.tenant().cloned()).is_some())
        .map(|role| (role.code(), role == seat.role()))
        .collect()
}

async fn seats(doors: &Doors, visitor: &Visitor) -> Vec<(String, String)> {
    let mut places = vec![None];
    places.extend(doors.places(visitor).await.into_iter().map(Some));
    let mut seats = Vec::new();
    for place in places {
        // The one with the fewest rights first: what a form begins with is what a hurry takes.
        for role in Role::ALL.into_iter().rev() {
            let Some(seat) = Seat::new(role, place.clone()) else {
                continue;
            };
            if visitor.seat().may_seat(&seat) {
                let words = match &place {
                    None => format!("{} at the hoster", role.code()),
                    Some(tenant) => format!("{} of {tenant}", role.code()),
                };
                let at = place.as_ref().map(ToString::to_string).unwrap_or_default();
                seats.push((format!("{}@{at}", role.code()), words));
            }
        }
    }
    seats
}

fn said(word: &str) -> Option<&'static str> {
    match word {
        "uninvited" => Some("The link gives nothing any more."),
        "role" => Some("The role is changed; all their sessions are over."),
        "out" => Some("They are out, with all their sessions; their tokens do nothing."),
        "in" => Some("They can log in again."),
        _ => None,
    }
}

async fn show(
    State(doors): State<Arc<Doors>>,
    visitor: Visitor,
    theme: Theme,
    Query(asked): Query<Asked>,
) -> Response {
    let shown = Shown {
        said: said(&asked.told),
        after: asked.after,
        ..Shown::default()
    };
    drawn(&doors, &visitor, theme, shown).await
}

#[derive(Deserialize)]
struct NewSeat {
    /// `role@tenant`; nothing behind `@` is the hoster.
    seat: String,
}

async fn invite(
    State(doors): State<Arc<Doors>>,
    visitor: Visitor,
    theme: Theme,
    headers: HeaderMap,
    Form(sent): Form<NewSeat>,
) -> Response {
    let seat = sent.seat.split_once('@').and_then(|(role, place)| {
        let place = if place.is_empty() {
            None
        } else {
            Some(place.parse().ok()?)
        };
        Seat::new(Role::of_code(role)?, place)
    });
    let invited = match seat {
        Some(seat) => doors.invite(&visitor, seat).await,
        None => Err(DoorFault::Missing("place")),
    };
    let shown = match invited {
        Ok(code) => {
            let link = format!("{}/join#{}", origin(&headers), code.reveal());
            Shown {
                link: Some((link, "good for 72 hours")),
                ..Shown::default()
            }
        }
        Err(fault) => Shown {
            fault: Some(fault),
            ..Shown::default()
        },
    };
    drawn(&doors, &visitor, theme, shown).await
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

#[derive(Deserialize)]
struct NewRole {
    id: String,
    role: String,
}

async fn ended(
    doors: &Doors,
    visitor: &Visitor,
    theme: Theme,
    word: &'static str,
    result: Result<(), DoorFault>,
) -> Response {
    match result {
        Ok(()) => Redirect::to(&format!("/people?told={word}")).into_response(),
        Err(fault) => {
            let shown = Shown {
                fault: Some(fault),
                ..Shown::default()
            };
            drawn(doors, visitor, theme, shown).await
        }
    }
}

async fn uninvite(
    State(doors): State<Arc<Doors>>,
    visitor: Visitor,
    theme: Theme,
    Form(sent): Form<Named>,
) -> Response {
    let done = match sent.id.parse() {
        Ok(id) => doors.invitation_revoke(&visitor, id).await,
        Err(_) => Err(DoorFault::Missing("invitation")),
    };
    ended(&doors, &visitor, theme, "uninvited", done).await
}

async fn role(
    State(doors): State<Arc<Doors>>,
    visitor: Visitor,
    theme: Theme,
    Form(sent): Form<NewRole>,
) -> Response {
    let done = match (sent.id.parse(), Role::of_code(&sent.role)) {
        (Ok(id), Some(role)) => doors.person_role(&visitor, id, role).await,
        _ => Err(DoorFault::Missing("person")),
    };
    ended(&doors, &visitor, theme, "role", done).await
}

async fn put_out(
    State(doors): State<Arc<Doors>>,
    visitor: Visitor,
    theme: Theme,
    Form(sent): Form<Named>,
) -> Response {
    let done = match sent.id.parse() {
        Ok(id) => doors.person_put_out(&visitor, id).await,
        Err(_) => Err(DoorFault::Missing("person")),
    };
    ended(&doors, &visitor, theme, "out", done).await
}

async fn let_in(
    State(doors): State<Arc<Doors>>,
    visitor: Visitor,
    theme: Theme,
    Form(sent): Form<Named>,
) -> Response {
    let done = match sent.id.parse() {
        Ok(id) => doors.person_let_in(&visitor, id).await,
        Err(_) => Err(DoorFault::Missing("person")),
    };
    ended(&doors, &visitor, theme, "in", done).await
}

#[derive(Deserialize)]
struct LostPassword {
    id: String,
    /// `yes`: the authenticator is lost as well.
    #[serde(default)]
    factor: String,
}

async fn password_link(
    State(doors): State<Arc<Doors>>,
    visitor: Visitor,
    theme: Theme,
    headers: HeaderMap,
    Form(sent): Form<LostPassword>,
) -> Response {
    let made = match sent.id.parse() {
        Ok(id) => doors.reset_link(&visitor, id, sent.factor == "yes").await,
        Err(_) => Err(DoorFault::Missing("person")),
    };
    let shown = match made {
        Ok(code) => Shown {
            link: Some((
                format!("{}/reset#{code}", origin(&headers)),
                "for another password, good for 24 hours",
            )),
            ..Shown::default()
        },
        Err(fault) => Shown {
            fault: Some(fault),
            ..Shown::default()
        },
    };
    drawn(&doors, &visitor, theme, shown).await
}

/// Under which name they came. The guard let it through, so it is one of ours.
fn origin(headers: &HeaderMap) -> &str {
    let origin = headers.get(header::ORIGIN);
    origin.and_then(|origin| origin.to_str().ok()).unwrap_or_default()
}
