//! A tenant's people before everything of another tenant's: each route of the table is asked for a thing of theirs, and for one that nobody
//! has. Both are answered alike, and no word of theirs is in any answer.

use super::asked::{Line, Values, filled, lines, naming, nobodys, plain};
use super::two::{Things, Two};
use crate::http::access::{Access, TABLE};
use crate::http::wall::escaped;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use chrono::TimeDelta;
use domain::door::seat::{Role, Seat};
use futures::StreamExt as _;
use std::collections::BTreeSet;
use store::holds::{HoldStore as _, HoldTarget};
use store::traits::{PollWrite, ReplicaStore as _};
use tower::ServiceExt as _;

/// What may answer differently for another tenant's thing than for nobody's. It may only get shorter.
const EXCEPTIONS: &[(&str, &str)] = &[];
const EXCEPTIONS_MAX: usize = 0;

/// An answer, as far as two can be compared.
#[derive(Debug, PartialEq)]
struct Answer {
    status: u16,
    headers: BTreeSet<String>,
    body: String,
}

impl Answer {
    /// With names in the place of what was asked for.
    fn named(mut self, asked: &Values) -> Self {
        let named = |text: &str| {
            asked.iter().fold(text.to_owned(), |text, (name, value)| {
                // In an address it stands escaped.
                text.replace(value.as_str(), name).replace(&escaped(value), name)
            })
        };
        self.body = named(&self.body);
        self.headers = self.headers.iter().map(|line| named(line)).collect();
        self
    }

    fn text(&self) -> String {
        let lines: Vec<&str> = self.headers.iter().map(String::as_str).collect();
        format!("{}\n{}", lines.join("\n"), self.body)
    }
}

/// Nonces are drawn for every page.
fn without_nonces(text: &str) -> String {
    let mut clean = text.to_owned();
    for (before, after) in [("nonce=\"", '"'), ("'nonce-", '\''), ("nonce=&quot;", '&')] {
        let parts: Vec<&str> = clean.split(before).collect();
        let rest = parts
            .iter()
            .skip(1)
            .map(|part| part.find(after).map_or(*part, |at| &part[at..]));
        clean = std::iter::once(parts[0])
            .chain(rest)
            .collect::<Vec<_>>()
            .join(before);
    }
    clean
}

/// With which header somebody is known.
type Proof<'a> = Option<(&'static str, &'a str)>;

async fn ask(two: &Two, proof: Proof<'_>, method: &str, path: &str, sent: &str, kind: &str) -> Answer {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "127.0.0.1:3000");
    if let Some((name, value)) = proof {
        request = request.header(name, value);
    }
    if !kind.is_empty() {
        request = request.header("content-type", kind);
    }
    let answer = two
        .app
        .clone()
        .oneshot(request.body(Body::from(sent.to_owned())).unwrap())
        .await
        .unwrap();
    let status = answer.status().as_u16();
    let line = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
        without_nonces(&format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
    };
    // The length follows from the body, which is compared with names in it.
    let kept = answer
        .headers()
        .iter()
        .filter(|(name, _)| *name != "content-length");
    let headers = kept.map(line).collect();
    let streams = answer
        .headers()
        .get("content-type")
        .is_some_and(|it| it.as_bytes().starts_with(b"text/event-stream"));
    let body = if streams {
        "a stream".into()
    } else {
        to_bytes(answer.into_body(), 64 << 20).await.unwrap()
    };
    Answer {
        status,
        headers,
        body: without_nonces(&String::from_utf8_lossy(&body)),
    }
}

