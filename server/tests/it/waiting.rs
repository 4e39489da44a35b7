//! Waiting for something to be so, with an end.

use std::time::Duration;
use tokio::time::Instant;

/// Between two questions.
const ASK_EVERY: Duration = Duration::from_millis(50);

/// Asks until there is an answer; fails the test when there is none in time (real seconds).
pub async fn until<T, F>(what: &str, secs: u64, ask: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let answer = within(secs, ask).await;
    answer.unwrap_or_else(|| panic!("not within {secs} s: {what}"))
}

/// Asks until there is an answer or the time (real seconds) is over.
pub async fn within<T, F>(secs: u64, mut ask: impl FnMut() -> F) -> Option<T>
where
    F: Future<Output = Option<T>>,
{
    let end = Instant::now() + Duration::from_secs(secs);
    loop {
        let answer = ask().await;
        if answer.is_some() || Instant::now() >= end {
            return answer;
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
}
