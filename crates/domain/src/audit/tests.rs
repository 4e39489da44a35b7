use super::*;
use proptest::prelude::*;
use proptest::sample::select;
use uuid::Uuid;

fn happened() -> impl Strategy<Value = Happened> {
    let who = prop_oneof![
        Just(Who::Nobody),
        "[a-z]{0,3}".prop_map(|task| Who::System { task }),
        ("[a-z]{0,3}", 0_u128..3).prop_map(|(login, id)| Who::Person {
            person: PersonId(Uuid::from_u128(id)),
            login
        }),
        ("[a-z]{0,3}", 0_u128..3).prop_map(|(login, id)| Who::Token {
            token: TokenId(Uuid::from_u128(id + 7)),
            person: PersonId(Uuid::from_u128(id)),
            login
        }),
    ];
    let details = prop::collection::btree_map("[a-b]{0,2}", "[a-b]{0,2}", 0..3);
    let from = prop::option::of("[a-b]{0,2}");
    let tenant = prop::option::of(select(vec!["a", "b"]));
    (
        0_i64..99,
        who,
        from,
        "[a-b]{1,2}",
        "[a-b]{0,2}",
        tenant,
        select(AuditOutcome::ALL.to_vec()),
        details,
    )
        .prop_map(
            |(at, who, from, deed, object, tenant, outcome, details)| Happened {
                at: DateTime::from_timestamp_nanos(at * 500),
                who,
                from,
                deed,
                object,
                tenant: tenant.map(|tenant| tenant.parse().unwrap()),
                outcome,
                details,
            },
        )
}

fn chain(all: Vec<Happened>) -> Vec<AuditEntry> {
    let mut head = Head::GENESIS;
    let link = |happened| {
        let entry = AuditEntry::after(head, happened);
        head = entry.head();
        entry
    };
    all.into_iter().map(link).collect()
}

fn plain(object: &str) -> Happened {
    Happened {
        at: DateTime::UNIX_EPOCH,
        who: Who::System {
            task: "test".to_owned(),
        },
        from: None,
        deed: "backup.run".to_owned(),
        object: object.to_owned(),
        tenant: None,
        outcome: AuditOutcome::Done,
        details: BTreeMap::new(),
    }
}

proptest! {
    #[test]
    fn whatever_was_written_is_verified_and_any_other_entry_in_its_place_is_found(
        all in prop::collection::vec(happened(), 1..8), other in happened(), place in any::<prop::sample::Index>(),
    ) {
        let mut chain = chain(all);
        let head = chain[chain.len() - 1].head();
        prop_assert_eq!(verify(Head::GENESIS, &chain, Some(head)), Ok(head));
        let place = place.index(chain.len());
        let kept = chain[place].happened.clone();
        chain[place].happened = AuditEntry::after(Head::GENESIS, other).happened;
        if chain[place].happened != kept {
            prop_assert_eq!(verify(Head::GENESIS, &chain, None), Err(Broken::Changed { seq: place as u64 + 1 }));
        }
    }

    #[test]
    fn an_entry_that_is_taken_out_moved_or_cut_off_is_found(all in prop::collection::vec(happened(), 2..8), place in any::<prop::sample::Index>()) {
        let chain = chain(all);
        let (head, last) = (chain[chain.len() - 1].head(), chain.len() - 1);
        let place = place.index(last);
        let seq = place as u64 + 1;
        let mut without = chain.clone();
        without.remove(place);
        prop_assert_eq!(verify(Head::GENESIS, &without, None), Err(Broken::Missing { seq, found: seq + 1 }));
        let mut moved = chain.clone();
        moved.swap(place, place + 1);
        prop_assert!(verify(Head::GENESIS, &moved, None).is_err());
        let mut twice = chain.clone();
        twice.insert(place, chain[place].clone());
        prop_assert_eq!(verify(Head::GENESIS, &twice, None), Err(Broken::OutOfOrder { seq }));
        // Nothing shows that the end is gone but the head that was remembered.
        let cut = &chain[..last];
        prop_assert!(verify(Head::GENESIS, cut, None).is_ok());
        prop_assert_eq!(verify(Head::GENESIS, cut, Some(head)), Err(Broken::Truncated { last: last as u64, remembered: head.seq }));
    }
}

#[test]
fn a_chain_that_was_written_anew_is_not_the_one_that_was_remembered() {
    let first = chain(vec![plain("a"), plain("b")]);
    let second = chain(vec![plain("a"), plain("x"), plain("c")]);
    let remembered = first[1].head();
    assert!(verify(Head::GENESIS, &second, None).is_ok());
    assert_eq!(
        verify(Head::GENESIS, &second, Some(remembered)),
        Err(Broken::Rewritten { seq: 2 })
    );
    assert_eq!(verify(remembered, &[], Some(remembered)), Ok(remembered));
    let longer = chain(vec![plain("a"), plain("b"), plain("c")]);
    assert_eq!(
        verify(remembered, &longer[2..], Some(remembered)),
        Ok(longer[2].head())
    );
}

#[test]
fn the_form_of_the_bytes_stays() {
    let entry = AuditEntry::after(Head::GENESIS, plain("a"));
    assert_eq!(
        entry.hash.to_string(),
        "a3c06f26a0d4b752811d055197ff33f1484e1d00afaab7395c8e69a2d441281f"
    );
}

#[test]
fn nothing_moves_from_one_text_into_the_next() {
    let (mut one, mut two) = (plain("bc"), plain("c"));
    one.deed = "a".to_owned();
    two.deed = "ab".to_owned();
    assert_ne!(
        AuditEntry::after(Head::GENESIS, one).hash,
        AuditEntry::after(Head::GENESIS, two).hash
    );
}

#[test]
fn an_entry_is_bounded_and_what_was_typed_is_cut() {
    let mut long = plain(&"\u{e4}".repeat(WORD_BYTES_MAX));
    assert_eq!(long.check(), Err(Unwritable::Long("the object")));
    long.from = Some("x".repeat(999));
    long.who = Who::Person {
        person: PersonId(Uuid::nil()),
        login: "y".repeat(999),
    };
    long.details = (0..40)
        .map(|number| (format!("{number:02}"), "z".repeat(2_000)))
        .collect();
    assert!(long.check().is_err());
    let cut = long.cut();
    assert_eq!(cut.check(), Ok(()));
    assert_eq!(cut.object, "\u{e4}".repeat(WORD_BYTES_MAX / 2));
    for deed in ["", "Session.open", "session open"] {
        let odd = Happened {
            deed: deed.to_owned(),
            ..plain("a")
        };
        assert_eq!(odd.check(), Err(Unwritable::Deed));
    }
    let many = Happened {
        details: (0..17)
            .map(|number| (number.to_string(), String::new()))
            .collect(),
        ..plain("a")
    };
    assert_eq!(many.check(), Err(Unwritable::Details));
}
