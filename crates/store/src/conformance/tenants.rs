//! Tenants, and what claims replicas for them.

use super::door::Doors;
use super::rows::SITE;
use super::{Checked, Store, is_conflict, is_missing};
use crate::tenants::MAPPINGS_MAX;
use chrono::TimeDelta;
use domain::calendar::{WallTime, WindowRule};
use domain::door::branding::{Branding, Logo};
use domain::door::mapping::{Mapping, MappingRule};
use domain::door::window::{self, WindowFrame};
use domain::ids::TenantId;

pub async fn a_tenant_is_created_once_and_by_the_site(store: &impl Store) -> Checked {
    let doors = Doors::plant(store).await?;
    let new: TenantId = "litware".parse()?;
    let zone = "Europe/Berlin".parse()?;
    let fine = doors.at + TimeDelta::nanoseconds(1);
    let created = store.tenant_create(&SITE, &new, "Litware", zone, fine).await?;
    assert_eq!(
        (created.created, created.zone, created.has_logo),
        (doors.at, zone, false)
    );
    assert_eq!(store.tenant(&SITE, &new).await?, created);
    assert!(is_conflict(
        &store.tenant_create(&SITE, &new, "Again", zone, fine).await
    ));
    for name in ["", " ", "a\nb", &"x".repeat(121)] {
        let odd: TenantId = "odd".parse()?;
        assert!(is_conflict(
            &store.tenant_create(&SITE, &odd, name, zone, fine).await
        ));
    }
    let odd: TenantId = "odd".parse()?;
    assert!(is_missing(
        &store.tenant_create(&doors.scope(), &odd, "Odd", zone, fine).await
    ));
    let ids = async |scope: &_, after: Option<&TenantId>, limit| {
        let rows = store.tenants(scope, after, limit).await?;
        Ok::<_, super::StoreError>(
            rows.into_iter()
                .map(|tenant| tenant.id.to_string())
                .collect::<Vec<_>>(),
        )
    };
    assert_eq!(ids(&SITE, None, 9).await?, ["contoso", "fabrikam", "litware"]);
    assert_eq!(ids(&SITE, Some(&doors.contoso), 1).await?, ["fabrikam"]);
    assert_eq!(ids(&SITE, Some(&new), 9).await?, [""; 0]);
    assert_eq!(ids(&doors.other(), None, 9).await?, ["fabrikam"]);
    assert_eq!(ids(&doors.other(), Some(&doors.fabrikam), 9).await?, [""; 0]);
    Ok(())
}

pub async fn another_tenant_is_not_there(store: &impl Store) -> Checked {
    let doors = Doors::plant(store).await?;
    let (scope, other) = (doors.scope(), doors.other());
    assert_eq!(store.tenant(&scope, &doors.contoso).await?.name, "Contoso");
    assert!(is_missing(&store.tenant(&other, &doors.contoso).await));
    assert!(is_missing(&store.tenant_logo(&other, &doors.contoso).await));
    assert!(is_missing(
        &store
            .tenant_window(&other, &doors.contoso, None, Some(WindowRule::NIGHT), doors.at)
            .await
    ));
    let nobody = "nobody".parse()?;
    assert!(is_missing(&store.tenant(&SITE, &nobody).await));
    assert!(is_missing(
        &store.tenant_brand(&SITE, &nobody, &Branding::default()).await
    ));
    assert!(is_missing(&store.tenant_frame(&SITE, &nobody, None).await));
    // The hoster's to set, also for the tenant itself.
    assert!(is_missing(
        &store
            .tenant_brand(&scope, &doors.contoso, &Branding::default())
            .await
    ));
    assert!(is_missing(
        &store.tenant_frame(&scope, &doors.contoso, None).await
    ));
    Ok(())
}

