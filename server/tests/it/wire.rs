//! How the console is reached: over TLS under its names, and with nothing of what is secret in any log.

use crate::binary::{OWNER_PASSWORD, Server, run, spawn};
use crate::site::{Site, small};
use crate::waiting::until;
use rustls::pki_types::{CertificateDer, ServerName};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

const WRONG: &str = "not the password at all";

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_a_log_not_even_where_everything_is_logged() {
    let site = Site::start(small(31, 1, 2), 60.0).await;
    let path = site.data().join("serve.log");
    let log = std::fs::File::create(&path).unwrap();
    let (server, link) = Server::talkative(site.data(), log).await;
    let code = link.expect("a first start").split_once('#').unwrap().1.to_owned();
    server
        .post(
            "/login",
            &format!("login=it-owner&password={}", WRONG.replace(' ', "+")),
        )
        .await;
    // As people do who are in a hurry.
    server
        .post(
            "/login",
            &format!("login={}&password=x", OWNER_PASSWORD.replace(' ', "+")),
        )
        .await;
    let made = server
        .post("/tokens/make", "name=scraper&days=7&scope=metrics%3Aread")
        .await
        .1;
    let token = made
        .split_once("id=\"made\"")
        .and_then(|(_, rest)| rest.split_once("<p class=\"mono\">"))
        .and_then(|(_, rest)| rest.split_once("</p>"))
        .expect("a token")
        .0
        .to_owned();
    let (head, figures) = server.get_with("/metrics", &token).await;
    assert!(
        head.starts_with("HTTP/1.0 200") && figures.contains("stillpoint_replicas{"),
        "{head}\n{figures}"
    );
    let (head, _) = server.get_with("/api/v1/replicas", &token).await;
    assert!(
        head.starts_with("HTTP/1.0 404"),
        "it may read the figures only: {head}"
    );
    until("a host was polled", 60, || async {
        server.json("/api/v1/replicas").await["rows"]
            .as_array()
            .is_some_and(|rows| !rows.is_empty())
            .then_some(())
    })
    .await;
    let session = server.session().to_owned();
    server.end().await;
    let log = std::fs::read_to_string(&path).unwrap();
    assert!(log.contains("TRACE"), "everything was logged");
    let host = std::fs::read_to_string(&site.lab.files.password).unwrap();
    let kek = std::fs::read_to_string(site.data().join("secrets/kek")).unwrap();
    for (what, secret) in [
        ("the first owner's code", code.as_str()),
        ("a password", OWNER_PASSWORD),
        ("a password as a form", &OWNER_PASSWORD.replace(' ', "+")),
        ("a wrong password", WRONG),
        ("a wrong password as a form", &WRONG.replace(' ', "+")),
        ("a session", &session),
        ("a token", &token),
        ("a host's password", host.trim()),
        ("the key encryption key", kek.trim()),
    ] {
        assert!(secret.len() > 7, "{what}");
        let line = log.lines().find(|line| line.contains(secret));
        assert!(line.is_none(), "{what} is logged: {line:?}");
    }
}

/// Writes a self-signed certificate for `still.example` and its key.
fn certify(folder: &Path) -> CertificateDer<'static> {
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(vec!["still.example".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let path = folder.join("console.key");
    std::fs::write(&path, key.serialize_pem()).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(folder.join("console.pem"), certificate.pem()).unwrap();
    certificate.der().clone()
}

/// The whole answer, or why there is none.
async fn asked(
    address: SocketAddr,
    authority: &CertificateDer<'static>,
    request: &str,
) -> std::io::Result<String> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(authority.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("still.example").unwrap();
    let stream = TcpStream::connect(address).await?;
    let mut stream = TlsConnector::from(Arc::new(client)).connect(name, stream).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(String::from_utf8(answer).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn over_tls_the_console_answers_to_its_name_and_takes_a_new_certificate_without_a_restart() {
    let site = Site::start(small(32, 1, 2), 1.0).await;
    let old = certify(site.data());
    site.write_config(
        "[listen]\naddress = \"127.0.0.1:0\"\nnames = [\"still.example\"]\n\n\
         [listen.tls]\ncertificate_file = \"console.pem\"\nkey_file = \"console.key\"\n",
    );
    let mut child = spawn(site.data(), &["serve", "--json"]);
    let mut out = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = out.next_line().await.unwrap().expect("gets ready");
    let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
    let url = ready["url"].as_str().unwrap();
    let address: SocketAddr = url
        .strip_prefix("https://")
        .unwrap()
        .trim_end_matches('/')
        .parse()
        .unwrap();
    let port = address.port();

    let request = format!("GET /login HTTP/1.0\r\nHost: still.example:{port}\r\n\r\n");
    let answer = asked(address, &old, &request).await.unwrap();
    assert!(answer.starts_with("HTTP/1.0 200"), "{answer}");
    for header in [
        "strict-transport-security: max-age=",
        "x-content-type-options: nosniff",
        "referrer-policy: same-origin",
        "cache-control: no-store",
        "content-security-policy: default-src 'none'",
    ] {
        assert!(answer.to_ascii_lowercase().contains(header), "{header}: {answer}");
    }
    let other = "GET /login HTTP/1.0\r\nHost: evil.example\r\n\r\n";
    let answer = asked(address, &old, other).await.unwrap();
    assert!(answer.starts_with("HTTP/1.0 421"), "{answer}");

    // A log-in's cookie is for this very name and for TLS only.
    let code = ready["first_owner"].as_str().unwrap().split_once('#').unwrap().1;
    let form = format!("code={code}&name=It&login=it-owner&password=a+first+owner+of+tests");
    let join = format!(
        "POST /join HTTP/1.0\r\nHost: still.example:{port}\r\nOrigin: https://still.example:{port}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    );
    let answer = asked(address, &old, &join).await.unwrap();
    let cookie = answer.lines().find(|line| {
        line.to_ascii_lowercase()
            .starts_with("set-cookie: __host-stillpoint=")
    });
    assert!(
        cookie.is_some_and(|cookie| cookie.contains("; Secure")),
        "{answer}"
    );

    let new = certify(site.data());
    until("the new certificate is served", 60, || async {
        asked(address, &new, &request).await.ok()
    })
    .await;
    assert!(asked(address, &old, &request).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_clear_no_network_is_served_but_behind_a_proxy() {
    let site = Site::start(small(33, 1, 2), 1.0).await;
    let refused = run(site.data(), &["serve", "--listen", "0.0.0.0:0"]).await;
    refused.refused(2, &["0.0.0.0:0", "[listen.tls]", "[listen.proxy]"]);
    site.write_config("[listen]\naddress = \"0.0.0.0:0\"\n\n[listen.proxy]\ntrusted = [\"10.0.0.5\"]\n");
    let refused = run(site.data(), &["serve"]).await;
    refused.refused(2, &["listen.address", "names = "]);
    site.write_config("[listen.tls]\ncertificate_file = \"none.pem\"\nkey_file = \"none.key\"\n");
    for command in [&["serve"][..], &["config", "check"]] {
        run(site.data(), command).await.refused(2, &["none.pem"]);
    }
}
