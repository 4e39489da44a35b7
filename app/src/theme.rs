//! Dark or light, from a cookie, so that the first paint is right.

/// The cookie's name; its value is `dark` or `light`. Without it the browser's preference counts.
pub const THEME_COOKIE: &str = "stillpoint_theme";

/// The theme that a `Cookie` header asks for.
#[cfg(any(feature = "ssr", test))]
fn theme_in(header: &str) -> Option<&'static str> {
    header.split(';').find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        match (name == THEME_COOKIE, value) {
            (true, "dark") => Some("dark"),
            (true, "light") => Some("light"),
            _ => None,
        }
    })
}

/// The theme of the request that is being answered.
#[cfg(feature = "ssr")]
pub fn theme_of_request() -> Option<&'static str> {
    let parts = leptos::prelude::use_context::<http::request::Parts>()?;
    let all = parts.headers.get_all(http::header::COOKIE);
    all.iter().find_map(|value| theme_in(value.to_str().ok()?))
}

/// In the browser the document is there already.
#[cfg(not(feature = "ssr"))]
pub fn theme_of_request() -> Option<&'static str> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_known_theme_in_the_right_cookie_counts() {
        assert_eq!(theme_in("a=b; stillpoint_theme=dark"), Some("dark"));
        assert_eq!(theme_in("stillpoint_theme=\"><script>"), None);
        assert_eq!(theme_in("xstillpoint_theme=dark"), None);
    }
}