/// The answer with names in the place of what was asked for.
async fn asked(two: &Two, proof: Proof<'_>, (line, path): (Line, &str), values: &Values) -> Answer {
    let sends = |(name, _): &&(&'static str, String)| path.contains(name) || line.sent.contains(name);
    let own: Vec<_> = values.iter().filter(sends).cloned().collect();
    let (path, sent) = (filled(path, values), filled(line.sent, values));
    let answer = ask(two, proof, line.method, &path, &sent, line.kind).await;
    answer.named(&own)
}

/// What answers do show to whom it belongs.
const MARKED: [&str; 10] = [
    "<name>",
    "<replica>",
    "<host>",
    "<point>",
    "<attempt>",
    "<person>",
    "<login>",
    "<tenant>",
    "<policy>",
    "<rule>",
];

/// Everything that only theirs has; what was asked for may be said again.
fn marks(theirs: &Things) -> Vec<String> {
    let plain = ["<day>", "<month>", "<disk>", "<hold>"];
    let ids = theirs.values.iter().filter(|(name, _)| !plain.contains(name));
    let ids = ids.map(|(_, value)| value.to_lowercase());
    ids.chain([theirs.word.to_owned()]).collect()
}

#[track_caller]
fn tells_nothing(answer: &Answer, marks: &[String], what: &str) {
    let text = answer.text().to_lowercase();
    for mark in marks {
        assert!(!text.contains(mark.as_str()), "{what} tells `{mark}`: {text}");
    }
}

fn access(line: &Line) -> Access {
    let found = TABLE
        .iter()
        .find(|(method, route, _)| *method == line.method && *route == line.route);
    found.unwrap_or_else(|| panic!("{line:?} is no route")).2
}

fn allowed(line: &Line, seat: &Seat, by_token: bool) -> bool {
    match access(line) {
        Access::Public => true,
        Access::Own => !by_token,
        Access::Site(permission) => seat.tenant().is_none() && seat.allows(permission),
        Access::Scoped(permission) => {
            seat.allows(permission) && (!by_token || permission.may_be_carried_by(seat))
        }
        Access::Tenant(permission) => {
            seat.tenant().is_some()
                && seat.allows(permission)
                && (!by_token || permission.may_be_carried_by(seat))
        }
    }
}

fn value<'a>(things: &'a Things, name: &str) -> &'a str {
    &things.values.iter().find(|(found, _)| *found == name).unwrap().1
}

/// Who asks: what it is called, its header, its seat, whether it is a token.
fn askers(two: &Two) -> Vec<(&'static str, Proof<'_>, Seat, bool)> {
    let seat = |role| {
        Seat::new(
            Role::of_code(role).unwrap(),
            Some(two.ours.seed.ours.tenant.clone()),
        )
        .unwrap()
    };
    vec![
        (
            "admin",
            Some(("cookie", two.ours.admin.as_str())),
            seat("admin"),
            false,
        ),
        (
            "viewer",
            Some(("cookie", two.ours.viewer.as_str())),
            seat("viewer"),
            false,
        ),
        (
            "token",
            Some(("authorization", two.ours.bearer.as_str())),
            seat("admin"),
            true,
        ),
    ]
}

