use super::*;

#[test]
fn toml_and_json_say_the_same() {
    let toml = "[[step]]\nat_secs = 5\nreplica = 'contoso/sql-01'\nop = 'apply-long'\nsecs = 600\n\n[[step]]\nhost = 'hv-r-01'\nop = 'host-restart'\nfor_secs = 30\n";
    let json = r#"[{"at_secs":5,"replica":"contoso/sql-01","op":"apply-long","secs":600},
                   {"host":"hv-r-01","op":"host-restart","for_secs":30}]"#;
    let expected = vec![
        Operation::on_replica("contoso/sql-01", Op::ApplyLong { secs: 600 }).at(5),
        Operation::on_host("hv-r-01", Op::HostRestart).lasting(30),
    ];
    assert_eq!(parse(toml).unwrap(), expected);
    assert_eq!(parse(json).unwrap(), expected);
    assert_eq!(parse(&format!("{{\"step\":{json}}}")).unwrap(), expected);
}

#[test]
fn an_unknown_operation_is_an_error_that_names_it() {
    let error = parse("[[step]]\nreplica = 'x/y'\nop = 'explode'\n")
        .unwrap_err()
        .to_string();
    assert!(error.contains("explode"), "{error}");
}

#[test]
fn a_misspelt_key_is_an_error_that_names_it_and_the_right_ones() {
    let cases = [
        (
            "[[step]]\nreplica = 'x/y'\nop = 'apply-long'\nsecs = 5\nat_sec = 5\n",
            "at_sec",
            "at_secs",
        ),
        (
            "[[step]]\nreplica = 'x/y'\nop = 'resyncing'\nfor_sec = 5\n",
            "for_sec",
            "for_secs",
        ),
        (
            "[[step]]\nreplica = 'x/y'\nop = 'weird'\nstates = 5\n",
            "states",
            "health_state",
        ),
        (
            "[{\"host\":\"h\",\"op\":\"host-restart\",\"secs\":5}]",
            "secs",
            "host-restart",
        ),
        ("{\"steps\":[]}", "steps", "step"),
    ];
    for (text, key, right) in cases {
        let error = parse(text).unwrap_err().to_string();
        assert!(
            error.contains(&format!("`{key}`")) && error.contains(right),
            "{error}"
        );
    }
}

#[test]
fn every_operation_is_read_as_it_is_written() {
    let all = [
        Op::Weird {
            state: Some(3),
            health: None,
            enabled: None,
            mode: None,
            health_state: None,
            operational: Some(vec![2]),
        },
        Op::Migrate { to: None },
        Op::Clear {
            what: Some("weird".to_owned()),
        },
        Op::Receive,
        Op::Protect { on: false },
    ];
    for op in all {
        let operation = Operation::on_replica("x/y", op).at(3).lasting(4);
        let text = serde_json::to_string(&operation).unwrap();
        assert_eq!(serde_json::from_str::<Operation>(&text).unwrap(), operation);
    }
}
