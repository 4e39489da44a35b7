//! Hosts and their trust.

use super::rows::{SITE, polled};
use super::{Checked, Seed, Store};
use crate::records::HostStatus;
use crate::traits::PollWrite;
use chrono::{DateTime, TimeDelta, Utc};
use domain::observation::HostTrust;
use serde_json::json;
use uuid::Uuid;

pub async fn a_late_poll_does_not_undo_an_enrolment(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let host = |trust| PollWrite {
        host: Some(seed.host(trust, None)),
        ..PollWrite::default()
    };
    let unproven = |build: &str| HostTrust::Unproven {
        build: build.to_owned(),
    };
    let too_old = HostTrust::TooOld {
        build: "6.3.9600".to_owned(),
    };
    let enrolled: HostTrust = serde_json::from_value(json!({
        "trust": "enrolled", "build": "10.0.20348", "canary": Uuid::from_u128(1), "enrolled_at": seed.at, "run": "r",
        "known_refusals": [],
    }))?;
    let trust = async || {
        store
            .hosts()
            .await
            .map(|hosts| hosts.into_iter().next().and_then(|host| host.trust))
    };

    polled(store, host(Some(unproven("10.0.20348")))).await?;
    store.host_trust_set(&seed.ours.host, &enrolled).await?;
    polled(store, host(Some(unproven("10.0.20348")))).await?;
    assert_eq!(trust().await?, Some(enrolled), "the poll had read before");
    polled(store, host(None)).await?;
    assert!(trust().await?.is_some(), "a poll that does not know says nothing");
    polled(store, host(Some(unproven("10.0.26100")))).await?;
    assert_eq!(
        trust().await?,
        Some(unproven("10.0.26100")),
        "another build has to earn it again"
    );
    store.host_trust_set(&seed.ours.host, &too_old).await?;
    assert_eq!(trust().await?, Some(too_old));
    Ok(())
}

pub async fn a_host_keeps_what_a_poll_does_not_know(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let planted = store.event_newest().await?;
    let mut known = seed.host(None, Some("no route"));
    known.requests = u64::MAX;
    let write = |host| PollWrite {
        host: Some(host),
        ..PollWrite::default()
    };
    polled(store, write(known.clone())).await?;
    known.requests = i64::MAX.unsigned_abs();
    assert_eq!(
        store.hosts().await?,
        [known.clone()],
        "counts end where a database's integers end"
    );
    let later = Some(seed.at + TimeDelta::seconds(9));
    let nothing = HostStatus {
        build: None,
        last_survey: None,
        last_error_at: later,
        requests: 1,
        ..known.clone()
    };
    polled(store, write(nothing)).await?;
    let expected = HostStatus {
        last_error_at: later,
        requests: 1,
        ..known
    };
    assert_eq!(store.hosts().await?, [expected]);
    assert_eq!(
        store.event_newest().await?,
        planted + 1,
        "the same error is told once"
    );
    polled(store, write(seed.host(None, None))).await?;
    assert_eq!(
        store.hosts().await?,
        [seed.host(None, None)],
        "an error that is over is gone"
    );
    assert_eq!(store.event_newest().await?, planted + 2);
    Ok(())
}

pub async fn a_trust_may_come_before_the_first_poll(store: &impl Store) -> Checked {
    let seed = Seed::plant(store).await?;
    let planted = store.event_newest().await?;
    let trust = HostTrust::Unproven {
        build: "10.0.20348".to_owned(),
    };
    let first = "hv-r-00".parse()?;
    store.host_trust_set(&first, &trust).await?;
    store.host_trust_set(&first, &trust).await?;
    polled(
        store,
        PollWrite {
            host: Some(seed.host(None, None)),
            ..PollWrite::default()
        },
    )
    .await?;
    let hosts = store.hosts().await?;
    assert_eq!(
        hosts.iter().map(|host| host.host.as_str()).collect::<Vec<_>>(),
        ["hv-r-00", "hv-r-01"]
    );
    assert_eq!(
        (
            hosts[0].build.as_deref(),
            hosts[0].trust.as_ref(),
            hosts[0].requests
        ),
        (Some("10.0.20348"), Some(&trust), 0)
    );
    let events = store.events_after(&SITE, planted, 10).await?;
    assert_eq!(events.len(), 2, "the same trust is told once");
    assert_eq!(
        (events[0].at, events[0].subject.as_str()),
        (DateTime::<Utc>::UNIX_EPOCH, "hv-r-00")
    );
    Ok(())
}
