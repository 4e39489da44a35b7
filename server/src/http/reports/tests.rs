use crate::http::api::tests::Server;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request};
use tower::ServiceExt as _;

async fn asked(server: &Server, path: &str, cookie: &str) -> (u16, HeaderMap, String) {
    let request = Request::builder()
        .uri(path)
        .header("host", "127.0.0.1:3000")
        .header("cookie", cookie)
        .body(Body::empty())
        .unwrap();
    let answer = server.app.clone().oneshot(request).await.unwrap();
    let (parts, body) = answer.into_parts();
    let body = to_bytes(body, 1 << 22).await.unwrap();
    (
        parts.status.as_u16(),
        parts.headers,
        String::from_utf8(body.to_vec()).unwrap(),
    )
}

fn month(server: &Server) -> String {
    server.seed.at.format("%Y-%m").to_string()
}

#[tokio::test]
async fn a_tenants_people_find_their_own_report_in_every_form_and_no_other() {
    let server = Server::new().await;
    let (month, own) = (month(&server), server.seed.ours.tenant.clone());
    let theirs = server.seed.theirs.tenant.clone();
    for login in ["tenant-admin", "tenant-viewer"] {
        let cookie = server.cookie(login).await;
        for (path, kind) in [
            (format!("/own/reports/{month}"), "text/html"),
            (format!("/own/reports/{month}?form=csv"), "text/csv"),
            (format!("/own/reports/{month}?form=json"), "application/json"),
            (format!("/api/v1/reports/{month}"), "application/json"),
            (
                format!("/api/v1/reports/{month}?tenant={own}&form=csv"),
                "text/csv",
            ),
        ] {
            let (status, headers, body) = asked(&server, &path, &cookie).await;
            assert_eq!(status, 200, "{path}: {body}");
            assert!(
                headers["content-type"].to_str().unwrap().starts_with(kind),
                "{path}"
            );
            assert!(!body.contains(theirs.as_str()), "{path}");
        }
        let (status, _, another) = asked(
            &server,
            &format!("/api/v1/reports/{month}?tenant={theirs}"),
            &cookie,
        )
        .await;
        assert_eq!(status, 404);
        let (status, _, nobody) = asked(
            &server,
            &format!("/api/v1/reports/{month}?tenant=nobody"),
            &cookie,
        )
        .await;
        assert_eq!(status, 404);
        assert_eq!(
            another.replace(theirs.as_str(), "X"),
            nobody.replace("nobody", "X")
        );
        for path in [
            "/reports".to_owned(),
            format!("/reports/{month}"),
            format!("/reports/{month}/{own}"),
        ] {
            assert_eq!(asked(&server, &path, &cookie).await.0, 404, "{path}");
        }
    }
}

#[tokio::test]
async fn the_hosters_people_find_every_report_and_a_table_is_a_file_with_a_plain_name() {
    let server = Server::new().await;
    let (month, own) = (month(&server), server.seed.ours.tenant.clone());
    let cookie = server.operator.clone();
    let (status, headers, body) = asked(&server, &format!("/reports/{month}"), &cookie).await;
    assert_eq!(status, 200, "{body}");
    let policy = headers["content-security-policy"].to_str().unwrap();
    let nonce = policy
        .split("'nonce-")
        .nth(1)
        .unwrap()
        .split('\'')
        .next()
        .unwrap();
    assert!(
        body.contains(&format!("<style nonce=\"{nonce}\">")) && !policy.contains("script-src"),
        "{policy}"
    );
    assert!(
        body.contains(&format!("/reports/{month}?form=csv")),
        "the other forms are linked"
    );
    let (_, headers, _) = asked(&server, &format!("/reports/{month}/{own}?form=csv"), &cookie).await;
    assert_eq!(
        headers["content-disposition"].to_str().unwrap(),
        format!("attachment; filename=\"sla-{own}-{month}.csv\"")
    );
    let (status, headers, _) = asked(
        &server,
        &format!("/reports/open?tenant={own}&month={month}"),
        &cookie,
    )
    .await;
    assert_eq!(
        (status, headers["location"].to_str().unwrap()),
        (303, &*format!("/reports/{month}/{own}"))
    );
}

