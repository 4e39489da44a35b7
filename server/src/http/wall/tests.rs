//! Every route of the table, as everybody: nobody, each role, and a tenant's people before what is not theirs.

use crate::http::access::{Access, TABLE};
use crate::http::api::tests::Server;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, Response};
use domain::door::permission::Permission;
use domain::door::seat::{Role, Seat};
use std::collections::BTreeSet;
use std::path::Path;
use tower::ServiceExt as _;

mod asked;
mod foreign;
mod planter;
mod two;

const LOGINS: [(&str, &str); 5] = [
    ("owner", "owner"),
    ("operator", "operator"),
    ("auditor", "auditor"),
    ("tenant-admin", "admin"),
    ("tenant-viewer", "viewer"),
];

async fn asked(server: &Server, method: &str, path: &str, cookie: Option<&str>) -> Response<Body> {
    asked_with(server, method, path, cookie.map(|cookie| ("cookie", cookie))).await
}

async fn asked_with(
    server: &Server,
    method: &str,
    path: &str,
    proof: Option<(&str, &str)>,
) -> Response<Body> {
    let mut request = Request::builder()
        .method(Method::from_bytes(method.as_bytes()).unwrap())
        .uri(path)
        .header("host", "127.0.0.1:3000");
    if let Some((name, value)) = proof {
        request = request.header(name, value);
    }
    server
        .app
        .clone()
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap()
}

/// A path of the route, with ids of ours in it.
fn path_of(server: &Server, route: &str) -> String {
    let replica = server.seed.ours.id.to_string();
    route
        .replace("{replica}", &replica)
        .replace("{id}", &replica)
        .replace("{day}", "2027-01-15")
        .replace("{month}", &server.seed.at.format("%Y-%m").to_string())
        .replace("{tenant}", server.seed.ours.tenant.as_str())
        .replace("{disk}", "0")
}

fn seat(role: &str, server: &Server) -> Seat {
    let role = Role::of_code(role).unwrap();
    let place = matches!(role, Role::Tenant(_)).then(|| server.seed.ours.tenant.clone());
    Seat::new(role, place).unwrap()
}

fn may(seat: &Seat, access: Access) -> bool {
    match access {
        Access::Public | Access::Own => true,
        Access::Site(permission) => seat.tenant().is_none() && seat.allows(permission),
        Access::Scoped(permission) => seat.allows(permission),
        Access::Tenant(permission) => seat.tenant().is_some() && seat.allows(permission),
    }
}

/// Whether the wall answered, and what was said. A stream is none of its answers, and never ends.
async fn walled(answer: Response<Body>) -> (bool, String) {
    let status = answer.status();
    let kind = answer.headers().get("content-type");
    if kind.is_some_and(|kind| kind == "text/event-stream") {
        return (false, "a stream".to_owned());
    }
    let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    let text = String::from_utf8_lossy(&body).into_owned();
    let walled = status == 404 && (text.contains("nothing for you") || text.contains("it is not for you"));
    (walled, text)
}

#[tokio::test]
async fn nobody_comes_in_without_a_log_in_and_learns_nothing() {
    let server = Server::whole().await;
    for (method, route, access) in TABLE {
        let answer = asked(&server, method, &path_of(&server, route), None).await;
        let status = answer.status().as_u16();
        if *access == Access::Public {
            assert!(status != 401, "{method} {route}: {status}");
            continue;
        }
        let leads = answer
            .headers()
            .get("location")
            .map(|to| to.to_str().unwrap().to_owned());
        let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        let text = String::from_utf8_lossy(&body);
        assert!(!text.contains(&server.seed.ours.name), "{method} {route}: {text}");
        if status == 303 {
            assert!(leads.unwrap().starts_with("/login"), "{method} {route}");
        } else {
            assert_eq!(status, 401, "{method} {route}");
        }
    }
}

#[tokio::test]
async fn each_role_finds_what_the_table_gives_it_and_nothing_else_is_there() {
    let server = Server::whole().await;
    for (login, role) in LOGINS {
        let cookie = server.cookie(login).await;
        let seat = seat(role, &server);
        for (method, route, access) in TABLE {
            let allowed = may(&seat, *access);
            // Whoever logs out is not there for the next route.
            let own = if *route == "/logout" {
                server.cookie(login).await
            } else {
                cookie.clone()
            };
            let answer = asked(&server, method, &path_of(&server, route), Some(&own)).await;
            let status = answer.status().as_u16();
            // A tenant's people begin on a page of their own.
            let leads_home = *route == "/" && answer.headers().get("location").is_some_and(|to| to == "/own");
            let (walled, text) = walled(answer).await;
            assert_eq!(
                !walled && !leads_home,
                allowed,
                "{login}: {method} {route} answers {status}: {text}"
            );
            assert!(
                status != 401 && status != 403,
                "{login}: {method} {route} answers {status}"
            );
        }
    }
}

