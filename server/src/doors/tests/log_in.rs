//! A log-in does the same work whether or not somebody has the name: counted, and its time measured. The bench `log_in` prints more of that.

use super::*;
use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::Once;
use tracing::field::{Field, Visit};
use tracing::{Event, Instrument as _, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

/// Statements by the number of the span in which they were made.
static SEEN: Mutex<Option<HashMap<u64, Vec<String>>>> = Mutex::new(None);
static COUNTING: Once = Once::new();

struct Counting;

struct Words(String);
impl Visit for Words {
    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
    fn record_str(&mut self, field: &Field, text: &str) {
        // A long statement is cut in the summary, and whole beside it.
        if matches!(field.name(), "summary" | "db.statement") && !text.is_empty() {
            self.0 = text.trim().to_owned();
        }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Counting {
    fn enabled(&self, about: &Metadata<'_>, _: Context<'_, S>) -> bool {
        about.target() == "sqlx::query" || about.is_span() && about.name() == "counted"
    }
    fn on_event(&self, event: &Event<'_>, at: Context<'_, S>) {
        let Some(span) = at
            .event_scope(event)
            .into_iter()
            .flatten()
            .find(|span| span.name() == "counted")
        else {
            return;
        };
        let mut words = Words(String::new());
        event.record(&mut words);
        let mut seen = SEEN.lock().unwrap();
        let all = seen.get_or_insert_default();
        all.entry(span.id().into_u64()).or_default().push(words.0);
    }
}

/// The statements of a try, in their order, and how many hashes were worked out.
async fn work(site: &Site, login: &str, password: &str) -> (Vec<String>, u64) {
    COUNTING.call_once(|| {
        let counting = tracing_subscriber::registry().with(Counting);
        tracing::subscriber::set_global_default(counting).unwrap();
    });
    let span = tracing::info_span!("counted");
    let id = span.id().unwrap().into_u64();
    let before = site.doors.hasher.hashes();
    let refused = site.log_in(login, password).instrument(span.clone()).await;
    assert_eq!(refused.unwrap_err(), DoorFault::Wrong, "{login}");
    let statements = SEEN.lock().unwrap().as_mut().unwrap().remove(&id).unwrap();
    (statements, site.doors.hasher.hashes() - before)
}

#[tokio::test]
async fn a_refused_log_in_does_the_same_work_for_every_name() {
    let site = Site::seeded().await;
    let owner = site.visitor("owner").await;
    let operator = site.visitor("operator").await;
    let begun = site.doors.second_factor_begin(&operator, right()).await.unwrap();
    let secret = TotpSecret::try_from_base32(&begun.secret).unwrap();
    let totp = Builder::new().with_secret(secret.as_bytes().to_vec());
    let totp = totp.with_account_name("x").build().unwrap();
    let now = site.clock.lock().unwrap().timestamp();
    let shown = totp.generate(now.try_into().unwrap()).to_string();
    site.doors.second_factor_confirm(&operator, &shown).await.unwrap();
    let viewer = site.visitor("tenant-viewer").await;
    site.doors.person_put_out(&owner, viewer.person.id).await.unwrap();
    let wrong = "not the password at all";
    let (statements, hashes) = work(&site, "nobody-here", wrong).await;
    assert_eq!(hashes, 1);
    assert!(statements.len() > 5, "{statements:?}");
    for (login, password) in [
        ("auditor", wrong),
        ("operator", wrong),
        ("tenant-viewer", wrong),
        ("tenant-viewer", DEMO_PASSWORD),
        ("tenant-admin", wrong),
        ("nobody-here", DEMO_PASSWORD),
        ("no name at all!", wrong),
        ("", wrong),
        ("auditor", &"x".repeat(100_000)),
        ("nobody-at-all", &"x".repeat(100_000)),
    ] {
        assert_eq!(
            work(&site, login, password).await,
            (statements.clone(), 1),
            "{login}"
        );
    }
}

/// How often one of `a` takes longer than one of `b`; a tie is half. One half tells nothing, 0 or 1 everything.
fn auc(a: &[u128], b: &[u128]) -> f64 {
    let pairs = a.iter().flat_map(|a| b.iter().map(move |b| a.cmp(b)));
    let sum: f64 = pairs.map(|order| f64::from(order as i8).midpoint(1.0)).sum();
    sum / (a.len() * b.len()) as f64
}

/// Ratios of times within this run, whatever the machine does meanwhile: tries of each kind take turns. Bounded at more than four
/// standard errors of a name that tells nothing; a door that works out no hash shows that a difference would be seen.
#[tokio::test(flavor = "multi_thread")]
async fn how_long_a_refused_log_in_takes_does_not_tell_whether_somebody_has_the_name() {
    const ROUNDS: usize = 32;
    const KINDS: [&str; 4] = ["nobody-here", "auditor", "tenant-admin", ""];
    let site = Site::with(Hasher::new().await.unwrap()).await;
    site.doors.seed(&"contoso".parse().unwrap()).await.unwrap();
    let mut times: [Vec<u128>; KINDS.len()] = Default::default();
    let mut cheap = Vec::new();
    for round in 0..ROUNDS {
        // What was tried before is forgiven.
        site.later(86_400);
        for turn in 0..KINDS.len() {
            let kind = (turn * 3 + round) % KINDS.len();
            let began = std::time::Instant::now();
            let refused = site.log_in(KINDS[kind], "not the password at all").await;
            times[kind].push(began.elapsed().as_nanos());
            assert_eq!(refused.unwrap_err(), DoorFault::Wrong);
        }
        let began = std::time::Instant::now();
        let nobody = site.doors.by_session(&"0".repeat(64), comer().address).await;
        cheap.push(began.elapsed().as_nanos());
        assert!(nobody.unwrap().is_none());
    }
    let told = times.each_ref().map(|kind| auc(kind, &times[0]));
    for (kind, auc) in KINDS.iter().zip(told) {
        assert!(
            (auc - 0.5).abs() < 0.3,
            "`{kind}` is told from nobody's: {told:?}"
        );
    }
    let cheap = auc(&cheap, &times[0]);
    assert!(cheap < 0.2, "a door without the work is not seen: {cheap}");
}

#[tokio::test]
async fn what_nobody_is_called_is_not_in_the_trail_for_it_may_be_a_password() {
    let site = Site::seeded().await;
    for login in ["hunter2-my-password", "correct horse battery", "auditor"] {
        site.log_in(login, "not the password at all").await.unwrap_err();
    }
    let all = site.store.audit_after(&BEFORE, 0, 100).await.unwrap();
    let text = format!("{all:?}");
    assert!(
        !text.contains("hunter2") && !text.contains("correct horse"),
        "{text}"
    );
    let objects: Vec<_> = all.iter().map(|entry| entry.happened.object.as_str()).collect();
    assert_eq!(
        objects,
        ["a name that nobody has", "a name that nobody has", "auditor"]
    );
}