#[tokio::test]
async fn page_and_api_give_the_hoster_the_same_edition_and_either_when_it_is_asked_for() {
    let server = Server::new().await;
    let (month, own) = (month(&server), server.seed.ours.tenant.clone());
    let (page, api) = (
        format!("/reports/{month}/{own}?form=html"),
        format!("/api/v1/reports/{month}?tenant={own}&form=html"),
    );
    for (edition, hosters) in [("", false), ("&edition=tenant", false), ("&edition=hoster", true)] {
        for path in [&page, &api] {
            let (status, _, body) = asked(&server, &format!("{path}{edition}"), &server.operator).await;
            assert_eq!(status, 200, "{body}");
            let names = body.contains("with the names of those who corrected days.");
            assert_eq!(names, hosters, "{path}{edition}: {body}");
        }
    }
    for (path, cookie, status) in [
        (
            format!("/reports/{month}?edition=tenant"),
            server.operator.clone(),
            400,
        ),
        (
            format!("/api/v1/reports/{month}?edition=tenant"),
            server.operator.clone(),
            400,
        ),
        (
            format!("/api/v1/reports/{month}?edition=mine"),
            server.operator.clone(),
            400,
        ),
        (
            format!("/api/v1/reports/{month}?edition=hoster"),
            server.cookie("tenant-admin").await,
            404,
        ),
        (
            format!("/own/reports/{month}?edition=hoster"),
            server.cookie("tenant-admin").await,
            404,
        ),
        (
            format!("/own/reports/{month}?edition=tenant"),
            server.cookie("tenant-viewer").await,
            200,
        ),
    ] {
        let (found, _, body) = asked(&server, &path, &cookie).await;
        assert_eq!(found, status, "{path}: {body}");
    }
}

#[tokio::test]
async fn what_goes_wrong_on_a_page_is_a_page_and_every_month_of_the_list_is_there() {
    let server = Server::new().await;
    let month = month(&server);
    let tenants = server.cookie("tenant-viewer").await;
    for (path, cookie) in [
        (format!("/reports/{month}?form=pdf"), &server.operator),
        (format!("/reports/{month}?frm=csv"), &server.operator),
        ("/reports/2999-01".to_owned(), &server.operator),
        (format!("/reports/{month}/No%20Tenant"), &server.operator),
        ("/reports/open?month=x".to_owned(), &server.operator),
        ("/own/reports/october".to_owned(), &tenants),
        (format!("/own/reports/{month}?edition=both"), &tenants),
    ] {
        let (status, headers, body) = asked(&server, &path, cookie).await;
        assert!(status == 404 || status == 400, "{path}: {status}");
        assert!(
            headers["content-type"].to_str().unwrap().starts_with("text/html"),
            "{path}: {body}"
        );
    }
    for (list, cookie) in [("/reports", &server.operator), ("/own/reports", &tenants)] {
        let (_, _, body) = asked(&server, list, cookie).await;
        let after = body.split(">Open ").skip(1);
        let listed: Vec<&str> = after
            .filter_map(|rest| rest.get(..7))
            .filter(|month| month.starts_with("20"))
            .collect();
        assert_eq!(listed.len(), 13, "{body}");
        for month in listed {
            let (status, _, page) = asked(&server, &format!("{list}/{month}"), cookie).await;
            assert_eq!(status, 200, "{list}/{month}");
            assert!(
                page.contains(&format!("<a href=\"{list}\">All reports</a>")),
                "no way back"
            );
        }
    }
}

#[tokio::test]
async fn what_is_no_month_no_form_and_no_parameter_is_refused() {
    let server = Server::new().await;
    let month = month(&server);
    for (path, status) in [
        ("/api/v1/reports/2999-01".to_owned(), 404),
        ("/api/v1/reports/october".to_owned(), 404),
        (format!("/api/v1/reports/{month}?tenant=nobody"), 404),
        (format!("/api/v1/reports/{month}?form=pdf"), 400),
        (format!("/api/v1/reports/{month}?frm=csv"), 400),
        (format!("/reports/{month}?form=csv&form=csv"), 400),
        ("/reports/open?tenant=x&month=../../me".to_owned(), 400),
    ] {
        let (found, _, body) = asked(&server, &path, &server.operator).await;
        assert_eq!(found, status, "{path}: {body}");
    }
}
