//! What is read, and what is refused with its key.

use super::*;

const GOOD: &str = r#"
[staging]
path = "staging"
unc = '\\stage\exports'

[[host]]
id = "hv-r-01"
address = "localhost"
port = 5986
ca_file = "lab/ca.pem"
user = "stillpoint"
password_file = "secrets/hv-r-01"

[[tenant]]
id = "contoso"
name = "Contoso"
trust_groups = ["contoso"]
primaries = ["*.contoso.example"]
"#;

#[track_caller]
fn refused(text: &str, key: &str) {
    let error = Config::parse(Path::new("/data/config.toml"), text)
        .expect_err("must be refused")
        .to_string();
    assert!(error.contains(key), "`{error}` does not name `{key}`");
}

#[test]
fn a_good_configuration_is_read_with_paths_beside_the_file() {
    let config = Config::parse(Path::new("/data/config.toml"), GOOD).expect("good");
    assert_eq!(config.staging.path, Path::new("/data/staging"));
    assert_eq!(config.hosts[0].port, 5986);
    assert_eq!(config.tenants[0].id.as_str(), "contoso");
}

#[test]
fn every_refusal_names_the_key() {
    refused(&GOOD.replace("hv-r-01\"\naddress", "HV 01\"\naddress"), "host.id");
    refused(&GOOD.replace("5986", "0"), "port");
    refused(&GOOD.replace("\"localhost\"", "\"localhost:5986\""), "address");
    refused(&GOOD.replace("path = \"staging\"", "path = \"\""), "staging.path");
    refused(&format!("{GOOD}\n[vault]\npath = \"\"\n"), "vault.path");
    refused(&GOOD.replace("ca_file", "certificate"), "certificate");
    refused(&GOOD.replace(r"\\stage\exports", "/mnt/exports"), "staging.unc");
    for pattern in [
        "a*.contoso",
        "*..",
        "*.",
        "*.contoso..example",
        "contoso",
        "*.-.example",
    ] {
        refused(&GOOD.replace("*.contoso.example", pattern), "primaries");
    }
    refused(
        &format!("{GOOD}\n[policy]\npoll_secs = 600\n"),
        "policy.poll_secs",
    );
    refused(
        &format!(
            "{GOOD}\n[world]\nspeed = -1.0\nepoch_world = \"2026-01-01T00:00:00Z\"\nepoch_real = \"2026-01-01T00:00:00Z\"\n"
        ),
        "world.speed",
    );
    refused(
        &format!("{GOOD}\n[limits]\nrequests_per_host_minute_max = 10\n"),
        "limits.requests_per_host_minute_max",
    );
    let twice = format!("{GOOD}\n[[tenant]]\nid = \"contoso\"\nname = \"x\"\n");
    refused(&twice, "tenant.id");
}

#[test]
fn there_is_no_way_to_accept_any_certificate() {
    let without = GOOD.replace("ca_file = \"lab/ca.pem\"\n", "");
    refused(&without, "ca_file");
}

#[test]
fn the_listener_is_refused_where_passwords_would_cross_a_network_in_the_clear() {
    let listen = |text: &str| format!("{GOOD}\n[listen]\n{text}\n");
    let tls = "[listen.tls]\ncertificate_file = \"c.pem\"\nkey_file = \"k.pem\"";
    let proxy = "[listen.proxy]\ntrusted = [\"10.0.0.5\"]";
    let names = "names = [\"still.example\"]";
    refused(&listen("address = \"0.0.0.0:443\""), "[listen.tls]");
    refused(&listen("address = \"0.0.0.0:443\""), "listen.address");
    refused(&listen(&format!("address = \"0.0.0.0:443\"\n{tls}")), "names");
    refused(&listen(&format!("address = \"10.0.0.9:80\"\n{proxy}")), "names");
    refused(&listen("address = \"here\""), "listen.address");
    refused(&listen("names = [\"a b\"]"), "listen.names");
    refused(&listen("connections_max = 1"), "listen.connections_max");
    refused(&listen("[listen.proxy]\ntrusted = []"), "listen.proxy.trusted");
    refused(
        &listen("[listen.proxy]\ntrusted = [\"proxy\"]"),
        "listen.proxy.trusted",
    );
    refused(&listen("[listen.tls]\ncertificate_file = \"c.pem\""), "key_file");
    for good in [
        "address = \"127.0.0.1:0\"".to_owned(),
        format!("address = \"0.0.0.0:443\"\n{names}\n{tls}"),
        format!("address = \"10.0.0.9:443\"\n{tls}"),
        format!("address = \"10.0.0.9:80\"\n{names}\n{proxy}"),
    ] {
        Config::parse(Path::new("/data/config.toml"), &listen(&good)).expect(&good);
    }
}
