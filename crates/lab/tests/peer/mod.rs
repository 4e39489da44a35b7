//! A lab on free ports with a clock that stands still, and a bare client to ask it with.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use lab::control::{LabConfig, LabHandle, Ports};
use lab::model::World;
use lab::wire::names;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// A clock that a test moves.
#[derive(Clone)]
pub struct Hand(Arc<Mutex<DateTime<Utc>>>);

impl Hand {
    pub fn at(text: &str) -> Self {
        Self(Arc::new(Mutex::new(text.parse().unwrap())))
    }
    pub fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
    pub fn forward(&self, secs: i64) {
        *self.0.lock().unwrap() += TimeDelta::seconds(secs);
    }
}

pub struct Peer {
    pub lab: LabHandle,
    pub hand: Hand,
    pub data: TempDir,
}

pub fn config(data: &TempDir, hand: &Hand) -> LabConfig {
    let staging = data.path().join("staging");
    std::fs::create_dir_all(&staging).unwrap();
    let world = World {
        hosts: 2,
        tenants: 2,
        disk_mib_max: 4,
        stays_blocked: 0,
        interval_secs: Some(300),
        ..World::demo(7, hand.now(), 4)
    };
    let clock = hand.clone();
    LabConfig {
        ports: Ports::Free,
        ..LabConfig::new(
            data.path(),
            world.staged("\\\\stage\\exports", staging),
            Arc::new(move || clock.now()),
        )
    }
}

impl Peer {
    pub async fn start() -> Self {
        let (data, hand) = (tempfile::tempdir().unwrap(), Hand::at("2026-11-22T18:00:00Z"));
        let lab = lab::control::start(config(&data, &hand)).await.unwrap();
        Self { lab, hand, data }
    }

    /// Asks the first host with the right account.
    pub async fn ask(&self, body: &str) -> (StatusCode, String) {
        self.ask_or_cut(body).await.expect("the host answers")
    }

    /// The same; `None` when the connection is cut.
    pub async fn ask_or_cut(&self, body: &str) -> Option<(StatusCode, String)> {
        let password = std::fs::read_to_string(&self.lab.files.password).unwrap();
        let account = format!("{}:{}", self.lab.user, password.trim());
        let basic = format!(
            "Basic {}",
            base64::engine::general_purpose::STANDARD.encode(account)
        );
        let (status, _, text) = self.send("/wsman", Some(&basic), body).await.ok()?;
        Some((status, text))
    }

    pub async fn send(
        &self,
        path: &str,
        authorization: Option<&str>,
        body: &str,
    ) -> std::io::Result<(StatusCode, http::HeaderMap, String)> {
        let mut roots = rustls::RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_file(&self.lab.files.ca).unwrap())
            .unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let stream = TcpStream::connect(self.lab.running.hosts[0].address).await?;
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let tls = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(tls))
            .await
            .map_err(std::io::Error::other)?;
        let driven = tokio::spawn(connection);
        let mut request = Request::post(path).header(header::HOST, "127.0.0.1");
        request = request.header(header::CONTENT_TYPE, "application/soap+xml;charset=UTF-8");
        if let Some(value) = authorization {
            request = request.header(header::AUTHORIZATION, value);
        }
        let request = request.body(Full::new(Bytes::from(body.to_owned()))).unwrap();
        let response = sender
            .send_request(request)
            .await
            .map_err(std::io::Error::other)?;
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.map_err(std::io::Error::other)?.to_bytes();
        drop(sender);
        driven.abort();
        Ok((
            parts.status,
            parts.headers,
            String::from_utf8(bytes.to_vec()).unwrap(),
        ))
    }

    /// All rows of a query.
    pub async fn query(&self, wql: &str) -> Vec<String> {
        let body = format!(
            "<n:Enumerate><w:OptimizeEnumeration/><w:MaxElements>1000</w:MaxElements><w:Filter Dialect=\"{}\">{wql}</w:Filter></n:Enumerate>",
            names::DIALECT_WQL
        );
        let (status, text) = self
            .ask(&request(
                &format!("{}/Enumerate", names::ENUMERATION),
                &v2("*"),
                "",
                &body,
            ))
            .await;
        assert_eq!(status, StatusCode::OK, "{text}");
        assert!(text.contains("<w:EndOfSequence/>"), "one answer holds all rows");
        text.split("<p:Msvm_")
            .skip(1)
            .map(|row| format!("<p:Msvm_{row}"))
            .collect()
    }

    /// Calls a method of a service and gives its answer.
    pub async fn call(&self, class: &str, method: &str, selectors: &str, parameters: &str) -> String {
        let uri = v2(class);
        let body = format!("<c:{method}_INPUT xmlns:c=\"{uri}\">{parameters}</c:{method}_INPUT>");
        let (status, text) = self
            .ask(&request(&format!("{uri}/{method}"), &uri, selectors, &body))
            .await;
        assert_eq!(status, StatusCode::OK, "{text}");
        text
    }
}

pub fn v2(class: &str) -> String {
    names::class_uri(names::VIRTUALIZATION, class)
}

pub fn selector(name: &str, value: &str) -> String {
    format!("<w:SelectorSet><w:Selector Name=\"{name}\">{value}</w:Selector></w:SelectorSet>")
}

pub fn request(action: &str, resource: &str, extra: &str, body: &str) -> String {
    format!(
        "<s:Envelope xmlns:s=\"{}\" xmlns:a=\"{}\" xmlns:w=\"{}\" xmlns:n=\"{}\"><s:Header><a:To>https://127.0.0.1/wsman</a:To>\
         <a:ReplyTo><a:Address>{}</a:Address></a:ReplyTo><a:Action s:mustUnderstand=\"true\">{action}</a:Action>\
         <a:MessageID>uuid:1</a:MessageID><w:ResourceURI s:mustUnderstand=\"true\">{resource}</w:ResourceURI>{extra}</s:Header>\
         <s:Body>{body}</s:Body></s:Envelope>",
        names::SOAP,
        names::ADDRESSING,
        names::WSMAN,
        names::ENUMERATION,
        names::ANONYMOUS
    )
}

/// A reference parameter.
pub fn epr(class: &str, keys: &[(&str, &str)]) -> String {
    let selectors: String = keys
        .iter()
        .map(|(k, v)| format!("<w:Selector Name=\"{k}\">{v}</w:Selector>"))
        .collect();
    format!(
        "<a:Address>{}</a:Address><a:ReferenceParameters><w:ResourceURI>{}</w:ResourceURI><w:SelectorSet>{selectors}\
         </w:SelectorSet></a:ReferenceParameters>",
        names::ANONYMOUS,
        v2(class)
    )
}

/// The text of the first element of that name.
pub fn text<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let open = format!("<{name}>");
    let rest = &xml[xml.find(&open)? + open.len()..];
    Some(&rest[..rest.find("</")?])
}