pub async fn a_brand_is_set_whole(store: &impl Store) -> Checked {
    let doors = Doors::plant(store).await?;
    let mut file = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x05\0\0\0\x05".to_vec();
    file.extend(b"IEND\xae\x42\x60\x82");
    let branding = Branding {
        name: Some("Contoso Backup".parse()?),
        accent: Some("#1f7a5a".parse()?),
        logo: Some(Logo::parse(file)?),
    };
    store.tenant_brand(&SITE, &doors.contoso, &branding).await?;
    let ours = store.tenant(&doors.scope(), &doors.contoso).await?;
    assert_eq!(
        (ours.brand_name, ours.accent, ours.has_logo),
        (branding.name, branding.accent, true)
    );
    assert_eq!(
        store.tenant_logo(&doors.scope(), &doors.contoso).await?,
        branding.logo
    );
    assert_eq!(store.tenant_logo(&doors.other(), &doors.fabrikam).await?, None);
    store
        .tenant_brand(&SITE, &doors.contoso, &Branding::default())
        .await?;
    let ours = store.tenant(&SITE, &doors.contoso).await?;
    assert_eq!((ours.brand_name, ours.accent, ours.has_logo), (None, None, false));
    Ok(())
}

pub async fn a_window_moves_inside_its_frame_and_from_where_it_was(store: &impl Store) -> Checked {
    let doors = Doors::plant(store).await?;
    let (scope, id) = (doors.scope(), &doors.contoso);
    let rule = |open: &str, due: &str| {
        Ok::<_, super::door::Odd>(WindowRule::new(open.parse()?, due.parse()?, true)?)
    };
    let (late, early) = (rule("22:00", "06:00")?, rule("19:00", "05:00")?);
    assert!(
        is_conflict(&store.tenant_window(&scope, id, None, Some(late), doors.at).await),
        "no frame"
    );
    let frame = WindowFrame {
        within: WindowRule::NIGHT,
        minutes_min: 300,
    };
    store.tenant_frame(&SITE, id, Some(&frame)).await?;
    assert!(
        is_conflict(&store.tenant_window(&scope, id, None, Some(early), doors.at).await),
        "outside"
    );
    store
        .tenant_window(&scope, id, None, Some(late), doors.at)
        .await?;
    assert!(
        is_conflict(
            &store
                .tenant_window(&scope, id, None, Some(WindowRule::NIGHT), doors.at)
                .await
        ),
        "moved meanwhile"
    );
    store
        .tenant_window(&scope, id, Some(late), Some(WindowRule::NIGHT), doors.after(9))
        .await?;
    store.tenant_frame(&SITE, id, None).await?;
    let ours = store.tenant(&scope, id).await?;
    assert_eq!((ours.window, ours.frame), (Some(WindowRule::NIGHT), None));
    assert_eq!(
        (ours.moved, ours.own_window()),
        (Some(doors.after(9)), None),
        "without a frame it does not count"
    );
    let night = Some(WindowRule::NIGHT);
    store
        .tenant_window(&scope, id, night, None, doors.after(20))
        .await?;
    let ours = store.tenant(&scope, id).await?;
    assert_eq!(
        (ours.window, ours.moved),
        (None, Some(doors.after(20))),
        "back needs no frame"
    );
    let theirs = store.tenant(&doors.other(), &doors.fabrikam).await?;
    assert_eq!((theirs.window, theirs.frame), (None, None));
    Ok(())
}

