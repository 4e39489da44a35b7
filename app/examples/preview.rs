//! Serves the screens over made-up figures, to work on their look without a site: `cargo run -p app --features ssr
//! --example preview`. Development only: the product has no such console.

#[path = "../../server/src/http/failures.rs"]
mod failures;
#[path = "../../server/src/http/pages.rs"]
mod pages;
#[path = "preview/sample.rs"]
mod sample;

use axum::response::sse::{Event, KeepAlive, Sse};
use console::Console;
use leptos::config::LeptosOptions;
use std::convert::Infallible;
use std::sync::Arc;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let site = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "target/site".to_owned());
    let options = LeptosOptions::builder()
        .output_name("stillpoint")
        .site_root(site)
        .site_pkg_dir("pkg")
        .build();
    let console: Arc<dyn Console> = Arc::new(sample::Sample);
    let events = || async {
        Sse::new(futures::stream::pending::<Result<Event, Infallible>>()).keep_alive(KeepAlive::default())
    };
    let router = pages::router::<()>(&options, &console)
        .route("/api/v1/events", axum::routing::get(events))
        .layer(tower_http::compression::CompressionLayer::new());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3700").await?;
    println!("http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, router).await?)
}
