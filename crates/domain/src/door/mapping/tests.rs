use super::*;
use crate::binding::{BindingError, TenantRule, bind};
use proptest::prelude::*;
use proptest::sample::select;

/// The tenants of a claim.
fn whose(claim: &Claim) -> Vec<&TenantId> {
    match claim {
        Claim::Claimed { by, .. } => vec![by],
        Claim::Unclaimed => Vec::new(),
        Claim::Doubly { rules } => {
            let mut tenants: Vec<_> = rules.iter().map(|mapping| &mapping.tenant).collect();
            tenants.dedup();
            tenants
        }
    }
}

fn rule(tenant: &str, kind: &str, text: &str) -> Mapping {
    Mapping {
        tenant: tenant.parse().unwrap(),
        rule: MappingRule::new(kind, text).unwrap(),
    }
}

fn facts(primary: &str, entries: &[(&str, &str)], disks: &[&str]) -> ReplicaFacts {
    ReplicaFacts {
        primary: Some(primary.to_owned()).filter(|primary| !primary.is_empty()),
        entries: entries
            .iter()
            .map(|(allowed, group)| Entry {
                allowed_primary: (*allowed).to_owned(),
                trust_group: (*group).to_owned(),
            })
            .collect(),
        disks: disks.iter().map(|disk| (*disk).to_owned()).collect(),
    }
}

fn by(claim: &Claim) -> &str {
    match claim {
        Claim::Claimed { by, .. } => by.as_str(),
        Claim::Unclaimed => "nobody",
        Claim::Doubly { .. } => "several",
    }
}

#[test]
fn a_trust_group_goes_before_a_name_and_a_name_before_a_folder() {
    let mut rules = vec![
        rule("group", "trust-group", "Contoso"),
        rule("name", "primary", "*.contoso.example"),
        rule("folder", "storage-path", r"D:\Replica\Contoso"),
    ];
    let here = facts(
        "HV1.contoso.example",
        &[("*.contoso.example", "CONTOSO")],
        &[r"d:\replica\contoso\vm\a.vhdx"],
    );
    for expected in ["group", "name", "folder", "nobody"] {
        assert_eq!(by(&claims(&rules, &here)), expected);
        if !rules.is_empty() {
            rules.remove(0);
        }
    }
}

#[test]
fn a_folder_claims_only_what_lies_in_it_whole() {
    let rules = [
        rule("all", "storage-path", r"D:\Replica"),
        rule("contoso", "storage-path", "d:/replica/contoso/"),
        rule("share", "storage-path", r"\\nas\vol1\Contoso"),
    ];
    for (disks, expected) in [
        (
            vec![r"D:\Replica\Contoso\a.vhdx", r"D:\REPLICA\contoso\vm\b.vhdx"],
            "contoso",
        ),
        (vec![r"D:\Replica\Contoso\a.vhdx", r"D:\Replica\b.vhdx"], "all"),
        (vec![r"D:\Replica\Contoso-evil\a.vhdx"], "all"),
        (vec![r"D:\Replica\Contoso\..\Fabrikam\a.vhdx"], "nobody"),
        (vec![r"E:\Replica\Contoso\a.vhdx"], "nobody"),
        (vec![r"\\?\D:\Replica\Contoso\a.vhdx"], "contoso"),
        (vec![r"\\NAS\vol1\contoso\a.vhdx"], "share"),
        (vec![r"\\nas\vol2\contoso\a.vhdx"], "nobody"),
        (vec![], "nobody"),
    ] {
        assert_eq!(
            by(&claims(&rules, &facts("", &[], &disks))),
            expected,
            "{disks:?}"
        );
    }
}