#[test]
fn for_every_route_somebody_said_what_it_can_name() {
    let all: BTreeSet<_> = TABLE.iter().map(|(method, route, _)| (*method, *route)).collect();
    let said: BTreeSet<_> = lines().iter().map(|line| (line.method, line.route)).collect();
    let missing: Vec<_> = all.difference(&said).collect();
    let surplus: Vec<_> = said.difference(&all).collect();
    assert!(
        missing.is_empty(),
        "say in asked.txt which thing of a tenant's these can name: {missing:?}"
    );
    assert!(surplus.is_empty(), "no routes (any more): {surplus:?}");
    for line in lines() {
        let Some(path) = line.path else {
            assert!(
                !line.route.contains('{'),
                "a path with a place for a name names something: {line:?}"
            );
            continue;
        };
        let path = path.split('?').next().unwrap();
        let (words, places): (Vec<_>, Vec<_>) = (path.split('/').collect(), line.route.split('/').collect());
        let fits = |(word, place): (&&str, &&str)| match place.starts_with('{') {
            true => word.starts_with('<'),
            false => word == place,
        };
        assert!(
            words.len() == places.len() && words.iter().zip(&places).all(fits),
            "{line:?}"
        );
    }
    assert_eq!(
        EXCEPTIONS.len(),
        EXCEPTIONS_MAX,
        "the list only gets shorter, and the number with it"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_tenants_thing_is_answered_like_one_that_nobody_has_and_no_word_of_theirs_comes_out() {
    let two = Two::plant().await;
    let (nobodys, marks) = (nobodys(), marks(&two.theirs));
    for (who, proof, seat, by_token) in askers(&two) {
        // Whoever logs out is nobody afterwards.
        for (line, path) in naming().filter(|(line, _)| line.route != "/logout") {
            let what = format!("{who}: {} {}", line.method, line.route);
            let foreign = asked(&two, proof, (line, path), &two.theirs.values).await;
            let none = asked(&two, proof, (line, path), &nobodys).await;
            tells_nothing(&foreign, &marks, &what);
            if !EXCEPTIONS.contains(&(line.method, line.route)) {
                assert_eq!(foreign, none, "{what}");
            }
            let (may, status) = (allowed(&line, &seat, by_token), foreign.status);
            assert!(
                status < 500 && status != 401 && status != 403,
                "{what} answers {status}"
            );
            if !may || line.route.replace("{month}", "").contains('{') {
                assert_eq!(status, 404, "{what}: {}", foreign.body);
            }
        }
        for line in plain() {
            let answer = ask(&two, proof, line.method, line.route, "", "").await;
            tells_nothing(&answer, &marks, &format!("{who}: {}", line.route));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_nobody_is_told_the_same_of_everything() {
    let two = Two::plant().await;
    let (nobodys, marks) = (nobodys(), marks(&two.theirs));
    for (line, path) in naming() {
        let what = format!("nobody: {} {}", line.method, line.route);
        let foreign = asked(&two, None, (line, path), &two.theirs.values).await;
        let none = asked(&two, None, (line, path), &nobodys).await;
        tells_nothing(&foreign, &marks, &what);
        assert_eq!(foreign, none, "{what}");
    }
}

/// The control: the same requests for one's own things find them, so it was the wall that answered above, and not a request that nobody
/// could send.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_may_finds_their_own_things_with_the_same_requests() {
    let two = Two::plant().await;
    let keeper: Proof<'_> = Some(("cookie", two.keeper.as_str()));
    let (_, admin, seat, _) = askers(&two).swap_remove(0);
    let mut told = String::new();
    for (line, path) in naming().filter(|(line, _)| access(line) != Access::Public) {
        let proof = if allowed(&line, &seat, false) {
            admin
        } else {
            keeper
        };
        let (sent, at) = (
            filled(line.sent, &two.ours.values),
            filled(path, &two.ours.values),
        );
        let answer = ask(&two, proof, line.method, &at, &sent, line.kind).await;
        let found = !matches!(answer.status, 401 | 403 | 404);
        assert!(
            found,
            "{} {} answers {}: {}",
            line.method, line.route, answer.status, answer.body
        );
        told += &answer.text().to_lowercase();
    }
    for line in plain() {
        for proof in [keeper, admin] {
            told += &ask(&two, proof, line.method, line.route, "", "")
                .await
                .text()
                .to_lowercase();
        }
    }
    for name in MARKED {
        let value = value(&two.ours, name);
        assert!(
            told.contains(&value.to_lowercase()),
            "{name} is a mark that no answer ever has"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happens_to_another_tenant_is_in_no_stream() {
    let two = Two::plant().await;
    let marks = marks(&two.theirs);
    let mut streams = Vec::new();
    for (who, proof, ..) in askers(&two) {
        for (_, route, _) in TABLE
            .iter()
            .filter(|(method, route, _)| *method == "GET" && !route.contains('{'))
        {
            let (name, value) = proof.unwrap();
            let request = Request::get(*route)
                .header("host", "127.0.0.1:3000")
                .header(name, value);
            let answer = two
                .app
                .clone()
                .oneshot(request.body(Body::empty()).unwrap())
                .await
                .unwrap();
            let kind = answer
                .headers()
                .get("content-type")
                .map(|kind| kind.to_str().unwrap().to_owned());
            if kind.is_some_and(|kind| kind.starts_with("text/event-stream")) {
                assert_eq!(answer.status(), StatusCode::OK);
                streams.push((format!("{who}: {route}"), answer.into_body().into_data_stream()));
            }
        }
    }
    for things in [&two.theirs, &two.ours] {
        let (seed, word) = (&things.seed, things.word);
        let target = HoldTarget::Replica {
            replica: seed.ours.id,
        };
        let until = seed.at + TimeDelta::days(2);
        two.store
            .hold_begin(&target, seed.at, until, &format!("{word} again"), "owner")
            .await
            .unwrap();
        let mut finding = seed.finding(&format!("foreign-checkpoint:{word}:2"), 5);
        finding.text = format!("another checkpoint on {word}-erp");
        let write = PollWrite {
            findings: vec![finding],
            at: Some(seed.at),
            ..PollWrite::default()
        };
        two.store.poll_write(write).await.unwrap();
    }
    let own = two.ours.seed.ours.id.to_string();
    for (what, mut body) in streams {
        let mut text = String::new();
        // Theirs was written before ours: where ours has come, theirs will not.
        while !text.contains(&own) {
            text += std::str::from_utf8(&body.next().await.unwrap().unwrap()).unwrap();
        }
        for mark in &marks {
            assert!(
                !text.to_lowercase().contains(mark.as_str()),
                "{what} tells `{mark}`: {text}"
            );
        }
    }
    two.stop.cancel();
}
