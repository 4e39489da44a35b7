use super::{ago, as_of, uuid, zone};
use console::*;

fn id(name: &str) -> Option<TenantId> {
    name.parse().ok()
}

fn rule(kind: &str, text: &str, made: Option<i64>) -> RuleRow {
    RuleRow {
        kind: kind.into(),
        text: text.into(),
        made: made.map(|secs| ("ada".to_owned(), ago(secs))),
    }
}

fn host(name: &str) -> Option<HostId> {
    name.parse().ok()
}

pub fn tenants(asked: Option<RuleQuery>) -> TenantsView {
    let card = |name: &str, replicas, from_file, rules| {
        Some(TenantCard {
            id: id(&name.to_lowercase())?,
            name: name.to_owned(),
            zone: "Europe/Berlin".into(),
            replicas,
            from_file,
            rules,
            frame: None,
            window: None,
            brand: BrandView::default(),
        })
    };
    let contoso = vec![
        rule("trust-group", "contoso", None),
        rule("primary", "*.contoso.example", None),
    ];
    let fabrikam = vec![
        rule("trust-group", "fabrikam", None),
        rule("storage-path", r"d:\replica\fabrikam", Some(90_000)),
    ];
    let northwind = vec![rule("primary", "*.northwind.example", Some(4_000))];
    let cards = [
        card("Contoso", 11, true, contoso),
        card("Fabrikam", 9, true, fabrikam),
        card("Northwind", 12, false, northwind),
        card("Tailspin", 0, false, Vec::new()),
    ];
    let claim = |name: &str, n, before: &[&str], after: &[&str]| {
        let tenants = |names: &[&str]| names.iter().filter_map(|it| id(it)).collect();
        Some(ClaimRow {
            host: host("hv-r-02")?,
            vm: VmGuid(uuid(n)),
            name: name.into(),
            before: tenants(before),
            after: tenants(after),
        })
    };
    let claims = [
        claim("crm-db", 1, &[], &["tailspin"]),
        claim("crm-web", 2, &[], &["tailspin"]),
        claim("shared-print", 3, &["northwind"], &["northwind", "tailspin"]),
    ];
    let answer = |rule: &RuleQuery| match rule.text.contains('.') {
        false => RuleAnswer::Refused {
            text: format!(
                "text: `{}` is neither an FQDN nor a wildcard first label",
                rule.text
            ),
        },
        true => RuleAnswer::Tried {
            claims: claims.iter().flatten().cloned().collect(),
            stay: 4,
            seen: 43,
            as_of: Some(ago(21)),
            unseen_hosts: host("hv-r-04").into_iter().collect(),
        },
    };
    TenantsView {
        as_of: as_of(),
        zone: zone(),
        tenants: cards.into_iter().flatten().collect(),
        preview: asked.map(|rule| RulePreview {
            answer: answer(&rule),
            rule,
        }),
    }
}

pub fn findings() -> FindingsView {
    let row = |kind: &str, at: &str, replica: Option<(u128, &str)>, since, text: &str| FindingView {
        key: format!("{kind}:{at}"),
        kind: kind.into(),
        title: words::finding(kind).into(),
        host: host(at),
        replica: replica.map(|(n, _)| ReplicaId(uuid(n))),
        name: replica.map(|(_, name)| name.to_owned()),
        text: text.into(),
        what_to_do: words::finding_remedy(kind).into(),
        since: ago(since),
        last_seen: ago(20),
    };
    FindingsView {
        as_of: as_of(),
        zone: zone(),
        rows: vec![
            row(
                "any-primary",
                "hv-r-03",
                None,
                900_000,
                "Host hv-r-03 accepts replication from any primary: nothing keeps one tenant from writing to another's replicas. Replace the entry `*` by one entry per tenant.",
            ),
            row(
                "no-trust-group",
                "hv-r-02",
                None,
                400_000,
                "Host hv-r-02 has authorization entries without a trust group, such as for *.northwind.example: they do not say whose a primary is.",
            ),
            row(
                "foreign-checkpoint",
                "hv-r-05",
                Some((3, "contoso/erp-db")),
                30_000,
                "Replica erp-db on host hv-r-05 has a recovery checkpoint that is not ours: `Nightly-7`. Another backup product runs or left it behind.",
            ),
            row(
                "unmapped-replica",
                "hv-r-02",
                None,
                7_000,
                "Replica crm-db on host hv-r-02 is not backed up: no tenant claims the primary hv1.tailspin.example: add its trust group or its primary's name to a tenant.",
            ),
        ],
    }
}
