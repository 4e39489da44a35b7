use super::*;

fn seats() -> Vec<Seat> {
    let tenant: TenantId = "contoso".parse().unwrap();
    Role::ALL
        .into_iter()
        .map(|role| Seat::new(role, None).or_else(|| Seat::new(role, Some(tenant.clone()))))
        .map(Option::unwrap)
        .collect()
}

fn table() -> String {
    let mut text = String::new();
    for permission in Permission::ALL {
        let columns = seats()
            .iter()
            .map(|seat| if seat.allows(*permission) { 'x' } else { '.' })
            .collect::<String>();
        text.push_str(&format!("{:<20}{columns}\n", permission.code()));
    }
    text
}

/// Columns: owner, operator, auditor, admin, viewer.
const TABLE: &str = "\
account:own         xxxxx
replicas:read       xxxxx
sla:read            xxxxx
events:read         xxxxx
audit:read          xxxx.
backup:run          xx.x.
disk:download       xx.x.
window:move         xx.x.
people:manage       xx.x.
tokens:manage       xx.x.
night:read          xxx..
hosts:read          xxx..
rules:read          xxx..
tenants:read        xxx..
causes:acknowledge  xx...
holds:manage        xx...
attempts:cancel     xx...
days:correct        xx...
policies:manage     xx...
tenants:manage      xx...
metrics:read        xxx..
site-people:manage  x....
secrets:manage      x....
";

#[test]
fn the_whole_table_is_as_it_was_decided() {
    assert_eq!(table(), TABLE, "{}", table());
}

#[test]
fn a_code_names_one_permission() {
    let codes: BTreeSet<_> = Permission::ALL
        .iter()
        .map(|permission| permission.code())
        .collect();
    assert_eq!(codes.len(), Permission::ALL.len());
    for permission in Permission::ALL {
        assert_eq!(permission.code().parse(), Ok(*permission));
    }
    assert!("replicas:write".parse::<Permission>().is_err());
}

#[test]
fn a_seat_has_what_lower_ones_of_its_side_have_and_a_tenants_nothing_of_the_sites() {
    let [owner, operator, auditor, admin, viewer] = <[Seat; 5]>::try_from(seats()).unwrap();
    assert!(viewer.permissions().is_subset(&admin.permissions()));
    assert!(auditor.permissions().is_subset(&operator.permissions()));
    assert!(operator.permissions().is_subset(&owner.permissions()));
    assert_eq!(
        owner.permissions().len(),
        Permission::ALL.len(),
        "somebody may do it"
    );
    for seat in [&admin, &viewer] {
        for permission in seat.permissions() {
            assert!(
                !permission.is_site_only(),
                "{permission} in the hands of a tenant"
            );
        }
    }
    for site_only in [
        "night:read",
        "hosts:read",
        "days:correct",
        "secrets:manage",
        "tenants:manage",
    ] {
        assert!(site_only.parse::<Permission>().unwrap().is_site_only());
    }
}

#[test]
fn an_auditor_and_a_viewer_change_nothing() {
    for seat in seats()
        .iter()
        .filter(|seat| matches!(seat.role().code(), "auditor" | "viewer"))
    {
        for permission in seat.permissions() {
            assert_ne!(permission.effect(), Effect::Changes, "{permission} of {seat}");
        }
    }
}

#[test]
fn seats_are_given_by_owners_operators_and_a_tenants_own_admin() {
    let elsewhere = Seat::Tenant {
        tenant: "fabrikam".parse().unwrap(),
        role: TenantRole::Viewer,
    };
    let mut all = seats();
    all.push(elsewhere);
    let rows: Vec<String> = all
        .iter()
        .map(|giver| {
            all.iter()
                .map(|given| if giver.may_seat(given) { 'x' } else { '.' })
                .collect()
        })
        .collect();
    // Given: owner, operator, auditor, admin, viewer, a viewer of another tenant.
    assert_eq!(rows, ["xxxxxx", "...xxx", "......", "...xx.", "......", "......"]);
}

#[test]
fn nobody_gives_a_seat_that_may_do_more_than_their_own() {
    for giver in seats() {
        for given in seats().iter().filter(|given| giver.may_seat(given)) {
            assert!(
                given.permissions().is_subset(&giver.permissions()),
                "{giver} gives {given}"
            );
        }
    }
}
