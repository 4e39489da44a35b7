//! Waiting for something to be so, with an end.

use std::time::Duration;
use tokio::time::Instant;

/// Between two questions.
const ASK_EVERY: Duration = Duration::from_millis(50);

/// Asks until there is an answer; fails the test when there is none in time (real seconds).
pub async fn until<T, F>(what: &str, secs: u64, mut ask: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let end = Instant::now() + Duration::from_secs(secs);
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < end, "not within {secs} s: {what}");
        tokio::time::sleep(ASK_EVERY).await;
    }
}