#[test]
fn two_tenants_with_equally_narrow_rules_claim_doubly_and_the_rules_are_named() {
    let rules = [
        rule("fabrikam", "trust-group", "shared"),
        rule("contoso", "trust-group", "Shared"),
        rule("litware", "primary", "hv1.contoso.example"),
    ];
    let claim = claims(&rules, &facts("hv1.contoso.example", &[("*", "shared")], &[]));
    assert_eq!(
        claim,
        Claim::Doubly {
            rules: vec![rules[1].clone(), rules[0].clone()]
        }
    );
    let narrower = [
        rule("contoso", "primary", "*.contoso.example"),
        rule("litware", "primary", "hv1.contoso.example"),
    ];
    assert_eq!(
        by(&claims(&narrower, &facts("hv1.contoso.example", &[], &[]))),
        "litware"
    );
}

#[test]
fn a_rule_that_cannot_be_is_refused() {
    for (kind, text) in [
        ("host", "x"),
        ("trust-group", ""),
        ("trust-group", "a\nb"),
        ("primary", "*"),
        ("primary", "contoso"),
        ("primary", "*.*.example"),
        ("primary", "-a.example"),
        ("primary", "a..example"),
        ("storage-path", "D:\\"),
        ("storage-path", r"replica\contoso"),
        ("storage-path", r"D:\Replica\..\Contoso"),
        ("storage-path", r"\\nas\vol1"),
        ("storage-path", r"\\nas"),
        ("storage-path", ""),
    ] {
        assert!(MappingRule::new(kind, text).is_err(), "{kind} {text}");
    }
    assert!(MappingRule::new("trust-group", &"x".repeat(256)).is_err());
    let kept = MappingRule::new("storage-path", r" D:\Replica\Contoso\ ").unwrap();
    assert_eq!(kept.to_string(), r"storage-path d:\replica\contoso");
}

proptest! {
    /// The engine binds by groups and names; as far as those go the two say the same.
    #[test]
    fn claims_and_binding_agree(
        primary in select(vec!["", "hv1.contoso.example", "hv2.contoso.example", "hv1.fabrikam.example"]),
        entries in prop::collection::vec((select(vec!["*", "*.example", "*.contoso.example", "hv1.contoso.example"]), select(vec!["A", "b"])), 0..4),
        rules in prop::collection::vec((select(vec!["one", "two", "three"]), any::<bool>(), 0_usize..3), 0..6),
    ) {
        const GROUPS: [&str; 3] = ["a", "B", "c"];
        const NAMES: [&str; 3] = ["*.contoso.example", "hv1.contoso.example", "*.fabrikam.example"];
        let here = facts(primary, &entries, &[]);
        let mappings: Vec<Mapping> = rules.iter().map(|(tenant, group, pick)| {
            if *group { rule(tenant, "trust-group", GROUPS[*pick]) } else { rule(tenant, "primary", NAMES[*pick]) }
        }).collect();
        let bound: Vec<TenantRule> = ["one", "two", "three"].iter().map(|tenant| {
            let of = |group| rules.iter().filter(move |rule| rule.0 == *tenant && rule.1 == group);
            TenantRule {
                tenant: tenant.parse().unwrap(),
                trust_groups: of(true).map(|rule| GROUPS[rule.2].to_owned()).collect(),
                storage_paths: Vec::new(),
            primaries: of(false).map(|rule| NAMES[rule.2].to_owned()).collect(),
            }
        }).collect();
        let claim = claims(&mappings, &here);
        match bind(here.primary.as_deref(), &here.entries, &bound) {
            Ok(tenant) => prop_assert_eq!(by(&claim), tenant.as_str()),
            Err(BindingError::Unmapped { .. }) => prop_assert_eq!(claim, Claim::Unclaimed),
            Err(BindingError::Ambiguous { tenants, .. }) => {
                prop_assert_eq!(whose(&claim), tenants.iter().collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn no_text_is_more_than_refused(kind in select(MappingRule::KINDS.to_vec()), text in "\\PC{0,60}") {
        if let Ok(kept) = MappingRule::new(kind, &text) {
            prop_assert_eq!(MappingRule::new(kept.kind(), kept.text()).unwrap(), kept);
        }
    }
}
