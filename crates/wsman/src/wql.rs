//! Texts inside WQL and WMI object paths.

/// A string literal of WQL with its quotes: backslash and quotes are escaped by a backslash.
///
/// ```
/// assert_eq!(wsman::wql::literal(r"it's C:\x"), r"'it\'s C:\\x'");
/// ```
#[must_use]
pub fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('\'');
    for c in text.chars() {
        if matches!(c, '\\' | '\'' | '"') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('\'');
    out
}

/// A WMI object path, as string properties that name an object hold it: `root/virtualization/v2:Class.Key="…"`.
#[must_use]
pub fn object_path(namespace: &str, class: &str, key: &str, value: &str) -> String {
    let value = value.replace('\\', "\\\\").replace('"', "\\\"");
    format!("{namespace}:{class}.{key}=\"{value}\"")
}