pub async fn no_window_outside_of_the_frame_is_ever_stored(store: &impl Store) -> Checked {
    let doors = Doors::plant(store).await?;
    let (scope, id) = (doors.scope(), &doors.contoso);
    // The same numbers in every run.
    let mut state = 0x5DEE_CE66_u64;
    let mut drawn = |most: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % most
    };
    let mut stored = 0;
    for step in 0..400 {
        let mut minutes = || u16::try_from(drawn(1_440)).unwrap_or(0);
        let (open, due) = (minutes(), minutes());
        let wall = |minutes: u16| WallTime::from_hm(minutes / 60, minutes % 60).ok_or("no time of day");
        let Ok(rule) = WindowRule::new(wall(open)?, wall(due)?, drawn(2) == 0) else {
            continue;
        };
        let before = store.tenant(&scope, id).await?;
        if drawn(3) == 0 {
            let minutes_min = u16::try_from(drawn(600))?;
            let frame = WindowFrame {
                within: rule,
                minutes_min,
            };
            store
                .tenant_frame(&SITE, id, Some(&frame).filter(|_| step % 7 > 0))
                .await?;
            continue;
        }
        let moved = store
            .tenant_window(&scope, id, before.window, Some(rule), doors.at)
            .await;
        let after = store.tenant(&scope, id).await?;
        let fits = window::check(before.frame.as_ref(), rule).is_ok();
        assert_eq!(moved.is_ok(), fits, "{rule} in {:?}", before.frame);
        assert_eq!(after.window, if fits { Some(rule) } else { before.window });
        assert_eq!(
            after.own_window(),
            window::in_effect(before.frame.as_ref(), after.window)
        );
        stored += usize::from(fits);
    }
    assert!(stored > 5, "only {stored} windows were ever moved");
    Ok(())
}

pub async fn rules_are_each_once_per_tenant_and_listed_in_one_order(store: &impl Store) -> Checked {
    let doors = Doors::plant(store).await?;
    let rule = |tenant: &TenantId, kind, text: &str| {
        let rule = MappingRule::new(kind, text)?;
        Ok::<_, super::door::Odd>(Mapping {
            tenant: tenant.clone(),
            rule,
        })
    };
    let theirs = rule(&doors.fabrikam, "primary", "*.shared.example")?;
    let ours = [
        rule(&doors.contoso, "primary", "*.shared.example")?,
        rule(&doors.contoso, "storage-path", r"D:\Replica\Contoso")?,
        rule(&doors.contoso, "trust-group", "Contoso")?,
    ];
    for mapping in [&theirs, &ours[2], &ours[0], &ours[1]] {
        store.mapping_add(&SITE, mapping, "olga", doors.at).await?;
    }
    let again = rule(&doors.contoso, "trust-group", "CONTOSO")?;
    assert!(is_conflict(
        &store.mapping_add(&SITE, &again, "olga", doors.at).await
    ));
    assert!(is_missing(
        &store.mapping_add(&doors.scope(), &again, "ada", doors.at).await
    ));
    let nobody = rule(&"nobody".parse()?, "trust-group", "x")?;
    assert!(is_missing(
        &store.mapping_add(&SITE, &nobody, "olga", doors.at).await
    ));
    let listed = async |scope: &_| {
        let lines = store.mappings(scope).await?;
        Ok::<_, super::StoreError>(lines.into_iter().map(|line| line.mapping).collect::<Vec<_>>())
    };
    let mut all = ours.to_vec();
    all.push(theirs.clone());
    assert_eq!(listed(&SITE).await?, all);
    assert_eq!(listed(&doors.scope()).await?, ours);
    assert_eq!(listed(&doors.other()).await?, std::slice::from_ref(&theirs));
    let line = store.mappings(&doors.other()).await?.remove(0);
    assert_eq!((line.author.as_str(), line.at), ("olga", doors.at));
    assert!(is_missing(&store.mapping_remove(&doors.other(), &theirs).await));
    store.mapping_remove(&SITE, &theirs).await?;
    assert!(is_missing(&store.mapping_remove(&SITE, &theirs).await));
    assert_eq!(listed(&SITE).await?, ours);
    for number in 3..MAPPINGS_MAX {
        let more = rule(&doors.contoso, "trust-group", &format!("g{number}"))?;
        store.mapping_add(&SITE, &more, "olga", doors.at).await?;
    }
    let beyond = rule(&doors.contoso, "trust-group", "beyond")?;
    assert!(is_conflict(
        &store.mapping_add(&SITE, &beyond, "olga", doors.at).await
    ));
    Ok(())
}