#[tokio::test]
async fn a_token_opens_what_it_carries_and_nobodys_log_in() {
    let server = Server::whole().await;
    let cookie = server.cookie("owner").await;
    let secret = cookie.strip_prefix("stillpoint=").unwrap();
    let owner = server.doors.by_session(secret, [127, 0, 0, 1].into()).await;
    let owner = owner.unwrap().unwrap();
    let may_carry = owner.may.iter().copied();
    let may_carry = may_carry.filter(|may| may.may_be_carried_by(owner.seat()));
    let all = may_carry.collect::<BTreeSet<_>>();
    let reads = [Permission::SeeSla].into();
    for carried in [all, reads] {
        let token = server.doors.token_make(&owner, "test", carried.clone(), 1).await;
        let bearer = format!("Bearer {}", token.unwrap().reveal());
        let proof = Some(("authorization", bearer.as_str()));
        for (method, route, access) in TABLE {
            let allowed = match access {
                Access::Public => continue,
                Access::Own => false,
                Access::Site(permission) | Access::Scoped(permission) => carried.contains(permission),
                // The giver is the hoster's.
                Access::Tenant(_) => false,
            };
            let answer = asked_with(&server, method, &path_of(&server, route), proof).await;
            let status = answer.status();
            let (walled, text) = walled(answer).await;
            assert_eq!(!walled, allowed, "{method} {route} answers {status}: {text}");
        }
    }
}

#[tokio::test]
async fn a_tenants_people_see_their_own_and_no_word_of_another_tenant_or_of_the_hosters_machines() {
    let server = Server::new().await;
    let (ours, theirs) = (&server.seed.ours, &server.seed.theirs);
    for login in ["tenant-admin", "tenant-viewer"] {
        let cookie = server.cookie(login).await;
        let home = asked(&server, "GET", "/", Some(&cookie)).await;
        assert_eq!(home.headers()["location"], "/own");
        for path in ["/own", "/me", "/people", "/audit"] {
            let answer = asked(&server, "GET", path, Some(&cookie)).await;
            let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
            let text = String::from_utf8_lossy(&body);
            for word in [theirs.name.as_str(), theirs.tenant.as_str(), ours.host.as_str()] {
                assert!(!text.contains(word), "{login} reads `{word}` on {path}: {text}");
            }
            if path == "/own" {
                assert!(text.contains(&ours.name), "{text}");
            }
        }
    }
}

#[tokio::test]
async fn a_deed_is_written_down_with_who_did_it_and_what_came_of_it() {
    let server = Server::new().await;
    let auditor = server.cookie("auditor").await;
    for (cookie, expected) in [(&server.operator, 422), (&auditor, 404)] {
        let answer = asked(&server, "POST", "/forms/lift", Some(cookie)).await;
        assert!(
            answer.status().is_client_error(),
            "{expected}: {}",
            answer.status()
        );
    }
    let answer = asked(&server, "GET", "/audit", Some(&auditor)).await;
    let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    let text = String::from_utf8_lossy(&body);
    assert_eq!(
        text.matches("holds.manage").count(),
        1,
        "what the wall refused was no deed: {text}"
    );
    assert!(text.contains("refused") && text.contains("/forms/lift"), "{text}");
}

#[tokio::test]
async fn a_session_that_is_over_opens_nothing() {
    let server = Server::new().await;
    let cookie = server.cookie("operator").await;
    assert_eq!(asked(&server, "GET", "/me", Some(&cookie)).await.status(), 200);
    let out = asked(&server, "POST", "/logout", Some(&cookie)).await;
    assert!(
        out.headers()["set-cookie"]
            .to_str()
            .unwrap()
            .contains("Max-Age=0")
    );
    assert_eq!(asked(&server, "GET", "/me", Some(&cookie)).await.status(), 303);
    for cookie in [
        "stillpoint=",
        "stillpoint=abc",
        &format!("stillpoint={}", "0".repeat(64)),
    ] {
        assert_eq!(
            asked(&server, "GET", "/me", Some(cookie)).await.status(),
            303,
            "{cookie}"
        );
    }
}

