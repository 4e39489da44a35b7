//! The screens: rendered by `app`, woken by the wasm under `/pkg`. Everything that a page may use is given to it in one place,
//! [`context`], so that a page rendered here and a server function called by the browser see the same.

use app::{App, THEME_COOKIE, shell};
use axum::Router;
use axum::extract::Form;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use console::{Console, Viewer};
use leptos::config::LeptosOptions;
use leptos::context::{provide_context, use_context};
use leptos::nonce::use_nonce;
use leptos_axum::{LeptosRoutes, ResponseOptions, file_and_error_handler_with_context, generate_route_list};
use serde::Deserialize;
use std::path::Path;
use std::sync::Arc;
use tower_http::services::ServeDir;
use tower_http::set_header::SetResponseHeaderLayer;

/// A browser asks whether its copy still holds: names do not carry a digest.
const ASK: HeaderValue = HeaderValue::from_static("no-cache");
/// Fonts never change under their name.
const WEEK: HeaderValue = HeaderValue::from_static("max-age=604800");
const YEAR_SECS: u32 = 365 * 24 * 3600;

/// Pages, server functions, the theme's form and the built files below the options' site root.
pub fn router<S>(options: &LeptosOptions, console: &Arc<dyn Console>) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let context = context(console);
    let render = {
        let options = options.clone();
        move || shell(options.clone())
    };
    let site = Path::new(options.site_root.as_ref());
    Router::new()
        .route("/theme", post(theme))
        .leptos_routes_with_context(options, generate_route_list(App), context.clone(), render)
        .fallback(file_and_error_handler_with_context::<LeptosOptions, _>(
            context, shell,
        ))
        .layer(axum::middleware::from_fn(super::failures::failures))
        // Not `no-referrer`: a browser then says `Origin: null` with our own forms, which is what a foreign one says.
        .layer(SetResponseHeaderLayer::if_not_present(
            header::REFERRER_POLICY,
            HeaderValue::from_static("same-origin"),
        ))
        .nest_service("/pkg", files(&site.join("pkg"), ASK))
        .nest_service("/fonts", files(&site.join("fonts"), WEEK))
        .with_state(options.clone())
}

/// What pages and server functions are given: the console, and a policy that names this answer's own script.
fn context(console: &Arc<dyn Console>) -> impl Fn() + Clone + Send + Sync + 'static {
    let console = Arc::clone(console);
    move || {
        provide_context(Arc::clone(&console));
        // The wall noted who asks.
        let parts = use_context::<http::request::Parts>();
        if let Some(viewer) = parts.and_then(|parts| parts.extensions.get::<Viewer>().cloned()) {
            provide_context(viewer);
        }
        let policy = use_nonce().and_then(|nonce| HeaderValue::try_from(policy(&nonce.to_string())).ok());
        if let (Some(policy), Some(options)) = (policy, use_context::<ResponseOptions>()) {
            options.insert_header(header::CONTENT_SECURITY_POLICY, policy);
            options.insert_header(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
    }
}

fn policy(nonce: &str) -> String {
    format!(
        "default-src 'self'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; \
         font-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
}

fn files(folder: &Path, cache: HeaderValue) -> Router {
    Router::new()
        .fallback_service(ServeDir::new(folder).append_index_html_on_directories(false))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::CACHE_CONTROL,
            cache,
        ))
}

/// The theme's form.
#[derive(Debug, Deserialize)]
struct Theme {
    to: String,
    back: String,
}

/// Remembers the theme and leads back.
async fn theme(Form(form): Form<Theme>) -> Response {
    if !matches!(form.to.as_str(), "dark" | "light") {
        return (
            StatusCode::UNPROCESSABLE_ENTITY,
            "`to` is not valid: it is `dark` or `light`\n",
        )
            .into_response();
    }
    let cookie = format!(
        "{THEME_COOKIE}={}; Path=/; Max-Age={YEAR_SECS}; SameSite=Lax; HttpOnly",
        form.to
    );
    let back = if is_own_path(&form.back) {
        form.back.as_str()
    } else {
        "/"
    };
    ([(header::SET_COOKIE, cookie)], Redirect::to(back)).into_response()
}

/// A path on this server: `//host` and `/\host` are other servers to a browser.
pub(super) fn is_own_path(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next() == Some('/')
        && !matches!(chars.next(), Some('/' | '\\'))
        && text.chars().all(|c| c.is_ascii_graphic() && c != '\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_theme_leads_back_to_own_paths_only() {
        assert!(is_own_path("/replicas?q=sql%2003&page=2"));
        for foreign in [
            "",
            "replicas",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/a\r\nX: y",
        ] {
            assert!(!is_own_path(foreign), "{foreign}");
        }
    }
}
