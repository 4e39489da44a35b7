use super::*;
use proptest::prelude::*;
use proptest::sample::Index;

type Target = (&'static str, fn(&[u8]));

const TARGETS: [Target; 7] = [
    ("head", head),
    ("range", range),
    ("form", form),
    ("json", json),
    ("sealed", sealed),
    ("logo", logo),
    ("config", config),
];

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../fuzz/seeds")
        .join(target);
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

#[test]
fn what_fuzzers_start_from_is_read() {
    for (name, target) in TARGETS {
        let seeds = seeds(name);
        assert!(seeds.len() > 1, "{name}");
        seeds.iter().for_each(|seed| target(seed));
    }
    let configs = seeds("config");
    let parsed = configs.iter().filter(|seed| {
        let text = std::str::from_utf8(seed).unwrap();
        Config::parse(Path::new("/srv/data/config.toml"), text).is_ok()
    });
    assert!(parsed.count() > 0, "no seed is a configuration");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    #[test]
    fn no_damage_to_what_strangers_send_makes_reading_panic(
        pick in any::<Index>(),
        edits in proptest::collection::vec((any::<Index>(), 0..12_usize, proptest::collection::vec(any::<u8>(), 0..12)), 0..6),
    ) {
        for (name, target) in TARGETS {
            let seeds = seeds(name);
            let mut bytes = seeds[pick.index(seeds.len())].clone();
            for (at, cut, put) in &edits {
                let at = at.index(bytes.len() + 1);
                let end = (at + cut).min(bytes.len());
                bytes.splice(at..end, put.iter().copied());
            }
            target(&bytes);
        }
    }
}