#[tokio::test]
async fn a_method_that_is_not_in_the_table_reaches_no_handler() {
    let server = Server::whole().await;
    for (login, role) in LOGINS {
        let cookie = server.cookie(login).await;
        let seat = seat(role, &server);
        for (_, route, access) in TABLE {
            let used = crate::http::access::methods(route, |_| true);
            let allowed = crate::http::access::methods(route, |access| may(&seat, access));
            for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"] {
                if used.contains(&method) || *access == Access::Public {
                    continue;
                }
                let answer = asked(&server, method, &path_of(&server, route), Some(&cookie)).await;
                let expected = if allowed.is_empty() { 404 } else { 405 };
                assert_eq!(answer.status(), expected, "{login}: {method} {route}");
                if !allowed.is_empty() {
                    assert_eq!(answer.headers()["allow"], allowed.join(", "), "{method} {route}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_rule_that_is_tried_changes_nothing_and_is_no_deed() {
    let server = Server::whole().await;
    let auditor = server.cookie("auditor").await;
    let path = format!("/api/v1/tenants/{}/rules/preview", server.seed.ours.tenant);
    let answer = asked(&server, "POST", &path, Some(&auditor)).await;
    assert!(!walled(answer).await.0, "who sees tenants may try");
    let trail = asked(&server, "GET", "/api/v1/audit", Some(&auditor)).await;
    let body = to_bytes(trail.into_body(), 1 << 20).await.unwrap();
    let text = String::from_utf8_lossy(&body);
    assert!(
        !text.contains("tenants.manage") && !text.contains("tenant.map"),
        "{text}"
    );
}

/// `.route("/x", get(a).post(b))` in the sources of this folder, screens and server functions in those of `app`.
#[test]
fn every_route_has_its_line_in_the_table_and_every_line_its_route() {
    let mut found = BTreeSet::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for text in sources(&root.join("src/http")) {
        for part in text.split(".route(").skip(1) {
            let part = part.trim_start().trim_start_matches('"');
            let Some((path, rest)) = part.split_once('"') else {
                continue;
            };
            // Up to the parenthesis that closes `.route(`.
            let mut depth = 1_u32;
            let end = rest.find(|c| {
                depth = match c {
                    '(' => depth + 1,
                    ')' => depth - 1,
                    _ => depth,
                };
                depth == 0
            });
            let handlers = &rest[..end.unwrap()];
            for other in ["put", "patch", "delete", "options", "head", "trace", "connect"] {
                let called = [" ", ".", ":"].map(|before| format!("{before}{other}("));
                assert!(
                    !called.iter().any(|call| handlers.contains(call.as_str())),
                    "{path} answers `{other}`: the table knows GET and POST"
                );
            }
            assert!(
                crate::http::access::is_nothing(path)
                    || !handlers.contains("(any(") && !handlers.contains(" any("),
                "{path} answers anything"
            );
            for method in ["get", "post"] {
                let is = |text: &str| {
                    text.contains(&format!(" {method}(")) || text.contains(&format!(".{method}("))
                };
                if path.starts_with('/') && is(handlers) {
                    found.insert((method.to_uppercase(), path.to_owned()));
                }
            }
        }
    }
    for text in sources(&root.join("../app/src")) {
        for part in text.split("#[server(").skip(1) {
            let attributes = part.split(")]").next().unwrap_or_default();
            let name = attributes
                .split("endpoint = \"")
                .nth(1)
                .and_then(|rest| rest.split('"').next());
            found.insert(("POST".to_owned(), format!("/fn/{}", name.unwrap())));
        }
        for part in text.split("<Route path=path!(\"").skip(1) {
            let path = part.split('"').next().unwrap();
            let words = path.split('/').map(|word| match word.strip_prefix(':') {
                Some(name) => format!("{{{name}}}"),
                None => word.to_owned(),
            });
            found.insert((
                "GET".to_owned(),
                format!("/{}", words.collect::<Vec<_>>().join("/")),
            ));
        }
    }
    let listed: BTreeSet<_> = TABLE
        .iter()
        .map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned()))
        .collect();
    assert_eq!(listed.len(), TABLE.len(), "a route is listed twice");
    let missing: Vec<_> = found.difference(&listed).collect();
    let surplus: Vec<_> = listed.difference(&found).collect();
    assert!(
        missing.is_empty() && surplus.is_empty(),
        "not in the table: {missing:?}; no route: {surplus:?}"
    );
}

/// All Rust files below a folder that are not tests.
fn sources(folder: &Path) -> Vec<String> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() && name == "tests" {
            continue;
        } else if path.is_dir() {
            all.extend(sources(&path));
        } else if name.ends_with(".rs") && name != "tests.rs" {
            let text = std::fs::read_to_string(&path).unwrap();
            all.push(text.split("#[cfg(test)]\nmod tests {").next().unwrap().to_owned());
        }
    }
    all
}
