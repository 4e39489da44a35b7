//! `stillpoint sim`: the contract that scripts read.

use crate::binary::run;
use serde_json::Value;

const POLICIES: [&str; 7] = [
    "stillpoint",
    "veeam",
    "dpm",
    "bareos",
    "jitter",
    "random",
    "clairvoyant",
];
const COUNTS: [&str; 8] = [
    "obligations",
    "possible",
    "met",
    "met_late",
    "missed",
    "excused",
    "attempts",
    "deferrals",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_simulation_answers_with_one_object_of_all_policies() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let world = ["--replicas", "60", "--days", "2", "--seed", "7", "--duty", "0.5"];
    let all = [&["sim", "--policy", "all", "--json"], &world[..]].concat();
    let ran = run(&data, &all).await.good();
    assert_eq!(ran.out.lines().count(), 1, "one object, one line: {ran:?}");
    let report = ran.json();
    let keys: Vec<&String> = report.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["policies", "world"]);
    assert_eq!(
        (&report["world"]["replicas"], &report["world"]["seed"]),
        (&60.into(), &7.into())
    );
    let policies = report["policies"].as_array().unwrap();
    let names: Vec<&str> = policies.iter().map(|p| p["policy"].as_str().unwrap()).collect();
    assert_eq!(names, POLICIES);
    for policy in policies {
        let count = |key: &str| policy[key].as_u64().unwrap_or_else(|| panic!("{key}: {policy}"));
        let keys = policy.as_object().unwrap().len();
        assert_eq!(keys, COUNTS.len() + 2, "{policy}");
        assert_eq!(count("obligations"), 120);
        assert_eq!(
            count("met") + count("met_late") + count("missed") + count("excused"),
            120,
            "{policy}"
        );
        assert!(count("met") <= count("possible"), "{policy}");
        assert!(policy["vs_clairvoyant"].is_f64(), "{policy}");
    }
    assert_eq!(policies[6]["vs_clairvoyant"], 1.0);
    assert_eq!(
        run(&data, &all).await.out,
        ran.out,
        "the same seed, the same answer"
    );

    let one = [&["sim", "--policy", "stillpoint", "--json"], &world[..]].concat();
    let one = run(&data, &one).await.good().json();
    assert_eq!(one["policies"], Value::Array(vec![policies[0].clone()]));

    let table = [&["sim"], &world[..]].concat();
    let table = run(&data, &table).await.good();
    assert!(POLICIES.iter().all(|name| table.out.contains(name)), "{table:?}");
    assert!(!data.exists(), "a simulation makes nothing in the data directory");
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_that_make_no_world_are_refused_with_their_bounds() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    for (given, words) in [
        (["--replicas", "0"], ["0 replicas", "1 to 200000"]),
        (["--replicas", "200001"], ["200001 replicas", "1 to 200000"]),
        (["--days", "0"], ["0 days", "1 to 366"]),
        (["--days", "367"], ["367 days", "1 to 366"]),
        (["--duty", "0.96"], ["0.96", "0 to 0.95"]),
        (["--duty", "-0.1"], ["-0.1", "0 to 0.95"]),
        (["--duty", "nan"], ["NaN", "0 to 0.95"]),
        (["--policy", "cron"], ["`cron`", "clairvoyant"]),
        (["--seed", "x"], ["--seed", "x"]),
    ] {
        let args = [&["sim", "--json"], &given[..]].concat();
        let ran = run(&data, &args).await;
        ran.refused(2, &words);
        assert_eq!(ran.out, "", "{args:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_drive_the_engine_over_seeds_and_one_seed_is_one_run() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let args = ["sim", "--faults", "--seeds", "3-4", "--steps", "1500", "--json"];
    let ran = run(&data, &args).await.good();
    let all = ran.json();
    assert_eq!(
        (&all["seeds"], &all["failing"]),
        (&2.into(), &Value::Array(vec![]))
    );
    assert!(all["steps"].as_u64().unwrap() >= 3_000, "{all}");
    assert_eq!(run(&data, &args).await.out, ran.out);

    let one = ["sim", "--faults", "--seed", "3", "--steps", "1500"];
    let one = run(&data, &one).await.good();
    assert!(
        one.out.contains("seed 3: ") && one.out.contains("0 seeds break a promise"),
        "{one:?}"
    );
    assert!(!data.exists(), "a simulation makes nothing in the data directory");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_campaign_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    for (given, words) in [
        (&["--faults", "--seeds", "4-3"][..], ["4-3", "greater"]),
        (&["--faults", "--seeds", "x"], ["`x`", "1-20"]),
        (&["--faults", "--steps", "0"], ["--steps", "0"]),
        (
            &["--faults", "--seed", "1", "--seeds", "1-2"],
            ["--seed", "--seeds"],
        ),
        (&["--faults", "--replicas", "7"], ["--faults", "--replicas"]),
        (&["--steps", "7"], ["--steps", "--faults"]),
    ] {
        let args = [&["sim"], given].concat();
        run(&data, &args).await.refused(2, &words);
    }
}
